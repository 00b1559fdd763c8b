"""What stands between the stages of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from retrieval.index.base import LexicalIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.fusion import Fused
    from retrieval.outline import Outlines, Selection
    from retrieval.predicates import Predicate
    from retrieval.sieve import Sieve
    from retrieval.vocabulary import Vocabulary


class WordIndex(LexicalIndex, Protocol):
    """A lexical index that also mends spelling and finds what holds every word."""

    def mend(self, text: str) -> str:
        """Return `text` with misspelt words replaced by words of the index."""
        ...

    def holding_all(self, text: str) -> set[str]:
        """Return the ids of the documents that hold every word of `text`."""
        ...

    def unheard(self, text: str) -> list[str]:
        """Return the model numbers in `text` that no document holds."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One revision of the catalogue, as search sees it."""

    revision: str
    vocabulary: Vocabulary
    outlines: Outlines
    sieve: Sieve


@dataclass(frozen=True, slots=True)
class Pool:
    """What may be shown.

    Attributes:
        predicates: The filters.
        chosen: What passes them and is not excluded.
        passing: How many pass them, the excluded too.
        excluded: What passes them and is not in `chosen`.
    """

    predicates: tuple[Predicate, ...]
    chosen: Selection
    passing: int
    excluded: frozenset[str] = frozenset()

    @property
    def among(self) -> Selection | None:
        """What an index is told: without filters it searches everything, and the few excluded are dropped after."""
        return self.chosen if self.predicates else None


@dataclass(frozen=True, slots=True)
class Order:
    """Products best first, as far as they were asked for, and what they are the best of."""

    items: Sequence[Fused]
    among: Selection
