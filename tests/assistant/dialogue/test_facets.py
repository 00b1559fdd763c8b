"""The question that splits best, asked once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.facets import MAX_OPTIONS, best_question
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
