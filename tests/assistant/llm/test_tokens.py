"""Encoding prompts: offsets, unknown characters, cutting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.llm.base import KNOWN_KINDS, Known, Segment, Span
from assistant.llm.embedded.runtime import WEIGHTS
from assistant.llm.embedded.tokens import MAX_PROMPT, PromptEncoder
from assistant.nlu import language
from retrieval.types import Constraint


@pytest.fixture(scope="module")
def encoder() -> PromptEncoder:
    return PromptEncoder(WEIGHTS / "tokenizer.json", language.WORDS)


def test_spans_are_found_by_character(encoder: PromptEncoder) -> None:
    text = "a Burgundy kettle, 1.7L"
    encoded = encoder.encode(language.present(text))
    where = encoded.locate(Span(0, 2, 10))
    assert where is not None
    first, last = where
    assert text[encoded.starts[first] : encoded.ends[last]] == "Burgundy"


def test_unknown_characters_stay_apart(encoder: PromptEncoder) -> None:
    encoded = encoder.encode(language.present("ꙮ ꙗ ꙮ"))
    unknown = encoded.ids[encoded.text]
    assert unknown[0] == unknown[2] != unknown[1]
    assert (unknown >= encoder.n_pieces + len(encoder.words)).all()
    assert (unknown < encoder.n_ids).all()


def test_marks_stand_before_their_segment(encoder: PromptEncoder) -> None:
    prompt = language.present("x", shown=["Kettle"], state=[Constraint("price", "lte", 40.0, group=1)])
    encoded = encoder.encode(prompt)
    assert encoded.ids[encoded.marks[2]] == encoder.word_ids[language.ITEM]
    assert encoded.ids[encoded.marks[3]] == encoder.word_ids[language.STATE]
    assert encoder.word_ids["<g1>"] in encoded.ids


def test_what_is_known_of_words_and_figures_reaches_their_tokens(encoder: PromptEncoder) -> None:
    text = "red garden chairs under £40"
    known = (Known(0, 3, "color"), Known(4, 17, "category"))
    encoded = encoder.encode(language.present(text, known=known))
    told = {
        text[start:end]: tuple(int(k) for k in kinds)
        for start, end, kinds in zip(encoded.starts, encoded.ends, encoded.known, strict=True)
        if start >= 0
    }
    color, category, money = (1 + KNOWN_KINDS.index(kind) for kind in ("color", "category", "money"))
    assert told["red"] == (color, 0)
    assert told["garden"] == told["chairs"] == (category, 0)
    assert told["under"] == (0, 0)
    assert told["40"] == (0, money)


@pytest.mark.parametrize(
    ("text", "barred"),
    [
        ("red, blue", [","]),
        ("1,200 or 2.4 m", []),
        ("St. Ives", []),
        ("it broke. help", ["."]),
        ("one\ntwo", ["two"]),
    ],
)
def test_spans_end_where_a_clause_does(encoder: PromptEncoder, text: str, barred: list[str]) -> None:
    encoded = encoder.encode(language.present(text))
    where = np.flatnonzero(encoded.barred)
    assert [text[encoded.starts[k] : encoded.ends[k]] for k in where] == barred


def test_cut_values_are_not_found(encoder: PromptEncoder) -> None:
    text = "word " * 500 + "kettle"
    assert encoder.encode(language.present(text)).locate(Span(0, len(text) - 6, len(text))) is None


def test_the_end_of_the_assistant_text_is_kept(encoder: PromptEncoder) -> None:
    said = "word " * 500 + "Which colour?"
    encoded = encoder.encode(language.present("x", said))
    assert encoded.ends[encoded.segments == 1].max() == len(said)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=400),
    titles=st.lists(st.text(max_size=80), max_size=30),
    values=st.lists(st.text(max_size=80), max_size=40),
)
def test_every_prompt_fits_and_offsets_point_into_their_text(
    encoder: PromptEncoder, text: str, titles: list[str], values: list[str]
) -> None:
    prompt = language.present(text, text, shown=titles, state=[Constraint("style", "ne", v) for v in values])
    encoded = encoder.encode(prompt)
    assert encoded.ids.size <= MAX_PROMPT
    assert len(encoded.marks) == len(prompt)
    for segment, start, end in zip(
        encoded.segments[encoded.text], encoded.starts[encoded.text], encoded.ends[encoded.text], strict=True
    ):
        assert 0 <= start < end <= len(prompt[segment].text)
    assert np.array_equal(np.unique(encoded.segments), np.arange(len(prompt)))


def test_text_without_word_pieces_still_has_a_token(encoder: PromptEncoder) -> None:
    encoded = encoder.encode((Segment("user", "\u200d\u200c"),))
    assert encoded.ids.size == 1 + int(encoded.text.sum())
