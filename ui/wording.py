"""How prices, wishes and proofs are called on the screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retrieval.types import Constraint


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    text = (Path(__file__).parent / "wording.json").read_text(encoding="utf-8")
    words: Mapping[str, Mapping[str, str]] = json.loads(text)
    return words


def money(amount: float, currency: str) -> str:
    """Return a price in major units as a shopper reads it: `$1,299.00`, `CHF 12.50`."""
    sign = "-" if amount < 0 else ""
    symbol = _words()["currency"].get(currency)
    return f"{sign}{symbol}{abs(amount):,.2f}" if symbol else f"{currency} {amount:,.2f}"


def chip(constraint: Constraint) -> str:
    """Return one wish in a few words: `under $80`, `not leather`, `4 stars and up`."""
    words = _words()
    slot, op, value = constraint.slot, constraint.op, constraint.value
    if slot == "sort":
        return words["sort"].get(str(value), str(value))
    if slot == "price":
        return words["price"][op].format(value=_short_price(value, constraint.currency))
    if slot == "rating":
        return words["rating"].get(op, "{value}").format(value=_plain(value))
    template = words["slot"].get(slot, "{value}").format(value=_plain(value))
    negated = words["negated"].get(slot, words["negated"]["other"])
    return negated.format(value=template) if op == "ne" else template


def _short_price(value: str | float, currency: str | None) -> str:
    if isinstance(value, str):
        return value
    symbol = _words()["currency"].get(currency or "USD", f"{currency} ")
    return f"{symbol}{value:,.2f}".removesuffix(".00")


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def sources(evidence: Iterable[str]) -> str:
    """Say where a claim comes from, from its evidence ids: `the product's price · 2 customer reviews`."""
    words = _words()["evidence"]
    kinds: dict[str, int] = {}
    for item in evidence:
        key = _evidence_key(item)
        kinds[key] = kinds.get(key, 0) + 1
    parts = []
    for key, n in kinds.items():
        kind, _, field = key.partition(":")
        template = words.get(f"{kind}s" if n > 1 and f"{kind}s" in words else kind, kind)
        parts.append(template.format(n=n, field=field.replace("_", " ")))
    return " · ".join(parts)


def _evidence_key(evidence_id: str) -> str:
    kind, _, rest = evidence_id.partition(":")
    if kind == "product":
        return f"product:{rest.rpartition(':')[2]}"
    return kind


def picture_src(card: Mapping[str, Any], hosts: frozenset[str]) -> str:
    """Return where a card's picture is loaded from: an allowed host or path of ours, else our own drawing of it."""
    image = str(card.get("image") or "")
    parts = urlsplit(image)
    if parts.scheme == "https" and parts.hostname in hosts:
        return image
    if image.startswith("/") and not image.startswith(("//", "/\\")):
        return image
    return f"/pictures/{quote(str(card['product_id']), safe='')}.svg"
