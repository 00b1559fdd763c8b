"""The torch network: what is trained is what is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from assistant.errors import ModelError
from assistant.llm.base import Span
from assistant.llm.embedded.batches import collate, encode_row, loss_of
from assistant.llm.embedded.network import (
    N_HEADS,
    N_LAYERS,
    OUTPUT_POSITION,
    WIDTH,
    ParserNetwork,
    warm_start,
)
from assistant.llm.embedded.runtime import WEIGHTS
from assistant.llm.embedded.tokens import N_BUCKETS, N_KNOWN, NOWHERE, OUTPUT_TYPE, PromptEncoder
from assistant.nlu import language

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = ("<i:search>", "<add:color:eq>", Span(0, 0, 3), "<add:category:eq>", Span(0, 4, 10), language.END)


@pytest.fixture(scope="module")
def encoder() -> PromptEncoder:
    return PromptEncoder(WEIGHTS / "tokenizer.json", language.WORDS)


@pytest.fixture(scope="module")
def network(encoder: PromptEncoder) -> ParserNetwork:
    torch.manual_seed(1)
    return ParserNetwork(encoder.n_pieces, len(encoder.words), n_buckets=N_BUCKETS).eval()


def test_training_in_one_pass_equals_writing_step_by_step(encoder: PromptEncoder, network: ParserNetwork) -> None:
    short, long = language.present("red kettle"), language.present("a much longer red kettle, please", "Hello there!")
    rows = [encode_row(prompt, TOKENS, encoder=encoder) for prompt in (short, long)]
    assert rows[0] is not None
    assert rows[1] is not None
    row = rows[0]
    batch = collate([row, rows[1]], encoder)
    n_prompt = batch["real"].shape[1]
    with torch.no_grad():
        states = network(batch["ids"], batch["types"], batch["positions"], batch["at"], batch["known"], batch["mask"])
        together = network.scores(states, n_prompt)[0, :, : len(encoder.words)]
        n = row.prompt.ids.size
        ids = torch.from_numpy(row.prompt.ids)[None]
        past = torch.zeros(N_LAYERS, 2, 1, N_HEADS, 0, WIDTH // N_HEADS)
        opening = torch.cat([ids, torch.tensor([[int(row.inputs[0])]])], dim=1)
        types = torch.cat([torch.from_numpy(row.prompt.types), torch.tensor([OUTPUT_TYPE])])[None]
        positions = torch.cat([torch.arange(n), torch.tensor([OUTPUT_POSITION])])[None]
        known = torch.cat([torch.from_numpy(row.prompt.known), torch.zeros(1, N_KNOWN, dtype=torch.long)])[None]
        words, _, _, past = network.step(opening, types, positions, torch.full((1, n + 1), NOWHERE), known, past)
        alone = [words[0, -1]]
        nothing = torch.zeros(1, 1, N_KNOWN, dtype=torch.long)
        for k in range(1, row.inputs.size):
            one = [int(row.inputs[k]), OUTPUT_TYPE, OUTPUT_POSITION + k, int(row.at[k])]
            at = [torch.tensor([[value]]) for value in one]
            words, _, _, past = network.step(at[0], at[1], at[2], at[3], nothing, past)
            alone.append(words[0, -1])
    assert torch.allclose(together[: len(alone)], torch.stack(alone), atol=1e-4)


def test_a_step_of_training_lowers_the_loss(encoder: PromptEncoder, network: ParserNetwork) -> None:
    row = encode_row(language.present("red kettle"), TOKENS, encoder=encoder)
    assert row is not None
    batch = collate([row], encoder)
    network.requires_grad_(requires_grad=False)
    network.words.requires_grad_(requires_grad=True)
    optimizer = torch.optim.SGD([network.words.weight, network.words.bias], lr=0.1)
    first = loss_of(network, batch)
    first.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    assert float(loss_of(network, batch).detach()) < float(first.detach())


def test_cut_values_give_no_row(encoder: PromptEncoder) -> None:
    text = "word " * 600
    tokens = ("<i:search>", "<add:color:eq>", Span(0, len(text) - 5, len(text) - 1), language.END)
    assert encode_row(language.present(text), tokens, encoder=encoder) is None


def test_other_weights_than_the_genuine_ones_are_refused(network: ParserNetwork, tmp_path: Path) -> None:
    fake = tmp_path / "model.safetensors"
    fake.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="genuine"):
        warm_start(network, fake, glosses=[])
