"""Derives a product type for feeds that have no category column, from titles and attribute names.

Two steps, both plain counting: the nouns of `lexicon/product_types.txt` that a title names at its head; then, for
titles that name none ("Epson T502011 Cyan"), a naive Bayes vote over title words and attribute names, learnt from the
titles that did, and only where it is sure.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
from retrieval.heads import segments
from retrieval.words import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LONGEST = 4  # words in a product type
_JOINED_FIGURE = re.compile(r"\d+(?:\.\d+)?(?:[gmt]b|[gm]hz|mm|cm|m|v|w|kg|ml|x\d+|p)")
_SURE = 0.95  # posterior of the best type, after damping
_BRANDS = 2  # a "type" that one brand alone names may be its series name, and is never guessed for others
_EVIDENCE = 3  # known signs a guess needs at least
_SIGNS = 300_000  # signs held at once
_ABSENT = 0.05  # what a sign never seen with a type counts
_DAMPING = 0.4  # signs of one product are far from independent


@dataclass(frozen=True, slots=True)
class Untyped:
    """What classification reads of one product.

    Attributes:
        hint: The value of an attribute such as "product type", or "".
        signs: Names of its attributes.
    """

    product_id: str
    title: str
    brand: str = ""
    hint: str = ""
    signs: tuple[str, ...] = ()


@cache
def _types() -> dict[str, str]:
    """Return normalised product type -> as written in the list."""
    written: dict[str, str] = {}
    for line in lexicon.lines("product_types"):
        written.setdefault(" ".join(tokens(line)), line)
    return written


@cache
def _senses() -> dict[str, list[tuple[str, frozenset[str]]]]:
    return {
        str(word): [(str(shelf), frozenset(tokens(" ".join(map(str, signs))))) for shelf, signs in senses.items()]
        for word, senses in lexicon.table("senses").items()
    }


def named_type(item: Untyped) -> str:
    """Return the type that the title (or a type attribute) names, or ""."""
    brand = tokens(item.brand)
    for words in segments(item.title):
        named = words[len(brand) :] if words[: len(brand)] == brand else words  # "Case Logic" is no case
        found = _chosen(_types_in(named, stop_at_figures=True))
        if found:
            return _sense(found, item)
    found = "" if item.hint.isdigit() else _chosen(_types_in(tokens(item.hint), stop_at_figures=False))
    return _sense(found, item) if found else ""


def _chosen(found: Sequence[str]) -> str:
    """Return the last type named, as "laptop backpack" is a backpack; but what a thing is made for comes after it."""
    if not found:
        return ""
    if found[-1] in _hosts():
        made_for_it = [t for t in found if t.rsplit(" ", 1)[-1] in _accessories()]
        return made_for_it[-1] if made_for_it else found[-1]
    return found[-1]


def _types_in(words: Sequence[str], *, stop_at_figures: bool) -> list[str]:
    """Return the types named in order; a measured figure after one begins its specification."""
    types, i = _types(), 0
    found: list[str] = []
    while i < len(words):
        if found and stop_at_figures and _is_figure(words, i):
            break
        for size in range(min(_LONGEST, len(words) - i), 0, -1):
            candidate = " ".join(words[i : i + size])
            if candidate in types and not _counts(words, i, size):
                found.append(candidate)
                i += size - 1
                break
        i += 1
    return found


def _is_figure(words: Sequence[str], i: int) -> bool:
    return words[i][0].isdigit() and (
        (i + 1 < len(words) and words[i + 1] in _figure_units()) or bool(_JOINED_FIGURE.fullmatch(words[i]))
    )


def _counts(words: Sequence[str], i: int, size: int) -> bool:
    """Whether the word is a unit after a number ("1 pc"), not a thing."""
    return size == 1 and i > 0 and words[i - 1][-1].isdigit() and words[i] in _pieces()


@cache
def _hosts() -> frozenset[str]:
    return frozenset(" ".join(tokens(line)) for line in lexicon.lines("hosts"))


@cache
def _accessories() -> frozenset[str]:
    return frozenset(w for line in lexicon.lines("accessories") for w in tokens(line))


@cache
def _figure_units() -> frozenset[str]:
    table = lexicon.table("units")
    return frozenset(str(u) for units in table["units"].values() for u in units) | set(map(str, table["figures"]))


@cache
def _pieces() -> frozenset[str]:
    return frozenset(str(u) for u in lexicon.table("units")["units"]["pieces"])


def _sense(found: str, item: Untyped) -> str:
    around = None
    for shelf, signs in _senses().get(found, ()):
        around = around if around is not None else _surroundings(item)
        if around & signs:
            return shelf
    written = _types()[found]
    return written[0].upper() + written[1:]


def _surroundings(item: Untyped) -> set[str]:
    return {*tokens(item.title), *(w for sign in item.signs for w in tokens(sign))}


@dataclass(slots=True)
class TypeVote:
    """Naive Bayes over the signs of products whose type is named; guesses the rest."""

    _of_type: Counter[str] = field(default_factory=Counter)
    _signs: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _known: Counter[str] = field(default_factory=Counter)
    _brands: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def learn(self, item: Untyped, shelf: str) -> None:
        """Count one product of a known type."""
        self._of_type[shelf] += 1
        if len(self._brands[shelf]) < _BRANDS:
            self._brands[shelf].add(item.brand.casefold())
        for sign in _vote_signs(item):
            self._signs[sign][shelf] += 1
            self._known[sign] += 1
        if len(self._known) > _SIGNS:
            self._forget_rare()

    def _forget_rare(self) -> None:
        """Drop signs that are too rare to speak for a type, such as part numbers; there is no end of them."""
        rare = [sign for sign, n in self._known.items() if n < _EVIDENCE]
        for sign in rare:
            del self._known[sign], self._signs[sign]

    def guess(self, item: Untyped) -> str:
        """Return the most likely type, or "" where the vote is not clear."""
        signs = [s for s in _vote_signs(item) if self._known[s] >= _EVIDENCE]
        if len(signs) < _EVIDENCE:
            return ""
        scores = self._scores(signs)
        if not scores:
            return ""
        best = max(scores, key=lambda t: (scores[t], t))
        total = sum(math.exp(s - scores[best]) for s in scores.values())
        return best if 1 / total >= _SURE else ""

    def _scores(self, signs: Sequence[str]) -> dict[str, float]:
        """Return the damped log posterior of each type that shares a sign; absent signs count `_ABSENT` each."""
        gains: dict[str, float] = defaultdict(float)
        for sign in signs:
            for shelf, n in self._signs[sign].items():
                gains[shelf] += math.log((n + _ABSENT) / _ABSENT)
        floor = len(signs) * math.log(_ABSENT)
        return {
            shelf: math.log(self._of_type[shelf])
            + _DAMPING * (gain + floor - len(signs) * math.log(self._of_type[shelf] + 1))
            for shelf, gain in gains.items()
            if len(self._brands[shelf]) >= _BRANDS
        }


def _vote_signs(item: Untyped) -> set[str]:
    words = {f"w:{w}" for w in tokens(item.title) if not w.isdigit()}
    return words | {f"a:{s}" for s in item.signs} | {f"b:{item.brand.casefold()}"}


def classify(items: Iterable[Untyped]) -> dict[str, str]:
    """Return product id -> shelf for every item whose type can be told; the others are left out."""
    held = list(items)
    return dict(shelves_of(lambda: held))


def shelves_of(items: Callable[[], Iterable[Untyped]]) -> Iterator[tuple[str, str]]:
    """Yield (product id, shelf) for every item whose type can be told, holding none of them.

    Args:
        items: Returns the same items each time; they are gone through twice.
    """
    vote, counts = TypeVote(), Counter[str]()
    for item in items():
        shelf = named_type(item)
        if shelf:
            counts[shelf] += 1
            vote.learn(item, shelf)
    merged = _one_name(counts)
    for item in items():
        shelf = named_type(item) or vote.guess(item)
        if shelf:
            yield item.product_id, merged.get(shelf, shelf)


def _one_name(counts: Counter[str]) -> dict[str, str]:
    """Return shelf -> the commonest shelf with the same meaning, so that "toner" and "toner cartridge" share one."""
    by_name = {" ".join(tokens(shelf)): shelf for shelf in counts}
    merged: dict[str, str] = {}
    for group in lexicon.table("synonyms")["same"]:
        names = [" ".join(tokens(str(w))) for w in group]
        alike = [by_name[n] for n in names if n in by_name and not _is_ambiguous(n, names)]
        if len(alike) > 1:
            best = max(alike, key=lambda shelf: (counts[shelf], shelf))
            merged.update({shelf: best for shelf in alike if shelf != best})
    return merged


def _is_ambiguous(name: str, group: Sequence[str]) -> bool:
    """Whether a word may mean something outside its group of synonyms, as "notebook" does."""
    senses = [" ".join(tokens(shelf)) for shelf, _ in _senses().get(name, ())]
    return bool(senses) and (len(senses) > 1 or senses[0] not in group)
