"""Whether one product meets one wish, told from its own data only, with the words and the proof."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from assistant.nlg.fields import field_id, price_ids
from assistant.nlg.matching import mention, stem_set
from assistant.nlg.money import cents_of, money
from assistant.nlg.wording import bound, flat, number, recipients
from assistant.service.terms import words
from retrieval import families

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retrieval.types import Constraint, Product

APPROX = 0.2
"""How far from an "around" price still counts as around it."""

_ALTERNATIVES = frozenset({"brand", "color", "size", "material"})
_LABELS = {"color": "Color", "material": "Material", "brand": "Brand"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be told: whether the wish is met, in which words, by which evidence; `strength` 0..1 orders reasons."""

    holds: bool
    text: str
    evidence: tuple[str, ...]
    strength: float


def judge(product: Product, constraint: Constraint) -> Verdict | None:
    """Say whether `product` meets `constraint`; None where its data cannot tell, or the slot is no wish about it."""
    if constraint.slot == "price":
        return _price(product, constraint)
    if constraint.slot == "rating":
        return _rating(product, constraint)
    if constraint.slot in ("category", "sort", "quantity", "order_id") or not isinstance(constraint.value, str):
        return None
    if constraint.op == "ne":
        return _unwanted(product, constraint, constraint.value)
    return _wanted(product, constraint, constraint.value)


def judged(product: Product, constraints: Iterable[Constraint]) -> list[tuple[Constraint, Verdict]]:
    """Judge every wish that can be told. "Red or blue" is two wishes of a slot: met by one, missed only by both."""
    out = [(c, v) for c in constraints if (v := judge(product, c)) is not None]
    met = {(c.slot, c.group) for c, v in out if v.holds and c.op == "eq"}
    kept: list[tuple[Constraint, Verdict]] = []
    for constraint, verdict in out:
        key = (constraint.slot, constraint.group)
        alternative = constraint.op == "eq" and constraint.slot in _ALTERNATIVES
        if alternative and not verdict.holds and key in met:
            continue
        met |= {key} if alternative else set()
        kept.append((constraint, verdict))
    return kept


def _price(product: Product, constraint: Constraint) -> Verdict | None:
    if not isinstance(constraint.value, int | float) or constraint.currency not in (None, product.currency):
        return None
    limit, offer = cents_of(constraint.value), product.offer_cents
    edge, price = bound(constraint, product.currency), money(offer, product.currency)
    ids = price_ids(product)
    if constraint.op == "approx":
        holds = abs(offer - limit) <= APPROX * limit
        return Verdict(holds, f"{'Close to' if holds else 'Away from'} your {edge}: {price}", ids, 0.85)
    if constraint.op in ("lte", "lt"):
        return _under(offer, limit, edge, price, ids, product.currency)
    if constraint.op in ("gte", "gt"):
        holds = offer >= limit
        return Verdict(holds, f"{'Above' if holds else 'Below'} your {edge}: {price}", ids, 0.6)
    return None


def _under(offer: int, limit: int, edge: str, price: str, ids: tuple[str, ...], currency: str) -> Verdict:
    if offer > limit:
        return Verdict(False, f"{money(offer - limit, currency)} over your {edge}: {price}", ids, 0.95)
    return Verdict(True, f"Exactly your {edge}" if offer == limit else f"Under your {edge}: {price}", ids, 0.85)


def _rating(product: Product, constraint: Constraint) -> Verdict | None:
    if product.rating is None or not isinstance(constraint.value, int | float):
        return None
    ids = (field_id(product.product_id, "rating"),)
    rated, asked = number(round(product.rating, 1)), number(constraint.value)
    holds = product.rating >= constraint.value
    return Verdict(holds, f"Rated {rated} out of 5, {'at least' if holds else 'below'} the {asked} you asked", ids, 0.7)


def _wanted(product: Product, constraint: Constraint, value: str) -> Verdict | None:
    if constraint.slot == "size" and product.size and _size(product.size) == _size(value):
        return Verdict(True, f"In your size: {flat(product.size)}", (field_id(product.product_id, "size"),), 0.84)
    if constraint.slot == "brand":
        return _brand(product, value)
    if constraint.slot == "recipient" and (found := _recipient(product, value)):
        return found
    if constraint.slot == "color" and product.color:
        return _in_family(product, "color", "colors", value)
    if constraint.slot == "material" and families.named("materials", value) and product.material:
        return _in_family(product, "material", "materials", value)
    if constraint.op not in ("eq", "approx"):
        return None
    found_at = mention(product, value)
    if found_at is None:
        return None
    return Verdict(found_at.flag, found_at.text, (found_at.evidence_id,), found_at.strength)


def _brand(product: Product, value: str) -> Verdict | None:
    if product.brand:
        holds = stem_set(value) <= stem_set(product.brand)
        return Verdict(holds, f"Brand: {flat(product.brand)}", (field_id(product.product_id, "brand"),), 0.8)
    if stem_set(value) <= stem_set(product.title):
        return Verdict(True, f"“{flat(value)}” is in its name", (field_id(product.product_id, "title"),), 0.7)
    return None


def _unwanted(product: Product, constraint: Constraint, value: str) -> Verdict | None:
    label = _LABELS.get(constraint.slot)
    own = str(getattr(product, constraint.slot)) if label else ""
    if own:
        file = "materials" if constraint.slot == "material" else "colors"
        holds = not (constraint.slot != "brand" and _is_of(file, f"{own}. {product.title}", value))
        holds = holds and not (constraint.slot == "brand" and stem_set(value) <= stem_set(own))
        text = f"Not {flat(value, limit=60)}. {label}: {flat(own)}" if holds else f"{label}: {flat(own)}"
        return Verdict(holds, text, (field_id(product.product_id, constraint.slot),), 0.78)
    found = mention(product, value)
    if found is None:
        return None
    return Verdict(not found.flag, found.text, (found.evidence_id,), 0.8)


def _in_family(product: Product, slot: str, file: str, value: str) -> Verdict:
    ids, own, label = (field_id(product.product_id, slot),), flat(str(getattr(product, slot))), _LABELS[slot]
    if _is_of(file, own, value):
        return Verdict(True, f"{label} as you asked: {own}", ids, 0.8)
    return Verdict(False, f"Not {flat(value, limit=60)}. {label}: {own}", ids, 0.8)


def _is_of(file: str, own: str, value: str) -> bool:
    """Whether a colour or material is the one asked for, or of its family: navy is a blue, suede a leather."""
    asked = families.named(file, value)
    if not asked:
        return stem_set(value) <= stem_set(own)
    return not families.closure(file, families.named(file, own)).isdisjoint(asked)


def _recipient(product: Product, value: str) -> Verdict | None:
    said = set(words(value))
    for name in ("gender", "age_group"):
        own = str(getattr(product, name)).lower().strip()
        if own and own in recipients() and said & recipients()[own]:
            return Verdict(True, f"For {flat(value, limit=60)}: {own}", (field_id(product.product_id, name),), 0.7)
    return None


@lru_cache(maxsize=2_000)
def _size(text: str) -> str:
    bare = re.sub(r"\b(?:size|uk|us|eu)\b|[\s.]+$", "", text.lower())
    return re.sub(r"\s+", "", bare.replace(",", "."))
