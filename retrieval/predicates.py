"""A small closed algebra of tests on the facts of a product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from retrieval.facts import Facts, facts

if TYPE_CHECKING:
    from retrieval.types import Product

COLUMNS: Final = ("product_type", "currency")  # fields of a product that are tested as they are written
Test = Literal["any", "between", "missing", "phrase", "all_of", "any_of", "none_of"]


@dataclass(frozen=True, slots=True)
class Predicate:
    """One test, or a combination of tests.

    Attributes:
        test: `any`: the field has one of `values`; `between`: the field has a number in `low`..`high` (either may be
            open); `missing`: the field has no value; `phrase`: the text field has one of `values` as whole words;
            `all_of`, `any_of`, `none_of`: of `parts`.
        field: One of `COLUMNS`, a field of `facts.TERM_FIELDS`, `facts.TEXT_FIELDS`, `price` (cents), `rating` or a
            dimension of measure; "" for combinations.
    """

    test: Test
    field: str = ""
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    parts: tuple[Predicate, ...] = ()

    def holds(self, product: Product) -> bool:
        """Whether `product` passes; agrees with `Catalogue.matching`."""
        return _holds(self, product, facts(product))


def _holds(predicate: Predicate, product: Product, known: Facts) -> bool:
    match predicate.test:
        case "all_of":
            return all(_holds(p, product, known) for p in predicate.parts)
        case "any_of":
            return any(_holds(p, product, known) for p in predicate.parts)
        case "none_of":
            return not any(_holds(p, product, known) for p in predicate.parts)
        case "phrase":
            return any(f" {v} " in known.texts[predicate.field] for v in predicate.values)
        case "between":
            return any(_within(predicate, amount) for name, amount in known.numbers if name == predicate.field)
        case "missing":
            return not any(name == predicate.field for name, _ in known.terms)
        case "any":
            if predicate.field in COLUMNS:
                return getattr(product, predicate.field) in predicate.values
            return any((predicate.field, v) in known.terms for v in predicate.values)


def _within(predicate: Predicate, amount: float) -> bool:
    return (predicate.low is None or amount >= predicate.low) and (predicate.high is None or amount <= predicate.high)


def has(field: str, *values: str) -> Predicate:
    """Return the test that `field` has one of `values`."""
    return Predicate("any", field, values)


def says(field: str, *phrases: str) -> Predicate:
    """Return the test that the text `field` has one of `phrases` as whole words."""
    return Predicate("phrase", field, phrases)


def between(field: str, low: float | None, high: float | None) -> Predicate:
    """Return the test that `field` has a number from `low` to `high`, both included; None is open."""
    return Predicate("between", field, low=low, high=high)


def missing(field: str) -> Predicate:
    """Return the test that nothing is known of `field`."""
    return Predicate("missing", field)


def all_of(*parts: Predicate) -> Predicate:
    """Return the test that every part holds; true of everything where there is no part."""
    return parts[0] if len(parts) == 1 else Predicate("all_of", parts=parts)


def any_of(*parts: Predicate) -> Predicate:
    """Return the test that at least one part holds; false of everything where there is no part."""
    return parts[0] if len(parts) == 1 else Predicate("any_of", parts=parts)


def none_of(*parts: Predicate) -> Predicate:
    """Return the test that no part holds; true of everything where there is no part."""
    return Predicate("none_of", parts=parts)
