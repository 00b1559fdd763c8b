"""What a title says its thing is: the noun phrase at its head, before "with", "for", sizes and colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retrieval.families import parents
from retrieval.words import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

_BREAK = re.compile(
    r"(\s+[-\u2013\u2014|]\s+|[,;:|()\[\]]"
    r"|(?:^|\s)(?:with|for|w/|by|from|in|featuring|compatible|without|and|f/)(?=\s))",
    re.IGNORECASE,
)
_JOINING = frozenset(("and",))  # what follows other words of `_BREAK` is not the thing itself
_LEAD = re.compile(r"^\s*(?:(?:set|pack|pair|box|bundle|case)\s+of(?:\s+\d+)?|\d+[\s-]*pack)\s+", re.IGNORECASE)
_LONGEST = 3  # words in a head phrase


def segments(title: str) -> list[tuple[str, ...]]:
    """Return the words of each part of a title that may name the thing: not what it is for, with or from."""
    found, aside = [], False
    for i, part in enumerate(_BREAK.split(title)):
        if i % 2:
            word = part.strip().casefold()
            aside = (word.isalpha() and word not in _JOINING) or word in ("w/", "f/") or (aside and word in _JOINING)
        elif not aside and (words := tokens(_LEAD.sub("", part))):
            found.append(words)
    return found


def head_phrases(title: str, *, brand: str = "") -> tuple[str, ...]:
    """Return the last one, two and three words of a title's head: "mug", "travel mug", "steel travel mug"."""
    parts = segments(title)
    brand_words = set(tokens(brand))
    named = [p for p in parts if not set(p) <= brand_words] or parts
    if not named:
        return ()
    core = _without_tail(named[0], brand_words)
    return tuple(" ".join(core[-n:]) for n in range(1, min(_LONGEST, len(core)) + 1))


def _without_tail(words: Sequence[str], brand_words: set[str]) -> tuple[str, ...]:
    """Drop what trails the noun: colours, numbers, model codes, letter sizes."""
    colors = parents("colors")
    end = len(words)
    while end > 1 and (words[end - 1] in colors or len(words[end - 1]) < 3 or any(c.isdigit() for c in words[end - 1])):
        end -= 1
    kept = [w for w in words[:end] if w not in brand_words and not any(c.isdigit() for c in w)]
    return tuple(kept) or tuple(words[:end])
