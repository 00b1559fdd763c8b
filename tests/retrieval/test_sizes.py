"""Sizes: what shops and shoppers write, read alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.sizes import crossed, kind, measures, read


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("9", ("9",)),
        ("size 9.0", ("9",)),
        ("30 inch waist", ("30",)),
        ('waist 32"', ("32",)),
        ("30 inch", ()),
        ("UK 9", ("uk 9", "9")),
        ("9 UK", ("uk 9", "9")),
        ("EU42", ("eu 42", "42")),
        ("US 8.5 / EU 42", ("us 8.5", "8.5", "eu 42", "42")),
        ("11½", ("11.5",)),
        ("Extra Large", ("xl",)),
        ("2XL", ("xxl",)),
        ("Medium", ("m",)),
        ("34/30", ("34x30",)),
        ("W34 L30", ("34x30",)),
        ("king size", ("king",)),
        ("30 waist", ("30",)),
    ],
)
def test_names(written: str, names: tuple[str, ...]) -> None:
    assert read(written).names == names


@pytest.mark.parametrize(
    ("written", "dimension", "amount"),
    [
        ("half a litre", "volume", 500),
        ("one and a half litres", "volume", 1500),
        ("a quarter of a pound", "mass", 113.398),
        ("2 and a half inch", "length", 63.5),
        ("three quarters of an inch", "length", 19.05),
        ("27 inch", "length", 685.8),
        ('27"', "length", 685.8),
        ("68.6 cm", "length", 686.0),
        ("6 ft 2", "length", 1879.6),
        ("1,5 l", "volume", 1500.0),
        ("50 litre", "volume", 50_000.0),
        ("2 lb", "mass", 907.184),
        ("1 TB", "storage", 1024.0),
        ("for 6", "people", 6.0),
        ("three seater", "people", 3.0),
        ("two pack", "pieces", 2.0),
        ("10 years", "age", 10.0),
    ],
)
def test_measures(written: str, dimension: str, amount: float) -> None:
    found = {m.dimension: m.amount for m in read(written).measures}
    assert found[dimension] == pytest.approx(amount)


def test_a_range_measures_both_ends() -> None:
    assert {m.amount for m in measures("10-11 years")} == {10.0, 11.0}


def test_sides_of_a_surface() -> None:
    assert crossed("Table, 140x78 cm") == ("140x78",)
    assert {m.amount for m in measures("Table, 140x78 cm")} == {1400.0, 780.0}


def test_kinds() -> None:
    assert [kind(n) for n in ("xl", "9", "uk 9", "34x30", "queen")] == ["letter", "number", "number", "name", "name"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_reads(text: str) -> None:
    assert all(m.amount >= 0 for m in read(text).measures)
