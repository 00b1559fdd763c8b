"""Diversity: a list that covers several wishes instead of one wish several times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from retrieval.types import Product


def mmr(scores: Sequence[float], similarity: NDArray[np.float64], *, n: int, relevance: float = 0.7) -> list[int]:
    """Return the positions of `n` items by maximal marginal relevance, best first.

    Args:
        scores: One an item; the largest is scaled to 1 inside.
        similarity: Of every two items, 0..1.  # (len(scores), len(scores))
        n: How many to pick.
        relevance: Weight of the score against the likeness to what was picked, 0..1; 1 sorts by score.

    References:
        Carbonell and Goldstein, The use of MMR, diversity-based reranking, SIGIR 1998.
    """
    if not len(scores):
        return []
    values = np.asarray(scores, dtype=np.float64)
    largest = float(np.abs(values).max())
    values = values / largest if largest > 0 else values
    picked: list[int] = []
    closest = np.zeros(len(values))  # (m,) likeness to the nearest picked one
    left = np.ones(len(values), dtype=np.bool_)
    while len(picked) < min(n, len(values)):
        margin = np.where(left, relevance * values - (1 - relevance) * closest, -np.inf)
        best = int(margin.argmax())
        picked.append(best)
        left[best] = False
        closest = np.maximum(closest, similarity[best])
    return picked


def likeness(products: Sequence[Product]) -> NDArray[np.float64]:
    """Return how alike products look in a list, 0..1: shelf first, then brand and colour. Shape (n, n)."""
    total = np.zeros((len(products), len(products)))
    for weight, values in (
        (0.6, [product.shelf.casefold() for product in products]),
        (0.25, [product.brand.casefold() for product in products]),
        (0.15, [product.color.casefold() for product in products]),
    ):
        codes = np.unique(np.array(values, dtype=np.str_), return_inverse=True)[1]
        said = np.array([bool(value) for value in values], dtype=np.bool_)
        total += weight * ((codes[:, None] == codes[None, :]) & said[:, None])
    return total
