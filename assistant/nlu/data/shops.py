"""Imagined shops for training: which words of an utterance a catalogue would know.

A shop knows some of its shoppers' words and not others, and now and then it knows a word that is meant otherwise
("case" in "in case"). Each example is read in front of another shop, many in front of none, so that the model uses
what a catalogue tells and does without.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.llm.base import Known
from assistant.nlu.values import singular

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from assistant.nlu.data.examples import Example

SLOTS = ("category", "brand", "color", "material")
_WORD = re.compile(r"[\w&'.+-]*\w")
_LONGEST = 4  # words
_UNKNOWN_SHOP = 0.4
_CARRIED = 0.8  # share of the words that stand for what they are called
_ASTRAY = 0.5  # share of the words that mean something else here
_HEAD_ONLY = 0.25  # how often of a type of several words only the last is known: "hose" of "garden hose"


class Shops:
    """Every name that a shop may know, by slot: `names` are pairs of slot and name."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._slots: dict[str, str] = {}
        for slot, name in names:
            if slot in SLOTS and not any(ch.isdigit() for ch in name):
                self._slots.setdefault(_folded(name), slot)

    def known(self, example: Example, rng: random.Random) -> tuple[Known, ...]:
        """Return what one shop, drawn at random, knows of the words of `example`."""
        if rng.random() < _UNKNOWN_SHOP:
            return ()
        meant = {(w.start, w.end): w.constraint.slot for w in example.adds if w.source == "user" and w.start >= 0}
        told = [
            hint
            for (start, end), slot in meant.items()
            if slot in SLOTS and rng.random() < _CARRIED
            for hint in (_named(example.text, start, end, slot, rng),)
        ]
        taken = [(hint.start, hint.end) for hint in told]
        astray = [
            hint
            for hint in self._named_in(example.text)
            if not any(hint.start < end and start < hint.end for start, end in (*taken, *meant))
            and rng.random() < _ASTRAY
        ]
        return tuple(sorted((*told, *astray), key=lambda hint: hint.start))

    def _named_in(self, text: str) -> Iterable[Known]:
        words = list(_WORD.finditer(text))
        i = 0
        while i < len(words):
            size, slot = self._longest(words[i : i + _LONGEST], text)
            if slot:
                yield Known(words[i].start(), words[i + size - 1].end(), slot)
            i += size

    def _longest(self, words: Sequence[re.Match[str]], text: str) -> tuple[int, str | None]:
        for size in range(len(words), 0, -1):
            slot = self._slots.get(_folded(text[words[0].start() : words[size - 1].end()]))
            if slot:
                return size, slot
        return 1, None


def _named(text: str, start: int, end: int, slot: str, rng: random.Random) -> Known:
    said = text[start:end]
    if slot == "category" and " " in said and rng.random() < _HEAD_ONLY:
        start = end - len(said.rsplit(" ", 1)[-1])
    return Known(start, end, slot)


def _folded(name: str) -> str:
    return singular(" ".join(name.casefold().split()))
