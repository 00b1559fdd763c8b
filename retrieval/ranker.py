"""Which of a pool come first: both indexes asked in the words of a query, for what is typical, or for what is alike."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval.document import document_text
from retrieval.fusion import Fused, dense_share, fuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.encoder.base import Encoder
    from retrieval.index.base import DenseIndex
    from retrieval.plan import Plan
    from retrieval.pool import Pool, Snapshot, WordIndex
    from retrieval.types import Product

DEEPEST: Final = 2000  # hits fetched of each index, however many variants a product has
OWN_SHARE: Final = 0.7  # of the product's embedding where "like this" comes with words of its own


class Ranker:
    """Fuses a lexical and a dense index.

    Attributes:
        lexical: Ranks by words; may be replaced between searches.
        dense: Ranks by likeness; may be replaced between searches.
    """

    def __init__(
        self, encoder: Encoder, *, lexical: WordIndex, dense: DenseIndex, dense_weight: float, candidates: int
    ) -> None:
        """Wire the parts; see `Retriever`."""
        self.lexical = lexical
        self.dense = dense
        self._encoder = encoder
        self._weight = dense_weight
        self._candidates = candidates

    def asked(self, wanted: Plan, *, pool: Pool, now: Snapshot) -> list[Fused]:
        """Rank by the words of the query, as far as the filters leave something to rank by."""
        if wanted.has_category and not wanted.extra:
            return self.typical(wanted, pool=pool, now=now)
        if wanted.not_carried:
            return self._fused(wanted.text, self._embedded(wanted.text), pool=pool, now=now)
        text = self.lexical.mend(wanted.text)
        words = self.lexical.mend(wanted.told) if wanted.has_category else text
        return self._fused(words, self._embedded(text), pool=pool, now=now)

    def typical(self, wanted: Plan, *, pool: Pool, now: Snapshot) -> list[Fused]:
        """Rank a shelf that nothing more is asked of: the well-known first, and what is typical of the shelf.

        The word "laptop" says nothing within the laptops, and would bring up the laptop locks that strayed in.
        """
        held = self.dense.embeddings(pool.chosen.first(DEEPEST)).values()
        embedding = self._embedded(wanted.text)
        if held:
            centre = np.mean(np.stack(list(held)), axis=0)
            embedding = _unit(embedding + centre / np.linalg.norm(centre))
        likeness = self.dense.search(embedding, n=self._depth(pool, now=now), among=pool.among)
        known = now.outlines.renown(pool.chosen)
        weight = self._weight if known else 1.0
        ranked = fuse(known, likeness, weight=weight, top=self._candidates, group_of=now.outlines.group_of)
        return [replace(item, lexical=0.0) for item in ranked]

    def alike(self, origin: Product, words: str, *, pool: Pool, now: Snapshot) -> list[Fused]:
        """Rank by likeness to a product, and by words beside it where there are any."""
        held = self.dense.embeddings([origin.product_id]).get(origin.product_id)
        embedding = self._embedded(document_text(origin)) if held is None else held
        if words:
            embedding = _unit(OWN_SHARE * embedding + (1.0 - OWN_SHARE) * self._embedded(words))
        return self._fused(f"{origin.title} {origin.shelf} {words}", embedding, pool=pool, now=now)

    def _fused(self, text: str, embedding: NDArray[np.float32], *, pool: Pool, now: Snapshot) -> list[Fused]:
        """Ask both indexes, deep enough that variants of few products do not fill the lists."""
        depth = self._depth(pool, now=now)
        known = now.outlines.row
        lists = (
            self.lexical.search(text, n=depth, among=pool.among),
            self.dense.search(embedding, n=depth, among=pool.among),
        )
        lexical, dense = ([hit for hit in hits if hit[0] in known and hit[0] not in pool.excluded] for hits in lists)
        found = self.lexical.coverage(text, lexical[0][1] if lexical else 0.0)
        weight = dense_share(found, weight=self._weight)
        return fuse(lexical, dense, weight=weight, top=self._candidates, group_of=now.outlines.group_of)

    def _depth(self, pool: Pool, *, now: Snapshot) -> int:
        wanted = math.ceil(self._candidates * now.outlines.spread()) + min(len(pool.excluded), self._candidates)
        return min(DEEPEST, pool.passing, wanted)

    def _embedded(self, text: str) -> NDArray[np.float32]:
        row: NDArray[np.float32] = self._encoder.encode([text])[0]
        return row


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    return (row / np.linalg.norm(row)).astype(np.float32)
