"""Sequential item-item: who bought this went on to buy that.

References:
    Sarwar et al., Item-based collaborative filtering recommendation algorithms, WWW 2001 (cosine over co-occurrence);
    pairs here count by how near they are in a shopper's sequence, and twice as much forward as back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.recommender.assortment import Sequences

DECAY = 0.7
"""How much less each earlier item of a shopper's history counts than the one after it."""

BACKWARD = 0.5
"""How much a pair counts for the earlier item, against 1 for the later: lists look forward, sparse data both ways."""

SHRINKAGE = 10.0
"""Added to every item's number of buyers, so that two shoppers in common by chance do not make a perfect match."""

MAX_GAP = 20
MAX_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class ItemItem:
    """A sparse matrix, row by row: `weights[start[a]:start[a+1]]` are the weights of `neighbours[...]` after `a`."""

    start: NDArray[np.int64]  # (n + 1,)
    neighbours: NDArray[np.int64]  # (nnz,)
    weights: NDArray[np.float32]  # (nnz,)

    @classmethod
    def fit(cls, sequences: Sequences, *, n_items: int) -> ItemItem:
        """Weigh the pairs of each shopper's sequence and scale them to a shrunk cosine.

        Items of one moment (a basket) count fully in both directions: the order within a basket means nothing.
        """
        keys, sums = _pairs(sequences, n_items=n_items)
        first, second = np.divmod(keys, max(n_items, 1))
        seen = _buyers(sequences, n_items=n_items) + SHRINKAGE
        weights = (sums / np.sqrt(seen[first] * seen[second])).astype(np.float32)
        kept = _strongest(first, weights, n=MAX_NEIGHBOURS)
        first, second, weights = first[kept], second[kept], weights[kept]
        start = np.searchsorted(first, np.arange(n_items + 1))
        return cls(start.astype(np.int64), second, weights)

    def after(self, item: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the items that follow `item` and their weights."""
        row = slice(self.start[item], self.start[item + 1])
        return self.neighbours[row], self.weights[row]

    def scores(self, history: Sequence[tuple[int, float]]) -> NDArray[np.float64]:
        """Return one score an item, shape (n,), given (item, weight) pairs of a shopper's history."""
        total = np.zeros(len(self.start) - 1)
        for item, weight in history:
            neighbours, weights = self.after(item)
            total[neighbours] += weight * weights  # a row names each neighbour once
        return total


def recency(items: Sequence[int], *, decay: float = DECAY) -> list[tuple[int, float]]:
    """Return (item, weight) for a history given latest first; an item counts once, where it is latest."""
    return [(item, decay**age) for age, item in enumerate(dict.fromkeys(items))]


def _pairs(sequences: Sequences, *, n_items: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the distinct directed pairs as `first * n_items + second`, and the summed weight of each."""
    users, items, times = sequences.users, sequences.items, sequences.times
    keys: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    weights: list[NDArray[np.float64]] = [np.empty(0)]
    for gap in range(1, min(MAX_GAP, len(users) - 1) + 1):
        same = users[:-gap] == users[gap:]
        if not same.any():
            break
        first, second = items[:-gap][same], items[gap:][same]
        basket = (times[:-gap] == times[gap:])[same]
        weight = gap**-0.5
        keys += [first * n_items + second, second * n_items + first]
        weights += [np.full(len(first), weight), weight * np.where(basket, 1.0, BACKWARD)]
    distinct, where = np.unique(np.concatenate(keys), return_inverse=True)
    sums = np.bincount(where, weights=np.concatenate(weights), minlength=len(distinct))
    first, second = np.divmod(distinct, max(n_items, 1))
    return distinct[first != second], sums[first != second]


def _buyers(sequences: Sequences, *, n_items: int) -> NDArray[np.float64]:
    distinct = np.unique(sequences.users * max(n_items, 1) + sequences.items)
    return np.bincount(distinct % max(n_items, 1), minlength=n_items).astype(np.float64)


def _strongest(rows: NDArray[np.int64], weights: NDArray[np.float32], *, n: int) -> NDArray[np.int64]:
    """Return the positions of the `n` largest weights of each row, by row."""
    order = np.lexsort((-weights, rows))
    ordered = rows[order]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return np.asarray(order[rank < n], dtype=np.int64)
