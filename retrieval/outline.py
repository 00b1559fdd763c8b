"""What search must know of every product at once, as columns: row i is the product whose id is the i-th."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from numpy.typing import NDArray

    from retrieval.types import Sort

    Rows = NDArray[np.int32]
    Mask = NDArray[np.bool_]

COUNTED: Final = ("shelf", "brand", "color", "size", "material")
NOBODY: Final = -1  # the row of a product that this revision does not know


class Outline(NamedTuple):
    """One product, as the catalogue lists it; `key` is its number there."""

    key: int
    product_id: str
    group_key: str
    available: bool
    brand: str
    popularity: float
    n_ratings: int
    offer_cents: int
    currency: str
    rating: float | None
    released: str
    shelf: str  # `product_type`, the whole path
    color: str
    size: str
    material: str


class _Column(NamedTuple):
    """Texts that repeat: each distinct one, and which of them every row has."""

    values: list[str]
    codes: Rows

    @classmethod
    def of(cls, texts: Iterable[str]) -> _Column:
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)
        return cls(list(known), codes)


class Outlines:
    """All products of one catalogue revision.

    Attributes:
        ids: Their ids, sorted.
        row: Product id -> row.
        keys: Their numbers in the catalogue, int32 (n,).
        offer_cents: Prices, int64 (n,).
        ratings: Float64 (n,), NaN where there is none.
    """

    def __init__(self, outlines: Iterable[Outline]) -> None:
        rows = sorted(outlines, key=lambda outline: outline.product_id)
        columns = Outline(*(zip(*rows, strict=True) if rows else [()] * len(Outline._fields)))
        self.ids: list[str] = list(columns.product_id)
        self.row = {product_id: row for row, product_id in enumerate(self.ids)}
        self.offer_cents: NDArray[np.int64] = np.array(columns.offer_cents, dtype=np.int64)
        self.ratings: NDArray[np.float64] = np.array(columns.rating, dtype=np.float64)
        self._n_ratings: NDArray[np.int64] = np.array(columns.n_ratings, dtype=np.int64)
        self._popularity: NDArray[np.float64] = np.array(columns.popularity, dtype=np.float64)
        self._available: Mask = np.array(columns.available, dtype=np.bool_)
        self._currencies, self._released = columns.currency, columns.released
        self._values = {name: _Column.of(getattr(columns, name)) for name in COUNTED}
        self.keys: NDArray[np.int32] = np.array(columns.key, dtype=np.int32)
        self._rows_by_key = _inverse(self.keys)
        groups = _Column.of(columns.group_key)
        self._group, self._group_keys = groups.codes, groups.values
        self._group_codes = {key: code for code, key in enumerate(groups.values)}
        self._by_group: Rows = np.argsort(self._group, kind="stable").astype(np.int32)
        self._first_of_group = np.searchsorted(self._group[self._by_group], np.arange(len(groups.values) + 1))

    def __len__(self) -> int:
        """Return how many products are sold."""
        return len(self.ids)

    # Selections

    @cached_property
    def everything(self) -> Selection:
        """Every product."""
        return Selection(self, np.ones(len(self), dtype=np.bool_))

    def selection(self, product_ids: Iterable[str]) -> Selection:
        """Return those of some products that are sold."""
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[self._known_rows(product_ids)] = True
        return Selection(self, mask)

    def rows_of(self, keys: NDArray[np.int32]) -> Rows:
        """Return the rows of products by their keys in the catalogue; what is not sold here is left out."""
        rows: Rows = self._rows_by_key[keys[keys < len(self._rows_by_key)]]
        sold: Rows = rows[rows != NOBODY]
        return sold

    def first(self, among: Selection, *, sort: Sort, n: int, currency: str = "") -> list[str]:
        """Return the first `n` ids by `sort`, in stock before out of stock, ties by id.

        Args:
            among: What is sorted.
            sort: The order.
            n: How many at most.
            currency: Whose prices come before all others where prices order; "" where all are alike.
        """
        order = self._order(sort, currency if sort in ("price_asc", "price_desc") else "")
        return [self.ids[row] for row in order[among.mask[order]][:n].tolist()]

    def _order(self, sort: Sort, currency: str) -> Rows:
        """Return all rows in an order; computed once."""
        name = f"{sort} {currency}"
        if name not in self._orders:
            foreign = np.array([code != currency for code in self._currencies]) if currency else ()
            keys = [*self._sorted_by(sort), *([foreign] if currency else []), ~self._available]  # the last counts most
            self._orders[name] = np.lexsort(keys).astype(np.int32)
        return self._orders[name]

    @cached_property
    def _orders(self) -> dict[str, Rows]:
        return {}

    def _sorted_by(self, sort: Sort) -> list[NDArray[np.generic]]:
        """Return the columns that an order compares, ascending, the last first."""
        match sort:
            case "price_asc":
                return [self.offer_cents]
            case "price_desc":
                return [-self.offer_cents]
            case "rating_desc":
                return [-self._n_ratings, np.where(np.isnan(self.ratings), np.inf, -self.ratings)]
            case "newest":
                dates = np.unique(np.array(self._released, dtype=np.str_), return_inverse=True)[1]
                return [-dates]
            case "popular":
                return [-self._n_ratings, -self._popularity]

    def counts(self, name: str, among: Selection) -> list[tuple[str, int]]:
        """Return the values of a column of `COUNTED` with how many products have each, most first, ties by value."""
        column = self._values[name]
        counted = np.bincount(column.codes[among.rows], minlength=len(column.values)).tolist()
        found = ((value, n) for value, n in zip(column.values, counted, strict=True) if n and value)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    # Groups

    def group_of(self, product_id: str) -> str:
        """Return the group key; a product this revision does not know is its own group."""
        row = self.row.get(product_id)
        return product_id if row is None else self._group_keys[self._group[row]]

    def members(self, group_key: str) -> list[str]:
        """Return the ids of a group, sorted."""
        code = self._group_codes.get(group_key)
        if code is None:
            return []
        start, stop = self._first_of_group[code : code + 2]
        return [self.ids[row] for row in self._by_group[start:stop].tolist()]

    def count_groups(self, rows: Rows) -> int:
        """Return how many groups the products of some rows are of."""
        return int(np.count_nonzero(np.bincount(self._group[rows], minlength=1)))

    def spread(self) -> float:
        """Return the mean number of products a group, at least 1."""
        return len(self) / len(self._group_keys) if self._group_keys else 1.0

    # Single products

    def available(self, product_id: str) -> bool:
        """Whether the product is in stock or can be ordered."""
        row = self.row.get(product_id)
        return row is not None and bool(self._available[row])

    def brand(self, product_id: str) -> str:
        """Return the brand in lower case."""
        row = self.row.get(product_id)
        brands = self._values["brand"]
        return "" if row is None else brands.values[brands.codes[row]].lower()

    def renown(self, product_ids: Iterable[str]) -> list[tuple[str, float]]:
        """Return (product id, how well known) most known first: by popularity, else by ratings; empty where alike."""
        rows = among.rows if isinstance(among := product_ids, Selection) else self._known_rows(product_ids)
        for column in (self._popularity, self._n_ratings):
            figures = np.log1p(column[rows].astype(np.float64))
            if len(figures) and figures.min() < figures.max():
                order = np.lexsort((rows, -figures))
                return [(self.ids[rows[i]], float(figures[i])) for i in order.tolist()]
        return []

    def _known_rows(self, product_ids: Iterable[str]) -> Rows:
        return np.array([row for key in product_ids if (row := self.row.get(key)) is not None], dtype=np.int32)


class Selection:
    """Some products of one revision: a collection of ids that answers quickly whether it holds one.

    Attributes:
        of: The revision.
        mask: Whether each of its rows is in, bool (n,).
    """

    def __init__(self, of: Outlines, mask: Mask) -> None:
        self.of = of
        self.mask = mask

    @cached_property
    def rows(self) -> Rows:
        """The rows that are in, ascending, int32."""
        return np.flatnonzero(self.mask).astype(np.int32)

    def __len__(self) -> int:
        """Return how many products are in."""
        return len(self.rows)

    def __contains__(self, product_id: object) -> bool:
        """Whether a product is in."""
        row = self.of.row.get(product_id) if isinstance(product_id, str) else None
        return row is not None and bool(self.mask[row])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids that are in, sorted."""
        ids = self.of.ids
        return (ids[row] for row in self.rows.tolist())

    def first(self, n: int) -> list[str]:
        """Return the first `n` ids."""
        return [self.of.ids[row] for row in self.rows[:n].tolist()]

    def without(self, product_ids: Iterable[str]) -> Selection:
        """Return the selection less some products."""
        return Selection(self.of, self.mask & ~self.of.selection(product_ids).mask)

    def count_groups(self) -> int:
        """Return how many groups its products are of."""
        return self.of.count_groups(self.rows)


def quick(ids: Collection[str]) -> Collection[str]:
    """Return the ids as a collection that answers in constant time whether it holds one."""
    return ids if isinstance(ids, Selection) else frozenset(ids)


def _inverse(keys: NDArray[np.int32]) -> Rows:
    """Return row by key; `NOBODY` for the keys between."""
    rows = np.full(int(keys.max(initial=-1)) + 1, NOBODY, dtype=np.int32)
    rows[keys] = np.arange(len(keys), dtype=np.int32)
    return rows
