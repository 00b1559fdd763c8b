"""What the found products can be told apart by beside the slots: their attributes and prices, as answers to offer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.facets import MAX_OPTIONS
from assistant.dialogue.facts import Choice, Narrowings
from assistant.dialogue.query import build
from assistant.nlg.money import money
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.dialogue.state import DialogueState
    from retrieval.facets import Facet, FacetValue
    from retrieval.store import Store

_MOST = 3000
"""Products up to which an attribute is worth a question: more are of many kinds, and their slots tell them apart."""
_LONGEST = 30
"""Characters of a name or value that is asked about: it stands in a question, and on a button."""
_ASKABLE = re.compile(r"[^\W_]+(?:[ .,/'-][^\W_]+)*")


def narrowings(store: Store, state: DialogueState) -> Narrowings:
    """Count what the search of the first product type can be narrowed by; nothing where it finds nothing."""
    found = store.retriever.narrowings(replace(build(state), relax=False), most=_MOST)
    features, attributes = [], {}
    for facet in found.of("attribute"):
        told = {v.value.casefold(): v for v in facet.values}
        if not _is_askable(facet.name):
            continue
        if told.keys() <= {"yes", "no"}:
            features += [Choice(facet.name, (_feature(facet.name),), told["yes"].count)] if "yes" in told else []
        else:
            attributes[facet.name] = [
                Choice(v.value, (_feature(f"{facet.name} {v.value}"),), v.count)
                for v in facet.values
                if _is_askable(v.value)
            ]
    prices = tuple(c for f in found.of("range") if f.name == "price" for c in _bands(f))
    return Narrowings(found.total, attributes, tuple(features), prices)


def _is_askable(text: str) -> bool:
    """Whether a feed's words may stand in a question: a few plain words, no sentence and no markup."""
    return len(text) <= _LONGEST and _ASKABLE.fullmatch(text) is not None


def _feature(value: str) -> Constraint:
    return Constraint("feature", "eq", value)


def _bands(facet: Facet) -> Iterator[Choice]:
    """Yield the bands of a price in words that the parser reads as the same figures, the highest as one."""
    most, rest = facet.values[: MAX_OPTIONS - 1], facet.values[MAX_OPTIONS - 1 :]
    last = [replace(rest[0], high=rest[-1].high, count=sum(v.count for v in rest))] if rest else []
    for value in (*most, *last):
        ends = [("gte", value.low), ("lte", value.high)]
        wanted = tuple(
            Constraint("price", "gte" if op == "gte" else "lte", cents / 100, currency=facet.currency)
            for op, cents in ends
            if cents is not None
        )
        yield Choice(_band(value, facet.currency), wanted, value.count)


def _band(value: FacetValue, currency: str) -> str:
    low, high = (None if end is None else money(round(end), currency, short=True) for end in (value.low, value.high))
    if low is None:
        return f"under {high}"
    return f"{low} or more" if high is None else f"{low} to {high}"
