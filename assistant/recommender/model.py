"""What a recommender learns from the whole shop, as one snapshot, and when to learn it again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.recommender.assortment import Assortment
from assistant.recommender.collaborative import ItemItem
from assistant.recommender.popularity import popularity, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from retrieval.types import Product

_LOOK_EVERY_S = 2.0
_REST_S = 60.0
_REST_FACTOR = 20.0  # at most a twentieth of the time goes into learning


@dataclass(frozen=True, slots=True)
class ShopModel:
    """One snapshot: what is sold, what goes with what, what sells."""

    assortment: Assortment
    together: ItemItem
    popularity: NDArray[np.float64]  # (n,) 0..1
    standing: NDArray[np.float64]  # (n,) share of the own shelf that sells less, 0..1

    @classmethod
    def learn(cls, products: Iterable[Product], interactions: Sequence[tuple[str, str, float]]) -> ShopModel:
        """Learn from the catalogue and from (user id, product id, unix time) of what shoppers bought."""
        assortment = Assortment.of(products)
        sequences = assortment.sequences(interactions)
        sold = popularity(assortment.popularity, sequences)
        return cls(
            assortment=assortment,
            together=ItemItem.fit(sequences, n_items=len(assortment)),
            popularity=sold,
            standing=standing(sold, assortment.shelf),
        )


class FreshModel:
    """The current snapshot. One caller learns it again when the shop has changed; the others go on with the old one.

    A shopper's own events never wait for this: they come with the profile of each call.
    """

    def __init__(
        self, learn: Callable[[], ShopModel], *, stamp: Callable[[], Hashable], clock: Callable[[], float]
    ) -> None:
        """Take the parts.

        Args:
            learn: Builds a snapshot.
            stamp: Changes when a snapshot built now would differ; cheap.
            clock: Monotonic seconds.
        """
        self._learn = learn
        self._stamp = stamp
        self._clock = clock
        self._lock = threading.Lock()
        self._model: ShopModel | None = None
        self._known: Hashable = None
        self._look_at = self._rest_until = 0.0

    def get(self) -> ShopModel:
        """Return the current snapshot, learning it first where that is due."""
        model = self._model
        if model is None:
            with self._lock:
                return self._model or self._renew()
        now = self._clock()
        if now >= self._look_at and now >= self._rest_until and self._lock.acquire(blocking=False):
            try:
                self._look_at = now + _LOOK_EVERY_S
                if self._stamp() != self._known:
                    return self._renew()
            finally:
                self._lock.release()
        return model

    def _renew(self) -> ShopModel:
        stamp, began = self._stamp(), time.perf_counter()
        self._model = self._learn()
        self._known = stamp  # read before learning: what changed meanwhile is seen next time
        took = time.perf_counter() - began
        self._rest_until = self._clock() + max(_REST_S, _REST_FACTOR * took)
        return self._model
