"""The phrases of a text that can be copied, and where a phrase stands in it.

Listing them in the schema means that a model can only name a value that was said. It is also what engines compile
fastest, because a listed value needs no counting of characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_PHRASE = 80
"""Characters of one value in an answer."""

MAX_PHRASES = 240
"""More are not listed: some servers take no longer list. A text with more may be quoted freely, and is then checked."""

MAX_WORDS = 6  # in one phrase
_LEAST_WORDS = 3  # a list of shorter phrases would leave out too much
_BREAK = re.compile(r"[,;:!?()\[\]{}\n\r\t\"“”]+|\.(?=\s|$)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "HANGUL")


def phrases(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Return every run of words of `texts` that is short enough to be a value, the first text's first.

    Returns:
        At most `MAX_PHRASES` different phrases with single spaces, or None where a list would leave values out: the
        texts are too long, or written without spaces.
    """
    kept = [text for text in texts if text.strip()]
    if any(_is_unspaced(char) for text in kept for char in text):
        return None
    for n_words in range(MAX_WORDS, _LEAST_WORDS - 1, -1):
        found = dict.fromkeys(phrase for text in kept for phrase in _runs(text, n_words))
        if len(found) <= MAX_PHRASES:
            return tuple(found) or None
    return None


def _runs(text: str, n_words: int) -> Iterator[str]:
    for part in _BREAK.split(text[: MAX_PHRASES * MAX_PHRASE]):
        words = part.split()
        for start in range(len(words)):
            for end in range(start + 1, min(start + n_words, len(words)) + 1):
                phrase = " ".join(words[start:end])
                if len(phrase) <= MAX_PHRASE and phrase.isprintable():
                    yield phrase
            yield from (number for number in _NUMBER.findall(words[start])[:4] if number != words[start])


def places(value: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where `value` stands in `text` word for word, case and spacing aside: character offsets, end excluded."""
    parts = value.split()
    if parts and len(value) <= 2 * MAX_PHRASE:
        for match in _pattern(tuple(parts)).finditer(text):
            yield match.span()


@lru_cache(maxsize=512)
def _pattern(parts: tuple[str, ...]) -> re.Pattern[str]:
    middle = r"\s*".join(re.escape(part) for part in parts)
    return re.compile(_before(parts[0][0]) + middle + _after(parts[-1][-1]), re.IGNORECASE)


def _before(first: str) -> str:
    """No part of a longer word or number: "40" is not in "1.40", but it is in "40cm"."""
    if first.isdigit():
        return r"(?<!\d)(?<!\d[.,])"
    return r"(?<![^\W\d_])" if first.isalpha() and not _is_unspaced(first) else ""


def _after(last: str) -> str:
    if last.isdigit():
        return r"(?!\d)(?![.,]\d)"
    return r"(?![^\W\d_])" if last.isalpha() and not _is_unspaced(last) else ""


def _is_unspaced(char: str) -> bool:
    return char > "\u0dff" and unicodedata.name(char, "").startswith(_UNSPACED)
