"""The grammar of the command language."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.base import Choice, Mark, Prompt, Span, Token
from assistant.nlu import language
from retrieval.types import SHOWN, Constraint

GRAMMAR = language.CommandGrammar()
FULL = language.present(
    "red kettle",
    "Which one?",
    shown=["A", "B"],
    state=[Constraint("price", "lt", SHOWN), Constraint("size", "eq", "2 l")],
)
EMPTY = language.present("", "")


def written_at_random(prompt: Prompt, seed: int) -> list[Token]:
    rng = random.Random(seed)
    written: list[Token] = []
    while len(written) < 400:
        choice = GRAMMAR.allowed(prompt, written)
        token = pick(choice, rng)
        if token == language.END:
            return written
        written.append(token)
    pytest.fail("the grammar lets an output run on for ever")


def pick(choice: Choice, rng: random.Random) -> Token:
    if choice.spans:
        return Span(rng.choice(choice.spans), 0, 1)
    if choice.marks:
        return Mark(rng.choice(choice.marks))
    return rng.choice(choice.words)


@given(st.integers(min_value=0), st.booleans())
def test_whatever_is_written_ends_and_starts_with_intents(seed: int, full: bool) -> None:
    written = written_at_random(FULL if full else EMPTY, seed)
    assert written[0] in language.INTENT_SET
    marks = [token for token in written if isinstance(token, Mark)]
    assert len(marks) == len(set(marks))
    assert sum(token in language.INTENT_SET for token in written) <= language.MAX_INTENTS
    assert sum(token in language.ADD_SET | language.CLOSED_SET for token in written) <= language.MAX_ADDS
    stages = [language.STAGE[token] for token in written if isinstance(token, str) and token in language.STAGE]
    assert stages == sorted(stages)


def test_an_empty_turn_can_copy_and_point_at_nothing() -> None:
    words = GRAMMAR.allowed(EMPTY, ["<i:greet>"]).words
    assert not set(words) & (language.ADD_SET | {language.DROP, language.KEEP, language.REF})
    assert language.END in words


def test_words_are_unique_and_have_plain_english() -> None:
    assert len(set(language.WORDS)) == len(language.WORDS)
    assert all(language.gloss(word) for word in language.WORDS)


def test_the_state_is_laid_out_with_slot_operator_and_group() -> None:
    prompt = language.present("x", state=[Constraint("color", "ne", "red", group=2), Constraint("price", "lte", 40.0)])
    assert prompt[2].marks == (language.STATE, "<s:color>", "<o:ne>", "<g2>")
    assert prompt[3].text == "40"


def test_the_item_that_is_talked_about_is_marked() -> None:
    prompt = language.present("is it loud?", shown=["A", "B"], focus=[2])
    assert [language.FOCUS in segment.marks for segment in prompt if segment.kind == "shown"] == [False, True]


def test_a_group_uses_each_word_once() -> None:
    prompt = language.present("red kettle and red mug")
    first, second = Span(0, 0, 3), Span(0, 4, 10)
    written = ("<i:search>", "<add:color:eq>", first, "<add:category:eq>", second, "<add:color:eq>")
    assert GRAMMAR.allowed(prompt, written).taken == (first, second)
    assert GRAMMAR.allowed(prompt, (*written[:5], "<g1>", "<add:color:eq>")).taken == ()
