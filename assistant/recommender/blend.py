"""The recommender that ships: item-item, a little content and popularity, moved within bounds by a profile.

From the whole shop, the parts add up: item-item leads, content and popularity break ties and fill gaps, taste decides
between neighbours. Given a ranking, relevance stays first: a product moves only a few places, whatever the profile
says, and what is not in the ranking never appears.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assistant.history.base import Profile
from assistant.recommender.affinity import Taste, affinity
from assistant.recommender.base import Recommendation, Recommended, Signal
from assistant.recommender.diversify import likeness, mmr
from assistant.recommender.model import FreshModel, ShopModel
from assistant.recommender.scoring import POPULARITY_WEIGHT, Parts, owned, turned_down, without

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    from assistant.recommender.base import ProductSource, Wish
    from assistant.recommender.content import Vectors
    from retrieval.types import Hit, Product

TASTE_WEIGHT = 0.15

_POOL = 100  # candidates whose taste is looked at
_POOL_A_SHELF = 15
_LIKED_SHELVES = 5
_SPARE = 4  # picked beyond what is asked, for products that are gone by now
_POPULAR = 0.9  # outsells nine tenths of its shelf
_OWNED_FIT = -0.5
_MAX_SIGNALS = 5


@dataclass(frozen=True, slots=True)
class _Scored:
    item: int
    score: float
    signals: tuple[Signal, ...]


class BlendRecommender:
    """Item-item, content, popularity and taste."""

    name = "blend"

    def __init__(
        self,
        source: ProductSource,
        *,
        products: Callable[[], Iterable[Product]],
        interactions: Callable[[], Sequence[tuple[str, str, float]]],
        stamp: Callable[[], Hashable],
        vectors: Vectors | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts; nothing is read before the first call.

        Args:
            source: Gives the products to return, as they are now.
            products: Everything sold, read when the model is learnt.
            interactions: (user id, product id, unix time) of purchases and carts, by user then time.
            stamp: Changes when `products` or `interactions` would.
            vectors: Embeddings of products, for likeness; None to do without.
            clock: Monotonic seconds.
        """
        self._source = source
        self._vectors = vectors
        self._model = FreshModel(lambda: ShopModel.learn(products(), interactions()), stamp=stamp, clock=clock)

    def prepare(self) -> None:
        """Learn now instead of at the first call."""
        self._model.get()

    def recommend(self, wish: Wish) -> Recommended:
        """Return at most `wish.n` recommendations, one a variant group, in stock first.

        The strategy is `personal` where a profile had a say, else `relevance` for a ranking and `popular` without.
        """
        model = self._model.get()
        profile = Profile() if wish.gift else wish.profile
        if wish.ranking is None:
            return self._from_shop(model, wish, profile=profile)
        return _reorder(model, wish, hits=wish.ranking.hits, profile=profile)

    def _from_shop(self, model: ShopModel, wish: Wish, *, profile: Profile) -> Recommended:
        taste = Taste(profile)
        parts = Parts.of(model, profile, vectors=self._vectors)
        scores = without(model, parts.total, exclude=wish.exclude, profile=profile)
        scored = [_score(item, float(scores[item]), parts=parts, taste=taste) for item in _pool(model, scores, taste)]
        scored.sort(key=lambda entry: (not model.assortment.in_stock[entry.item], -entry.score, entry.item))
        scored = scored[: max(4 * wish.n, 24)]
        alike = likeness([model.assortment.face(entry.item) for entry in scored])
        order = mmr([entry.score for entry in scored], alike, n=wish.n + _SPARE)
        items = self._present(model, [scored[i] for i in order], taste=taste)
        return Recommended(items[: wish.n], "personal" if profile.known else "popular")

    def _present(self, model: ShopModel, picked: Sequence[_Scored], *, taste: Taste) -> tuple[Recommendation, ...]:
        """Return the picked items as they are now: in the shopper's size where it can be had, in stock first."""
        chosen = {entry.item: _variant(model.assortment.groups[entry.item], taste=taste) for entry in picked}
        now = {product.product_id: product for product in self._source.get(list(chosen.values()))}
        items = [
            Recommendation(now[chosen[entry.item]], entry.score, entry.signals)
            for entry in picked
            if chosen[entry.item] in now
        ]
        return tuple(sorted(items, key=lambda item: item.product.availability == "out_of_stock"))


