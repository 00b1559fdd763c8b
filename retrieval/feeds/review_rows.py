"""A raw row becomes a review, or a reason why not."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from retrieval.errors import RowError
from retrieval.feeds.cleaning import plain
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.dates import read_date, read_time
from retrieval.feeds.rows import read_id, read_rating
from retrieval.types import Review

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT_CHARS, _TITLE_CHARS, _AUTHOR_CHARS = 5000, 300, 120
_LOWEST, _HIGHEST = 1, 5


@cache
def review_fields() -> dict[str, list[str]]:
    """Return `reviews.yaml`."""
    loaded: dict[str, list[str]] = yaml.safe_load(files("retrieval.feeds").joinpath("reviews.yaml").read_text("utf-8"))
    return loaded


class ReviewReader:
    """Turns raw rows into reviews.

    Args:
        mapping: Our field -> their column, over what names say.

    Raises:
        FeedError: `mapping` names a field that a review does not have.
    """

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        self._columns = ColumnMap(mapping, review_fields())

    def review(self, values: Mapping[str, Any]) -> Review:
        """Read one row; a review without an id gets one that is the same each time.

        Raises:
            RowError: No product, no text, or no rating from 1 to 5.
        """
        placed, _ = self._columns.place(values)
        product_id = read_id(placed.get("product_id"))
        text, title = plain(placed.get("text"), most=_TEXT_CHARS), plain(placed.get("title"), most=_TITLE_CHARS)
        author, written = plain(placed.get("author"), most=_AUTHOR_CHARS), _day(placed.get("written"))
        if not product_id:
            raise RowError("no product_id")
        if not text and not title:
            raise RowError("no text")
        derived = sha256("\0".join((product_id, author, written, title, text)).encode()).hexdigest()[:16]
        return Review(
            review_id=read_id(placed.get("review_id")) or f"r{derived}",
            product_id=product_id,
            rating=_stars(placed.get("rating")),
            text=text or title,
            title=title if text else "",
            author=author,
            written=written,
        )


def _stars(value: object) -> int:
    rating = read_rating(value)
    if rating is None:
        raise RowError(f"no rating: {str(value or '')[:40]!r} holds no figure")
    if not _LOWEST <= rating <= _HIGHEST:
        raise RowError(f"the rating {str(value)[:40]!r} is not from {_LOWEST} to {_HIGHEST}")
    return int(rating + 0.5)


def _day(value: object) -> str:
    at = read_time(value)
    return at.date().isoformat() if at is not None else read_date(value)
