"""The embedded model at work: ONNX Runtime on one thread, keys and values kept, every step masked by the grammar."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from assistant.errors import ModelError
from assistant.llm.embedded.search import Scores, Search
from assistant.llm.embedded.tokens import MAX_PROMPT, N_KNOWN, NOWHERE, OUTPUT_TYPE, Encoded, PromptEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assistant.llm.base import Completion, Grammar, Prompt

WEIGHTS = Path(__file__).parent / "weights"
BEAM_WIDTH = 1
_LEAST = 1e-4
_UNCALIBRATED = (1.0, 0.0)
_PAST = (6, 2, 1, 12, 0, 32)  # layers, keys and values, batch, heads, tokens so far, width of a head


class EmbeddedModel:
    """Reads prompts and writes completions with the shipped weights.

    Args:
        folder: Where the weights are.
        width: How many hypotheses the search follows; 1 is greedy and fastest.

    Raises:
        ModelError: A file is missing or is not the one its manifest names.
    """

    name = "embedded"

    def __init__(self, folder: Path = WEIGHTS, *, width: int = BEAM_WIDTH) -> None:
        _verify(folder)
        self.words: tuple[str, ...] = tuple(json.loads((folder / "words.json").read_text(encoding="utf-8")))
        self._encoder = PromptEncoder(folder / "tokenizer.json", self.words)
        self._index = {word: k for k, word in enumerate(self.words)}
        self._width = width
        self._scale, self._offset = _calibration(folder)
        self._session = onnxruntime.InferenceSession(
            str(folder / "parser.onnx"), _options(), providers=["CPUExecutionProvider"]
        )

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return the most likely completion that the search finds within the grammar.

        Raises:
            ModelError: The grammar uses words that these weights do not know.
        """
        encoded = self._encoder.encode(prompt)
        opening = self._encoder.word_ids.get(grammar.end, self._encoder.n_pieces)
        run = _Run(self._session, encoded, opening=opening, n_pieces=self._encoder.n_pieces)
        found = Search(grammar, self._index, width=self._width).run(run, prompt, encoded)
        return replace(found, probability=self._calibrated(found.probability))

    def _calibrated(self, probability: float) -> float:
        """Return how often completions of that raw probability are right, as measured on held-out talk."""
        bounded = min(max(probability, _LEAST), 1 - _LEAST)
        return 1 / (1 + math.exp(-(self._scale * math.log(bounded / (1 - bounded)) + self._offset)))


class _Run:
    """One prompt in progress: the keys and values of every hypothesis (the `Stepper` of a search)."""

    def __init__(self, session: Any, prompt: Encoded, *, opening: int, n_pieces: int) -> None:  # noqa: ANN401
        self._session = session
        self._prompt = prompt
        self._opening = opening
        self._n_pieces = n_pieces
        self._steps = 0
        self._past: NDArray[np.float32] = np.zeros(_PAST, dtype=np.float32)
        self._keys: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    def begin(self) -> Scores:
        """Read the prompt and the opening word in one pass."""
        n = self._prompt.ids.size
        ids, types = np.append(self._prompt.ids, self._opening), np.append(self._prompt.types, OUTPUT_TYPE)
        positions, at = np.append(np.arange(n), MAX_PROMPT), np.full(n + 1, NOWHERE)
        known = np.concatenate([self._prompt.known, np.zeros((1, N_KNOWN), dtype=np.int64)])
        words, queries, keys = self._feed(ids[None], types[None], positions[None], at[None], known[None])
        self._keys = keys[0, :n].T
        return Scores(words[:, -1], queries[:, -1] @ self._keys)

    def step(self, parents: Sequence[int], moves: Sequence[tuple[int | None, int]]) -> Scores:
        """Write one more token of each chosen hypothesis."""
        self._steps += 1
        self._past = self._past[:, :, list(parents)]
        ids = np.array([[self._id(word, at)] for word, at in moves])
        at = np.array([[position] for _, position in moves])
        types, positions = np.full_like(ids, OUTPUT_TYPE), np.full_like(ids, MAX_PROMPT + self._steps)
        known = np.zeros((*ids.shape, N_KNOWN), dtype=np.int64)
        words, queries, _ = self._feed(ids, types, positions, at, known)
        return Scores(words[:, -1], queries[:, -1] @ self._keys)

    def _id(self, word: int | None, at: int) -> int:
        return int(self._prompt.ids[at]) if word is None else self._n_pieces + word

    def _feed(
        self, ids: NDArray[Any], types: NDArray[Any], positions: NDArray[Any], at: NDArray[Any], known: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        feed = {"ids": ids, "types": types, "positions": positions, "at": at, "known": known, "past": self._past}
        words, queries, keys, self._past = self._session.run(None, feed)
        return words, queries, keys


def _options() -> Any:  # noqa: ANN401  onnxruntime is untyped
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _calibration(folder: Path) -> tuple[float, float]:
    """Return scale and offset of the calibration in the manifest: Platt's, over the logit of the raw probability.

    References:
        Platt (1999), Probabilistic outputs for support vector machines.
    """
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("calibration", {})
    return float(facts.get("scale", _UNCALIBRATED[0])), float(facts.get("offset", _UNCALIBRATED[1]))


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
