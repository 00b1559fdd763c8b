"""Mends misspelt words of a query against the words that an index holds.

Conservative on purpose: a word that the index holds, a word with a digit (a model number one digit off is another
model) and a real word of the language that this shop merely does not use all stay as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.index.languages import between_cjk, has_cjk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WORD = re.compile(r"[^\W\d_]+")

SHORTEST = 4  # letters; shorter words have too many neighbours
LONG = 7  # letters from which two slips are forgiven


class Speller:
    """Spelling repair over one snapshot of an index's words."""

    def __init__(self, frequencies: Mapping[str, int], *, is_word: Callable[[str], bool] | None = None) -> None:
        """Take the index's lower-case words with their document frequencies.

        Args:
            frequencies: What may stand in a mended query, and how common it is.
            is_word: Tells real words of the language, which are never mended; None knows none.
        """
        self._frequencies = {word: n for word, n in frequencies.items() if word.isalpha()}
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(self._frequencies):
            self._by_length.setdefault(len(word), []).append(word)
        self._is_word = is_word or (lambda _: False)
        self._mended = lru_cache(maxsize=4096)(self._mend_word)

    def mend(self, text: str) -> str:
        """Return `text` with each unknown word replaced by its near neighbour, where there is a clear one."""
        return _WORD.sub(lambda match: self._at(text, match), text)

    def holds(self, word: str) -> bool:
        """Whether `word`, or its plural or singular, is one of the known words."""
        return word.lower() in self._frequencies or self._plural_known(word.lower())

    def _at(self, text: str, match: re.Match[str]) -> str:
        """Leave letters that touch a digit alone: they are part of a model number."""
        before, after = text[: match.start()][-1:], text[match.end() : match.end() + 1]
        if before.isdigit() or after.isdigit():
            return match.group()
        return between_cjk(match.group(), self._mended)

    def _mend_word(self, word: str) -> str:
        low = word.lower()
        if (
            len(low) < SHORTEST
            or has_cjk(low)
            or low in self._frequencies
            or self._plural_known(low)
            or self._is_word(low)
        ):
            return word
        return self._split(low) or self._neighbour(low) or word

    def _plural_known(self, word: str) -> bool:
        other = word[:-1] if word.endswith("s") else f"{word}s"
        return other in self._frequencies

    def _split(self, word: str) -> str | None:
        """Return "phone case" for "phonecase" where both halves are words of the index; the commonest split wins."""
        splits = [(word[:i], word[i:]) for i in range(3, len(word) - 2)]
        known = [pair for pair in splits if all(part in self._frequencies for part in pair)]
        if not known:
            return None
        return " ".join(max(known, key=lambda pair: min(self._frequencies[part] for part in pair)))

    def _neighbour(self, word: str) -> str | None:
        allowed = 2 if len(word) >= LONG else 1
        best: tuple[int, int, str] | None = None
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            near = process.extract(
                word, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=allowed, limit=None
            )
            for candidate, distance, _ in near:
                if not _same_start(word, candidate):
                    continue
                rank = (int(distance), -self._frequencies[candidate], candidate)
                best = rank if best is None or rank < best else best
        return best[2] if best else None


def _same_start(word: str, candidate: str) -> bool:
    """People rarely miss the first letter, unless they swap it with the second."""
    return word[0] == candidate[0] or word[:2] == candidate[1::-1]
