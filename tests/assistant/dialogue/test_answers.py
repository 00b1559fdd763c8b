"""Quick replies mean what they say, without a parser."""

from __future__ import annotations

import pytest

from assistant.dialogue.acts import Acts
from assistant.dialogue.answers import answered
from assistant.dialogue.lexicon import same_size, stem, words
from assistant.dialogue.state import DialogueState, Question, ShownItem
from retrieval.types import Constraint

SIZE = Question("Which size?", slot="size", options=("38", "39", "Extra large"))
YES_NO = Question("Shall I?", options=("Yes", "No"))
WHICH = Question("Which?", options=("Marlow Tote", "Ines Bag"), option_ids=("t1", "t3"), intent="add_to_cart")


def test_an_option_of_a_slot_is_a_constraint() -> None:
    state = DialogueState(question=SIZE)
    assert answered(state, "39") == Acts(intents=("refine",), add=(Constraint("size", "eq", "39"),))
    assert answered(state, "size 38") == Acts(intents=("refine",), add=(Constraint("size", "eq", "38"),))
    assert answered(state, "XL") == Acts(intents=("refine",), add=(Constraint("size", "eq", "Extra large"),))


def test_an_option_asks_for_what_it_means() -> None:
    band = (Constraint("price", "gte", 50.0), Constraint("price", "lte", 100.0))
    asked = Question("How much?", slot="price", options=("under $50", "$50 to $100"), means=((), band))
    assert answered(DialogueState(question=asked), "$50 to $100") == Acts(intents=("refine",), add=band)
    assert answered(DialogueState(question=asked), "$60 to $100") is None


def test_yes_no_and_items() -> None:
    assert answered(DialogueState(question=YES_NO), "Yes!") == Acts(intents=("affirm",))
    assert answered(DialogueState(question=YES_NO), "no thanks") == Acts(intents=("deny",))
    chosen = answered(DialogueState(question=WHICH), "ines bag")
    assert chosen == Acts(intents=("add_to_cart",), product_ids=("t3",))


def test_everything_else_is_the_parsers() -> None:
    assert answered(DialogueState(question=SIZE), "do you have them in 39 and black?") is None
    assert answered(DialogueState(question=YES_NO), "yes but in blue") is None
    assert answered(DialogueState(question=WHICH), "neither") is None
    assert answered(DialogueState(question=YES_NO), "") is None
    assert answered(DialogueState(), "yes") is None


def test_more_goes_on_only_where_something_is_shown() -> None:
    assert answered(DialogueState(shown=(ShownItem("a", "A", 1, 1),)), "Show more") == Acts(intents=("refine",))
    assert answered(DialogueState(), "show more") is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("Large", "L", True),
        ("size 7", "7", True),
        ("a 7", "UK 7", True),
        ("US 7", "UK 7", False),
        ("7.5", "7,5", True),
        ("7.0", "7", True),
        ("XX Large", "2XL", True),
        ("7", "7.5", False),
        ("10-12", "10 - 12", True),
        ("M", "L", False),
    ],
)
def test_sizes(left: str, right: str, *, same: bool) -> None:
    assert same_size(left, right) is same


def test_words_and_stems() -> None:
    assert words("Men's \N{RIGHT SINGLE QUOTATION MARK}n Boots, size 7½") == ["mens", "n", "boots", "size", "7½"]
    assert [stem(w) for w in ("heels", "dresses", "watches", "accessories", "glass", "bus")] == [
        "heel", "dress", "watch", "accessory", "glass", "bus",
    ]  # fmt: skip
