"""Popularity: what sells, lately above all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assistant.recommender.assortment import Sequences

HALF_LIFE_DAYS = 90.0
_SECONDS_A_DAY = 86_400.0


def popularity(own: NDArray[np.float64], sequences: Sequences) -> NDArray[np.float64]:
    """Return one score an item in 0..1, 1 for the most popular.

    Half of it is the catalogue's own figure, half what this shop's events show, weights halving every 90 days back
    from the latest event; where one of the two says nothing, the other decides alone.

    Args:
        own: The catalogue's figure, any non-negative scale.  # (n,)
        sequences: What shoppers bought and put in carts.
    """
    recent = np.zeros(len(own))
    if len(sequences):
        age = (sequences.times.max() - sequences.times) / _SECONDS_A_DAY
        np.add.at(recent, sequences.items, 0.5 ** (age / HALF_LIFE_DAYS))
    parts = [_scaled(part) for part in (own, recent) if part.size and part.max() > 0]
    if not parts:
        return np.zeros(len(own))
    return np.asarray(sum(parts) / len(parts), dtype=np.float64)


def standing(popularity: NDArray[np.float64], shelf: NDArray[np.int64], *, smallest: int = 5) -> NDArray[np.float64]:
    """Return the share of its own shelf that each item outsells, 0..1; 0 on shelves with too few to tell.

    Args:
        popularity: One score an item.  # (n,)
        shelf: Each item's shelf.  # (n,)
        smallest: How many items a shelf needs before one of them can be called popular.
    """
    share = np.zeros(len(popularity))
    for code in np.unique(shelf):
        here = np.flatnonzero(shelf == code)
        if len(here) >= smallest:
            ordered = np.sort(popularity[here])
            share[here] = np.searchsorted(ordered, popularity[here], side="left") / len(here)
    return share


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms scaled to 0..1: sales are heavy-tailed, one hit must not flatten the rest."""
    logs = np.log1p(np.maximum(values, 0.0))
    return np.asarray(logs / logs.max(), dtype=np.float64)
