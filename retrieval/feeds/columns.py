"""Recognises the columns of a feed by name, with `--map` for the rest."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from retrieval.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOT_WORD = re.compile(r"[^\w]+|_+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORST = 10**6
_NUMERIC = frozenset(("rating", "gtin"))  # fields that a bare figure in an attribute column may fill
_NAME_CHARS = 60
_REMEMBERED = 20_000  # names; a feed may have a new one in every row
_GOOGLE = "g "  # "g:price" is the field itself, where other prefixes mark mere attributes


@cache
def tables() -> dict[str, Any]:
    """Return `columns.yaml`."""
    loaded: dict[str, Any] = yaml.safe_load(files("retrieval.feeds").joinpath("columns.yaml").read_text("utf-8"))
    return loaded


def product_fields() -> frozenset[str]:
    """Return the names of our fields that a column of a product feed can be mapped to."""
    return frozenset(tables()["fields"])


@lru_cache(maxsize=_REMEMBERED)
def plain_name(column: str) -> str:
    """Return a column name in lower case, words separated by single spaces: "Meta: shop_id" -> "meta shop id"."""
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", column)).strip().casefold()


def _aliases(fields: Mapping[str, Sequence[str]]) -> dict[str, tuple[tuple[str, int], ...]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for field, names in fields.items():
        for rank, name in enumerate((field, *names)):
            found.setdefault(plain_name(str(name)), []).append((field, rank))
    return {name: tuple(uses) for name, uses in found.items()}


class ColumnMap:
    """Which field each column of a feed fills.

    Args:
        mapping: Our field -> their column, over what names say.
        fields: Our field -> the names that columns for it have, best first; those of products when None.

    Raises:
        FeedError: `mapping` names a field that does not exist.
    """

    def __init__(
        self,
        mapping: Mapping[str, str] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        known = fields if fields is not None else tables()["fields"]
        unknown = sorted(set(mapping or ()) - set(known))
        if unknown:
            raise FeedError(f"--map: no field {unknown[0]!r}; the fields are {', '.join(sorted(known))}")
        self._aliases = _aliases(known)
        self._mapped = {plain_name(theirs): ours for ours, theirs in (mapping or {}).items()}
        self._taken = frozenset(self._mapped.values())
        self._uses: dict[str, tuple[tuple[str, int], ...]] = {}

    def place(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return field -> value by the best-named column that has one, and the other columns as attributes."""
        best: dict[str, tuple[int, str]] = {}
        for column, value in values.items():
            if value in (None, "", [], {}):
                continue
            for field, rank in self._uses_of(column):
                if rank < best.get(field, (_WORST, ""))[0] and _can_fill(field, column, value):
                    best[field] = (rank, column)
        used = {column for _, column in best.values()}
        placed = {field: values[column] for field, (_, column) in best.items()}
        return placed, {c: v for c, v in values.items() if c not in used and self._is_attribute(c)}

    def _uses_of(self, column: str) -> tuple[tuple[str, int], ...]:
        if column not in self._uses:
            if len(self._uses) >= _REMEMBERED:
                self._uses.clear()
            self._uses[column] = self._recognised(plain_name(column))
        return self._uses[column]

    def _recognised(self, name: str) -> tuple[tuple[str, int], ...]:
        if name in self._mapped:
            return ((self._mapped[name], -1),)
        name = name.removeprefix(_GOOGLE)
        bare = attribute_name(name)
        uses = self._aliases.get(name, ()) if bare == name else ()
        if bare != name:
            uses = tuple((f, r) for f, r in self._aliases.get(bare, ()) if f in tables()["from_attributes"])
        return tuple((f, r) for f, r in uses if f not in self._taken)

    def _is_attribute(self, column: str) -> bool:
        return not ignored(plain_name(column)) and not column.startswith("_")


def first(value: object) -> object:
    """Return the first of several values; addresses may stand in one string with commas."""
    if isinstance(value, list):
        return first(value[0]) if value else None
    if isinstance(value, str) and value.startswith("http") and ", http" in value:
        return value.split(", http", 1)[0]
    return value


def _can_fill(field: str, column: str, value: object) -> bool:
    """A yes/no names no colour, and a bare figure in an attribute column has lost its unit."""
    if isinstance(value, bool):
        return field == "availability"
    prefixed = isinstance(value, int | float) and attribute_name(plain_name(column)) != plain_name(column)
    return not prefixed or field in _NUMERIC


@lru_cache(maxsize=_REMEMBERED)
def attribute_name(name: str) -> str:
    """Return a plain column name without a prefix such as "attr t"."""
    for prefix in sorted(map(str, tables()["prefixes"]), key=len, reverse=True):
        if name.startswith(f"{prefix} ") and len(name) > len(prefix) + 1:
            return name[len(prefix) + 1 :][:_NAME_CHARS]
    return name[:_NAME_CHARS]


@lru_cache(maxsize=_REMEMBERED)
def ignored(name: str) -> bool:
    """Whether a column of that plain name says nothing a shopper could ask for."""
    bare = attribute_name(name)
    return (
        not bare
        or bare in tables()["ignored"]
        or any(bare == p or bare.startswith(f"{p} ") for p in map(str, tables()["ignored_prefixes"]))
        or (bare.startswith("package ") and bare != "package type")
    )
