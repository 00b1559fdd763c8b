"""A query becomes a plan: wishes that the catalogue decides, words that rank, and what this shop cannot decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, get_args

from retrieval.errors import QueryError
from retrieval.filters import predicate, whom
from retrieval.predicates import any_of
from retrieval.relax import Wish
from retrieval.types import Constraint, Op, Query, Slot, Sort
from retrieval.words import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retrieval.predicates import Predicate
    from retrieval.vocabulary import Vocabulary

MOST_HITS: Final = 200
MOST_SKIPPED: Final = 10_000
LONGEST_TEXT: Final = 2000  # characters
LONGEST_VALUE: Final = 200  # characters
MOST_CONSTRAINTS: Final = 64
MOST_EXCLUDED: Final = 2000

ALTERNATIVES: Final = frozenset({"category", "brand", "color", "size", "material", "recipient"})
"""Slots where two wanted values mean "or"; two features are both wanted."""

IGNORED: Final = frozenset({"quantity", "order_id", "sort"})
RANKED_TOO: Final = frozenset({"color", "material"})
"""Asked "blue", the filter admits navy too, and the word puts plain blue first."""

NUMERIC: Final = frozenset({"price", "rating", "quantity"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for one query.

    Attributes:
        wishes: Hard constraints that the catalogue decides.
        unknown: Hard constraints that it cannot decide.
        not_carried: Category words that no shelf matches.
        core: Words that say what is looked for; "" where the query does not say.
        text: `core` and the words of filters that also rank.
        told: `text` without the words of the category, which say nothing where the category is a filter.
        extra: The words of `core` that no filter decides already.
        sort: The order asked for, in the query or as a constraint.
        named: The shelf that the text names where it says nothing else ("laptop") and no category is asked for: it
            ranks first, but filters nothing.
    """

    wishes: tuple[Wish, ...]
    unknown: tuple[Constraint, ...]
    not_carried: tuple[str, ...]
    core: str
    text: str
    told: str
    extra: str
    sort: Sort | None
    named: Predicate | None = None

    @property
    def has_category(self) -> bool:
        """Whether a shelf is asked for that this shop has."""
        return any(wish.slot == "category" and not wish.negative for wish in self.wishes)

    @property
    def asks_brand(self) -> bool:
        """Whether particular brands are asked for."""
        return any(wish.slot == "brand" and not wish.negative for wish in self.wishes)


def plan(query: Query, vocabulary: Vocabulary) -> Plan:
    """Resolve the constraints of `query` against the words of the catalogue.

    Raises:
        QueryError: The query is out of bounds.
    """
    check(query)
    hard = [c for c in query.constraints if c.hard and c.slot not in IGNORED]
    decided = [(c, predicate(c, vocabulary)) for c in hard]
    known = [(c, test) for c, test in decided if test is not None]
    missing = [c for c, test in decided if test is None]
    strangers = [
        c for c in missing if _wanted(c, "category") and not vocabulary.resolve("category", str(c.value)).known
    ]
    unknown = [c for c in missing if c not in strangers]
    category = _words(c for c, _ in known if _wanted(c, "category"))
    said = [query.text, *_words(strangers), *category, *_words(unknown)]
    said += _words(c for c in query.constraints if not c.hard and c.slot not in IGNORED)
    core = _joined(said)
    ranked = _words(c for c, _ in known if c.slot in RANKED_TOO)
    text = _joined([core, *ranked]) if core else ""
    return Plan(
        wishes=tuple(_wishes(known)),
        unknown=tuple(unknown),
        not_carried=tuple(str(c.value) for c in strangers),
        core=core,
        text=text,
        told=_without(text, category),
        extra=_without(core, _words(c for c, _ in known)),
        sort=query.sort or _sort(query.constraints),
        named=_named(query, vocabulary),
    )


def _named(query: Query, vocabulary: Vocabulary) -> Predicate | None:
    if query.similar_to or not query.text.strip() or any(c.slot == "category" for c in query.constraints):
        return None
    if len(query.text) > LONGEST_VALUE or not vocabulary.resolve("category", query.text).values:
        return None
    return predicate(Constraint("category", "eq", query.text), vocabulary)


