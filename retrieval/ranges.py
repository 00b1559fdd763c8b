"""Ranges that people think in: bands of price with round edges, and "4 and up" of a rating."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import floor, log10
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.types import Op

MOST_BANDS: Final = 5
_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_RATINGS: Final = (4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Band:
    """A range of numbers.

    Attributes:
        text: What to show: "under 50".
        bounds: Operators and figures that filter by it; a price in major units.
        low: Its lower end, included: cents of a price, points of a rating; None is open.
        high: Its upper end, not included.
    """

    text: str
    bounds: tuple[tuple[Op, float], ...]
    low: float | None = None
    high: float | None = None


def price_bands(offers: Sequence[tuple[int, int]], *, most: int = MOST_BANDS) -> list[Band]:
    """Cut prices at round figures near their quantiles; none where one figure fits them all.

    Args:
        offers: (cents, how many products) with cents ascending.
        most: How many bands at most. None of them is empty.
    """
    edges = _edges(offers, most=most)
    if not edges:
        return []
    ends: list[int | None] = [None, *edges, None]
    return [_band(low, high) for low, high in pairwise(ends)]


def rating_steps() -> list[Band]:
    """Return "4 and up" and so on; each holds those before it."""
    return [Band(f"{stars} and up", (("gte", float(stars)),), low=stars) for stars in _RATINGS]


def _edges(offers: Sequence[tuple[int, int]], *, most: int) -> list[int]:
    """Return the round figures that divide the offers, in cents; there is an offer on either side of each."""
    if not offers:
        return []
    sums = list(accumulate(n for _, n in offers))
    cuts = [offers[bisect_left(sums, sums[-1] * i / most)][0] for i in range(1, most)]
    edges: list[int] = []
    cents = [c for c, _ in offers]
    near = (next((r for r in _rounded(cut) if cents[0] < r <= cents[-1]), 0) for cut in cuts)
    for edge in sorted(set(near)):
        since = bisect_left(cents, edges[-1]) if edges else 0
        if since < bisect_left(cents, edge) < len(cents):
            edges.append(edge)
    return edges


def _rounded(cents: int) -> list[int]:
    """Return the nearest two of 1, 2, 2.5 and 5 times a power of ten, in whole cents, the nearer first."""
    power = 10.0 ** floor(log10(max(1, cents)))
    figures = [round(figure * power) for figure in _ROUND]
    return sorted(figures, key=lambda figure: abs(figure - cents))[:2]


def _band(low: int | None, high: int | None) -> Band:
    bounds: list[tuple[Op, float]] = []
    if low is not None:
        bounds.append(("gte", low / 100))
    if high is not None:
        bounds.append(("lte", (high - 1) / 100))
    if low is None:
        text = f"under {_figure(high or 0)}"
    else:
        text = f"{_figure(low)} and over" if high is None else f"{_figure(low)} to {_figure(high)}"
    return Band(text, tuple(bounds), low, high)


def _figure(cents: int) -> str:
    return f"{cents // 100}" if cents % 100 == 0 else f"{cents / 100:.2f}"
