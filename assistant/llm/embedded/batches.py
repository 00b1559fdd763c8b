"""Training batches for the embedded network: examples as arrays, padded to one length, and the loss over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from assistant.llm.base import Mark, Span
from assistant.llm.embedded.network import OUTPUT_POSITION, prefix_mask
from assistant.llm.embedded.tokens import MAX_OUTPUT, N_KNOWN, NOWHERE, OUTPUT_TYPE, Encoded, PromptEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from assistant.llm.base import Prompt, Token

_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Row:
    """One example as arrays: the prompt, and for each output step what to write and what was written before."""

    prompt: Encoded
    targets: np.ndarray[Any, np.dtype[np.int64]]
    inputs: np.ndarray[Any, np.dtype[np.int64]]
    at: np.ndarray[Any, np.dtype[np.int64]]


def encode_row(prompt_of: Prompt, tokens: Sequence[Token], *, encoder: PromptEncoder) -> Row | None:
    """Return the arrays of a prompt and what should follow it; None where a value was cut off.

    Args:
        prompt_of: What the model reads.
        tokens: What it should write; the last one is the closing word, which also opens the output.
        encoder: Turns both into ids.
    """
    prompt = encoder.encode(prompt_of)
    targets: list[int] = []
    inputs = [encoder.word_ids[str(tokens[-1])]]
    at = [NOWHERE]
    for token in tokens:
        where = _targets(token, prompt, encoder)
        if where is None:
            return None
        for target, pointed in where:
            targets.append(target)
            inputs.append(int(prompt.ids[pointed]) if pointed < NOWHERE else encoder.n_pieces + target)
            at.append(pointed)
    if len(targets) > MAX_OUTPUT:
        return None
    return Row(prompt, np.array(targets), np.array(inputs[:-1]), np.array(at[:-1]))


def _targets(token: str | Span | Mark, prompt: Encoded, encoder: PromptEncoder) -> list[tuple[int, int]] | None:
    n_words = len(encoder.words)
    if isinstance(token, str):
        return [(encoder.word_ids[token] - encoder.n_pieces, NOWHERE)]
    if isinstance(token, Mark):
        at = prompt.marks[token.segment]
        return [(n_words + at, at)]
    ends = prompt.locate(token)
    return None if ends is None else [(n_words + at, at) for at in ends]


def collate(rows: Sequence[Row], encoder: PromptEncoder) -> dict[str, Tensor]:
    """Pad rows to one batch: ids, types, positions, at (b, n), known (b, n, .), mask (b, 1, n, n), targets (b, m)."""
    longest = max(row.prompt.ids.size for row in rows)
    n_out = max(row.targets.size for row in rows)
    b, n = len(rows), longest + n_out
    ids, types, positions = (np.zeros((b, n), dtype=np.int64) for _ in range(3))
    at = np.full((b, n), NOWHERE, dtype=np.int64)
    known = np.zeros((b, n, N_KNOWN), dtype=np.int64)
    targets = np.full((b, n_out), _IGNORED, dtype=np.int64)
    real = np.zeros((b, longest), dtype=bool)
    types[:, longest:] = OUTPUT_TYPE
    positions[:, longest:] = OUTPUT_POSITION + np.arange(n_out)
    for k, row in enumerate(rows):
        p, m = row.prompt.ids.size, row.targets.size
        ids[k, :p], types[k, :p], positions[k, :p], real[k, :p] = row.prompt.ids, row.prompt.types, np.arange(p), True
        known[k, :p] = row.prompt.known
        ids[k, longest : longest + m], at[k, longest : longest + m] = row.inputs, row.at
        targets[k, :m] = row.targets
    arrays = {
        "ids": ids, "types": types, "positions": positions, "at": at, "known": known, "targets": targets, "real": real,
    }  # fmt: skip
    batch = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return {**batch, "mask": prefix_mask(batch["real"], n_out), "n_words": torch.tensor(len(encoder.words))}


def loss_of(network: Any, batch: dict[str, Tensor]) -> Tensor:  # noqa: ANN401
    """Return the mean cross-entropy of the next token."""
    n_prompt = batch["real"].shape[1]
    states = network(batch["ids"], batch["types"], batch["positions"], batch["at"], batch["known"], batch["mask"])
    scores = network.scores(states, n_prompt).float()
    n_words = int(batch["n_words"])
    blocked = functional.pad(~batch["real"], (n_words, 0), value=False)[:, None, :]
    scores = scores.masked_fill(blocked, -math.inf)
    return functional.cross_entropy(scores.flatten(0, 1), batch["targets"].flatten(), ignore_index=_IGNORED)
