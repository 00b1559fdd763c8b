"""Likeness by what products say of themselves: a taste vector from embeddings, and what lies near it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Vectors(Protocol):
    """Where embeddings come from: any dense index, or a double."""

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the unit vectors of those ids that are held."""
        ...

    def search(
        self, embedding: NDArray[np.float32], *, n: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `n` (product id, cosine), best first."""
        ...


def near(vectors: Vectors, history: Sequence[tuple[str, float]], *, n: int) -> list[tuple[str, float]]:
    """Return up to `n` (product id, cosine) near a shopper's taste, best first.

    Args:
        vectors: The embeddings.
        history: (product id, weight) of what the shopper dealt with.
        n: How many.
    """
    found = vectors.embeddings([product_id for product_id, _ in history])
    rows = [weight * found[product_id] for product_id, weight in history if product_id in found]
    if not rows:
        return []
    taste: NDArray[np.float32] = np.stack(rows).sum(axis=0).astype(np.float32)  # (d,)
    length = np.linalg.norm(taste)
    return vectors.search((taste / length).astype(np.float32), n=n) if length > 0 else []
