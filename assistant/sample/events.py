"""Eighteen months of what the sample store's shoppers looked at, put in the cart and bought."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from assistant.sample.goods import END_DATE, shelves
from assistant.sample.shoppers import cents

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

    from assistant.sample.shoppers import Shopper

_CANDIDATES = 60
_AGAIN = 0.7
"""How often something that is used up is bought again instead of something new."""
_DAYS_A_DOLLAR = 1.0
"""How long something that lasts is not bought again, by its price: a mug for weeks, a desk for years."""


@dataclass(slots=True)
class Shop:
    """The goods by shelf, and the shelves of things that last: nobody buys a second sofa after a month."""

    by_shelf: Mapping[str, Sequence[Mapping[str, Any]]]
    durable: frozenset[str]

    @classmethod
    def of(cls, products: Sequence[Mapping[str, Any]]) -> Shop:
        """Sort products into their shelves."""
        by_shelf: dict[str, list[Mapping[str, Any]]] = {}
        for product in products:
            by_shelf.setdefault(product["product_type"].rsplit(" > ", 1)[-1], []).append(product)
        return cls(by_shelf, frozenset(shelf.name for shelf in shelves() if shelf.durable))


def events(shopper: Shopper, shop: Shop, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Yield the events of one shopper, oldest first: visits of views, some with a cart, some with a purchase."""
    bought: dict[str, Mapping[str, Any]] = {}
    served: dict[str, datetime] = {}  # until when what lasts does its service
    for when in _visits(shopper, rng):
        shelf = _shelf(shopper, shop, rng)
        if shelf is None:
            return
        again = bought.get(shelf) if shelf not in shop.durable and rng.random() < _AGAIN else None
        viewed = [again] if again else _viewed(shopper, shop.by_shelf[shelf], rng)
        if not viewed:
            continue
        looking = shelf in served and when < served[shelf]
        done = _visit(shopper, viewed, when, rng, chance=_chance(shopper, sure=again is not None, looking=looking))
        yield from done
        if done[-1]["name"] == "purchase":
            bought[shelf] = viewed[-1]
            if shelf in shop.durable:
                served[shelf] = when + timedelta(days=_DAYS_A_DOLLAR * cents(viewed[-1]) / 100)


def _chance(shopper: Shopper, *, sure: bool, looking: bool) -> float:
    """Return how likely a visit fills the cart, 0..1."""
    if sure or looking:
        return float(sure)
    return 0.55 if shopper.card else 0.4


def _visits(shopper: Shopper, rng: random.Random) -> list[datetime]:
    end = datetime(END_DATE.year, END_DATE.month, END_DATE.day, 12, tzinfo=UTC)
    n = rng.randint(60, 90) if shopper.card else rng.randint(12, 60)
    days = [rng.uniform(0, shopper.since_days) for _ in range(n)]
    # Named shoppers were here lately, so that their history speaks.
    recent = [rng.uniform(1, 50) for _ in range(8)] if shopper.card else []
    minutes = sorted({int(day * 1440) for day in days + recent}, reverse=True)
    return [end - timedelta(minutes=m) for m in minutes]


def _shelf(shopper: Shopper, shop: Shop, rng: random.Random) -> str | None:
    known = [(name, weight) for name, weight in shopper.shelves.items() if name in shop.by_shelf]
    if not known:
        return None
    return rng.choices([name for name, _ in known], [weight for _, weight in known])[0]


def _viewed(shopper: Shopper, goods: Sequence[Mapping[str, Any]], rng: random.Random) -> list[Mapping[str, Any]]:
    """Draw what is looked at, by liking; one variant a product."""
    pool = goods if shopper.card or len(goods) <= _CANDIDATES else rng.sample(list(goods), _CANDIDATES)
    scored = [(product, shopper.liking(product)) for product in pool]
    liked = [(product, score) for product, score in scored if score > 0]
    found: dict[str, Mapping[str, Any]] = {}
    for _ in range(rng.randint(2, 6)):
        if liked:
            product = rng.choices([p for p, _ in liked], [score for _, score in liked])[0]
            found.setdefault(product.get("item_group_id", product["id"]), product)
    return sorted(found.values(), key=shopper.liking)


def _visit(
    shopper: Shopper,
    viewed: Sequence[Mapping[str, Any]],
    when: datetime,
    rng: random.Random,
    *,
    chance: float,
) -> list[dict[str, Any]]:
    at = math.floor(when.timestamp())
    done: list[dict[str, Any]] = []
    for product in viewed:
        done.append({"user_id": shopper.user_id, "name": "view_item", "at": at, "product_id": product["id"]})
        at += rng.randint(20, 240)
    best = viewed[-1]
    deal = {"user_id": shopper.user_id, "product_id": best["id"]}
    detail = {"quantity": 1, "price_cents": cents(best)}
    if chance < 1 and rng.random() < 0.05:
        done.append({**deal, "name": "add_to_wishlist", "at": at})
    if rng.random() < chance:
        done.append({**deal, "name": "add_to_cart", "at": at + 30, "detail": detail})
        if chance == 1 or rng.random() < 0.7:
            done.append({**deal, "name": "begin_checkout", "at": at + 60, "product_id": ""})
            done.append({**deal, "name": "purchase", "at": at + 120, "detail": detail})
    return done
