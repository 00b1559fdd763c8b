"""What a product-type phrase means in one shop: its shelves, a narrower part of a shelf, or title nouns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retrieval.predicates import all_of, any_of, has, says
from retrieval.shelves import ShelfIndex, is_ambiguous, narrower, phrase, synonyms
from retrieval.spelling import closest
from retrieval.words import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from retrieval.predicates import Predicate

_COMMON = 3  # products whose title must use a word before it counts as a spelling


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a shopper's word means in this shop.

    Attributes:
        values: Catalogue values it stands for (for a category: `product_type` paths); may be empty.
        known: Whether this shop can decide it.
        spelled: The word as the catalogue spells it, or the shopper's own word.
        words: Further words that a product must name (category "gaming laptop" on shelf "Laptops").
        heads: Title nouns that decide a category where no shelf does: anywhere, or on the shelves `within`.
        within: Shelves that hold several things ("Tables & desks").
    """

    values: tuple[str, ...]
    known: bool
    spelled: str
    words: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    def predicate(self) -> Predicate:
        """Return the test of a category; nothing passes one that is not known."""
        named = has("head", *self.heads)
        kinds = [has("product_type", *self.values)] if self.values else []
        if self.heads:
            kinds.append(all_of(has("product_type", *self.within), named) if self.within else named)
        return all_of(any_of(*kinds), *(says("words", w) for w in self.words))


class TypeResolver:
    """Resolves product types against the shelves and titles of one catalogue."""

    def __init__(
        self,
        shelves: Iterable[tuple[str, int]],
        *,
        heads: Mapping[str, int],
        count: Callable[[Sequence[Predicate]], int],
    ) -> None:
        self._index = ShelfIndex(shelves)
        self._heads = heads
        self._count = count
        common = {h for h, n in heads.items() if n >= _COMMON and " " not in h}
        self._spelled = frozenset(w for word in self._index.words for w in word.split()) | common

    def resolve(self, value: str) -> Resolution:
        """Return what a product type means here; never by likeness, except for a mended misspelling."""
        spelled = normal(value)
        for candidate in dict.fromkeys((spelled, self._mended(spelled))):
            for read in (self._own_shelf, self._shelf_by_synonym, self._part_of_shelf, self._by_titles):
                found = read(candidate) if candidate else None
                if found is not None:
                    return found
        return Resolution((), known=False, spelled=value)

    def nearest(self, value: str, *, n: int) -> list[str]:
        """Return the shelves nearest to a type that is not carried, best first."""
        found = self._index.nearest(value, n=n)
        for other in synonyms(value) if not found else ():
            found += [p for p in self._index.nearest(other, n=n) if p not in found]
        return found[:n]

    def names(self) -> list[str]:
        """Return what the last steps of the shelves are called, and their nouns, normalised."""
        steps = [p for shelf in self._index.shelves for p in shelf.steps[-1]]
        return list(dict.fromkeys([*(p[-1] for p in steps), *(" ".join(p) for p in steps)]))

    def _own_shelf(self, value: str) -> Resolution | None:
        paths = self._index.meant(value)
        if not paths:
            return None
        if not self._index.has_exactly(value):  # kinds of it only: shelves under another name for it count too
            alike = [self._index.meant(other) for other in synonyms(value) if not is_ambiguous(other)]
            paths = tuple(dict.fromkeys([*paths, *(p for some in alike for p in some)]))
        mixed = self._index.mixed(paths)
        heads = self._heads_meaning(value, value.split()[-1]) if mixed else ()
        if not heads or not self._count([has("product_type", *mixed), has("head", *heads)]):
            return Resolution(paths, known=True, spelled=value)
        plain = tuple(p for p in paths if p not in mixed)
        return Resolution(plain, known=True, spelled=value, heads=heads, within=tuple(p for p in paths if p in mixed))

    def _heads_meaning(self, value: str, *others: str) -> tuple[str, ...]:
        names = (value, *others, *synonyms(value), *(normal(k) for k in narrower(value)))
        return tuple(n for n in dict.fromkeys(names) if n in self._heads)

    def _shelf_by_synonym(self, value: str) -> Resolution | None:
        for other in sorted(synonyms(value), key=is_ambiguous):  # words of one sense first
            found = self._own_shelf(other)
            if found is not None:
                return found
        return None

    def _part_of_shelf(self, value: str) -> Resolution | None:
        """A known noun before which stand words no shelf has: right where products of that shelf name them."""
        words = phrase(value)
        for cut in range(1, len(words)):
            noun = " ".join(words[cut:])
            found = self._own_shelf(noun) or self._shelf_by_synonym(noun)
            if found is not None:
                return self._naming(found, words[:cut], value)
        last = value.split()
        paths = self._index.ending(last[-1]) if len(last) > 1 else ()
        return self._naming(Resolution(paths, True, value), tuple(last[:-1]), value) if paths else None

    def _naming(self, noun: Resolution, extra: tuple[str, ...], value: str) -> Resolution | None:
        found = replace(noun, words=extra, spelled=value)
        return found if self._count([found.predicate()]) else None

    def _by_titles(self, value: str) -> Resolution | None:
        """The shopper's own word in one title is enough; a synonym must be in common use here."""
        heads = tuple(n for n in self._heads_meaning(value) if n == value or self._heads[n] >= _COMMON)
        return Resolution((), known=True, spelled=value, heads=heads) if heads else None

    def _mended(self, value: str) -> str:
        words = value.split()
        return " ".join(w if w in self._spelled else closest(w, self._spelled) or w for w in words)
