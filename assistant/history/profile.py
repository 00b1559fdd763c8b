"""What events imply: a recency-weighted profile, recomputed from the events and never stored.

An event's weight halves every 60 days, counted back from the shopper's own latest event: the order of their tastes
does not depend on the day they come back. Events marked as a gift say nothing about the one who gives.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.history.base import Liking, Profile, Touch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from assistant.dialogue.events import Event
    from assistant.history.base import EventStore
    from retrieval.types import Product

HALF_LIFE_DAYS = 60.0
WEIGHTS: Mapping[str, float] = {
    "purchase": 4.0,
    "add_to_cart": 2.0,
    "add_to_wishlist": 1.5,
    "view_item": 0.5,
    "remove_from_cart": -1.0,
}
"""How much one event says for its product; feedback counts +2 or -3."""

MAX_PRODUCTS = 150
"""Products looked at: the latest ones. Older ones weigh next to nothing and cost a read each."""

_LIKED, _DISLIKED = 2.0, -3.0
_WISHED, _UNWANTED = 1.0, -1.5  # a constraint said in so many words
_MAX_VIEW_WEIGHT = 1.5  # looking ten times is not buying
_DISLIKE_SPREADS = 0.3  # turning one product down says little against its brand or colour
_SECONDS_A_DAY = 86_400.0
_MAX_PROOFS = 8
_SLOTS = ("category", "brand", "color", "material", "style", "size")
_PAID = frozenset({"purchase", "add_to_cart"})


@dataclass(slots=True)
class _Sum:
    """A running weight with the events behind it."""

    value: str = ""
    weight: float = 0.0
    proofs: list[tuple[float, int]] = field(default_factory=list)

    def add(self, weight: float, *, event_ids: Iterable[int]) -> None:
        self.weight += weight
        self.proofs += [(abs(weight), event_id) for event_id in event_ids if event_id]

    def event_ids(self) -> tuple[int, ...]:
        ordered = sorted(self.proofs, key=lambda proof: (-proof[0], -proof[1]))
        return tuple(dict.fromkeys(event_id for _, event_id in ordered))[:_MAX_PROOFS]


def build(user_id: str, events: Sequence[Event], *, products: Callable[[Sequence[str]], Sequence[Product]]) -> Profile:
    """Return what `events` imply about a shopper.

    Args:
        user_id: Whose events they are; "" gives the empty profile of a stranger.
        events: In any order.
        products: Returns the products that still exist for a list of ids, such as `Catalogue.get`.
    """
    counted = [event for event in events if not event.detail.get("gift") and event_weight(event)]
    if not user_id or not counted:
        return Profile(user_id=user_id)
    latest = max(event.when.timestamp() for event in counted)
    touched = _by_product(counted)
    known = {product.product_id: product for product in products(list(touched))}
    touches = tuple(
        _touch(product_id, own, product=known.get(product_id), latest=latest) for product_id, own in touched.items()
    )
    return Profile(
        user_id=user_id,
        likings=_likings(touches, known=known, constraints=_constraints(counted, latest=latest)),
        price_bands=_price_bands(counted, known=known),
        recent=tuple(touch.product_id for touch in touches if touch.weight > 0),
        purchased=frozenset(event.product_id for event in counted if event.name == "purchase"),
        n_events=len(counted),
        touches=touches,
    )


def event_weight(event: Event) -> float:
    """Return how much an event says for (positive) or against (negative) what it is about; 0 for nothing."""
    if event.name == "feedback":
        liked = event.detail.get("liked")
        if not event.product_id or not isinstance(liked, bool):
            return 0.0
        return _LIKED if liked else _DISLIKED
    if event.name == "constraint":
        return {"eq": _WISHED, "ne": _UNWANTED}.get(str(event.detail.get("op")), 0.0)
    return WEIGHTS.get(event.name, 0.0) if event.product_id else 0.0


def _decay(event: Event, *, latest: float) -> float:
    days = max(0.0, latest - event.when.timestamp()) / _SECONDS_A_DAY
    return float(0.5 ** (days / HALF_LIFE_DAYS))


def _by_product(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Group by product, the one touched last first, at most `MAX_PRODUCTS`."""
    touched: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda event: (event.when, event.event_id), reverse=True):
        if event.product_id and (event.product_id in touched or len(touched) < MAX_PRODUCTS):
            touched.setdefault(event.product_id, []).append(event)
    return touched


