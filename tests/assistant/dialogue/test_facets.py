"""The question that splits best, asked once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.facets import MAX_OPTIONS, best_question, further_question, worth_asking
from assistant.dialogue.facts import Choice, Facts, Narrowings
from assistant.dialogue.state import DialogueState, Question
from assistant.dialogue.tracker import ask
from retrieval.types import Constraint

if TYPE_CHECKING:
    from retrieval.types import Slot

FACETS: dict[Slot, list[tuple[str, int]]] = {
    "color": [("black", 10), ("white", 9), ("red", 10)],
    "brand": [("Arvo", 28), ("Belco", 1)],
    "material": [("steel", 3), ("glass", 3)],
}


def test_the_slot_that_splits_best_is_asked_with_its_largest_values() -> None:
    question = best_question(FACETS, DialogueState(), n_found=29)
    assert question is not None
    assert (question.slot, question.options) == ("color", ("black", "red", "white"))


def test_what_is_constrained_or_was_asked_is_not_asked() -> None:
    red = DialogueState(constraints=(Constraint("color", "eq", "red"),))
    assert best_question(FACETS, red, n_found=29) is None
    first = best_question(FACETS, DialogueState(), n_found=29)
    asked = ask(DialogueState(), first)
    assert best_question(FACETS, replace(asked, question=None), n_found=29) is None


def test_a_short_list_needs_no_question() -> None:
    assert best_question({"color": [("black", 2), ("red", 2)]}, DialogueState()) is None
    assert best_question({}, DialogueState()) is None
    assert best_question({"color": [("black", 40)]}, DialogueState()) is None


def test_nobody_is_asked_twice_in_a_row_or_past_the_cheapest() -> None:
    passed_over = DialogueState(answering=Question("Which brand?", slot="brand"))
    assert best_question(FACETS, passed_over, n_found=29) is None
    taken_up = replace(passed_over, constraints=(Constraint("brand", "eq", "Arvo"),))
    assert best_question(FACETS, taken_up, n_found=29) is not None
    cheapest = DialogueState(constraints=(Constraint("sort", "eq", "price_asc"),))
    assert best_question(FACETS, cheapest, n_found=29) is None


def test_a_slot_that_few_products_have_is_not_asked() -> None:
    assert best_question({"material": [("steel", 3), ("glass", 3)]}, DialogueState(), n_found=400) is None


def choice(text: str, n: int, slot: Slot = "feature") -> Choice:
    return Choice(text, (Constraint(slot, "eq", text),), n)


SPLIT = Narrowings(
    n_found=30,
    attributes={
        "capacity": [choice("1 L", 12), choice("500 ml", 10)],
        "weight": [choice(f"{i} kg", 1) for i in range(9)],
    },
    features=[choice("sealed", 29), choice("insulated", 8), choice("everywhere", 30), choice("single", 1)],
    prices=[choice("under $20", 9, "price"), choice("$20 to $50", 11, "price"), choice("$50 or more", 10, "price")],
)


def test_an_attribute_is_asked_where_no_slot_splits() -> None:
    question = worth_asking(Facts(narrowings=SPLIT), DialogueState())
    assert question is not None
    assert (question.slot, question.text) == ("feature", "What matters most to you?")
    assert question.options == ("insulated", "sealed")
    assert question.means == ((Constraint("feature", "eq", "insulated"),), (Constraint("feature", "eq", "sealed"),))
    valued = further_question(replace(SPLIT, features=()), DialogueState())
    assert valued is not None
    assert (valued.text, valued.options) == ("Any preference for the capacity?", ("1 L", "500 ml"))
    slot = worth_asking(Facts(facets=FACETS, narrowings=SPLIT), DialogueState())
    assert slot is not None
    assert slot.slot == "color"


def test_the_price_is_asked_last_and_all_once() -> None:
    state = DialogueState(asked=("feature",))
    question = further_question(SPLIT, state)
    assert question is not None
    assert (question.slot, question.text) == ("price", "What would you like to spend?")
    assert question.options == ("under $20", "$20 to $50", "$50 or more")
    assert further_question(SPLIT, replace(state, asked=("feature", "price"))) is None
    bounded = DialogueState(constraints=(Constraint("price", "lte", 20), Constraint("feature", "eq", "insulated")))
    assert further_question(SPLIT, bounded) is None
    assert further_question(SPLIT, DialogueState(constraints=(Constraint("sort", "eq", "price_asc"),))) is None
    assert further_question(SPLIT, replace(state, answering=Question("Which brand?", slot="brand"))) is None
    assert further_question(replace(SPLIT, n_found=5), state) is None
    assert further_question(Narrowings(n_found=30), DialogueState()) is None


def test_a_question_with_meanings_is_stored_with_the_talk() -> None:
    asked = ask(DialogueState(), further_question(SPLIT, DialogueState()))
    assert DialogueState.from_json(asked.to_json()) == asked


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["color", "brand", "size", "price", "sort"]),
        st.lists(st.tuples(st.text(max_size=8), st.integers(0, 50)), max_size=8),
    )
)
def test_options_are_real_values(facets: dict[Slot, list[tuple[str, int]]]) -> None:
    question = best_question(facets, DialogueState())
    if question is not None and question.slot is not None:
        assert 2 <= len(question.options) <= MAX_OPTIONS
        assert set(question.options) <= {value for value, n in facets[question.slot] if n > 0}
        assert question.slot in {"color", "brand", "size"}
