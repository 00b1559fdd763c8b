"""What ranking must know of every product at once: its variant group, its brand, and whether it can be had."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Membership(Protocol):
    """Ids that answer whether they hold one: a set, or anything as quick."""

    def __contains__(self, product_id: str, /) -> bool:
        """Whether `product_id` is one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Outline:
    """One product's row."""

    product_id: str
    group_key: str
    available: bool
    brand: str
    popularity: float = 0.0
    n_ratings: int = 0


@dataclass(frozen=True)
class Outlines:
    """All rows of one catalogue revision."""

    rows: dict[str, Outline] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # product id -> group key
    groups: dict[str, list[str]] = field(default_factory=dict)  # group key -> product ids, sorted

    @classmethod
    def of(cls, rows: Iterable[Outline]) -> Outlines:
        """Group the rows."""
        by_id = {row.product_id: row for row in rows}
        groups: dict[str, list[str]] = {}
        for product_id in sorted(by_id):
            groups.setdefault(by_id[product_id].group_key, []).append(product_id)
        return cls(by_id, {product_id: row.group_key for product_id, row in by_id.items()}, groups)

    def group_of(self, product_id: str) -> str:
        """Return the group key; a product this revision does not know is its own group."""
        return self.keys.get(product_id, product_id)

    def count_groups(self, product_ids: Collection[str]) -> int:
        """Return how many groups these products are of."""
        if len(product_ids) == len(self.keys):
            return len(self.groups)  # everything that is sold, as without any filter
        return len(set(map(self.keys.get, product_ids, product_ids)))

    def members(self, group_key: str, *, among: Membership) -> int:
        """Return how many variants of a group are among some products."""
        return sum(product_id in among for product_id in self.groups.get(group_key, ()))

    def available(self, product_id: str) -> bool:
        """Whether the product is in stock or can be ordered."""
        row = self.rows.get(product_id)
        return row is not None and row.available

    def brand(self, product_id: str) -> str:
        """Return the brand in lower case."""
        row = self.rows.get(product_id)
        return row.brand.lower() if row else ""

    def renown(self, product_ids: Iterable[str]) -> list[tuple[str, float]]:
        """Return (product id, how well known) most known first: by popularity, else by ratings; empty where alike."""
        known = [self.rows[product_id] for product_id in product_ids if product_id in self.rows]
        for figure in (lambda row: row.popularity, lambda row: float(row.n_ratings)):
            figures = [(row.product_id, math.log1p(figure(row))) for row in known]
            if len({value for _, value in figures}) > 1:
                return sorted(figures, key=lambda pair: (-pair[1], pair[0]))
        return []

    def spread(self) -> float:
        """Return the mean number of products a group, at least 1."""
        return len(self.rows) / len(self.groups) if self.groups else 1.0