def _wanted(constraint: Constraint, slot: Slot) -> bool:
    return constraint.slot == slot and constraint.op != "ne"


def _words(constraints: Iterable[Constraint]) -> list[str]:
    """Return the words of what is wanted; numbers and what is not wanted say nothing to an index."""
    wanted = [c for c in constraints if isinstance(c.value, str) and c.op != "ne" and c.slot not in NUMERIC]
    return [whom(str(c.value)) if c.slot == "recipient" else str(c.value) for c in wanted]


def _joined(texts: Sequence[str]) -> str:
    """Return the texts as one, without those whose words are all there already."""
    parts: list[str] = []
    seen: set[str] = set()
    for text in texts:
        words = set(tokens(text))
        if words - seen:
            parts.append(text.strip())
            seen |= words
    return " ".join(parts)


def _without(text: str, taken: Sequence[str]) -> str:
    gone = {word for value in taken for word in tokens(value)}
    return " ".join(word for word in text.split() if not set(tokens(word)) <= gone)


def _wishes(known: Sequence[tuple[Constraint, Predicate]]) -> list[Wish]:
    """Return one wish a constraint, but one for all wanted values of a slot where they are alternatives."""
    apart: list[Wish] = []
    together: list[tuple[Constraint, Predicate]] = []
    for constraint, test in known:
        if constraint.op == "eq" and constraint.slot in ALTERNATIVES:
            together.append((constraint, test))
        else:
            apart.append(Wish(constraint.slot, (constraint,), test, negative=constraint.op == "ne"))
    merged: list[Wish] = []
    for _, pairs in groupby(sorted(together, key=lambda pair: pair[0].slot), key=lambda pair: pair[0].slot):
        members = list(pairs)
        wanted = tuple(constraint for constraint, _ in members)
        merged.append(Wish(wanted[0].slot, wanted, any_of(*(test for _, test in members))))
    return [*merged, *apart]


def _sort(constraints: Sequence[Constraint]) -> Sort | None:
    asked = [c.value for c in constraints if c.slot == "sort" and c.op != "ne"]
    return next((sort for sort in get_args(Sort) if sort in asked), None)


def check(query: Query) -> None:
    """Refuse a query that is out of bounds.

    Raises:
        QueryError: Says what, its value, and what is allowed.
    """
    _within("n", query.n, low=1, high=MOST_HITS)
    _within("offset", query.offset, low=0, high=MOST_SKIPPED)
    _within("characters of text", len(query.text), low=0, high=LONGEST_TEXT)
    _within("number of constraints", len(query.constraints), low=0, high=MOST_CONSTRAINTS)
    _within("number of exclusions", len(query.exclude), low=0, high=MOST_EXCLUDED)
    _one_of("sort", query.sort, allowed=(None, *get_args(Sort)))
    for constraint in query.constraints:
        _check_constraint(constraint)


def _check_constraint(constraint: Constraint) -> None:
    _one_of("slot", constraint.slot, allowed=get_args(Slot))
    _one_of("operator", constraint.op, allowed=get_args(Op))
    if isinstance(constraint.value, str):
        _within(f"characters of the {constraint.slot}", len(constraint.value), low=1, high=LONGEST_VALUE)
    elif not math.isfinite(constraint.value):
        msg = f"the {constraint.slot} {constraint.value!r} is no finite number"
        raise QueryError(msg)


def _within(what: str, value: int, *, low: int, high: int) -> None:
    if not low <= value <= high:
        msg = f"the {what} of the query is {value!r}; it must be between {low} and {high}"
        raise QueryError(msg)


def _one_of(what: str, value: str | None, *, allowed: Sequence[str | None]) -> None:
    if value not in allowed:
        msg = f"unknown {what} {value!r}; use one of {', '.join(str(item) for item in allowed if item)}"
        raise QueryError(msg)
