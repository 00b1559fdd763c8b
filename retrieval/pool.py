"""What stands between the stages of a search."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from retrieval.index.base import LexicalIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.fusion import Fused
    from retrieval.outline import Outlines
    from retrieval.predicates import Predicate
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


@dataclass(frozen=True, slots=True)
class Ordered:
    """Sorted ids that answer whether they hold one; a set of all ids costs more than the search that asks of a few."""

    ids: Sequence[str]

    def __contains__(self, product_id: str, /) -> bool:
        place = bisect_left(self.ids, product_id)
        return place < len(self.ids) and self.ids[place] == product_id


@dataclass(frozen=True, slots=True)
class Pool:
    """What may be shown.

    Attributes:
        predicates: The filters.
        ids: What passes them and is not excluded, sorted.
        passing: How many pass them, the excluded too.
        excluded: What passes them and is not in `ids`.
    """

    predicates: tuple[Predicate, ...]
    ids: Sequence[str]
    passing: int
    excluded: frozenset[str] = frozenset()

    @property
    def among(self) -> Sequence[str] | None:
        """What an index is told: without filters it searches everything, and the few excluded are dropped after."""
        return self.ids if self.predicates else None

    @property
    def allowed(self) -> Ordered:
        """The same ids, to be asked whether they hold one."""
        return Ordered(self.ids)


@dataclass(frozen=True, slots=True)
class Order:
    """Products best first, as far as they were asked for, and what they are the best of: sorted ids, or a set."""

    items: Sequence[Fused]
    among: Sequence[str] | set[str]

    @property
    def allowed(self) -> Ordered | set[str]:
        """The same ids, to be asked whether they hold one."""
        return self.among if isinstance(self.among, set) else Ordered(self.among)
