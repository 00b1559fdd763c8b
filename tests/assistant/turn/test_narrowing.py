"""What else is asked: answers that the real parser and filters of the sample store turn into fewer products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.dialogue.state import DialogueState
from assistant.nlu.base import Turn
from assistant.turn.narrowing import narrowings
from assistant.turn.shopparser import ShopParser
from retrieval.types import Constraint, Query

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.dialogue.facts import Choice


def found(shop: Assistant, *wanted: Constraint) -> int:
    return shop.store.search(Query(constraints=wanted, relax=False)).total


def until_asked(shop: Assistant, said: str, question: str) -> tuple[str, tuple[str, ...]]:
    """Talk past the questions about slots until the one that begins so is asked; return the talk and its options."""
    talk = shop.start()
    reply = shop.respond(said, conversation_id=talk)
    for step in range(14):
        if str(reply.question).startswith(question):
            return talk, reply.quick_replies
        reply = shop.respond(f"rated at least {1 + step / 10:.1f}", conversation_id=talk)
    pytest.fail(f"{question!r} was never asked")


def wishes(shop: Assistant, talk: str, *slots: str) -> list[Constraint]:
    return [c for c in shop.constraints(talk) if c.slot in slots]


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("headphones", "What matters most to you?"),
        ("televisions", "Any preference for the screen size?"),
        ("televisions", "What would you like to spend?"),
    ],
)
def test_every_option_narrows(shop: Assistant, said: str, question: str) -> None:
    talk, options = until_asked(shop, said, question)
    assert 2 <= len(options) <= 4
    before = found(shop, *shop.constraints(talk))
    for option in options:
        reply = shop.respond(option, conversation_id=talk)
        assert 0 < found(shop, *shop.constraints(talk)) < before
        assert wishes(shop, talk, "feature", "price")
        assert not reply.relaxed
        shop.undo(talk)


def test_it_is_asked_once_and_never_past_the_cheapest(shop: Assistant) -> None:
    talk, _ = until_asked(shop, "televisions", "Any preference for the")
    later = [shop.respond(f"rated at least {2 + i / 10}", conversation_id=talk).question for i in range(3)]
    assert [q for q in later if q] == ["What would you like to spend?"]
    talk, _ = until_asked(shop, "televisions", "Any brand")
    assert shop.respond("the cheapest", conversation_id=talk).question is None
    assert shop.respond("rated at least 2", conversation_id=talk).question is None


@pytest.mark.parametrize("category", ["laptop", "jacket", "sofa", "tent", "shoes"])
def test_the_parser_reads_bands_of_price_as_they_are_meant(shop: Assistant, category: str) -> None:
    state = DialogueState(constraints=(Constraint("category", "eq", category),))
    bands = narrowings(shop.store, state).prices
    assert 2 <= len(bands) <= 4
    parser = ShopParser(shop.house.parser, shop.store)
    for band in bands:
        heard = parser.parse(Turn(band.text, state, assistant_text="What would you like to spend?"))
        assert {(c.op, c.value) for c in heard.add if c.slot == "price"} == {(c.op, c.value) for c in band.means}


def test_answers_leave_what_they_say(shop: Assistant) -> None:
    kind = Constraint("category", "eq", "laptop")
    told = narrowings(shop.store, DialogueState(constraints=(kind,)))
    assert told.n_found == found(shop, kind)
    values: list[Choice] = [choice for choices in told.attributes.values() for choice in choices]
    assert {"storage", "memory"} <= told.attributes.keys()
    assert [found(shop, kind, *choice.means) for choice in values] == [choice.n for choice in values]
    assert narrowings(shop.store, DialogueState(constraints=(kind, Constraint("price", "lte", 0.01)))).n_found == 0


def test_facets_of_a_search_leave_what_they_say(shop: Assistant) -> None:
    facets = shop.facets("water bottle", constraints=(Constraint("rating", "gte", 3.0),))
    assert [c.value for c in facets.within] == ["water bottle"]
    given = (Constraint("rating", "gte", 3.0), *facets.within)
    assert facets.total == shop.search("water bottle", constraints=given).total
    assert {f.name for f in facets.facets} >= {"brand", "color", "material", "price", "rating", "insulated"}
    for facet in facets.facets:
        for value in facet.values[:6]:
            left = shop.search("water bottle", constraints=(*given, *value.constraints))
            assert (left.total, left.relaxed, left.unknown) == (value.count, (), ())
