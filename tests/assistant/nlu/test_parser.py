"""Commands become acts; the shipped model parses real talk."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.dialogue.acts import INTENTS, SLOTS, Drop
from assistant.dialogue.state import DialogueState, ShownItem
from assistant.errors import ModelError, ParseError
from assistant.llm.base import Completion, Grammar, Mark, Prompt, Span
from assistant.llm.registry import load_model
from assistant.llm.scripted import ScriptedModel
from assistant.nlu import language
from assistant.nlu.base import Turn
from assistant.nlu.parser import ModelParser
from retrieval.types import SHOWN, Constraint

STATE = DialogueState(
    turn=1,
    constraints=(
        Constraint("category", "eq", "kettle"),
        Constraint("price", "lte", 40.0, currency="GBP"),
        Constraint("color", "eq", "red"),
    ),
    shown=tuple(ShownItem(f"p{k}", title, k, 1) for k, title in enumerate(("Tefal Red", "Bosch Steel"), start=1)),
)


@pytest.fixture(scope="module")
def parser() -> ModelParser:
    return ModelParser(load_model("embedded"))


def test_spans_marks_and_closed_words_become_acts() -> None:
    text = "the second, but in blue not red, up to fifty"
    acts = ModelParser(
        ScriptedModel(
            {
                text: (
                    "<i:refine>", language.DROP, Mark(6), "<add:color:eq>", Span(0, 19, 23), "<add:price:lte>",
                    Span(0, 39, 44), "<sort:price_asc>", language.REF, Mark(3),
                )
            }
        )
    ).parse(Turn(text, STATE))  # fmt: skip
    assert acts.intents == ("refine",)
    assert acts.drop == (Drop("color", "red", 0),)
    assert acts.references == (2,)
    assert acts.add == (
        Constraint("color", "eq", "blue"),
        Constraint("price", "lte", 50.0, currency="GBP"),
        Constraint("sort", "eq", "price_asc", hard=False),
    )


def test_kept_constraints_are_repeated_and_groups_are_numbered() -> None:
    text = "a tent and a stove"
    acts = ModelParser(
        ScriptedModel(
            {
                text: (
                    "<i:search>", language.KEEP, Mark(5), "<add:category:eq>", Span(0, 2, 6), "<g1>",
                    "<add:category:eq>", Span(0, 13, 18),
                )
            }
        )
    ).parse(Turn(text, STATE))  # fmt: skip
    assert STATE.constraints[1] in acts.add
    assert [(c.value, c.group) for c in acts.add if c.slot == "category"] == [("tent", 0), ("stove", 1)]


def test_cheaper_points_at_what_was_shown_and_a_budget_can_cover_all() -> None:
    cheaper = ModelParser(ScriptedModel(otherwise=("<i:refine>", "<price:lt>"))).parse(Turn("cheaper", STATE))
    assert cheaper.add == (Constraint("price", "lt", SHOWN),)
    text = "200 for the lot"
    tokens = ("<i:refine>", "<add:price:lte>", Span(0, 0, 3), language.COVERS_ALL)
    assert ModelParser(ScriptedModel({text: tokens})).parse(Turn(text, STATE)).covers_all


def test_a_value_that_cannot_be_read_is_left_out() -> None:
    text = "something cheap"
    acts = ModelParser(ScriptedModel({text: ("<i:search>", "<add:price:lte>", Span(0, 10, 15))})).parse(Turn(text))
    assert acts.add == ()


class BrokenModel:
    """A model that never answers."""

    name = "broken"

    def complete(self, _prompt: Prompt, _grammar: Grammar) -> Completion:
        msg = "no weights"
        raise ModelError(msg)


def test_a_model_that_fails_is_a_parse_error() -> None:
    with pytest.raises(ParseError, match="broken"):
        ModelParser(BrokenModel()).parse(Turn("hello"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200), said=st.text(max_size=60))
def test_any_text_gives_valid_acts_whose_values_were_typed(parser: ModelParser, text: str, said: str) -> None:
    acts = parser.parse(Turn(text, STATE, assistant_text=said))
    assert acts.intents
    assert set(acts.intents) <= set(INTENTS)
    assert all(1 <= k <= len(STATE.shown) for k in acts.references)
    assert 0.0 <= acts.confidence <= 1.0
    for c in acts.add:
        assert c.slot in SLOTS
        if isinstance(c.value, str) and c.slot in {"brand", "order_id"} and c not in STATE.constraints:
            assert "".join(c.value.split()) in "".join(text.split()) + "\n" + "".join(said.split())


@pytest.mark.parametrize("text", ["", "   ", "😀", "红色的水壶", "kettle " * 500, "<script>alert(1)</script>"])
def test_hostile_and_foreign_texts_parse(parser: ModelParser, text: str) -> None:
    assert parser.parse(Turn(text, STATE)).intents


def test_parsing_is_deterministic(parser: ModelParser) -> None:
    turn = Turn("a blue kettle under 60 euros please", STATE)
    assert parser.parse(turn) == parser.parse(turn)


def test_plain_requests_are_understood(parser: ModelParser) -> None:
    acts = parser.parse(Turn("black running shoes under $80"))
    found = {(c.slot, c.op, c.value) for c in acts.add}
    assert acts.main == "search"
    assert {("category", "eq", "running shoe"), ("price", "lte", 80.0)} <= found
