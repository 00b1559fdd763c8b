"""Writes the sample store's files: compressed JSON Lines, the same bytes for the same rows."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as compressed JSON Lines without a date or file name, so that equal rows are equal bytes."""
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
