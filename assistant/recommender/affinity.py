"""How well one product fits a profile, and which events say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.history.profile import traits
from assistant.recommender.base import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.history.base import Liking, Profile
    from retrieval.types import Product

REACH: Mapping[str, float] = {
    "category": 0.3,
    "brand": 0.3,
    "color": 0.15,
    "style": 0.15,
    "material": 0.05,
    "price_band": 0.2,
}
"""The most that one kind of taste can add to, or take from, a product's affinity."""

_PRIOR = 4.0  # one purchase: a single event is a hint, not a taste
_FULL_SHARE = 0.4  # a brand with two fifths of all weight is as good as it gets
_FAR = 1.5  # a price this many times the usual one, or more, is out of the band


class Taste:
    """A profile made ready to be compared with many products."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._likings = {slot: _strengths(likings) for slot, likings in profile.likings.items()}
        self._paid: dict[str, list[int]] = {}
        for touch in profile.touches:
            if touch.name in ("purchase", "add_to_cart"):
                self._paid.setdefault(touch.shelf, []).extend(touch.event_ids[:1])

    def signals(self, product: Product) -> list[Signal]:
        """Return what speaks for or against a product, strongest first."""
        found = [self._price(product)] if product.shelf in self._profile.price_bands else []
        for slot, value in traits(product):
            strength, liking = self._likings.get(slot, {}).get(value.strip().casefold(), (0.0, None))
            if liking is not None and slot in REACH:
                found.append(Signal(slot, REACH[slot] * strength, liking.value, liking.event_ids))
        return sorted((signal for signal in found if signal.weight), key=lambda signal: -abs(signal.weight))

    def variant(self, product: Product) -> tuple[float, float]:
        """Return how much the shopper likes this size and this colour, -1..1 each: what picks between variants."""
        return self._strength("size", product.size), self._strength("color", product.color)

    def favourites(self, slot: str, *, n: int) -> list[str]:
        """Return the `n` best liked values of a slot, best first."""
        liked = sorted(self._likings.get(slot, {}).values(), key=lambda pair: -pair[0])
        return [liking.value for strength, liking in liked[:n] if strength > 0]

    def _strength(self, slot: str, value: str) -> float:
        return self._likings.get(slot, {}).get(value.strip().casefold(), (0.0, None))[0]

    def _price(self, product: Product) -> Signal:
        low, high = self._profile.price_bands[product.shelf]
        cents = product.offer_cents
        weight = REACH["price_band"] if low <= cents <= high else 0.0
        if cents > high * _FAR or cents * _FAR < low:
            weight = -REACH["price_band"]
        return Signal("price_band", weight, product.shelf, tuple(self._paid.get(product.shelf, ())[:8]))


def affinity(signals: list[Signal]) -> float:
    """Return the sum of what signals say, -1..1."""
    return max(-1.0, min(1.0, sum(signal.weight for signal in signals)))


def _strengths(likings: Sequence[Liking]) -> dict[str, tuple[float, Liking]]:
    """Return -1..1 for each value: its share of all weight in the slot, or how firmly it was turned down."""
    total = _PRIOR + sum(liking.weight for liking in likings if liking.weight > 0)

    def strength(liking: Liking) -> float:
        if liking.weight < 0:
            return max(-1.0, liking.weight / _PRIOR)
        return min(1.0, liking.weight / total / _FULL_SHARE)

    return {liking.value.casefold(): (strength(liking), liking) for liking in likings}
