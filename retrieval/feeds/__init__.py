"""One reader a feed format: files in, raw rows out; columns are recognised and rows become products in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.errors import FeedError
from retrieval.feeds.delimited import read_delimited
from retrieval.feeds.json_feeds import read_json, read_json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.base import RawRow, Reader
    from retrieval.feeds.source import Source

READERS: dict[str, Reader] = {
    "csv": read_delimited,
    "tsv": read_delimited,
    "txt": read_delimited,
    "jsonl": read_json_lines,
    "ndjson": read_json_lines,
    "json": read_json,
}


def read_feed(source: Source) -> Iterator[RawRow]:
    """Yield the rows of a feed file; the extension says the format.

    Raises:
        FeedError: No reader for it, or the file as a whole cannot be read.
    """
    reader = READERS.get(source.kind)
    if reader is None:
        known = ", ".join(f".{k}" for k in READERS)
        raise FeedError(
            f"no reader for {source.path.name!r}: the name must end in one of {known} (and .gz where packed)"
        )
    return reader(source)
