"""Stems of the meaningful words of a text: how a question is compared with sections, fields and sentences."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import snowballstemmer
import yaml

_CURLY = "\u2019"  # the typographer's apostrophe
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*", re.UNICODE)
_MAX_CHARS = 4_000
NAMED = "@"
"""First letter of a term that stands for several words which ask for the same."""


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, in order, at most 4,000 characters of it read."""
    return _WORD.findall(text[:_MAX_CHARS].replace(_CURLY, "'").lower())


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the English stem of one lower-case word ("shipping" -> "ship"); a possessive loses its s."""
    return str(_stemmer().stemWord(word.removesuffix("'s")))


def stems(text: str) -> list[str]:
    """Return the stems of the meaningful words of `text`, in order, stop words left out."""
    stop = _stop()
    return [stem(w) for w in words(text) if w.removesuffix("'s") not in stop]


def terms(text: str) -> list[str]:
    """Return the terms of a text: the stem of every meaningful word, and beside it the name of what it asks for.

    Such a name begins with `@`: "klarna" gives `klarna` and `@pay`, "send it back" gives `@return`.
    """
    single, phrases = _same()
    tokens = words(text)
    stop, taken, out = _stop(), set[int](), list[str]()
    for i, word in enumerate(tokens):
        if i in taken:
            continue
        name, places = _phrase_at(tokens, i, phrases)
        taken.update(places)
        if name:
            out.append(name)
        elif word.removesuffix("'s") not in stop:
            out += [stem(word), *([single[stem(word)]] if stem(word) in single else [])]
        elif stem(word) in single:
            out.append(single[stem(word)])
    return out


def asked(text: str) -> list[tuple[str, ...]]:
    """Return what a question asks, one entry a word or phrase: the stem and the name it may also go by."""
    out: list[tuple[str, ...]] = []
    for term in terms(text):
        if term.startswith(NAMED) and out and len(out[-1]) == 1 and _same()[0].get(out[-1][0]) == term:
            out[-1] = (out[-1][0], term)
        else:
            out.append((term,))
    return list(dict.fromkeys(out))


def _phrase_at(tokens: list[str], i: int, phrases: dict[tuple[str, ...], str]) -> tuple[str, tuple[int, ...]]:
    """Return the phrase that begins at word `i` and the places of its words; two words may have two others between."""
    for width in (4, 3, 2):
        name = phrases.get(tuple(stem(t) for t in tokens[i : i + width]))
        if name is not None:
            return name, tuple(range(i, i + width))
    for j in range(i + 2, min(i + 4, len(tokens))):
        name = phrases.get((stem(tokens[i]), stem(tokens[j])))
        if name is not None:
            return name, (i, j)
    return "", ()


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401  (snowballstemmer has no types)
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _stop() -> frozenset[str]:
    return frozenset(word for line in _data()["stop"] for word in line.split())


@lru_cache(maxsize=1)
def _same() -> tuple[dict[str, str], dict[tuple[str, ...], str]]:
    single: dict[str, str] = {}
    phrases: dict[tuple[str, ...], str] = {}
    for group in _data()["same"]:
        name = NAMED + stem(words(group[0])[0])
        for entry in group:
            key = tuple(stem(w) for w in words(entry))
            if len(key) == 1:
                single.setdefault(key[0], name)
            else:
                phrases.setdefault(key, name)
    return single, phrases
