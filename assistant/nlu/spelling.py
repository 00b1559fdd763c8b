"""Mends spelling in values, for parses that stand alone.

In the running shop the catalogue's own vocabulary decides what a misspelt word means; here only words that are in no
list at all are changed, to a shop word at most one letter away (two in long words) with the same first and last letter
(the last two may be swapped): other endings are grammar, not spelling. Names are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from assistant.nlu.data.wordlist import DIVIDER, TALK_DIVIDER, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

MENDED_SLOTS = frozenset({"category", "color", "material", "style", "feature", "occasion", "recipient"})
_WORD = re.compile(r"[A-Za-z]{6,30}")
_LONG = 10
_SHORTEST = 5
_MARKS = ",.;:!?()\"'"


@dataclass(frozen=True, slots=True)
class Speller:
    """Knows right words, and which of them may be offered, by first letter and commonest first."""

    known: frozenset[str]
    offered: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, shop: Iterable[str], common: Iterable[str]) -> Speller:
        """Make a speller from shop words (commonest first) and common words."""
        ordered = tuple(shop)
        letters = sorted({word[0] for word in ordered})
        offered = {letter: tuple(word for word in ordered if word[0] == letter) for letter in letters}
        return cls(frozenset(ordered) | frozenset(common), offered)

    def mend(self, phrase: str) -> str:
        """Return `phrase` with the words that no list knows mended where a shop word is near."""
        return _WORD.sub(lambda found: self._word(found.group()), phrase)

    def knows(self, word: str) -> bool:
        """Whether `word`, or what it is the plural of, is in a list: right as it is typed."""
        plain = word.casefold().replace("\u2019", "'")
        return plain in self.known or (plain.endswith("s") and plain[:-1] in self.known)

    def _word(self, typed: str) -> str:
        word = typed.casefold()
        if self.knows(word):
            return typed
        limit = 2 if len(word) >= _LONG else 1
        others = (other for other in self.offered.get(word[0], ()) if _same_end(other, word))
        near = [(OSA.distance(word, other, score_cutoff=limit), other) for other in others]
        best = min(near, key=lambda pair: pair[0], default=(limit + 1, typed))
        return best[1] if best[0] <= limit else typed


def is_slip(typed: str, meant: str) -> bool:
    """Whether `typed` is no right word and clearly meant to be `meant`: one letter off, both ends the same."""
    left, right = (word.casefold().strip(_MARKS) for word in (typed, meant))
    if len(left) < _SHORTEST or left[:1] != right[:1] or " " in right or shipped().knows(left):
        return False
    return _same_end(right, left) and OSA.distance(left, right, score_cutoff=1) <= 1


def _same_end(left: str, right: str) -> bool:
    return left[-1] == right[-1] or left[-2:] == right[:-3:-1]


@lru_cache(maxsize=1)
def shipped() -> Speller:
    """Return the speller of the shipped word list."""
    shop, _, right = WORDS.read_text(encoding="utf-8").partition(DIVIDER)
    common, _, talk = right.partition(TALK_DIVIDER)
    return Speller.of(shop.split(), [*common.split(), *talk.split()])
