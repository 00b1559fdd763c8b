"""Figures found in a text by plain code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.nlu.figures import figures


def found(text: str) -> list[tuple[str, str]]:
    return [(text[known.start : known.end], known.kind) for known in figures(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hose, 15 metres at least, under 40 quid", [("15 metres", "measure"), ("40 quid", "money")]),
        ("£60 max, size 7", [("60", "money"), ("7", "number")]),
        ("between $5 and $10", [("5", "money"), ("10", "money")]),
        ("two hundred and fifty euros", [("two hundred and fifty euros", "money")]),
        ("about a tenner", [("tenner", "money")]),
        ("30$ or less", [("30$", "money")]),
        ("a 40x60cm rug", [("40x60cm", "measure")]),
        ('a 24" monitor with 16gb', [('24"', "measure"), ("16gb", "measure")]),
        ("order #K-55512 or 2033568069", [("#K-55512", "code"), ("2033568069", "code")]),
        ("lego 42177", [("42177", "code")]),
        ("six of the second one", [("six", "number")]),
        ("1.5k tops", [("1.5", "number")]),
        ("nothing to count here", []),
    ],
)
def test_figures_are_told_apart(text: str, wanted: list[tuple[str, str]]) -> None:
    assert found(text) == wanted


@given(st.text(max_size=80))
def test_any_text_is_read_and_figures_never_overlap(text: str) -> None:
    ends = 0
    for known in figures(text):
        assert ends <= known.start < known.end <= len(text)
        ends = known.end
