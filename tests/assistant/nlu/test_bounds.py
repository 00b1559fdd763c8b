"""Cues beside a price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.nlu.bounds import range_floor, read_bound, says_stars, says_total
from assistant.nlu.values import whole_words


@pytest.mark.parametrize(
    ("before", "text", "after", "op"),
    [
        ("somewhere around the £", "80", "", "approx"),
        ("", "80ish", "", "approx"),
        ("", "forty dollars", " give or take", "approx"),
        ("", "40", " quid or thereabouts", "approx"),
        ("kettle under ", "40", "", "lte"),
        ("no more than ", "£40", "", "lte"),
        ("i won't go over ", "40", "", "lte"),
        ("", "40", " euros tops", "lte"),
        ("", "40", " max", "lte"),
        ("over ", "40", "", None),
        ("the wonderful ", "40", " one", None),
        ("i have discovered ", "40", "", None),
        ("", "40", " maximise", None),
    ],
)
def test_cues(before: str, text: str, after: str, op: str | None) -> None:
    assert read_bound(text, before, after) == op


def test_the_nearest_reading_of_two_cues_is_the_outer_one() -> None:
    assert read_bound("200 quid", "up to about ", "") == "approx"


def test_stars_are_no_money() -> None:
    assert says_stars("4", " stars or better")
    assert says_stars("four stars", "")
    assert not says_stars("40", " euros")


@pytest.mark.parametrize(
    ("text", "start", "end", "whole"),
    [("a wooden box", 3, 5, "wooden"), ("size7 shoe", 4, 5, "7"), ("red", 0, 3, "red"), ("a b", 2, 3, "b")],
)
def test_spans_are_widened_to_whole_words(text: str, start: int, end: int, whole: str) -> None:
    left, right = whole_words(text, start, end)
    assert text[left:right] == whole


@given(st.text(max_size=40), st.text(max_size=80), st.text(max_size=80))
def test_any_context_reads(text: str, before: str, after: str) -> None:
    assert read_bound(text, before, after) in {None, "approx", "lte", "gte"}


@pytest.mark.parametrize(
    ("before", "text", "after", "op"),
    [
        ("a bag, at least ", "150", " dollars", "gte"),
        ("", "$80", " or more", "gte"),
        ("minimum ", "20", "", "gte"),
        ("no more than ", "60", "", "lte"),
        ("not more than ", "60", " please", "lte"),
    ],
)
def test_lower_bounds(before: str, text: str, after: str, op: str) -> None:
    assert read_bound(text, before, after) == op


@pytest.mark.parametrize(
    ("text", "amount", "low"),
    [
        ("anything for $5 to $10", 10.0, 5.0),
        ("desks between 100 and 250", 250.0, 100.0),
        ("from 20-40 please", 40.0, 20.0),
        ("size 5 to 10 year olds under 40", 40.0, None),
        ("2 for 10", 10.0, None),
        ("between 90 and 50", 50.0, None),
    ],
)
def test_the_lower_end_of_a_range(text: str, amount: float, low: float | None) -> None:
    assert range_floor(text, amount) == low


def test_a_budget_for_everything() -> None:
    assert says_total("i have 100 in total")
    assert says_total("300 to spend on everything")
    assert not says_total("everything under 100")
