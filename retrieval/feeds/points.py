"""What a point before three digits is in a feed: "1.299" is 1299 where points group thousands, else 1.30.

A row alone does not tell, the other prices of its file do. Only text without a currency is looked at: numbers of JSON
are decimal, and beside a currency a point before three digits always groups.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from retrieval.errors import FeedError
from retrieval.feeds import read_feed
from retrieval.feeds.columns import first
from retrieval.feeds.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from retrieval.feeds.columns import ColumnMap

Point = Literal["decimal", "thousands", ""]
PRICES: Final = ("price", "sale_price", "list_price")

_DECIMAL = re.compile(r"\d+\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3})+\.\d+")
_THOUSANDS = re.compile(r"\d+,\d{1,2}|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_BELOW_THOUSAND = re.compile(r"\d{1,3}")


def point_in(path: Path, columns: ColumnMap) -> Callable[[], Point]:
    """Return what tells how a feed file means its points; the file is read for it once, when it is first asked."""
    return cache(lambda: point_of(_bare_prices(path, columns)))


def point_of(prices: Iterable[str]) -> Point:
    """Tell how points are meant among prices as they are written; "" where they do not tell.

    "12.5" says decimal, "12,50" and "1.299,00" say thousands; so does "899" where nothing else is said.
    """
    decimal = thousands = whole = False
    for price in prices:
        decimal = decimal or bool(_DECIMAL.fullmatch(price))
        thousands = thousands or bool(_THOUSANDS.fullmatch(price))
        whole = whole or bool(_BELOW_THOUSAND.fullmatch(price))
    if decimal == thousands:
        return "thousands" if whole and not decimal else ""
    return "decimal" if decimal else "thousands"


def _bare_prices(path: Path, columns: ColumnMap) -> Iterator[str]:
    try:
        for row in read_feed(Source(path)):
            placed = {} if row.problem else columns.place(row.values)[0]
            values = (first(placed.get(name)) for name in PRICES)
            yield from (value.strip() for value in values if isinstance(value, str))
    except FeedError:  # who reads the rows says so
        return
