"""Constraint -> predicate: the exact half of search, decided by plain code and never by likeness."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
import retrieval.sizes as sizes
from retrieval.predicates import Predicate, all_of, any_of, between, has, missing, none_of, says
from retrieval.words import normal, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from retrieval.types import Constraint, Slot
    from retrieval.vocabulary import Vocabulary

__all__ = ["FILTERED", "Decision", "Predicate", "decide", "predicate"]

FILTERED: frozenset[Slot] = frozenset(
    ("category", "brand", "color", "size", "material", "style", "feature", "occasion", "recipient", "price", "rating")
)
"""Slots that say something about a product; `quantity`, `order_id` and `sort` do not."""

_ALTERNATIVES: frozenset[Slot] = frozenset(
    ("category", "brand", "color", "size", "material", "recipient")
)  # "red or blue"
_APPROX = 0.2  # "around 100" is 80 to 120
_SAME = 0.015  # two measures within this share are the same size, written in other units
_INCH_BELOW, _INCH_ABOVE = 0.15, 0.65  # a "15 inch" screen is sold as anything from 14.9 to 15.6
_OFTEN = 2  # products that must name a feature before it counts as a fact of this catalogue
_FILLERS = frozenset(("with", "a", "an", "the", "for", "of", "has", "is", "very", "really", "built", "in"))
_KID_UP_TO, _BABY_UP_TO = 12, 2  # years


@dataclass(frozen=True, slots=True)
class Decision:
    """Constraints, compiled.

    Attributes:
        decided: Each predicate with the constraints it stands for: "red or blue" are two constraints, one predicate.
        undecided: Constraints the catalogue cannot decide; they can only rank.
    """

    decided: tuple[tuple[tuple[Constraint, ...], Predicate], ...]
    undecided: tuple[Constraint, ...]

    @property
    def predicates(self) -> tuple[Predicate, ...]:
        """What must hold, all of it."""
        return tuple(p for _, p in self.decided)


def decide(constraints: Iterable[Constraint], vocabulary: Vocabulary) -> Decision:
    """Compile constraints of one group together: several wanted values of one slot are alternatives.

    Constraints on slots outside `FILTERED` are left out of both lists.
    """
    decided: list[tuple[tuple[Constraint, ...], Predicate]] = []
    undecided: list[Constraint] = []
    alternatives: dict[Slot, list[tuple[Constraint, Predicate]]] = defaultdict(list)
    for constraint in constraints:
        if constraint.slot not in FILTERED:
            continue
        compiled = predicate(constraint, vocabulary)
        if compiled is None:
            undecided.append(constraint)
        elif constraint.op == "eq" and constraint.slot in _ALTERNATIVES:
            alternatives[constraint.slot].append((constraint, compiled))
        else:
            decided.append(((constraint,), compiled))
    joined = [(tuple(c for c, _ in some), any_of(*(p for _, p in some))) for some in alternatives.values()]
    return Decision((*joined, *decided), tuple(undecided))


def predicate(constraint: Constraint, vocabulary: Vocabulary) -> Predicate | None:
    """Compile one constraint; None where the catalogue cannot decide it."""
    if constraint.slot in ("price", "rating"):
        return _number(constraint, vocabulary)
    if constraint.slot == "size":
        return _size(constraint, vocabulary)
    compile_words = _WORDS.get(constraint.slot)
    if compile_words is None or constraint.op not in ("eq", "ne") or not normal(str(constraint.value)):
        return None
    wanted = compile_words(str(constraint.value), vocabulary, constraint.op == "ne")
    if constraint.op == "ne":
        return none_of(wanted) if wanted is not None else None
    return wanted


def _number(constraint: Constraint, vocabulary: Vocabulary) -> Predicate | None:
    if not isinstance(constraint.value, int | float):
        return None
    amount = float(constraint.value)
    if constraint.slot == "price":
        if constraint.currency and constraint.currency != vocabulary.currency:
            return None
        amount = round(amount * 100)
    match constraint.op:
        case "lte":
            return between(constraint.slot, None, amount)
        case "gte":
            return between(constraint.slot, amount, None)
        case "approx":
            return between(constraint.slot, amount * (1 - _APPROX), amount * (1 + _APPROX))
        case "eq":
            return between(constraint.slot, amount, amount)
        case "ne":
            return none_of(between(constraint.slot, amount, amount))
        case _:
            return None  # "shown" is resolved to a number before it gets here


def _size(constraint: Constraint, vocabulary: Vocabulary) -> Predicate | None:
    text = f"{constraint.value:g}" if isinstance(constraint.value, int | float) else constraint.value
    found = vocabulary.resolve("size", text)
    if not found.known:
        return None
    measured = [m for m in sizes.read(text).measures if vocabulary.comparable(m.dimension)]
    tests = [_measured(m, constraint) for m in measured]
    if found.values and constraint.op in ("eq", "ne", "approx"):
        tests.insert(0, has("size", *found.values))
    if not tests:
        return None
    return none_of(*tests) if constraint.op == "ne" else any_of(*tests)


def _measured(measure: sizes.Measure, constraint: Constraint) -> Predicate:
    amount, slack = measure.amount, measure.amount * _SAME
    match constraint.op:
        case "lte" | "lt":
            return between(measure.dimension, None, amount + slack)
        case "gte" | "gt":
            return between(measure.dimension, amount - slack, None)
        case "approx":
            return between(measure.dimension, amount * (1 - _APPROX), amount * (1 + _APPROX))
        case _ if measure.whole_inches:
            return between(measure.dimension, amount - _INCH_BELOW * 25.4, amount + _INCH_ABOVE * 25.4)
        case _:
            return between(measure.dimension, amount - slack, amount + slack)


def _category(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("category", value)
    if not found.known:
        return any_of() if refused else None  # what is not carried is easily avoided
    shelf = has("product_type", *found.values) if found.values else has("head", *found.heads)
    return all_of(shelf, *(says("words", w) for w in found.words))


def _brand(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("brand", value)
    if not found.known:
        return any_of() if refused else None
    return has("brand", *found.values)


def _color(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("color", value)
    if refused:
        return any_of(has("color_any", *found.values), says("title", *found.values))
    return has("color", *found.values) if found.known else None


def _material(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("material", value)
    if refused:
        return has("material_any", *found.values) if found.known else _said(value)
    return has("material", *found.values) if found.known else None


def _feature(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    phrase = _essence(value)
    if refused or not phrase:
        return _said(value) if phrase else None
    if vocabulary.n_saying("words", phrase) < _OFTEN:
        return None
    return any_of(says("words", phrase), says("prose", phrase))


def _occasion(value: str, _vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    return _said(value) if refused else None  # what suits an occasion is a matter of ranking


def _said(value: str) -> Predicate:
    phrase = _essence(value) or normal(value)
    return any_of(says("words", phrase), says("prose", phrase))


def _essence(value: str) -> str:
    words = list(tokens(value))
    while words and words[0] in _FILLERS:
        words.pop(0)
    return " ".join(words)


def _recipient(value: str, _vocabulary: Vocabulary, _refused: bool) -> Predicate | None:
    gender, age = person(value)
    tests = []
    if gender:
        tests.append(any_of(has("gender", gender, "unisex"), missing("gender")))
    if age:
        admitted = [a for a in lexicon.table("recipients")["ages"][age] if a]
        tests.append(any_of(has("age_group", *admitted), missing("age_group")))
    return all_of(*tests) if tests else None


def person(value: str) -> tuple[str, str]:
    """Return the gender (male, female, "") and age group (adult, kids, baby, "") that a word for a person implies."""
    words = tokens(value)
    gender = age = ""
    for group in lexicon.table("recipients").values():
        names = {normal(str(w)) for w in group.get("words", ())} if isinstance(group, dict) else set()
        if names & set(words) or normal(value) in names:
            gender, age = group["gender"], group["age"]
            break
    years = [int(w) for w in words if w.isdigit()]
    if years:
        age = "baby" if years[0] <= _BABY_UP_TO else "kids" if years[0] <= _KID_UP_TO else "adult"
    return gender, age


_WORDS: Mapping[Slot, Callable[[str, Vocabulary, bool], Predicate | None]] = {
    "category": _category,
    "brand": _brand,
    "color": _color,
    "material": _material,
    "feature": _feature,
    "style": _feature,
    "occasion": _occasion,
    "recipient": _recipient,
}
