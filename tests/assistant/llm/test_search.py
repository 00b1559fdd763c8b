"""Beam search over a double of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.llm.base import Mark, Span, Token
from assistant.llm.embedded.runtime import WEIGHTS
from assistant.llm.embedded.search import Scores, Search
from assistant.llm.embedded.tokens import MAX_OUTPUT, PromptEncoder
from assistant.nlu import language
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Sequence

GRAMMAR = language.CommandGrammar()
INDEX = {word: k for k, word in enumerate(language.WORDS)}
PROMPT = language.present("red kettle under 40", "Which?", shown=["A", "B"], state=[Constraint("size", "eq", "2 l")])


class Dice:
    """A stepper whose scores are drawn from a seed; counts the tokens of the longest hypothesis."""

    def __init__(self, seed: int, n_prompt: int, *, against_end: float = 0.0) -> None:
        self._rng = np.random.default_rng(seed)
        self._n_prompt = n_prompt
        self._against_end = against_end
        self.n_steps = 0
        self.widest = 1

    def begin(self) -> Scores:
        return self._scores(1)

    def step(self, parents: Sequence[int], moves: Sequence[tuple[int | None, int]]) -> Scores:
        assert len(parents) == len(moves)
        self.n_steps += 1
        self.widest = max(self.widest, len(parents))
        return self._scores(len(parents))

    def _scores(self, rows: int) -> Scores:
        words = self._rng.normal(size=(rows, len(language.WORDS))).astype(np.float32)
        words[:, INDEX[language.END]] -= self._against_end
        return Scores(words, self._rng.normal(size=(rows, self._n_prompt)).astype(np.float32))


@pytest.fixture(scope="module")
def encoder() -> PromptEncoder:
    return PromptEncoder(WEIGHTS / "tokenizer.json", language.WORDS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=10**9), width=st.integers(min_value=1, max_value=4))
def test_whatever_the_network_thinks_the_output_is_grammatical(encoder: PromptEncoder, seed: int, width: int) -> None:
    encoded = encoder.encode(PROMPT)
    dice = Dice(seed, encoded.ids.size)
    found = Search(GRAMMAR, INDEX, width=width).run(dice, PROMPT, encoded)
    assert 0.0 < found.probability <= 1.0
    assert dice.widest <= width
    written: list[Token] = []
    for token in found.tokens:
        choice = GRAMMAR.allowed(PROMPT, written)
        if isinstance(token, Span):
            assert token.segment in choice.spans
            copied = PROMPT[token.segment].text[token.start : token.end]
            assert not any(mark in copied[1:] for mark in ",;!?")
        elif isinstance(token, Mark):
            assert token.segment in choice.marks
        else:
            assert token in choice.words
        written.append(token)
    assert language.END in GRAMMAR.allowed(PROMPT, written).words


def test_no_word_is_copied_twice_within_a_group(encoder: PromptEncoder) -> None:
    encoded = encoder.encode(PROMPT)
    for seed in range(40):
        tokens = Search(GRAMMAR, INDEX, width=1).run(Dice(seed, encoded.ids.size), PROMPT, encoded).tokens
        used: list[Span] = []
        for token in tokens:
            if token in language.GROUP_WORDS:
                used = []
            elif isinstance(token, Span):
                room = sum(end - start for start, end in ((s.start, s.end) for s in used if s.segment == token.segment))
                full = room >= len(PROMPT[token.segment].text.replace(" ", "")) - 2
                clash = any(s.segment == token.segment and s.start < token.end and token.start < s.end for s in used)
                assert full or not clash
                used.append(token)


def test_a_network_that_never_wants_to_end_is_ended(encoder: PromptEncoder) -> None:
    encoded = encoder.encode(PROMPT)
    dice = Dice(3, encoded.ids.size, against_end=1000.0)
    Search(GRAMMAR, INDEX, width=2).run(dice, PROMPT, encoded)
    assert dice.n_steps <= MAX_OUTPUT


def test_the_same_scores_give_the_same_completion(encoder: PromptEncoder) -> None:
    encoded = encoder.encode(PROMPT)
    runs = [Search(GRAMMAR, INDEX, width=3).run(Dice(5, encoded.ids.size), PROMPT, encoded) for _ in range(2)]
    assert runs[0] == runs[1]
