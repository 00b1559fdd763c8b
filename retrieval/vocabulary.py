"""The catalogue's own words: shelves, brands, colours, sizes, and what a shopper's word means among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import retrieval.sizes as sizes
from retrieval.families import named
from retrieval.predicates import has, says
from retrieval.product_types import Resolution, TypeResolver
from retrieval.spelling import closest
from retrieval.words import normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.catalogue import Catalogue
    from retrieval.types import Slot

__all__ = ["KnownSpan", "Resolution", "Vocabulary"]

_CACHE: WeakKeyDictionary[Catalogue, tuple[str, Vocabulary]] = WeakKeyDictionary()
_LONGEST_SPAN = 4  # words
_WORD = re.compile(r"[\w&'.+-]*\w")


@dataclass(frozen=True, slots=True)
class KnownSpan:
    """A known word in a text: `text[start:end]` names `value` of `slot`."""

    start: int
    end: int
    slot: Slot
    value: str


class Vocabulary:
    """Resolves words against one catalogue; `of` builds it once a catalogue revision.

    Attributes:
        shelves: Every `product_type` path, most products first.
        brands: The brands as written, most products first; so with `colors`, `sizes` and `materials`.
        colors: The values of the colour column.
        sizes: The values of the size column.
        materials: The values of the material column.
        currencies: What the shop's prices are in, ISO 4217, the most frequent first.
        terms: Field of facts -> normalised value -> how many products have it.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        facets = catalogue.facets()
        self._catalogue = catalogue
        self.shelf_counts: dict[str, int] = dict(facets["shelf"])
        self.shelves = tuple(self.shelf_counts)
        self.brands, self.colors, self.sizes, self.materials = (
            tuple(v for v, _ in facets[name]) for name in ("brand", "color", "size", "material")
        )
        self.currencies = tuple(catalogue.currencies()) or ("USD",)
        self.terms = {f: catalogue.term_counts(f) for f in ("brand", "color", "size", "material", "head")}
        self._dimensions = catalogue.dimensions()
        self._brand_names = {normal(b): b for b in reversed(self.brands) if normal(b)}
        self._types = TypeResolver(facets["shelf"], heads=self.terms["head"], count=catalogue.count_matching)
        self.n_saying = lru_cache(maxsize=4096)(self._n_saying)
        self.n_having = lru_cache(maxsize=4096)(self._n_having)
        self._category = lru_cache(maxsize=4096)(self._types.resolve)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Vocabulary:
        """Return the vocabulary of a catalogue as it is now; the same object until the catalogue changes."""
        revision = catalogue.revision()
        kept = _CACHE.get(catalogue)
        if kept is None or kept[0] != revision:
            kept = (revision, cls(catalogue))
            _CACHE[catalogue] = kept
        return kept[1]

    @property
    def currency(self) -> str:
        """What a price is meant in where nobody says."""
        return self.currencies[0]

    def resolve(self, slot: Slot, value: str) -> Resolution:
        """Return what `value` means for `slot` in this shop."""
        match slot:
            case "category":
                return self._category(value)
            case "brand":
                return self._brand(value)
            case "color" | "material":
                return self._family(slot, value)
            case "size":
                return self._size(value)
            case _:
                phrase = normal(value)
                return Resolution((phrase,), bool(phrase) and self.n_saying("words", phrase) > 0, value)

    def nearest(self, category: str, *, n: int = 3) -> list[str]:
        """Return the `product_type` paths nearest to a category that is not carried, best first; maybe none."""
        return self._types.nearest(category, n=n)

    def comparable(self, dimension: str) -> bool:
        """Whether some product has a measure of that dimension (`sizes.Measure.dimension`)."""
        return dimension in self._dimensions

    def spans(self, text: str) -> list[KnownSpan]:
        """Return the words of `text` that name a brand, product type, colour or material, the longest at each place."""
        words = list(_WORD.finditer(text))
        found: list[KnownSpan] = []
        i = 0
        while i < len(words):
            size, entry = self._longest_name(words[i : i + _LONGEST_SPAN])
            if entry is not None:
                found.append(KnownSpan(words[i].start(), words[i + size - 1].end(), *entry))
            i += size
        return found

    def _longest_name(self, words: Sequence[re.Match[str]]) -> tuple[int, tuple[Slot, str] | None]:
        for size in range(len(words), 0, -1):
            entry = self._names.get(normal(" ".join(w[0] for w in words[:size])))
            if entry is not None:
                return size, entry
        return 1, None

    @cached_property
    def _names(self) -> dict[str, tuple[Slot, str]]:
        names: dict[str, tuple[Slot, str]] = {}
        for name in self.terms["material"]:
            names[name] = ("material", name)
        for name in self.terms["color"]:
            names[name] = ("color", name)
        for name in self._types.names():
            names[name] = ("category", name)
        for name, written in self._brand_names.items():
            names[name] = ("brand", written)
        return names

    @cached_property
    def _bare_brands(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._brand_names:
            found.setdefault(_bare(name), []).append(name)
        return found

    def _brand(self, value: str) -> Resolution:
        wanted = normal(value)
        names = self._brand_names
        bare = _bare(wanted)
        found = list(self._bare_brands.get(bare, ())) if bare else []
        if wanted and not found:
            found = [n for n in names if n.startswith(f"{wanted} ")]  # "Kingston" for "Kingston Technology"
        if found:
            return Resolution(tuple(found), known=True, spelled=names[found[0]])
        if self.terms["brand"].get(wanted, 0) > 1:
            return Resolution((wanted,), known=True, spelled=value)  # a brand that only titles name
        near = closest(wanted, names, strict=True)
        return Resolution((near,), True, names[near]) if near else Resolution((), known=False, spelled=value)

    def _family(self, slot: Literal["color", "material"], value: str) -> Resolution:
        """A shade or a kind: facts of products hold every family above their shades already."""
        terms, name = self.terms[slot], f"{slot}s"
        wanted = normal(value)
        candidates = [wanted, *named(name, wanted)] if wanted else []
        for candidate in candidates:
            if candidate in terms:
                return Resolution((candidate,), known=True, spelled=candidate)
        if len(candidates) > 1:
            return Resolution((candidates[1],), known=True, spelled=candidates[1])  # a real word that nothing here has
        near = closest(wanted, [t for t in terms if " " not in t])
        return Resolution((near,), True, near) if near else Resolution((wanted,), known=False, spelled=value)

    def _size(self, value: str) -> Resolution:
        read = sizes.read(value)
        known = next((n for n in read.names if n in self.terms["size"]), None)
        if known is not None:
            return Resolution((known,), known=True, spelled=value)
        # a figure or a letter is decided wherever the shop sells by figures or letters: the answer may be "none"
        kinds = {sizes.kind(s) for s in self.terms["size"]}
        same = tuple(n for n in read.names[:1] if sizes.kind(n) != "name" and sizes.kind(n) in kinds)
        measured = any(self.comparable(m.dimension) for m in read.measures)
        return Resolution(same, known=bool(same) or measured, spelled=value)

    def _n_saying(self, field: str, phrase: str) -> int:
        return len(self._catalogue.keys(says(field, phrase)))

    def _n_having(self, term: str) -> int:
        """Count the products with an attribute as `facts.attribute_term` writes it."""
        return self._catalogue.count_matching([has("attribute", term)])


def _bare(name: str) -> str:
    """Return a name without spaces and "and", which "&" says as well."""
    return "".join(w for w in name.split() if w != "and")
