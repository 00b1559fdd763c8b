"""Several feed files as one stream of rows, with progress; and rows of any kind parsed, the bad ones put aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from retrieval.errors import FeedError, RowError
from retrieval.feeds import read_feed
from retrieval.feeds.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from retrieval.feeds.base import RawRow
    from retrieval.feeds.quarantine import Quarantine

T = TypeVar("T")
Progress: TypeAlias = "Callable[[int, int], None]"
"""Told (done, total): bytes of the feed files while rows are read, then products while indexes are written."""


def check_files(files: Sequence[Path]) -> None:
    """Say at once which of `files` is none: what is opened later might be a pipe, and wait for ever.

    Raises:
        FeedError: One is missing, a directory or out of reach, or there is none at all.
    """
    if not files:
        raise FeedError("no feed file was given")
    for path in files:
        try:
            is_folder, is_file = path.is_dir(), path.is_file()
        except OSError as error:  # a name that is too long, or a folder that may not be looked into
            raise FeedError(f"cannot read {str(path)!r}: {error.strerror or error}; check the path") from error
        if is_folder:
            raise FeedError(f"{str(path)!r} is a directory; name the feed files in it")
        if not is_file:
            raise FeedError(f"no feed file {str(path)!r}; check the path")


def rows_of(files: Sequence[Path], progress: Progress | None) -> Iterator[tuple[Path, RawRow]]:
    """Yield every row of `files` with its file."""
    sizes = [f.stat().st_size for f in files]
    total, before = sum(sizes), 0
    for path, size in zip(files, sizes, strict=True):

        def tell(n_bytes: int, before: int = before) -> None:
            if progress is not None:
                progress(min(before + n_bytes, total), total)

        for row in read_feed(Source(path, on_bytes=tell)):
            yield path, row
        before += size
        tell(0, before)


def usable_rows(
    files: Sequence[Path],
    parse: Callable[[Mapping[str, Any]], T],
    *,
    bad: Quarantine,
    progress: Progress | None = None,
) -> Iterator[tuple[Path, RawRow, T]]:
    """Yield what `parse` makes of every row that it does not refuse with a `RowError`; the others go to `bad`."""
    for path, row in rows_of(files, progress):
        try:
            if row.problem:
                raise RowError(row.problem)
            parsed = parse(row.values)
        except RowError as error:
            bad.add(path, row, reason=str(error))
            continue
        yield path, row, parsed


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Cut `items` into lists of at most `size`; when a file breaks, what came before is handed on first."""
    batch: list[T] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
    except FeedError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