def _touch(product_id: str, events: Sequence[Event], *, product: Product | None, latest: float) -> Touch:
    views = total = 0.0
    for event in events:
        weight = event_weight(event) * _decay(event, latest=latest)
        if event.name == "view_item":
            views += weight
        else:
            total += weight
    strongest = sorted(events, key=lambda event: (-abs(event_weight(event)), -event.event_id))
    return Touch(
        product_id=product_id,
        name=strongest[0].name,
        weight=total + min(views, _MAX_VIEW_WEIGHT),
        when=events[0].when.timestamp(),
        event_ids=tuple(event.event_id for event in strongest if event.event_id)[:_MAX_PROOFS],
        group_key=product.group_key if product else product_id,
        shelf=product.shelf if product else "",
    )


def _constraints(events: Sequence[Event], *, latest: float) -> Iterator[tuple[str, str, float, int]]:
    for event in events:
        slot, value = str(event.detail.get("slot")), event.detail.get("value")
        if event.name == "constraint" and slot in _SLOTS and isinstance(value, str) and value.strip():
            yield slot, value, event_weight(event) * _decay(event, latest=latest), event.event_id


def _likings(
    touches: Sequence[Touch],
    *,
    known: Mapping[str, Product],
    constraints: Iterable[tuple[str, str, float, int]],
) -> dict[str, tuple[Liking, ...]]:
    sums: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
    for touch in touches:
        product = known.get(touch.product_id)
        if product is None or not touch.weight:
            continue
        weight = touch.weight if touch.weight > 0 else touch.weight * _DISLIKE_SPREADS
        for slot, value in traits(product):
            _add(sums, slot, value=value, weight=weight, event_ids=touch.event_ids)
    for slot, value, weight, event_id in constraints:
        _add(sums, slot, value=value, weight=weight, event_ids=(event_id,))
    found: dict[str, list[Liking]] = {}
    for (slot, _), total in sums.items():
        found.setdefault(slot, []).append(Liking(total.value, total.weight, total.event_ids()))
    return {slot: tuple(sorted(found[slot], key=lambda liking: -liking.weight)) for slot in _SLOTS if slot in found}


def _add(sums: dict[tuple[str, str], _Sum], slot: str, *, value: str, weight: float, event_ids: Iterable[int]) -> None:
    total = sums[slot, value.strip().casefold()]
    total.value = total.value or value.strip()
    total.add(weight, event_ids=event_ids)


def traits(product: Product) -> Iterator[tuple[str, str]]:
    """Yield the (slot, value) pairs of a product that a taste can be about."""
    pairs = (
        ("category", product.shelf),
        ("brand", product.brand),
        ("color", product.color),
        ("material", product.material),
        ("style", str(product.attributes.get("style", ""))),
        ("size", product.size),
    )
    for slot, value in pairs:
        if value.strip():
            yield slot, value


def _price_bands(events: Sequence[Event], *, known: Mapping[str, Product]) -> dict[str, tuple[int, int]]:
    """Return the usual price by shelf, from two or more products bought or put in the cart."""
    prices: dict[str, dict[str, int]] = defaultdict(dict)
    for event in events:
        product = known.get(event.product_id)
        if product is not None and event.name in _PAID:
            said = event.detail.get("price_cents")
            cents = said if isinstance(said, int) and said > 0 else product.offer_cents
            prices[product.shelf][product.group_key] = cents
    return {shelf: _band(sorted(found.values())) for shelf, found in prices.items() if shelf and len(found) > 1}


def _band(prices: Sequence[int]) -> tuple[int, int]:
    """Return the middle four fifths of sorted prices: one splurge is not a habit."""
    cut = len(prices) // 10 if len(prices) >= 10 else int(len(prices) >= 5)
    return prices[cut], prices[-1 - cut]


class Profiles:
    """Builds profiles from a store, reusing one for as long as its shopper has no new event."""

    def __init__(
        self,
        store: EventStore,
        *,
        products: Callable[[Sequence[str]], Sequence[Product]],
        capacity: int = 500,
        limit: int = 1000,
    ) -> None:
        self._store = store
        self._products = products
        self._capacity = capacity
        self._limit = limit
        self._kept: OrderedDict[str, tuple[tuple[int, int], Profile]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, user_id: str | None) -> Profile:
        """Return the profile of a shopper as of now; the empty one for a guest."""
        if not user_id:
            return Profile()
        events = self._store.events(user_id, limit=self._limit)
        stamp = (len(events), max((event.event_id for event in events), default=0))
        with self._lock:
            kept = self._kept.get(user_id)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        profile = build(user_id, events, products=self._products)
        with self._lock:
            self._kept[user_id] = (stamp, profile)
            self._kept.move_to_end(user_id)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return profile
