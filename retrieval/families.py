"""Colour and material names in free text, with the families above them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
from retrieval.words import normal, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 4  # words in the longest name of a family file


@cache
def parents(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return normalised name -> normalised parents for a family file ("colors" or "materials")."""
    found: dict[str, tuple[str, ...]] = {}
    for word, above in lexicon.families(name).items():
        key = normal(word)
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *(normal(a) for a in above))))
    return found


@cache
def _first_words(name: str) -> frozenset[str]:
    return frozenset(key.split(" ", 1)[0] for key in parents(name))


def named(name: str, text: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of a family file that `text` mentions, longest first at each place, in order."""
    words = tokens(text) if isinstance(text, str) else tuple(text)
    known, begins, found, i = parents(name), _first_words(name), [], 0
    while i < len(words):
        if words[i] not in begins:
            i += 1
            continue
        for size in range(min(_LONGEST, len(words) - i), 0, -1):
            candidate = " ".join(words[i : i + size])
            if candidate in known:
                found.append(candidate)
                i += size
                break
        else:
            i += 1
    return tuple(dict.fromkeys(found))


def closure(name: str, values: Iterable[str]) -> frozenset[str]:
    """Return `values` with everything above them: a navy thing is navy and blue."""
    known = parents(name)
    return frozenset(v for value in values for v in (value, *known.get(value, ())))
