"""Which shelves a product-type phrase means, by words and by the noun at its head.

"Shoes" means every shelf whose noun is shoes, and everything below a step called "Shoes"; "phone case" is a case and
never a phone; "dress" is no "dress shirt". Nothing here guesses by likeness.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
from retrieval.words import normal, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ALTERNATIVES = re.compile(r"\s*(?:[&,/+;]|\band\b|\bor\b)\s*", re.IGNORECASE)
_TAIL = re.compile(r"\s(?:for|with|without|in|by|from)\s.*$", re.IGNORECASE)
_LONGEST = 3  # words in a fixed compound

Phrase = tuple[str, ...]


@cache
def _compounds() -> frozenset[Phrase]:
    return frozenset(tokens(line) for line in lexicon.lines("compounds"))


@cache
def _accessories() -> frozenset[str]:
    return frozenset(w for line in lexicon.lines("accessories") for w in tokens(line))


def phrase(text: str) -> Phrase:
    """Return the words of a product type, fixed compounds as one word: ("warm", "sleeping bag")."""
    words, joined, i = tokens(_TAIL.sub("", text)), [], 0
    while i < len(words):
        size = next((n for n in range(_LONGEST, 1, -1) if words[i : i + n] in _compounds()), 1)
        joined.append(" ".join(words[i : i + size]))
        i += size
    return tuple(joined)


def alternatives(step: str) -> tuple[Phrase, ...]:
    """Return what one step of a path names: "Running & walking shoes" names both kinds of shoes."""
    parts = [phrase(p) for p in _ALTERNATIVES.split(step)]
    parts = [p for p in parts if p]
    whole = phrase(_ALTERNATIVES.sub(" ", step))
    return tuple(dict.fromkeys((*parts, whole))) if len(parts) > 1 else tuple(parts)


def _bare(words: Sequence[str]) -> str:
    return "".join(words).replace(" ", "")


@dataclass(frozen=True)
class Shelf:
    """One `product_type` path, read: per step, the phrases it names."""

    path: str
    steps: tuple[tuple[Phrase, ...], ...]
    n_products: int

    @cached_property
    def bare_steps(self) -> tuple[frozenset[str], ...]:
        """The phrases of each step without spaces."""
        return tuple(frozenset(map(_bare, step)) for step in self.steps)

    @cached_property
    def all_words(self) -> frozenset[str]:
        """Every word of the whole path."""
        return frozenset(w for step in self.steps for p in step for w in p)

    def under(self, wanted: Phrase) -> bool:
        """Whether a step is exactly `wanted`, and what follows is no accessory to it."""
        name = _bare(wanted)
        for i, step in enumerate(self.steps):
            if name in self.bare_steps[i]:
                compound = len(step) > 1 and i < len(self.steps) - 1
                return not compound and not any(self._serves(later, wanted) for later in self.steps[i + 1 :])
        return False

    @staticmethod
    def _serves(step: tuple[Phrase, ...], wanted: Phrase) -> bool:
        words = {w for p in step for word in p for w in word.split()}
        return bool(words & _accessories()) and not _accessories() & set(wanted)

    def is_kind_of(self, wanted: Phrase) -> bool:
        """Whether the last step ends in `wanted`: "trail running shoes" are "running shoes"."""
        return any(_ends_in(p, wanted) for p in self.steps[-1])

    def is_kind_by_path(self, wanted: Phrase) -> bool:
        """Whether the last step has the noun of `wanted`, and its other words stand anywhere on the path."""
        return any(p[-1] == wanted[-1] and set(wanted[:-1]) <= self.all_words for p in self.steps[-1])

    @property
    def mixed(self) -> bool:
        """Whether the last step names several things: "Tables & desks"."""
        return len(self.steps[-1]) > 1


def _ends_in(step: Phrase, wanted: Phrase) -> bool:
    """Whether `step` ends in the words of `wanted`, however they are joined, and `wanted` is no part of a compound."""
    flat, tail = " ".join(step).split(), " ".join(wanted).split()
    if len(tail) < len(step[-1].split()):
        return _bare(step) == _bare(wanted)
    return flat[-len(tail) :] == tail or _bare(step) == _bare(wanted)


class ShelfIndex:
    """The shelves of one shop."""

    def __init__(self, paths: Iterable[tuple[str, int]]) -> None:
        self.shelves = tuple(
            Shelf(path, tuple(s for s in map(alternatives, path.split(">")) if s), n) for path, n in paths
        )
        self.shelves = tuple(s for s in self.shelves if s.steps)
        self.words = frozenset(w for s in self.shelves for w in s.all_words)
        self._named_so: dict[str, list[int]] = {}  # the name of a step without spaces -> places of shelves
        self._ending_in: dict[str, list[int]] = {}  # the last word of a last step -> places of shelves
        for place, shelf in enumerate(self.shelves):
            for name in frozenset().union(*shelf.bare_steps):
                self._named_so.setdefault(name, []).append(place)
            for word in {p[-1].split()[-1] for p in shelf.steps[-1]}:
                self._ending_in.setdefault(word, []).append(place)

    def meant(self, text: str) -> tuple[str, ...]:
        """Return the paths that a product type names, with the narrower kinds it is known to include."""
        wanted = phrase(text)
        if not wanted:
            return ()
        found = self._named(wanted)
        for kind in _narrower().get(" ".join(wanted), ()):
            found.update(self._named(phrase(kind)))
        return tuple(found)

    def has_exactly(self, text: str) -> bool:
        """Whether some step of some shelf is called exactly that."""
        return _bare(phrase(text)) in self._named_so

    def mixed(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of `paths` whose last step names several things."""
        wanted = set(paths)
        return frozenset(s.path for s in self.shelves if s.path in wanted and s.mixed)

    def ending(self, noun: str) -> tuple[str, ...]:
        """Return the paths whose last step ends in `noun`, inside fixed compounds too: "case" ends "phone cases"."""
        return tuple(self.shelves[place].path for place in self._ending_in.get(noun, ()))

    def _named(self, wanted: Phrase) -> dict[str, None]:
        kin = self._ending_in.get(wanted[-1].split()[-1], [])
        near = [self.shelves[place] for place in sorted({*kin, *self._named_so.get(_bare(wanted), ())})]
        found = {s.path: None for s in near if s.under(wanted) or s.is_kind_of(wanted)}
        return found or {s.path: None for s in near if s.is_kind_by_path(wanted)}

    def nearest(self, text: str, *, n: int) -> list[str]:
        """Return the shelves that share most with a type that is not carried: its noun first, then its words."""
        wanted = phrase(text)
        scored = [(_likeness(s, wanted), s) for s in self.shelves] if wanted else []
        best = sorted((x for x in scored if x[0] > 0), key=lambda x: (-x[0], -x[1].n_products, x[1].path))
        return [s.path for _, s in best[:n]]


