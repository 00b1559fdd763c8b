"""The embedded model at work: ONNX Runtime on one thread, keys and values kept, every step masked by the grammar."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from assistant.errors import ModelError
from assistant.llm.base import Choice, Completion, Mark, Span
from assistant.llm.embedded.tokens import MAX_OUTPUT, MAX_PROMPT, NOWHERE, OUTPUT_TYPE, Encoded, PromptEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.llm.base import Grammar, Prompt, Token

WEIGHTS = Path(__file__).parent / "weights"
MAX_SPAN = 24  # tokens in one copied value
_PAST = (6, 2, 1, 12, 0, 32)  # layers, keys and values, batch, heads, tokens so far, width of a head
_LAST_STEPS = 4  # room to finish a command when the output grows too long


class EmbeddedModel:
    """Reads prompts and writes completions with the shipped weights.

    Args:
        folder: Where the weights are.

    Raises:
        ModelError: A file is missing or is not the one its manifest names.
    """

    name = "embedded"

    def __init__(self, folder: Path = WEIGHTS) -> None:
        _verify(folder)
        self.words: tuple[str, ...] = tuple(json.loads((folder / "words.json").read_text(encoding="utf-8")))
        self._encoder = PromptEncoder(folder / "tokenizer.json", self.words)
        self._index = {word: k for k, word in enumerate(self.words)}
        self._session = onnxruntime.InferenceSession(
            str(folder / "parser.onnx"), _options(), providers=["CPUExecutionProvider"]
        )

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return the most likely next token, again and again, among those the grammar allows.

        Raises:
            ModelError: The grammar uses words that these weights do not know.
        """
        run = _Run(self._session, self._encoder.encode(prompt), opening=self._encoder.word_ids[grammar.end])
        written: list[Token] = []
        log_probability = 0.0
        while True:
            choice = grammar.allowed(prompt, written)
            token, gain = self._next(run, choice, grammar)
            log_probability += gain
            if token == grammar.end:
                return Completion(tuple(written), math.exp(log_probability))
            written.append(token)

    def _next(self, run: _Run, choice: Choice, grammar: Grammar) -> tuple[Token, float]:
        if choice.spans:
            return self._span(run, choice)
        if choice.marks:
            at = np.array([run.prompt.marks[k] for k in choice.marks])
            best, gain = _best(run.pointers()[at])
            run.point(int(at[best]))
            return Mark(choice.marks[best]), gain
        words = choice.words
        if run.steps > MAX_OUTPUT - _LAST_STEPS and grammar.end in words:
            return grammar.end, 0.0
        ids = self._ids(words)
        best, gain = _best(run.words[ids])
        if words[best] != grammar.end:
            run.write(self._encoder.n_pieces + int(ids[best]))
        return words[best], gain

    def _span(self, run: _Run, choice: Choice) -> tuple[Span, float]:
        prompt = run.prompt
        free = _free(prompt, choice)
        inside = np.flatnonzero(free)
        best, gain = _best(run.pointers()[inside])
        first = int(inside[best])
        run.point(first)
        segment = int(prompt.segments[first])
        reach = np.arange(first, min(first + MAX_SPAN, len(prompt.ids)))
        reach = reach[np.cumprod(free[reach] & (prompt.segments[reach] == segment)).astype(bool)]
        best, more = _best(run.pointers()[reach])
        last = int(reach[best])
        run.point(last)
        return Span(segment, int(prompt.starts[first]), int(prompt.ends[last])), gain + more

    def _ids(self, words: Sequence[str]) -> NDArray[np.int64]:
        try:
            return np.array([self._index[word] for word in words])
        except KeyError as error:
            msg = (
                f"the embedded weights do not know the word {error.args[0]!r}; train them again (shoptalk train parser)"
            )
            raise ModelError(msg) from error


class _Run:
    """One completion in progress: what the session remembers, and its scores for the next token."""

    def __init__(self, session: Any, prompt: Encoded, *, opening: int) -> None:  # noqa: ANN401  onnxruntime is untyped
        self._session = session
        self.prompt = prompt
        self.steps = 0
        self._past = np.zeros(_PAST, dtype=np.float32)
        n = prompt.ids.size
        ids, types = np.append(prompt.ids, opening), np.append(prompt.types, OUTPUT_TYPE)
        positions, at = np.append(np.arange(n), MAX_PROMPT), np.full(n + 1, NOWHERE)
        keys = self._feed(ids, types, positions, at)
        self._keys = keys[:n]

    def pointers(self) -> NDArray[np.float32]:
        """Return the score of pointing at each prompt position."""
        scores: NDArray[np.float32] = self._keys @ self._query
        return scores

    def write(self, token: int) -> None:
        """Go on after a word of the language."""
        self._step(token, NOWHERE)

    def point(self, position: int) -> None:
        """Go on after pointing at a prompt position."""
        self._step(int(self.prompt.ids[position]), position)

    def _step(self, token: int, at: int) -> None:
        self.steps += 1
        one = (np.array([value]) for value in (token, OUTPUT_TYPE, MAX_PROMPT + self.steps, at))
        self._feed(*one)

    def _feed(
        self, ids: NDArray[Any], types: NDArray[Any], positions: NDArray[Any], at: NDArray[Any]
    ) -> NDArray[np.float32]:
        feed = {"ids": ids[None], "types": types[None], "positions": positions[None], "at": at[None]}
        words, queries, keys, self._past = self._session.run(None, {**feed, "past": self._past})
        self.words: NDArray[np.float32] = words[0, -1]
        self._query: NDArray[np.float32] = queries[0, -1]
        found: NDArray[np.float32] = keys[0]
        return found


def _free(prompt: Encoded, choice: Choice) -> NDArray[np.bool_]:
    """Return which tokens may be copied: those not taken, or all of them where everything is taken."""
    allowed: NDArray[np.bool_] = prompt.text & np.isin(prompt.segments, choice.spans)
    free = allowed.copy()
    for span in choice.taken:
        inside = (prompt.segments == span.segment) & (prompt.ends > span.start) & (prompt.starts < span.end)
        free &= ~inside
    return free if free.any() else allowed


def _best(scores: NDArray[np.float32]) -> tuple[int, float]:
    """Return the index of the best score and its log-probability among them."""
    best = int(scores.argmax())
    return best, -float(np.log(np.exp(scores - scores[best]).sum()))


def _options() -> Any:  # noqa: ANN401  onnxruntime is untyped
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _verify(folder: Path) -> None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for name, facts in manifest["files"].items():
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            if found != facts["sha256"]:
                msg = f"{str(folder / name)!r} has sha256 {found}, its manifest says {facts['sha256']}; fetch it again"
                raise ModelError(msg)
    except (OSError, ValueError, KeyError) as error:
        msg = f"no usable embedded model in {str(folder)!r} ({error}); run `shoptalk train parser` or fetch the weights"
        raise ModelError(msg) from error
