"""Parquet: read in batches of rows; nested columns come out as JSON would hold them. Alone imports pyarrow."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from math import isnan
from typing import IO, TYPE_CHECKING, Any

from retrieval.errors import FeedError
from retrieval.feeds.base import RawRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.base import Head
    from retrieval.feeds.source import Source

_BATCH = 256  # rows held at once
_BUFFER = 1 << 20  # bytes of a column read at once, however long its row group is


def is_parquet(head: Head) -> bool:
    """Whether a file begins as Parquet does."""
    return head.data.startswith(b"PAR1")


def read_parquet(source: Source) -> Iterator[RawRow]:
    """Yield the rows of a Parquet file.

    Raises:
        FeedError: It is no Parquet file, or is broken.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _seekable(source) as file, pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False) as table:
            total, size, number = max(table.metadata.num_rows, 1), source.path.stat().st_size, 0
            for batch in table.iter_batches(batch_size=_BATCH, use_threads=False):
                columns = {str(name): _values(batch.column(at)) for at, name in enumerate(batch.schema.names)}
                for row in range(batch.num_rows):
                    number += 1
                    yield RawRow(number, {name: _plain(values[row]) for name, values in columns.items()})
                source.tell(size * number // total)
    except (pa.ArrowException, OSError, EOFError, gzip.BadGzipFile) as error:
        said = " ".join(str(error).split())[:200]
        raise FeedError(f"{str(source.path)!r} is not a whole Parquet file ({said}); write it again") from error


@contextmanager
def _seekable(source: Source) -> Iterator[IO[bytes]]:
    """Open the file; a packed one is unpacked to disk, because Parquet is read from its end."""
    with source.path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            yield file
            return
    with tempfile.TemporaryFile() as unpacked:
        with gzip.open(source.path, "rb") as packed:
            shutil.copyfileobj(packed, unpacked)
        unpacked.seek(0)
        yield unpacked


def _values(column: Any) -> list[Any]:  # noqa: ANN401 - pyarrow is not followed by mypy
    """Return the values of a column; one that Python has no type for as text, or None."""
    try:
        found: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    except (ArithmeticError, LookupError, ValueError):  # a year past 9999, nanoseconds, an unknown time zone
        found = [_value(scalar) for scalar in column]
    return found


def _value(scalar: Any) -> Any:  # noqa: ANN401 - pyarrow is not followed by mypy
    import pyarrow as pa

    try:
        return scalar.as_py(maps_as_pydicts="lossy")
    except (ArithmeticError, LookupError, ValueError):
        try:
            return scalar.cast(pa.string()).as_py()
        except (pa.ArrowException, NotImplementedError):
            return None


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value as JSON would hold it."""
    match value:
        case float():
            return None if isnan(value) else value
        case Decimal():
            return float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case list() | tuple():
            return [_plain(v) for v in value]
        case dict():
            return {str(k): _plain(v) for k, v in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
