"""Beam search for the completion that a model finds most likely among those a grammar allows.

A copied span takes two steps: the pointer to its first token, then the pointer to its last one. All hypotheses of a
step have written equally many steps, so that the network runs them as one batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assistant.errors import ModelError
from assistant.llm.base import Completion, Mark, Span
from assistant.llm.embedded.tokens import MAX_OUTPUT, NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assistant.llm.base import Choice, Grammar, Prompt, Token
    from assistant.llm.embedded.tokens import Encoded

MAX_SPAN = 24  # tokens in one copied value
_MARGIN = 4.0  # a hypothesis this far (in log-probability) behind the best one is given up
_LAST_STEPS = 4  # room to finish a command when the output grows too long


@dataclass(frozen=True, slots=True)
class Scores:
    """What the network thinks of the next token of each hypothesis: words (b, words), pointers (b, prompt)."""

    words: NDArray[np.float32]
    pointers: NDArray[np.float32]


class Stepper(Protocol):
    """Runs the network: the prompt once, then batches of one more token for chosen hypotheses."""

    def begin(self) -> Scores:
        """Read the prompt; return the scores of the first token, b = 1."""
        ...

    def step(self, parents: Sequence[int], moves: Sequence[tuple[int | None, int]]) -> Scores:
        """Go on from rows `parents` of the last batch, each by a word number (or None) and a pointed position."""
        ...


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    """What was written so far. `first` is the position of the first token of a span whose end is still open."""

    score: float
    written: tuple[Token, ...] = ()
    first: int | None = None
    parent: int = 0
    move: tuple[int | None, int] = (None, NOWHERE)


class Search:
    """One search over one prompt.

    Args:
        grammar: What may follow what.
        index: Number of each word the network scores.
        width: How many hypotheses are followed at once, from 1 (greedy).
    """

    def __init__(self, grammar: Grammar, index: Mapping[str, int], *, width: int) -> None:
        self._grammar = grammar
        self._index = index
        self._width = width

    def run(self, stepper: Stepper, prompt: Prompt, encoded: Encoded) -> Completion:
        """Return the best completion.

        Raises:
            ModelError: The grammar uses words that the network does not know.
        """
        beam, scores = [_Hypothesis(0.0)], stepper.begin()
        first = self._first(scores.words[0], self._grammar.allowed(prompt, ()).words)
        best = _Hypothesis(-math.inf)
        for n_steps in range(MAX_OUTPUT + 1):
            closing = n_steps > MAX_OUTPUT - _LAST_STEPS
            grown: list[_Hypothesis] = []
            for row, hypothesis in enumerate(beam):
                for new in self._grow(hypothesis, row, scores, prompt=prompt, encoded=encoded, closing=closing):
                    if new.written and new.written[-1] == self._grammar.end:
                        best = max(best, new, key=lambda h: h.score)
                    else:
                        grown.append(new)
            beam = self._kept(grown, best.score)
            if not beam:
                break
            scores = stepper.step([h.parent for h in beam], [h.move for h in beam])
        return Completion(best.written[:-1], math.exp(best.score), first)

    def _first(self, scores: NDArray[np.float32], words: Sequence[str]) -> dict[str, float]:
        """Return the probability of each word that may open the completion."""
        logits = scores[self._numbers(words)]
        shares = np.exp(logits - logits.max())
        return {word: float(share) for word, share in zip(words, shares / shares.sum(), strict=True)}

    def _numbers(self, words: Sequence[str]) -> NDArray[np.int64]:
        try:
            return np.array([self._index[word] for word in words], dtype=np.int64)
        except KeyError as error:
            msg = f"the weights do not know the word {error.args[0]!r}; train them again (shoptalk train parser)"
            raise ModelError(msg) from error

    def _kept(self, grown: list[_Hypothesis], least: float) -> list[_Hypothesis]:
        grown.sort(key=lambda h: -h.score)
        floor = max(least, grown[0].score - _MARGIN) if grown else least
        return [h for h in grown[: self._width] if h.score > least and h.score >= floor]

    def _grow(
        self, old: _Hypothesis, row: int, scores: Scores, *, prompt: Prompt, encoded: Encoded, closing: bool
    ) -> Iterator[_Hypothesis]:
        choice = self._grammar.allowed(prompt, old.written)
        if old.first is not None:
            yield from self._closed_span(old, row, scores.pointers[row], choice=choice, encoded=encoded)
            return
        if choice.spans:
            inside = _beginnings(choice, encoded)
            for k, gain in self._top(scores.pointers[row][inside]):
                at = int(inside[k])
                yield _Hypothesis(old.score + gain, old.written, at, row, (None, at))
        elif choice.marks:
            positions = np.array([encoded.marks[k] for k in choice.marks])
            for k, gain in self._top(scores.pointers[row][positions]):
                mark = Mark(choice.marks[k])
                yield _Hypothesis(old.score + gain, (*old.written, mark), None, row, (None, int(positions[k])))
        else:
            yield from self._words(old, row, scores.words[row], choice=choice, closing=closing)

    def _closed_span(
        self, old: _Hypothesis, row: int, pointers: NDArray[np.float32], *, choice: Choice, encoded: Encoded
    ) -> Iterator[_Hypothesis]:
        first = old.first or 0
        segment = int(encoded.segments[first])
        reach = np.arange(first, min(first + MAX_SPAN, encoded.ids.size))
        reach = reach[encoded.segments[reach] == segment]
        ended = np.flatnonzero((encoded.barred | _taken(choice, encoded))[reach[1:]])
        reach = reach[: ended[0] + 1] if ended.size else reach
        for k, gain in self._top(pointers[reach]):
            last = int(reach[k])
            span = Span(segment, int(encoded.starts[first]), int(encoded.ends[last]))
            yield _Hypothesis(old.score + gain, (*old.written, span), None, row, (None, last))

    def _words(
        self, old: _Hypothesis, row: int, scores: NDArray[np.float32], *, choice: Choice, closing: bool
    ) -> Iterator[_Hypothesis]:
        words = choice.words
        if closing and self._grammar.end in words:
            words = (self._grammar.end,)
        numbers = self._numbers(words)
        for k, gain in self._top(scores[numbers]):
            yield _Hypothesis(old.score + gain, (*old.written, words[k]), None, row, (int(numbers[k]), NOWHERE))

    def _top(self, scores: NDArray[np.float32]) -> list[tuple[int, float]]:
        """Return the best few indices with their log-probabilities among all of `scores`."""
        shifted = scores - scores.max()
        logs = shifted - np.log(np.exp(shifted).sum())
        return [(int(k), float(logs[k])) for k in np.argsort(-logs, kind="stable")[: self._width]]


def _beginnings(choice: Choice, encoded: Encoded) -> NDArray[np.int64]:
    """Return the positions where a span may begin."""
    inside = encoded.text & np.isin(encoded.segments, choice.spans)
    free = inside & ~_taken(choice, encoded)
    return np.flatnonzero(free if free.any() else inside)


def _taken(choice: Choice, encoded: Encoded) -> NDArray[np.bool_]:
    """Return which tokens another span uses."""
    used = np.zeros(encoded.ids.size, dtype=bool)
    for span in choice.taken:
        used |= (encoded.segments == span.segment) & (encoded.starts < span.end) & (encoded.ends > span.start)
    return used
