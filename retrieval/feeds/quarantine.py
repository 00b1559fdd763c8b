"""Where bad rows go: one JSON line each, with file, line and reason."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from retrieval.feeds.base import RawRow

_EXCERPT = 400  # characters of a bad row that are kept


class Quarantine:
    """A file of bad rows, written anew for each run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.n = 0

    def __enter__(self) -> Quarantine:
        self._file = self._path.open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, path: Path, row: RawRow, *, reason: str) -> None:
        """Write down one row."""
        assert self._file is not None, "a quarantine is used in a `with`"
        excerpt = row.excerpt or repr({k: _short(v) for k, v in row.values.items()})
        entry: dict[str, Any] = {"file": path.name, "line": row.line, "reason": reason, "row": excerpt[:_EXCERPT]}
        kept = {k: v if isinstance(v, int) else v.encode("utf-8", "replace").decode() for k, v in entry.items()}
        self._file.write(orjson.dumps(kept) + b"\n")
        self.n += 1

    def flush(self) -> None:
        """Hand over to the disk what was written."""
        if self._file is not None:
            self._file.flush()


def _short(value: object) -> object:
    return value[:_EXCERPT] if isinstance(value, str) else value
