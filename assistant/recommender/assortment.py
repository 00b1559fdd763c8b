"""What the shop sells, as recommenders see it: one item a variant group, slim copies, positions instead of ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.types import Product

_KEPT_ATTRIBUTES = ("style",)


@dataclass(frozen=True, slots=True)
class Assortment:
    """A snapshot of the catalogue.

    Attributes:
        groups: The variants of each item, in stock first; descriptions and most attributes are left out.
        position: Product id or group key -> position in `groups`.
        popularity: Each item's own figure from the catalogue, the best of its variants.  # (n,)
        in_stock: Whether any variant can be had.  # (n,)
        shelf: Each item's shelf, as a position in `shelves`.  # (n,)
    """

    groups: tuple[tuple[Product, ...], ...]
    position: Mapping[str, int]
    popularity: NDArray[np.float64]
    in_stock: NDArray[np.bool_]
    shelf: NDArray[np.int64]
    shelves: Mapping[str, int]

    @classmethod
    def of(cls, products: Iterable[Product]) -> Assortment:
        """Group products by `group_key`, in the order they first appear."""
        groups: dict[str, list[Product]] = {}
        for product in products:
            groups.setdefault(product.group_key, []).append(_slim(product))
        ordered = tuple(tuple(sorted(group, key=_out_of_stock)) for group in groups.values())
        position = {key: i for i, key in enumerate(groups)}
        position |= {product.product_id: i for i, group in enumerate(ordered) for product in group}
        shelves: dict[str, int] = {}
        return cls(
            groups=ordered,
            shelf=np.array([shelves.setdefault(group[0].shelf, len(shelves)) for group in ordered], dtype=np.int64),
            shelves=shelves,
            position=position,
            popularity=np.array([max(p.popularity for p in group) for group in ordered], dtype=np.float64),
            in_stock=np.array([not _out_of_stock(group[0]) for group in ordered], dtype=np.bool_),
        )

    def __len__(self) -> int:
        return len(self.groups)

    def face(self, item: int) -> Product:
        """Return the variant that stands for an item where nothing else decides."""
        return self.groups[item][0]

    def items(self, ids: Iterable[str]) -> list[int]:
        """Return the positions of those product ids and group keys that are sold here."""
        return [self.position[one] for one in ids if one in self.position]

    def on_shelf(self, name: str) -> NDArray[np.bool_]:
        """Return which items stand on a shelf, shape (n,); none for the nameless shelf."""
        code = self.shelves.get(name, -1) if name else -1
        return np.asarray(self.shelf == code, dtype=np.bool_)

    def sequences(self, interactions: Sequence[tuple[str, str, float]]) -> Sequences:
        """Return interactions (user id, product id, unix time) with products replaced by item positions."""
        users: dict[str, int] = {}
        rows = [
            (users.setdefault(user_id, len(users)), self.position[product_id], when)
            for user_id, product_id, when in interactions
            if product_id in self.position
        ]
        return Sequences.of(rows)


@dataclass(frozen=True, slots=True)
class Sequences:
    """What shoppers bought, one row an interaction, by shopper then time."""

    users: NDArray[np.int64]  # (m,)
    items: NDArray[np.int64]  # (m,)
    times: NDArray[np.float64]  # (m,)

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, float]]) -> Sequences:
        """Sort rows by shopper and time; rows of the same time keep their order."""
        users = np.array([row[0] for row in rows], dtype=np.int64)
        items = np.array([row[1] for row in rows], dtype=np.int64)
        times = np.array([row[2] for row in rows], dtype=np.float64)
        order = np.lexsort((times, users))
        return cls(users[order], items[order], times[order])

    def __len__(self) -> int:
        return len(self.users)


def _slim(product: Product) -> Product:
    kept = {name: product.attributes[name] for name in _KEPT_ATTRIBUTES if name in product.attributes}
    return replace(product, description="", link="", image_link="", gtin="", attributes=kept)


def _out_of_stock(product: Product) -> bool:
    return product.availability == "out_of_stock"
