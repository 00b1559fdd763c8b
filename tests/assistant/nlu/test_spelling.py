"""Mending spelling in values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.embedded.runtime import WEIGHTS
from assistant.nlu.data.mixture import BOOK
from assistant.nlu.data.wordlist import WORDS, build
from assistant.nlu.spelling import Speller, is_slip, shipped


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wirless earbuds", "wireless earbuds"),
        ("trail runing", "trail running"),
        ("matress", "mattress"),
        ("secateurs", "secateurs"),
        ("sunglasses", "sunglasses"),
        ("rug", "rug"),
        ("Zzyzxqvw", "Zzyzxqvw"),
    ],
)
def test_only_unknown_words_near_a_shop_word_are_mended(typed: str, meant: str) -> None:
    assert shipped().mend(typed) == meant


def test_common_words_are_right_but_never_offered() -> None:
    speller = Speller.of(["kettle"], ["nettle", "kernel"])
    assert speller.mend("nettle kernel kettel") == "nettle kernel kettle"
    assert speller.mend("nettlee") == "nettlee"


@given(st.text(max_size=200))
def test_mending_twice_changes_nothing_more(phrase: str) -> None:
    once = shipped().mend(phrase)
    assert shipped().mend(once) == once


def test_the_shipped_list_is_the_one_the_book_gives() -> None:
    assert WORDS.read_text(encoding="utf-8") == build(BOOK, WEIGHTS / "tokenizer.json")


@pytest.mark.parametrize(("typed", "meant"), [("wirless", "wireless"), ("labtop,", "laptop,"), ("purpel", "purple")])
def test_slips_are_told(typed: str, meant: str) -> None:
    assert is_slip(typed, meant)


@pytest.mark.parametrize(
    ("typed", "other"),
    [("dont", "dot"), ("quid", "quad"), ("pricier", "printer"), ("propane", "prone"), ("silentnight", "silent night")],
)
def test_words_of_talk_and_far_words_are_no_slips(typed: str, other: str) -> None:
    assert not is_slip(typed, other)
