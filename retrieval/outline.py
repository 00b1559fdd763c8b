"""What ranking must know of every product at once: its variant group, its brand, and whether it can be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Outline:
    """One product's row."""

    product_id: str
    group_key: str
    available: bool
    brand: str


@dataclass(frozen=True)
class Outlines:
    """All rows of one catalogue revision."""

    rows: dict[str, Outline] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)  # group key -> product ids, sorted

    @classmethod
    def of(cls, rows: Iterable[Outline]) -> Outlines:
        """Group the rows."""
        by_id = {row.product_id: row for row in rows}
        groups: dict[str, list[str]] = {}
        for product_id in sorted(by_id):
            groups.setdefault(by_id[product_id].group_key, []).append(product_id)
        return cls(by_id, groups)

    def group_of(self, product_id: str) -> str:
        """Return the group key; a product this revision does not know is its own group."""
        row = self.rows.get(product_id)
        return row.group_key if row else product_id

    def available(self, product_id: str) -> bool:
        """Whether the product is in stock or can be ordered."""
        row = self.rows.get(product_id)
        return row is not None and row.available

    def brand(self, product_id: str) -> str:
        """Return the brand in lower case."""
        row = self.rows.get(product_id)
        return row.brand.lower() if row else ""

    def spread(self) -> float:
        """Return the mean number of products a group, at least 1."""
        return len(self.rows) / len(self.groups) if self.groups else 1.0
