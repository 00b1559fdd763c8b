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
    return [stem(w) for w in words(text) if w not in stop]


def terms(text: str) -> list[str]:
    """Return `stems` with words that ask for the same thing put under one name ("send back" -> "return")."""
    single, phrases = _same()
    tokens, out, i = words(text), list[str](), 0
    stop = _stop()
    while i < len(tokens):
        name, width = _phrase_at(tokens, i, phrases)
        if not width:
            word, width = tokens[i], 1
            name = single.get(stem(word), "" if word in stop else stem(word))
        if name:
            out.append(name)
        i += width
    return out


def _phrase_at(tokens: list[str], i: int, phrases: dict[tuple[str, ...], str]) -> tuple[str, int]:
    for width in (4, 3, 2):
        name = phrases.get(tuple(stem(t) for t in tokens[i : i + width]))
        if name is not None and i + width <= len(tokens):
            return name, width
    return "", 0


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
        name = stem(words(group[0])[0])
        for entry in group:
            key = tuple(stem(w) for w in words(entry))
            if len(key) == 1:
                single.setdefault(key[0], name)
            else:
                phrases.setdefault(key, name)
    return single, phrases