def _likeness(shelf: Shelf, wanted: Phrase) -> float:
    heads = {p[-1] for p in shelf.steps[-1]}
    shared = len(set(wanted) & shelf.all_words) / len(wanted)
    return shared + (1.0 if wanted[-1] in heads else 0.0)


@cache
def _ambiguous() -> frozenset[str]:
    return frozenset(normal(str(word)) for word in lexicon.table("senses"))


def is_ambiguous(text: str) -> bool:
    """Whether a product type is a word with several senses, as "notebook" is."""
    return normal(text) in _ambiguous()


def narrower(text: str) -> tuple[str, ...]:
    """Return kinds that a product type is known to include."""
    return _narrower().get(normal(text), ())


@cache
def _narrower() -> dict[str, tuple[str, ...]]:
    return {normal(str(k)): tuple(map(str, v)) for k, v in lexicon.table("synonyms")["narrower"].items()}


@cache
def _same() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group in lexicon.table("synonyms")["same"]:
        names = [normal(str(w)) for w in group]
        for name in names:
            found.setdefault(name, []).extend(n for n in names if n != name)
    return {name: tuple(dict.fromkeys(others)) for name, others in found.items()}


def synonyms(text: str) -> tuple[str, ...]:
    """Return other ways to say a product type: the whole phrase first, then with its noun replaced."""
    words = tokens(text)
    found: list[str] = []
    for size in range(len(words), 0, -1):
        front, name = " ".join(words[:-size]), " ".join(words[-size:])
        found += [f"{front} {other}".strip() for other in _same().get(name, ())]
    return tuple(dict.fromkeys(found))
