"""One reader a feed format: files in, raw rows out; columns are recognised and rows become products in one place.

A further format is one module with a reader, and one line in `FORMATS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.errors import FeedError
from retrieval.feeds.base import Format, Head
from retrieval.feeds.delimited import read_delimited
from retrieval.feeds.json_feeds import is_json, read_json, read_json_lines
from retrieval.feeds.merchant_xml import is_xml, read_merchant_xml
from retrieval.feeds.parquet import is_parquet, read_parquet
from retrieval.feeds.shopify import is_shopify, read_shopify
from retrieval.feeds.source import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.base import RawRow
    from retrieval.feeds.source import Source

FORMATS: tuple[Format, ...] = (
    Format(read_parquet, ("parquet", "pq"), is_parquet),
    Format(read_merchant_xml, ("xml", "rss", "atom"), is_xml),
    Format(read_json, ("json",), is_json),
    Format(read_json_lines, ("jsonl", "ndjson")),
    Format(read_shopify, recognises=is_shopify),
    Format(read_delimited, ("csv", "tsv", "txt")),  # Google Merchant TSV too: its names are columns we know
)
_NO_FEEDS = {
    b"PK\x03\x04": "a zip file or a workbook",
    b"\xd0\xcf\x11\xe0": "a workbook",
    b"%PDF": "a PDF document",
}


def read_feed(source: Source) -> Iterator[RawRow]:
    """Yield the rows of a feed file; its content says the format, and its extension where the content does not.

    Raises:
        FeedError: No reader for it, or the file as a whole cannot be read.
    """
    return format_of(source).read(source)


def format_of(source: Source) -> Format:
    """Return the format of a file.

    Raises:
        FeedError: It is empty, unreadable or in no format that we read.
    """
    data = source.head()
    head = Head(data, decoded(data).lstrip("\ufeff\0 \t\r\n"), source.kind)
    if not head.text:
        raise FeedError(f"{str(source.path)!r} is empty; export the feed again")
    for format_ in FORMATS:
        if format_.recognises(head):
            return format_
    name = repr(str(source.path))
    what = next((what for start, what in _NO_FEEDS.items() if data.startswith(start)), "")
    if what:
        raise FeedError(f"no reader for {name}: it is {what}; export it as CSV")
    if head.text[:14].casefold().startswith(("<!doctype html", "<html")):
        raise FeedError(f"{name} is a web page (HTML) and no feed; check the address it was fetched from")
    for format_ in FORMATS:
        if head.kind in format_.extensions:
            return format_
    known = ", ".join(f".{e}" for f in FORMATS for e in f.extensions)
    raise FeedError(f"no reader for {name}: the name must end in one of {known} (and .gz where packed)")
