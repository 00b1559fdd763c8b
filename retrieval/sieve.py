"""Which products of one revision pass a filter: single tests are the catalogue's, their combination is arithmetic.

The catalogue answers each plain test once for all that ask (`CatalogueReads.keys`); prices and ratings are columns
already. So a refinement costs its new test alone, and giving up wishes one by one costs next to nothing. Texts are read
last, and only of what has passed so far where that is little.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval.outline import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from retrieval.catalogue_reads import CatalogueReads
    from retrieval.outline import Mask, Outlines
    from retrieval.predicates import Predicate

REMEMBERED: Final = 16  # selections kept: a conversation asks for the same ones again
SPARSE: Final = 16  # to look up less than so small a share of the texts one by one is quicker than to read them all


class Sieve:
    """Selects what passes predicates; agrees with `CatalogueReads.matching` while the catalogue is unchanged."""

    def __init__(self, catalogue: CatalogueReads, outlines: Outlines) -> None:
        self._catalogue = catalogue
        self._outlines = outlines
        self._columns: dict[str, NDArray[np.int64] | NDArray[np.float64]] = {
            "price": outlines.offer_cents,
            "rating": outlines.ratings,
        }
        self.select = lru_cache(maxsize=REMEMBERED)(self._select)

    def _select(self, predicates: tuple[Predicate, ...]) -> Selection:
        """Return what passes all `predicates`."""
        if not predicates:
            return self._outlines.everything
        return Selection(self._outlines, self._all(predicates, self._outlines.everything.mask))

    def _mask(self, test: Predicate, among: Mask) -> Mask:
        """Return what of `among` passes."""
        match test.test:
            case "all_of":
                return self._all(test.parts, among)
            case "any_of":
                return self._any(test.parts, among)
            case "none_of":
                return among & ~self._any(test.parts, among)
            case "between" if test.field in self._columns:
                return among & _within(self._columns[test.field], test)
            case _:
                return among & self._asked(test, among)

    def _all(self, tests: Iterable[Predicate], among: Mask) -> Mask:
        for test in sorted(tests, key=_cost):
            among = self._mask(test, among)
        return among

    def _any(self, tests: Iterable[Predicate], among: Mask) -> Mask:
        left = among
        for test in sorted(tests, key=_cost):
            left = left & ~self._mask(test, left)
        return among & ~left

    def _asked(self, test: Predicate, among: Mask) -> Mask:
        """Ask the catalogue; where a text must be read and `among` is small, of that alone."""
        few = None
        if test.test == "phrase" and np.count_nonzero(among) * SPARSE < len(among):
            few = self._outlines.keys[among]
        mask = np.zeros(len(among), dtype=np.bool_)
        mask[self._outlines.rows_of(self._catalogue.keys(test, among=few))] = True
        return mask


def _cost(test: Predicate) -> int:
    """Order tests: what is a column first, what reads texts last."""
    if test.parts:
        return max(map(_cost, test.parts))
    return {"between": 0, "phrase": 2}.get(test.test, 1)


def _within(column: NDArray[np.int64] | NDArray[np.float64], predicate: Predicate) -> Mask:
    mask: Mask = ~np.isnan(column)
    if predicate.low is not None:
        mask &= column >= predicate.low
    if predicate.high is not None:
        mask &= column <= predicate.high
    return mask
