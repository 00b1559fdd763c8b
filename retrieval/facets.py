"""Facets: by which values, ranges and attributes what passes the filters can be narrowed, and how many each leaves.

What is counted are variant groups, the products that a shopper sees: a search that is filtered by a value as well has
as many hits in all as the value's count says.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import log2
from typing import TYPE_CHECKING, Any, Final, Literal

from retrieval.document import attribute_value
from retrieval.facts import attribute_term
from retrieval.filters import predicate
from retrieval.plan import LONGEST_VALUE
from retrieval.predicates import all_of, has
from retrieval.ranges import price_bands, rating_steps
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retrieval.catalogue import Catalogue
    from retrieval.catalogue_reads import Counted, Tally
    from retrieval.predicates import Predicate
    from retrieval.ranges import Band
    from retrieval.types import Slot
    from retrieval.vocabulary import Vocabulary

MOST_ATTRIBUTES: Final = 12
MOST_VALUES: Final = 20
FEWEST_PRODUCTS: Final = 3
SMALLEST_SHARE: Final = 0.1  # of the products: an attribute of fewer narrows nothing that a shopper looks for
_SLOTS: Final[tuple[Slot, ...]] = ("category", "brand", "color", "size", "material")

Kind = Literal["value", "range", "attribute"]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet.

    Attributes:
        value: What to show.
        count: How many variant groups it leaves.
        constraints: What to filter by to get exactly those.
        low: Where the value is a range its lower end, included: cents of a price, points of a rating; None is open.
        high: Its upper end, not included.
    """

    value: str
    count: int
    constraints: tuple[Constraint, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow: a slot, a range of a number, or an attribute. `currency` is that of prices."""

    name: str
    kind: Kind
    values: tuple[FacetValue, ...]
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Facets:
    """What can be narrowed by.

    Attributes:
        facets: Slots first, then price and rating, then attributes, those that tell most apart first.
        total: How many variant groups were counted.
        within: A category that the text of the query names and that was counted within, though it filters nothing.
    """

    facets: tuple[Facet, ...] = ()
    total: int = 0
    within: tuple[Constraint, ...] = ()

    def of(self, kind: Kind) -> tuple[Facet, ...]:
        """Return the facets of one kind."""
        return tuple(f for f in self.facets if f.kind == kind)


@dataclass(slots=True)
class Candidate:
    """A value, the test that its constraints make, and how many groups pass it once that is counted."""

    value: str
    constraints: tuple[Constraint, ...]
    test: Predicate
    band: Band | None = None
    n: int = 0


@dataclass(slots=True)
class Proposal:
    """A facet before its values are counted."""

    name: str
    kind: Kind
    candidates: list[Candidate] = field(default_factory=list)
    currency: str = ""


def count_facets(
    catalogue: Catalogue, vocabulary: Vocabulary, predicates: Sequence[Predicate], *, taken: frozenset[Slot]
) -> Facets:
    """Count what everything that passes `predicates` can be narrowed by.

    Args:
        catalogue: Counts.
        vocabulary: Of its present revision: says what a value means as a filter.
        predicates: What must hold.
        taken: Slots that are asked for already: a second value of theirs would widen, not narrow.
    """
    tally = catalogue.tally(predicates)
    known = {(field, c.value): c.n_groups for field, counted in tally.facts.items() for c in counted}
    known |= {("product_type", c.value): c.n_groups for c in tally.written.get("category", ())}
    proposals = [_of_slot(slot, tally, vocabulary) for slot in _SLOTS if slot not in taken]
    proposals += [_of_price(catalogue, vocabulary, predicates), _of_rating(vocabulary)]
    _count(proposals, catalogue, predicates, known=known)
    found = [*(_facet(p, tally.every.n_groups) for p in proposals), *_attributes(catalogue, tally)]
    return Facets(tuple(f for f in found if f.values), tally.every.n_groups)


def _of_slot(slot: Slot, tally: Tally, vocabulary: Vocabulary) -> Proposal:
    found = Proposal(slot, "value")
    for one in tally.written.get(slot, tally.facts.get(slot, ()))[:MOST_VALUES]:
        wanted = Constraint(slot, "eq", one.value)
        test = predicate(wanted, vocabulary) if len(one.value) <= LONGEST_VALUE else None
        if test is not None:
            found.candidates.append(Candidate(one.value, (wanted,), test))
    return found


def _of_price(catalogue: Catalogue, vocabulary: Vocabulary, predicates: Sequence[Predicate]) -> Proposal:
    found = Proposal("price", "range", currency=vocabulary.currency)
    several = len(vocabulary.currencies) > 1
    here = (*predicates, has("currency", vocabulary.currency)) if several else predicates
    return _banded(found, "price", price_bands(catalogue.offers(here)), vocabulary)


def _of_rating(vocabulary: Vocabulary) -> Proposal:
    return _banded(Proposal("rating", "range"), "rating", rating_steps(), vocabulary)


def _banded(found: Proposal, slot: Slot, bands: Iterable[Band], vocabulary: Vocabulary) -> Proposal:
    for band in bands:
        wanted = tuple(Constraint(slot, op, value, currency=found.currency or None) for op, value in band.bounds)
        tests = tuple(test for c in wanted if (test := predicate(c, vocabulary)) is not None)
        found.candidates.append(Candidate(band.text, wanted, all_of(*tests), band=band))
    return found


def _count(
    proposals: Sequence[Proposal],
    catalogue: Catalogue,
    predicates: Sequence[Predicate],
    *,
    known: Mapping[tuple[str, str], int],
) -> None:
    """Count what each value leaves: as `known` says by field and value, and the others at once."""
    candidates = [c for p in proposals for c in p.candidates]
    tests = dict.fromkeys(c.test for c in candidates)
    counts = {t: known[t.field, t.values[0]] for t in tests if len(t.values) == 1 and (t.field, t.values[0]) in known}
    others = [test for test in tests if test not in counts]
    counts |= zip(others, catalogue.count_groups(predicates, others), strict=True)
    for candidate in candidates:
        candidate.n = counts[candidate.test]


def _facet(proposal: Proposal, total: int) -> Facet:
    """Return the facet with the values that leave something; without any where none of them narrows."""
    values = [
        FacetValue(c.value, c.n, c.constraints, c.band.low if c.band else None, c.band.high if c.band else None)
        for c in proposal.candidates
        if c.n
    ]
    if proposal.kind == "value":
        values.sort(key=lambda v: (-v.count, v.value))
    if proposal.name == "rating":  # each step holds those before it: one that adds nothing says nothing
        values = [v for i, v in enumerate(values) if v.count < total and (i == 0 or v.count > values[i - 1].count)]
    narrows = any(v.count < total for v in values)
    return Facet(proposal.name, proposal.kind, tuple(values) if narrows else (), proposal.currency)


# Attributes


def _attributes(catalogue: Catalogue, tally: Tally) -> list[Facet]:
    """Return the attributes that enough products have, those first that tell most apart."""
    by_name: dict[str, list[Counted]] = defaultdict(list)
    every = tally.every
    for one in tally.facts.get("attribute", ()):
        by_name[one.value.partition(": ")[0]].append(one)
    enough = max(FEWEST_PRODUCTS, SMALLEST_SHARE * every.n_products)
    common = {name: ones[:MOST_VALUES] for name, ones in by_name.items() if sum(c.n_products for c in ones) >= enough}
    told = {name: bits([c.n_products for c in ones], total=every.n_products) for name, ones in common.items()}
    best = sorted((n for n in common if told[n] > 0), key=lambda n: (-told[n], n))[:MOST_ATTRIBUTES]
    written = catalogue.attributes(c.first for name in best for c in common[name])
    return [_attribute(common[name], written) for name in best]


def _attribute(counted: Sequence[Counted], written: Mapping[int, Mapping[str, Any]]) -> Facet:
    values, names = [], []
    for one in counted:
        name, value = _as_written(one.value, written.get(one.first, {}))
        names.append(name)
        values.append(FacetValue(value, one.n_groups, (Constraint("feature", "eq", one.value),)))
    return Facet(names[0], "attribute", tuple(sorted(values, key=lambda v: (-v.count, v.value))))


def _as_written(term: str, attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and value of a fact about an attribute as a feed wrote them."""
    for name, value in attributes.items():
        if attribute_term(name, value) == term:
            return " ".join(name.split()), " ".join(attribute_value(value).split())
    name, _, value = term.partition(": ")
    return name, value


def bits(counts: Sequence[int], *, total: int) -> float:
    """Return the entropy of the shares that `counts` are of `total`; what none of them counts is one more share."""
    rest = total - sum(counts)
    return -sum(n / total * log2(n / total) for n in (*counts, rest) if n > 0)
