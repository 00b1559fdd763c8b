"""Reasons from the shopper's own past: only what recorded events prove, each citing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.nlg.fields import field_id
from assistant.nlg.merits import Reason
from assistant.nlg.money import money
from assistant.nlg.wording import flat, named
from assistant.reply import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assistant.history.base import Profile
    from assistant.recommender.base import Signal
    from retrieval.types import Product

_MAX_EVENTS = 3
_OFTEN = 3  # events from which on a liking is called a habit


def of_signals(
    product: Product, signals: Sequence[Signal], profile: Profile, names: Mapping[str, str]
) -> Iterator[Reason]:
    """Yield a reason for every signal that speaks for the product and is proven; weaker ones later."""
    for place, signal in enumerate(s for s in signals if s.weight > 0):
        claim = _claim(product, signal, profile, names)
        if claim is not None:
            yield Reason(f"past:{signal.kind}", max(0.5, 0.76 - 0.04 * place), claim)


def _claim(product: Product, signal: Signal, profile: Profile, names: Mapping[str, str]) -> Claim | None:
    proof = tuple(f"event:{i}" for i in signal.event_ids[-_MAX_EVENTS:])
    if signal.kind == "popular" and product.popularity > 0:
        return Claim("Popular with other shoppers", (field_id(product.product_id, "popularity"),))
    if signal.kind == "similar" and signal.subject in names:
        return Claim(f"Similar to {named(names[signal.subject])}", (field_id(signal.subject, "title"),))
    if not proof:
        return None
    if signal.kind == "bought_with" and signal.subject in names:
        verb = "bought" if signal.subject in profile.purchased else "looked at"
        return Claim(f"You {verb} {named(names[signal.subject])}, and it goes with that for other shoppers too", proof)
    if signal.kind == "price_band":
        return _price_band(product, profile, proof)
    return _liking(product, signal, proof)


def _price_band(product: Product, profile: Profile, proof: tuple[str, ...]) -> Claim | None:
    band = profile.price_bands.get(product.shelf)
    if band is None or not band[0] <= product.offer_cents <= band[1]:
        return None
    low, high = (money(cents, product.currency, short=True) for cents in band)
    return Claim(f"In the price range you usually choose here, {low} to {high}", proof)


def _liking(product: Product, signal: Signal, proof: tuple[str, ...]) -> Claim | None:
    """A liking is claimed only for a value that the product really has."""
    often = len(signal.event_ids) >= _OFTEN
    value = flat(signal.subject, limit=60)
    if signal.kind == "brand" and product.brand.lower() == value.lower():
        text = f"{value} is a brand you come back to" if often else f"You chose {value} before"
        return Claim(text, (*proof, field_id(product.product_id, "brand")))
    if signal.kind in ("color", "material") and value.lower() in str(getattr(product, signal.kind)).lower():
        text = f"{value[:1].upper()}{value[1:]}, which you {'often choose' if often else 'chose before'}"
        return Claim(text, (*proof, field_id(product.product_id, signal.kind)))
    if signal.kind == "category" and value.lower() in product.product_type.lower():
        text = f"You {'often look' if often else 'looked before'} for {value.lower()}"
        return Claim(text, (*proof, field_id(product.product_id, "product_type")))
    return None
