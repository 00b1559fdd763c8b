"""The book, its derivation, and what multiplies it."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.dialogue.state import DialogueState
from assistant.dialogue.tracker import track
from assistant.llm.base import Mark, Span
from assistant.nlu import language
from assistant.nlu.data.augment import edited
from assistant.nlu.data.examples import Example, acts_of, constraint_of, examples_of, read_book
from assistant.nlu.data.mixture import BOOK, Mixture, data_hash

GRAMMAR = language.CommandGrammar()


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    return Mixture(BOOK, generated=0.5, plain=0.2)


def check(example: Example) -> None:
    """An example must be writable within the grammar, and its spans must lie in their texts."""
    prompt = example.prompt()
    written: list[object] = []
    for token in example.tokens():
        choice = GRAMMAR.allowed(prompt, written)  # type: ignore[arg-type]
        if isinstance(token, Span):
            assert token.segment in choice.spans
            assert 0 <= token.start < token.end <= len(prompt[token.segment].text)
        elif isinstance(token, Mark):
            assert token.segment in choice.marks
        else:
            assert token in choice.words
        written.append(token)


def test_tracking_the_derived_acts_gives_the_authored_state() -> None:
    total = right = 0
    for dialogue in read_book(BOOK):
        turns = [turn for turn in dialogue["dialogue"] if turn["role"] == "user"]
        covers_all = False
        for example, turn in zip(examples_of(dialogue), turns, strict=True):
            state = track(DialogueState(constraints=example.state, covers_all=covers_all), acts_of(example))
            covers_all = state.covers_all
            wanted = {(c.slot, c.op, str(c.value).casefold()) for c in map(constraint_of, turn["constraints"])}
            right += wanted == {(c.slot, c.op, str(c.value).casefold()) for c in state.constraints}
            total += 1
    assert total > 7_900
    assert right / total > 0.99


def test_the_book_is_writable_in_the_grammar() -> None:
    broken = []
    for dialogue in read_book(BOOK):
        for example in examples_of(dialogue):
            try:
                check(example)
            except AssertionError:
                broken.append((example.origin, example.text))
    assert len(broken) <= 10, broken


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_varied_and_generated_examples_stay_true(mixture: Mixture, seed: int) -> None:
    rng = random.Random(seed)
    check(mixture.generator.example(rng))
    example = rng.choice(mixture.examples)
    varied = mixture.augmenter.vary(example, rng)
    assert varied.intents[: len(example.intents)] == example.intents
    assert len(varied.drops) == len(example.drops)
    assert [example.state[k].slot for k in example.drops] == [varied.state[k].slot for k in varied.drops]
    for wish in varied.adds:
        if wish.start >= 0:
            whole = varied.text if wish.source == "user" else varied.assistant_text
            assert whole[wish.start : wish.end].strip()


def test_edits_move_spans_along(mixture: Mixture) -> None:
    example = next(e for e in mixture.examples if any(w.start > 5 and w.source == "user" for w in e.adds))
    wish = next(w for w in example.adds if w.start > 5 and w.source == "user")
    moved = edited(example, 0, 1, "abc").adds[example.adds.index(wish)]
    assert (moved.start, moved.end) == (wish.start + 2, wish.end + 2)
    inside = edited(example, wish.start, wish.end - wish.start, "new value").adds[example.adds.index(wish)]
    assert inside.end - inside.start == len("new value")


def test_the_same_seed_gives_the_same_stream(mixture: Mixture) -> None:
    first, second = (mixture.stream(random.Random(5)) for _ in range(2))
    assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]


def test_the_data_hash_is_stable() -> None:
    assert data_hash(BOOK) == data_hash(BOOK)
