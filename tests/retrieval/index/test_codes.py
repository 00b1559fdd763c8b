"""However a model number is written, the writings share a code."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.index.codes import MOST_CODES, codes, joined_pairs

letters = st.text("abcxyz", min_size=1, max_size=4)
digits = st.text("0123456789", min_size=1, max_size=4)


@given(letters, digits, letters, st.sampled_from(["", "-", " ", "/", "."]), st.sampled_from(["", "-", " "]))
@settings(max_examples=60)
def test_separators_and_case_do_not_matter(a: str, b: str, c: str, first: str, second: str) -> None:
    assert a + b + c in codes(f"the {a.upper()}{first}{b}{second}{c} thing")


@given(st.text(max_size=300))
@settings(max_examples=60)
def test_codes_mix_letters_and_digits_and_are_bounded(text: str) -> None:
    found = codes(text)
    assert len(found) == len(set(found)) <= MOST_CODES
    assert all(not code.isalpha() and not code.isdigit() for code in found)


def test_a_flood_is_bounded() -> None:
    assert len(codes("".join(f"a{i}" for i in range(10_000)))) == MOST_CODES


def test_words_without_digits_give_no_code() -> None:
    assert codes("plain words only") == []
    assert joined_pairs("head phones 3") == ["headphones"]
