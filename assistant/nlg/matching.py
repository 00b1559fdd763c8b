"""Where a product's own data speaks of some words: in an attribute, a field, its name, its description, a review."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from assistant.nlg.fields import Field, attributes, field_id, fields
from assistant.nlg.wording import flat, named, word_list
from assistant.service.terms import stem, stems, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retrieval.types import Product, Review

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*[\n\r•|]+\s*")
_CONTRAST = re.compile(r"\b(?:but|however|although|though|except|unless|if only|wish)\b", re.IGNORECASE)
MAX_QUOTE = 110
"""Longest quotation from a description or a review, in characters."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Where something is said of a product: `flag` is False where the data denies it."""

    text: str
    evidence_id: str
    strength: float
    flag: bool = True


def stem_set(text: str) -> frozenset[str]:
    """Return the stems of the meaningful words of a wish; all its words where it has no other."""
    return frozenset(stems(text)) or frozenset(stem(w) for w in words(text))


def mention(product: Product, wish: str) -> Mention | None:
    """Find the strongest place in `product` that speaks of `wish`, or None where its data does not say.

    An attribute counts more than the name, the name more than a sentence of the description; a sentence that denies
    something proves nothing.
    """
    wanted = stem_set(wish)
    if not wanted:
        return None
    return (
        _by_flag(attributes(product), wanted)
        or _by_value(fields(product), wanted)
        or _by_title(product, wish, wanted)
        or _by_description(product, wanted)
    )


def sentence_about(text: str, wanted: frozenset[str]) -> str:
    """Return the first affirming sentence of `text` that has all the wanted stems, bounded; "" where there is none."""
    for sentence in _SENTENCE.split(text[:4_000]):
        if wanted <= _stems_of(sentence) and not denies(sentence):
            return flat(sentence, limit=MAX_QUOTE)
    return ""


def denies(sentence: str) -> bool:
    """Whether a sentence has a denial or a contrast in it: then it is no proof of the words it contains."""
    plain = sentence.replace("\u2019", "'")
    return not word_list("negation").isdisjoint(plain.lower().split()) or bool(_CONTRAST.search(plain))


def quoted_review(reviews: Iterable[Review], wanted: frozenset[str]) -> tuple[Review, str] | None:
    """Return the best-rated review (4 or 5) with an affirming sentence on all the wanted stems, and that sentence."""
    good = sorted((r for r in reviews if r.rating >= 4), key=lambda r: -r.rating)
    return next(((r, s) for r in good if (s := sentence_about(r.text, wanted))), None)


def _by_flag(found: Iterable[Field], wanted: frozenset[str]) -> Mention | None:
    for field in found:
        if field.flag is not None and wanted == _stems_of(field.label):
            return Mention(f"{field.label}: {field.text}", field.evidence_id, 0.9, field.flag)
    return None


def _by_value(found: Iterable[Field], wanted: frozenset[str]) -> Mention | None:
    for field in found:
        if field.flag is None and field.name not in ("price", "list_price", "rating"):
            value = _stems_of(field.text)
            if wanted <= value or (wanted & value and wanted <= value | _stems_of(field.label)):
                return None if denies(field.text) else Mention(f"{field.label}: {field.text}", field.evidence_id, 0.85)
    return None


def _by_title(product: Product, wish: str, wanted: frozenset[str]) -> Mention | None:
    title = flat(product.title)
    if not wanted <= _stems_of(title) or denies(title):
        return None
    said = flat(wish, limit=60)
    text = f"“{said}” is in its name" if said.lower() in title.lower() else f"Its name says so: {named(title)}"
    return Mention(text, field_id(product.product_id, "title"), 0.7)


def _by_description(product: Product, wanted: frozenset[str]) -> Mention | None:
    quote = sentence_about(product.description, wanted)
    if not quote or quote.endswith("…"):
        quote = _window(product.description, wanted) if quote else ""
    return Mention(f"Described so: “{quote}”", field_id(product.product_id, "description"), 0.65) if quote else None


def _window(text: str, wanted: frozenset[str]) -> str:
    """Return the stretch of the sentence around the first wanted word that still fits a quotation."""
    for sentence in _SENTENCE.split(text[:4_000]):
        if wanted <= _stems_of(sentence) and not denies(sentence):
            found = sentence.split()
            first = next((i for i, w in enumerate(found) if wanted & _stems_of(w)), 0)
            piece = " ".join(found[max(0, first - 6) : first + 10])
            return flat(piece, limit=MAX_QUOTE) if wanted <= _stems_of(piece) else ""
    return ""


@lru_cache(maxsize=20_000)
def _stems_of(text: str) -> frozenset[str]:
    return frozenset(stem(w) for w in words(text))
