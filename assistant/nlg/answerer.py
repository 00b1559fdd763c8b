"""A question about one product, answered from its fields, variants, description and reviews, or honestly not at all."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assistant.nlg.fields import attributes, field_id, fields
from assistant.nlg.matching import MAX_QUOTE
from assistant.nlg.variants import Part, variant_parts
from assistant.nlg.wording import flat, named, recipients
from assistant.service.base import Answer
from assistant.service.terms import stem, stems, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assistant.nlg.fields import Field
    from retrieval.types import Product, Review

_COVERED = 0.6  # share of a question's meaningful stems that a sentence must speak of to answer it


def answer_product(
    product: Product, question_text: str, reviews: Sequence[Review] = (), *, variants: Sequence[Product] = ()
) -> Answer:
    """Answer a question about `product`.

    Args:
        product: The item asked about.
        question_text: The shopper's question, as typed.
        reviews: Its reviews.
        variants: All offers of its group, itself included; sizes, colours and stock are read from them.

    Returns:
        At most two sentences, each proven; `known` is False where the shop's data does not say.
    """
    group = tuple(variants) or (product,)
    asked = _asked_fields(question_text)
    wanted = frozenset(stems(question_text)) - frozenset(stems(product.title))
    if _asks_opinions(question_text):
        return _answered(product, [*_opinion_parts(product, reviews)])
    parts = [
        *variant_parts(product, group, question_text, asked),
        *_attribute_parts(product, wanted | _named_stems(question_text)),
        *_field_parts(product, asked),
    ]
    parts = parts or [*_recipient_parts(product, question_text)]
    if not wanted:
        parts = parts or [*_overview_parts(product)]
    parts = parts or [*_description_parts(product, wanted), *_review_parts(reviews, wanted)]
    return _answered(product, parts)


def _answered(product: Product, parts: Sequence[Part]) -> Answer:
    if not parts:
        return Answer(f"The shop does not say this about {named(product.title)}.", _title_id(product), known=False)
    kept = list(dict.fromkeys(parts))[:2]
    facts = tuple(fact for _, proof in kept for fact in proof)
    text = f"{named(product.title)}: {' '.join(text for text, _ in kept)}"
    facts = (*facts, (_title_id(product)[0], flat(product.title, limit=500)))
    return Answer(text, tuple(dict.fromkeys(key for key, _ in facts)), facts=facts)


def _title_id(product: Product) -> tuple[str, ...]:
    return (field_id(product.product_id, "title"),)


def _attribute_parts(product: Product, wanted: frozenset[str]) -> Iterator[Part]:
    """Yield the attributes whose name or value the question speaks of, the best named first."""
    scored = [(score, i, f) for i, f in enumerate(attributes(product)) if (score := _speaks_of(f, wanted)) > 0]
    for _, _, field in sorted(scored, key=lambda s: (-s[0], s[1]))[:2]:
        proof = ((field.evidence_id, f"{field.label}: {field.text}"),)
        if field.flag is None:
            yield f"{field.label}: {field.text}.", proof
        else:
            yield f"{'Yes' if field.flag else 'No'} ({field.label.lower()}: {field.text}).", proof


def _speaks_of(field: Field, wanted: frozenset[str]) -> float:
    name = frozenset(stem(w) for w in words(field.label))
    value = frozenset(stem(w) for w in words(field.text)) if field.flag is None else frozenset()
    by_name = len(name & wanted) / len(name) if name else 0.0
    by_value = len(value & wanted) / len(wanted) if wanted else 0.0
    return by_name if by_name >= 0.5 else by_value if by_value >= 0.5 else 0.0


def _field_parts(product: Product, asked: Sequence[str]) -> Iterator[Part]:
    for field in fields(product):
        if field.name in asked and not field.is_attribute and field.name not in ("size", "color"):
            yield f"{field.label}: {field.text}.", ((field.evidence_id, f"{field.label}: {field.text}"),)


def _recipient_parts(product: Product, question: str) -> Iterator[Part]:
    """Yield whom it is for, where the question names somebody."""
    said = set(words(question))
    for field in fields(product):
        if field.name in ("gender", "age_group") and any(said & forms for forms in recipients().values()):
            yield f"{field.label}: {field.text}.", ((field.evidence_id, f"{field.label}: {field.text}"),)


def _overview_parts(product: Product) -> Iterator[Part]:
    """Yield what there is to tell where nothing particular is asked: how it is described, how it is rated."""
    opening = next((s for s in _sentences(product.description) if s.strip()), "")
    if opening:
        key = field_id(product.product_id, "description")
        quote = flat(opening, limit=2 * MAX_QUOTE)
        yield f"The description says “{quote}”", ((key, flat(product.description, limit=4_000)),)
    for field in fields(product):
        if field.name in ("price", "rating"):
            yield f"{field.label}: {field.text}.", ((field.evidence_id, f"{field.label}: {field.text}"),)


def _asks_opinions(question: str) -> bool:
    padded = f" {' '.join(words(question))} "
    return any(f" {form} " in padded for form in _data()["opinions"])


def _opinion_parts(product: Product, reviews: Sequence[Review]) -> Iterator[Part]:
    """Yield how buyers rate it and what one of them wrote: the one who says most."""
    if product.rating is not None and product.n_ratings:
        text = f"{product.rating:.1f} out of 5 by {product.n_ratings} buyers"
        yield f"Rated {text}.", ((field_id(product.product_id, "rating"), f"Rated {text}"),)
    told = sorted(reviews, key=lambda review: (-len(review.text), review.review_id))
    for review in told[:1]:
        quote = flat(review.text, limit=2 * MAX_QUOTE)
        said = f"One buyer ({review.rating} out of 5) wrote “{quote}”"
        yield said, ((f"review:{review.review_id}", flat(f"{review.rating} out of 5: {review.text}", limit=4_000)),)


def _description_parts(product: Product, wanted: frozenset[str]) -> Iterator[Part]:
    quote = _best_sentence(product.description, wanted)
    if quote:
        key = field_id(product.product_id, "description")
        yield f"The description says “{quote}”", ((key, flat(product.description, limit=4_000)),)


def _review_parts(reviews: Sequence[Review], wanted: frozenset[str]) -> Iterator[Part]:
    for review in reviews:
        quote = _best_sentence(review.text, wanted)
        if quote:
            said = f"One buyer ({review.rating} out of 5) wrote “{quote}”"
            yield said, ((f"review:{review.review_id}", flat(f"{review.rating} out of 5: {review.text}", limit=4_000)),)
            return


def _best_sentence(text: str, wanted: frozenset[str]) -> str:
    """Return the sentence that speaks of most of the question; its denials count too, they answer as well."""
    best, share = "", 0.0
    for sentence in _sentences(text):
        found = len(wanted & frozenset(stems(sentence))) / len(wanted) if wanted else 0.0
        if found > share:
            best, share = sentence, found
    return flat(best, limit=2 * MAX_QUOTE) if share >= _COVERED else ""


def _sentences(text: str) -> Iterable[str]:
    return (s for line in text[:4_000].splitlines() for s in line.replace("! ", "!\n").replace(". ", ".\n").split("\n"))


def _asked_fields(question: str) -> tuple[str, ...]:
    padded = f" {' '.join(words(question))} "
    return tuple(name for name, forms in _data()["fields"].items() if any(f" {form} " in padded for form in forms))


def _named_stems(question: str) -> frozenset[str]:
    """Return the stems of attribute names that the question's words ask for ("heavy" -> weight)."""
    padded = f" {' '.join(words(question))} "
    hits = (entry for entry in _data()["attributes"] if any(f" {form} " in padded for form in entry["asked"]))
    return frozenset(stem(name) for entry in hits for name in entry["named"])


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8")))
