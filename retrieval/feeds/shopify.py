"""Shopify's product CSV: rows of one Handle are variants of one product, and only the first of them tells of it.

References:
    https://help.shopify.com/en/manual/products/import-export/using-csv
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from retrieval.feeds.base import RawRow
from retrieval.feeds.columns import plain_name
from retrieval.feeds.delimited import header_of, read_delimited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from retrieval.feeds.base import Head
    from retrieval.feeds.source import Source

_OPTIONS = (1, 2, 3)
_METAFIELD = re.compile(r"(.+?) \(product\.metafields\.[^)]*\)")
_LINE_END = re.compile(r"[\r\n]")
_SHOPPING = "google shopping "


@cache
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files("retrieval.feeds").joinpath("shopify.yaml").read_text("utf-8"))
    return loaded


def is_shopify(head: Head) -> bool:
    """Whether a file begins with the header of Shopify's product export, whatever it is called."""
    header = {plain_name(column) for column in header_of(_LINE_END.split(head.text, 1)[0])[0]}
    return "title" in header and all(header & set(names) for names in _words()["signs"])


def read_shopify(source: Source) -> Iterator[RawRow]:
    """Yield one row a variant, with what its product's first row says; rows that hold only a picture are left out.

    Raises:
        FeedError: The file as a whole cannot be read.
    """
    product = _Product("", {})
    for raw in read_delimited(source):
        row = _Row(raw.line, raw.values)
        if raw.problem or not row["handle"]:
            yield raw
            continue
        if row["handle"] != product.handle:
            product = _Product(row["handle"], raw.values)
        elif row.only_a_picture:
            continue
        yield product.variant(row)


@dataclass(slots=True)
class _Row:
    """A row of the file, its cells by our names."""

    line: int
    values: Mapping[str, Any]
    cells: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = {}
        for column, value in self.values.items():
            self.cells.setdefault(plain_name(column), str(value).strip())

    def __getitem__(self, name: str) -> str:
        found = (self.cells.get(alias, "") for alias in _words()["columns"].get(name, (name,)))
        return next((value for value in found if value), "")

    def has(self, name: str) -> bool:
        """Whether the file has the column at all."""
        return any(alias in self.cells for alias in _words()["columns"][name])

    def option(self, n: int, what: str) -> str:
        return self.cells.get(f"option{n} {what}", "")

    @property
    def only_a_picture(self) -> bool:
        return not (self["price"] or self["sku"] or any(self.option(n, "value") for n in _OPTIONS))


class _Product:
    """What the first row of a Handle says, for the variants after it."""

    def __init__(self, handle: str, values: Mapping[str, Any]) -> None:
        self.handle = handle
        self._first = _Row(0, values)
        self._shared = dict(_kept(values))
        self._names = [self._first.option(n, "name") for n in _OPTIONS]
        self._ids: set[str] = set()

    def variant(self, row: _Row) -> RawRow:
        """Return the product that a row is."""
        options = self._options(row)
        values: dict[str, Any] = {
            "id": self._id(row, options),
            **self._shared,
            **{c: v for c, v in row.values.items() if _is_variant(plain_name(c))},
            "item_group_id": self.handle,
            "product_type": self._first["type"] or self._first["category"],
            "google_product_category": self._first["category"],
            "image_link": row["image"] or self._first["picture"],
            "gtin": row["barcode"].lstrip("'"),
            "availability": _availability(row),
            **{f"attribute {name}": value for name, value in options.items()},
        }
        grams = row["weight"]
        if grams.strip("0."):
            values["attribute weight"] = f"{grams} g"
        return RawRow(row.line, values, withdrawn=not self._sold)

    @property
    def _sold(self) -> bool:
        published = self._first["published"].casefold() not in ("false", "no")
        return published and self._first["status"].casefold() in _words()["sold"]

    def _options(self, row: _Row) -> dict[str, str]:
        named = zip(self._names, (row.option(n, "value") for n in _OPTIONS), strict=True)
        return {n or "option": v for n, v in named if v and v.casefold() != _words()["no_option"]}

    def _id(self, row: _Row, options: Mapping[str, str]) -> str:
        """Return the SKU, or the handle with the options where there is none or several variants share it."""
        found = row["sku"].lstrip("'")
        if not found or found in self._ids:
            found = "-".join((self.handle, *(plain_name(v).replace(" ", "-") for v in options.values())))
        self._ids.add(found)
        return found


def _kept(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the product's columns that say something, under names that are recognised."""
    told = _words()
    ours = {alias for names in told["columns"].values() for alias in names} - {"title"}
    for column, value in values.items():
        name = plain_name(column)
        metafield = _METAFIELD.fullmatch(column)
        if metafield:
            yield f"attribute {metafield[1]}", value
        elif name in ours or name in told["dropped"] or any(_begins(name, p) for p in told["dropped_prefixes"]):
            continue
        elif name.startswith(_SHOPPING):
            yield f"attribute {name.removeprefix(_SHOPPING)}", value
        else:
            yield column, value


def _begins(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix} ")


@lru_cache(maxsize=1000)
def _is_variant(name: str) -> bool:
    return name.removeprefix("variant ") in _words()["variant"]


def _availability(row: _Row) -> str:
    """Return whether a variant can be had: what is not counted always can."""
    quantity = row["quantity"]
    if not quantity or (row.has("tracker") and not row["tracker"]):
        return "in_stock"
    if quantity.startswith("-") or not quantity.strip("0."):
        return "backorder" if row["policy"].casefold() in _words()["sells_on"] else "out_of_stock"
    return "in_stock"
