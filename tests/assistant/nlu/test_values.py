"""Copied spans become values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.nlu.values import MAX_VALUE, measured, read_value, singular
from retrieval.types import Slot

SLOTS: tuple[Slot, ...] = ("category", "size", "feature", "price", "rating", "quantity", "order_id", "recipient")


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("category", "the trail  running shoes", "trail running shoe"),
        ("category", "knives", "knife"),
        ("category", "batteries", "battery"),
        ("category", "dress", "dress"),
        ("category", "sunglasses", "sunglasses"),
        ("color", "blk", "black"),
        ("recipient", "women's", "women"),
        ("recipient", "Dad", "Dad"),
        ("brand", "Levi's", "Levi's"),
        ("size", "50cm", "50 cm"),
        ("size", "four litres", "4 litre"),
        ("size", "for six", "for six"),
        ("feature", "w pockets", "pockets"),
        ("feature", "with a timer", "timer"),
        ("feature", "a hood,", "hood"),
        ("order_id", "#K-55512", "K-55512"),
        ("price", "2.5k", 2500.0),
        ("rating", "four and a half stars", 4.5),
        ("rating", "11", 5.0),
        ("quantity", "three of them", 3.0),
        ("quantity", "0", 1.0),
    ],
)
def test_values(slot: Slot, text: str, value: str | float) -> None:
    read = read_value(slot, text)
    assert read is not None
    assert read[0] == value


@pytest.mark.parametrize(("slot", "text"), [("price", "cheap"), ("rating", "good"), ("color", " ,. "), ("size", "")])
def test_spans_that_say_nothing_give_nothing(slot: Slot, text: str) -> None:
    assert read_value(slot, text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("2 metres", "2 metre"), ("a litre", "1 litre"), ('34"', "34 inch"), ("size 8", "size 8")]
)
def test_measures(text: str, value: str) -> None:
    assert measured(text) == value


@given(st.sampled_from(SLOTS), st.text(max_size=400))
def test_any_span_gives_a_bounded_value_or_none(slot: Slot, text: str) -> None:
    read = read_value(slot, text)
    if read is not None and isinstance(read[0], str):
        assert read[0].strip()
        assert len(read[0]) <= 3 * MAX_VALUE


@given(st.text(alphabet="abcdefgies", min_size=1, max_size=12))
def test_singular_never_empties_a_word(word: str) -> None:
    assert singular(word)
