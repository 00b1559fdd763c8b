"""Constraint -> predicate: the exact half of search, decided by plain code and never by likeness."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
import retrieval.sizes as sizes
from retrieval.facts import attribute_term
from retrieval.families import parents
from retrieval.predicates import Predicate, all_of, any_of, between, has, missing, none_of, says
from retrieval.words import normal, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retrieval.types import Constraint, Slot
    from retrieval.vocabulary import Vocabulary

__all__ = ["Predicate", "person", "predicate", "whom"]

_MOST = 1e13  # major units; nothing costs more, and no database holds the cents of 1e300
_APPROX = 0.2  # "around 100" is 80 to 120
_SAME = 0.015  # two measures within this share are the same size, written in other units
_INCH_BELOW, _INCH_ABOVE = 0.15, 0.65  # a "15 inch" screen is sold as anything from 14.9 to 15.6
_ATTRIBUTE_WORDS = 10  # of an attribute and its value together, where nothing stands between them
_OFTEN = 2  # products that must name a feature before it counts as a fact of this catalogue
_FILLERS = frozenset(("with", "a", "an", "the", "for", "of", "has", "is", "very", "really", "built", "in"))
_AGE = re.compile(r"\b\d+[\s-]*(?:years?|yrs?|yo|months?)?[\s-]*(?:olds?)?\b", re.IGNORECASE)
_KID_UP_TO, _BABY_UP_TO = 12, 2  # years


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
    currency = constraint.currency or vocabulary.currency
    if constraint.slot == "price":
        if currency not in vocabulary.currencies:
            return None
        amount = round(max(-_MOST, min(amount, _MOST)) * 100)
    low: float | None
    high: float | None
    match constraint.op:
        case "lte":
            low, high = None, amount
        case "gte":
            low, high = amount, None
        case "approx":
            low, high = amount * (1 - _APPROX), amount * (1 + _APPROX)
        case "eq" | "ne":
            low, high = amount, amount
        case _:
            return None  # "shown" is resolved to a number before it gets here
    within = between(constraint.slot, low, high)
    if constraint.slot == "price" and len(vocabulary.currencies) > 1:
        within = all_of(has("currency", currency), within)  # 50 EUR is not "under 60" dollars
    return none_of(within) if constraint.op == "ne" else within


def _size(constraint: Constraint, vocabulary: Vocabulary) -> Predicate | None:
    text = f"{constraint.value:g}" if isinstance(constraint.value, int | float) else constraint.value
    found = vocabulary.resolve("size", text)
    if not found.known:
        return None
    read = sizes.read(text)
    tests = [_measured(m, constraint) for m in read.measures if vocabulary.comparable(m.dimension)]
    if sizes.crossed(text) and tests:
        tests = [all_of(*tests)]  # both sides of "140 x 200 cm"; other measures are one size in several units
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
    if not found.known and not refused:
        return None
    return found.predicate()  # what is not carried is easily avoided


def _brand(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("brand", value)
    if not found.known:
        return any_of() if refused else None
    return has("brand", *found.values)


def _color(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("color", value)
    if refused:
        anywhere = has("color_any", *found.values)
        known = all(name in parents("colors") for name in found.values)
        return anywhere if known else any_of(anywhere, says("title", *found.values))  # known names are facts of titles
    return has("color", *found.values) if found.known else None


def _material(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    found = vocabulary.resolve("material", value)
    if refused:
        return has("material_any", *found.values) if found.known else _said(value)
    return has("material", *found.values) if found.known else None


def _feature(value: str, vocabulary: Vocabulary, refused: bool) -> Predicate | None:
    """An attribute and its value ("capacity: 500 ml") is a fact; any other phrase is wherever a product says it."""
    term = _attribute(value, vocabulary)
    if term:
        return has("attribute", term)
    phrase = _essence(value)
    if refused or not phrase:
        return _said(value) if phrase else None
    if vocabulary.n_saying("words", phrase) < _OFTEN:
        return None
    return any_of(says("words", phrase), says("prose", phrase))


def _attribute(value: str, vocabulary: Vocabulary) -> str:
    """Return the fact that some product has and that `value` names, with or without the colon; "" for none."""
    name, colon, told = value.partition(":")
    split = [(name, told)] if colon else []
    if not colon:
        words = tokens(value)[:_ATTRIBUTE_WORDS]
        split = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    terms = (attribute_term(name, told) for name, told in split)
    return next((term for term in terms if term and vocabulary.n_having(term)), "")


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


def whom(value: str) -> str:
    """Return a person without an age, whose words ("year", "old") mislead an index; a bare age gives its age group."""
    named = " ".join(_AGE.sub(" ", value).split())
    return named or person(value)[1] or value


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
