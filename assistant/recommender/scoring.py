"""Scores for everything a shop sells, from one shopper's history: the parts that a blend adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assistant.recommender.base import Signal
from assistant.recommender.collaborative import DECAY
from assistant.recommender.content import near
from assistant.recommender.repeat import repeat_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.history.base import Profile, Touch
    from assistant.recommender.content import Vectors
    from assistant.recommender.model import ShopModel

CONTENT_WEIGHT = 0.05
POPULARITY_WEIGHT = 0.01

_PAID = ("purchase", "add_to_cart")
_LOOKED_AT_WEIGHT = 0.25  # a view against a purchase of the same age
_OWNED_SHELF_FACTOR = 0.2
_MAX_HISTORY = 30
_NEAR = 120

History = list[tuple[int, float, "Touch"]]
"""(item, weight, the touch behind it): purchases and carts first, each kind latest first."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Scores of every item, shape (n,) each, and the history behind them."""

    model: ShopModel
    history: History
    together: NDArray[np.float64]
    content: NDArray[np.float64]
    behind: NDArray[np.int64]  # which purchase in `history` speaks for an item most; -1 for none

    @classmethod
    def of(cls, model: ShopModel, profile: Profile, *, vectors: Vectors | None) -> Parts:
        """Score everything for a profile; `vectors` None leaves likeness out."""
        past = history(model, profile)
        together = model.together.scores([(item, weight) for item, weight, _ in past])
        content = np.zeros(len(model.assortment))
        if vectors is not None and past:
            for product_id, cosine in near(vectors, [(t.product_id, weight) for _, weight, t in past], n=_NEAR):
                for item in model.assortment.items([product_id]):
                    content[item] = max(content[item], cosine)
        return cls(model, past, together, content, _behind(model, past))

    @property
    def total(self) -> NDArray[np.float64]:
        """The blend of all parts, before taste, shape (n,)."""
        return self.together + CONTENT_WEIGHT * self.content + POPULARITY_WEIGHT * self.model.popularity

    def reason(self, item: int) -> list[Signal]:
        """Return which purchase of the shopper speaks for an item most, if one does."""
        if self.behind[item] < 0:
            return []
        touch = self.history[self.behind[item]][2]
        return [Signal("bought_with", float(self.together[item]), touch.product_id, touch.event_ids)]


def _behind(model: ShopModel, past: History) -> NDArray[np.int64]:
    most = np.zeros(len(model.assortment))
    behind = np.full(len(model.assortment), -1, dtype=np.int64)
    for place, (item, weight, touch) in enumerate(past):
        if touch.name == "purchase":
            neighbours, weights = model.together.after(item)
            more = weight * weights > most[neighbours]
            most[neighbours[more]] = weight * weights[more]
            behind[neighbours[more]] = place
    return behind


def history(model: ShopModel, profile: Profile) -> History:
    """Return the items a shopper was for, each a fraction less than the one after it."""
    wanted = [touch for touch in profile.touches if touch.weight > 0]
    paid = _weights(model, [touch for touch in wanted if touch.name in _PAID], scale=1.0)
    looked = _weights(model, [touch for touch in wanted if touch.name not in _PAID], scale=_LOOKED_AT_WEIGHT)
    return [*paid, *looked]


def _weights(model: ShopModel, touches: Sequence[Touch], *, scale: float) -> History:
    latest: dict[int, Touch] = {}
    for touch in touches:
        for item in model.assortment.items([touch.product_id]):
            latest.setdefault(item, touch)
    return [(item, scale * DECAY**age, touch) for age, (item, touch) in enumerate(list(latest.items())[:_MAX_HISTORY])]


def owned(model: ShopModel, profile: Profile) -> set[int]:
    """Return the items a shopper has and does not use up."""
    words, shop = repeat_words(), model.assortment
    return {item for item in shop.items(profile.purchased) if not words.consumable(shop.face(item))}


def turned_down(model: ShopModel, profile: Profile) -> set[int]:
    """Return the items a shopper's feedback speaks against."""
    return set(model.assortment.items(touch.product_id for touch in profile.touches if touch.weight < 0))


def without(
    model: ShopModel, scores: NDArray[np.float64], *, exclude: Sequence[str], profile: Profile
) -> NDArray[np.float64]:
    """Return scores with -inf for what must not come: excluded, turned down, or owned and not used up.

    Where owning one is enough (a kettle), the rest of that shelf counts a fifth.
    """
    scores, words, shop = scores.copy(), repeat_words(), model.assortment
    have = owned(model, profile)
    for shelf in {shop.face(item).shelf for item in have if words.one_is_enough(shop.face(item))}:
        scores[shop.on_shelf(shelf)] *= _OWNED_SHELF_FACTOR
    gone = [*shop.items(exclude), *turned_down(model, profile), *have]
    scores[gone] = -np.inf
    return scores
