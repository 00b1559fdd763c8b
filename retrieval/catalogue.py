"""The catalogue: every product the shop sells, in one database that is the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from retrieval.filters import Predicate
    from retrieval.types import Product, Review, Sort


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """Ids by what an upsert did to them."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """What the indexes have not been told yet: products to (re)index, ids to remove."""

    products: tuple[Product, ...] = ()
    removed: tuple[str, ...] = ()


class Catalogue:
    """Products, reviews, exact filters."""

    @classmethod
    def open(cls, url_or_path: str | Path) -> Catalogue:
        raise NotImplementedError

    def upsert(self, products: Sequence[Product]) -> UpsertResult:
        raise NotImplementedError

    def mark_unavailable(self, product_ids: Sequence[str]) -> int:
        """Mark products as vanished: still found by `get` (out of stock), never by a search, due for removal."""
        raise NotImplementedError

    def get(self, product_ids: Sequence[str]) -> list[Product]:
        raise NotImplementedError

    def variants(self, group_key: str) -> list[Product]:
        raise NotImplementedError

    def ids(self) -> list[str]:
        raise NotImplementedError

    def products(self, *, batch: int = 512) -> Iterator[list[Product]]:
        raise NotImplementedError

    def matching(self, predicates: Sequence[Predicate]) -> list[str]:
        raise NotImplementedError

    def extreme(self, predicates: Sequence[Predicate], *, sort: Sort, n: int) -> list[str]:
        raise NotImplementedError

    def facets(self, predicates: Sequence[Predicate] = ()) -> dict[str, list[tuple[str, int]]]:
        raise NotImplementedError

    def price_range(self, predicates: Sequence[Predicate] = ()) -> tuple[int, int] | None:
        raise NotImplementedError

    def add_reviews(self, reviews: Iterable[Review]) -> int:
        raise NotImplementedError

    def reviews(self, product_id: str, *, n: int = 50) -> list[Review]:
        raise NotImplementedError

    def review(self, review_id: str) -> Review | None:
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError

    def checksum(self) -> str:
        """Changes when any id or document text that indexes hold changes; O(1)."""
        raise NotImplementedError

    def revision(self) -> str:
        """Changes when anything about any product changes; O(1)."""
        raise NotImplementedError

    def pending(self, *, limit: int = 1000) -> Pending:
        raise NotImplementedError

    def mark_indexed(self, products: Sequence[Product], *, removed: Sequence[str] = ()) -> None:
        raise NotImplementedError

    def mark_all_pending(self) -> None:
        """Forget what the indexes hold: everything is due again (a rebuild)."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
