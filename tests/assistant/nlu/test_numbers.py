"""Reading numbers and money as shoppers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.nlu.numbers import Money, read_money, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("80", 80), ("1,200", 1200), ("1.200,50", 1200.5), ("7.50", 7.5), ("2.2k", 2200), ("two grand", 2000),
        ("a hundred and twenty", 120), ("Twenty-five", 25), ("twenty five", 25), ("three fifty", 350),
        ("fifteen hundred", 1500), ("one lakh", 100_000), ("8 thousand", 8000), ("hundred", 100), ("a grand", 1000),
        ("four and a half", 4.5), ("4+ stars", 4), ("3x", 3), ("one dozen", 12), ("a couple", 2), ("60ish", 60),
        ("two thousand five hundred", 2500), ("nothing", None), ("", None), ("😀", None),
    ],
)  # fmt: skip
def test_numbers(text: str, number: float | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("before", "text", "after", "money"),
    [
        ("under ", "£60", "", Money(60, "GBP")),
        ("under £", "60", " please", Money(60, "GBP")),
        ("", "25 quid", "", Money(25, "GBP")),
        ("", "forty dollars", " or so", Money(40, "USD")),
        ("", "100", "€ max", Money(100, "EUR")),
        ("between ", "two", " to three hundred €", Money(200, "EUR")),
        ("", "30", " to 45 euros", Money(30, "EUR")),
        ("", "seventy", " to a hundred euros", Money(70, "EUR")),
        ("from ", "1", "-2k", Money(1000, None)),
        ("", "a tenner", " tops", Money(10, "GBP")),
        ("", "fifteen dollars cdn", "", Money(15, "CAD")),
        ("", "a hundred and fifty NZ dollars", "", Money(150, "NZD")),
        ("", "three hundred €", "", Money(300, "EUR")),
        ("", "18,000 INR", "", Money(18_000, "INR")),
        ("", "20ish quid", "", Money(20, "GBP")),
        ("", "75", " and not red", Money(75, None)),
        ("", "cheap", "", None),
    ],
)
def test_money(before: str, text: str, after: str, money: Money | None) -> None:
    assert read_money(text, before, after) == money


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=40))
def test_any_text_reads_or_says_none(text: str, before: str, after: str) -> None:
    money = read_money(text, before, after)
    assert money is None or money.amount == pytest.approx(money.amount)


@given(st.integers(min_value=0, max_value=10**9))
def test_digits_read_back(number: int) -> None:
    assert read_number(str(number)) == number
    assert read_number(f"{number:,}") == number
