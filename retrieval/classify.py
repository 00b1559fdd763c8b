"""Derives a product type for feeds that have no category column, from titles and attribute names.

Two steps, both plain counting: the nouns of `lexicon/product_types.txt` that a title names at its head; then, for
titles that name none ("Epson T502011 Cyan"), a naive Bayes vote over title words and attribute names, learnt from the
titles that did, and only where it is sure.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
from retrieval.heads import segments
from retrieval.words import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST = 4  # words in a product type
_SURE = 0.95  # posterior of the best type, after damping
_BRANDS = 2  # a "type" that one brand alone names may be its series name, and is never guessed for others
_EVIDENCE = 3  # known signs a guess needs at least
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
    found = ""
    if item.hint and not item.hint.isdigit():
        found = _last_type(tokens(item.hint), stop_at_digits=False)
    brand = set(tokens(item.brand))
    for words in segments(item.title) if not found else ():
        found = _last_type([w for w in words if w not in brand], stop_at_digits=True)
        if found:
            break
    return _sense(found, item) if found else ""


def _last_type(words: Sequence[str], *, stop_at_digits: bool) -> str:
    """Return the last type named: "laptop backpack" is a backpack; figures after a type begin its specification."""
    types, found, i = _types(), "", 0
    while i < len(words):
        if found and stop_at_digits and words[i][0].isdigit():
            break
        for size in range(min(_LONGEST, len(words) - i), 0, -1):
            candidate = " ".join(words[i : i + size])
            if candidate in types and not _counts(words, i, size):
                found, i = candidate, i + size - 1
                break
        i += 1
    return found


def _counts(words: Sequence[str], i: int, size: int) -> bool:
    """Whether the word is a unit after a number ("1 pc"), not a thing."""
    return size == 1 and i > 0 and words[i - 1][-1].isdigit() and words[i] in _pieces()


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
        self._brands[shelf].add(item.brand.casefold())
        for sign in _vote_signs(item):
            self._signs[sign][shelf] += 1
            self._known[sign] += 1

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
    vote, unnamed, shelves = TypeVote(), [], {}
    for item in items:
        shelf = named_type(item)
        if shelf:
            shelves[item.product_id] = shelf
            vote.learn(item, shelf)
        else:
            unnamed.append(item)
    for item in unnamed:
        guessed = vote.guess(item)
        if guessed:
            shelves[item.product_id] = guessed
    return shelves
