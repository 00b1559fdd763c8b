"""One spelling for words: what two texts must share to be the same word.

Folding is deliberately light (case, accents, hyphens, plurals): hard filters are decided by it, and a stemmer that
takes "organic" and "organizer" for one word would sell the wrong thing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import retrieval.lexicon as lexicon

_TOKEN = re.compile(r"[^\W_]+(?:[.'][^\W_]+)*", re.UNICODE)
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b")
_SIGNS = re.compile("[\u2122\u00ae\u00a9\u2120]")  # trademark and the like, which compatibility forms turn into letters
_SHORT = 80  # characters; attribute names and values repeat, descriptions do not
_KEPT_S = ("ss", "us", "is", "os")


def fold(text: str) -> str:
    """Return `text` in lower case without accents, compatibility forms and possessive endings."""
    if text.isascii():
        return _POSSESSIVE.sub("s", text.lower()) if "'" in text else text.lower()
    folded = unicodedata.normalize("NFKD", _SIGNS.sub(" ", _POSSESSIVE.sub("s", text.casefold())))
    return "".join(c for c in folded if not unicodedata.combining(c))


@lru_cache(maxsize=200_000)
def singular(word: str) -> str:
    """Return the singular of one folded English word; other words come back unchanged."""
    irregular = lexicon.irregular_plurals().get(word)
    if irregular is not None:
        return irregular
    if len(word) < 4 or not word.endswith("s") or word.endswith(_KEPT_S):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def tokens(text: str) -> tuple[str, ...]:
    """Return the folded, singular words of `text` in order; "Men's T-Shirts" gives `("men", "t", "shirt")`."""
    return _short_tokens(text) if len(text) <= _SHORT else _split(text)


def _split(text: str) -> tuple[str, ...]:
    return tuple(singular(t) for t in _TOKEN.findall(fold(text)))


_short_tokens = lru_cache(maxsize=50_000)(_split)


def normal(text: str) -> str:
    """Return the words of `text` as one string with single spaces between them."""
    return " ".join(tokens(text))


def padded(text: str) -> str:
    """Return `normal(text)` with a space at either end, so that whole words can be found as substrings."""
    return f" {normal(text)} "
