"""Mending a misspelt word towards known ones, conservatively: a wrong guess is worse than none."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

import retrieval.lexicon as lexicon
from retrieval.words import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 4  # letters; shorter words have too many neighbours
_LONG = 8  # letters from which two slips are believed
_VOWELS = set("aeiouy")


def closest(word: str, known: Iterable[str], *, strict: bool = False) -> str | None:
    """Return the one known word that `word` is most likely a slip of; None where there is no clear one.

    Args:
        word: A folded word.
        known: Folded words.
        strict: For names, where another letter is another name ("Nixon", "Nikon"): only swapped, doubled or
            dropped letters and exchanged vowels count as slips.
    """
    if len(word) < _SHORTEST or any(c.isdigit() for c in word) or word in _real_words():
        return None
    budget = 2 if len(word) >= _LONG else 1
    best: tuple[int, str] | None = None
    tied = False
    for other in known:
        if abs(len(other) - len(word)) > budget or len(other) < _SHORTEST or other[0] != word[0]:
            continue
        distance = int(OSA.distance(word, other, score_cutoff=budget))
        if distance > budget or (strict and not _is_slip(word, other)):
            continue
        if best is None or distance < best[0]:
            best, tied = (distance, other), False
        elif distance == best[0] and other != best[1]:
            tied = True
    return None if best is None or tied else best[1]


@cache
def _real_words() -> frozenset[str]:
    """Return words that are right as they are: a "book" is no misspelt boot."""
    names = [*lexicon.lines("product_types"), *lexicon.lines("compounds")]
    names += [str(w) for group in lexicon.table("synonyms")["same"] for w in group]
    return frozenset(t for name in names for t in tokens(name))


def _is_slip(word: str, other: str) -> bool:
    if len(word) != len(other):
        return True
    differing = [(a, b) for a, b in zip(word, other, strict=True) if a != b]
    return sorted(a for a, _ in differing) == sorted(b for _, b in differing) or all(
        a in _VOWELS and b in _VOWELS for a, b in differing
    )
