"""Constraint -> predicate: the exact half of search, decided by plain code and never by likeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from retrieval.types import Constraint, Product
    from retrieval.vocabulary import Vocabulary

Test = Literal["any", "between", "missing", "phrase", "all_of", "any_of", "none_of"]


@dataclass(frozen=True, slots=True)
class Predicate:
    """A small closed algebra over facts of a product; see `holds`."""

    field: str
    test: Test
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    parts: tuple[Predicate, ...] = ()

    def holds(self, product: Product) -> bool:
        """Whether `product` passes; agrees with `Catalogue.matching`."""
        raise NotImplementedError


def predicate(constraint: Constraint, vocabulary: Vocabulary) -> Predicate | None:
    """Compile a constraint; None where the catalogue cannot decide it."""
    raise NotImplementedError