def _reorder(model: ShopModel, wish: Wish, *, hits: Sequence[Hit], profile: Profile) -> Recommended:
    personal = profile.known and not wish.keep_order
    taste = Taste(profile)
    parts = Parts.of(model, profile, vectors=None)
    against = dict.fromkeys(owned(model, profile), _OWNED_FIT)
    against |= dict.fromkeys(turned_down(model, profile), -1.0)
    ordered: list[tuple[tuple[bool, float, int], Recommendation]] = []
    for place, hit in enumerate(_allowed(hits, exclude=wish.exclude)):
        item = model.assortment.position.get(hit.product.product_id)
        signals = taste.signals(hit.product)
        fit = affinity(signals)
        if item is not None:
            signals = [*parts.reason(item), *signals]
            fit = against.get(item, min(1.0, fit + float(parts.together[item])))
        moved = place - wish.reach * fit if personal else float(place)
        reasons = _best([*signals, Signal("relevance", hit.score), *_popular(model, hit.product)])
        # A list in the order the shopper asked for stays as it is, sold out or not.
        last = hit.product.availability == "out_of_stock" and not wish.keep_order
        ordered.append(((last, moved, place), Recommendation(hit.product, hit.score, reasons)))
    ordered.sort(key=lambda entry: entry[0])
    items = tuple(recommendation for _, recommendation in ordered[: wish.n])
    return Recommended(items, "personal" if personal else "relevance")


def _score(item: int, score: float, *, parts: Parts, taste: Taste) -> _Scored:
    product = parts.model.assortment.face(item)
    signals = taste.signals(product)
    reasons = [*parts.reason(item), *signals, *_popular(parts.model, product)]
    return _Scored(item, score + TASTE_WEIGHT * affinity(signals), _best(reasons))


def _pool(model: ShopModel, scores: NDArray[np.float64], taste: Taste) -> list[int]:
    """Return the best items, and the best of the shelves the shopper likes: candidates for a closer look."""
    pool = dict.fromkeys(_top(scores, n=_POOL))
    for shelf in taste.favourites("category", n=_LIKED_SHELVES):
        here = np.where(model.assortment.on_shelf(shelf), scores, -np.inf)
        pool |= dict.fromkeys(_top(here, n=_POOL_A_SHELF))
    return list(pool)


def _top(scores: NDArray[np.float64], *, n: int) -> list[int]:
    """Return the positions of the `n` best finite scores; ties by position."""
    order = np.argsort(-scores, kind="stable")[:n]
    return [int(item) for item in order if np.isfinite(scores[item])]


def _allowed(hits: Sequence[Hit], *, exclude: Sequence[str]) -> list[Hit]:
    """Return one hit a group, in order, without the excluded ones."""
    barred = set(exclude)
    kept: dict[str, Hit] = {}
    for hit in hits:
        if hit.product.product_id not in barred and hit.product.group_key not in barred:
            kept.setdefault(hit.product.group_key, hit)
    return list(kept.values())


def _variant(group: Sequence[Product], *, taste: Taste) -> str:
    """Return the id of the variant to show: in stock, then the usual size, then the colour liked best."""

    def rank(product: Product) -> tuple[bool, float, float]:
        size, color = taste.variant(product)
        return product.availability == "out_of_stock", -size, -color

    return min(group, key=rank).product_id


def _popular(model: ShopModel, product: Product) -> list[Signal]:
    item = model.assortment.position.get(product.product_id)
    if item is None or model.standing[item] < _POPULAR:
        return []
    return [Signal("popular", POPULARITY_WEIGHT * float(model.standing[item]), product.shelf)]


def _best(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Return what speaks for a product, strongest first; what speaks against it moved it but is no reason."""
    kept = sorted((signal for signal in signals if signal.weight > 0), key=lambda signal: -signal.weight)
    return tuple(kept[:_MAX_SIGNALS])
