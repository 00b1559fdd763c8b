"""Exports a trained network to int8 ONNX: one graph for the prompt pass and for each step, per-channel weights.

The embedding table is stored as int8 rows with one scale a row; the products are quantised per output channel.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from assistant.llm.embedded.network import N_HEADS, N_LAYERS, WIDTH, ParserNetwork
from assistant.llm.embedded.tokens import N_BUCKETS, N_KNOWN, NOWHERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_INPUTS = ("ids", "types", "positions", "at", "known", "past")
_OUTPUTS = ("words", "queries", "keys", "present")


class _Deployed(nn.Module):
    """The step of a network with its two embedding tables as one int8 table."""

    def __init__(self, network: ParserNetwork) -> None:
        super().__init__()
        self.network = network
        table = torch.cat([network.get_buffer("pieces"), network.extra.weight.data])
        scale = table.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / 127
        self.register_buffer("scale", scale)
        self.register_buffer("table", (table / scale).round().to(torch.int8))

    def forward(
        self, ids: Tensor, types: Tensor, positions: Tensor, at: Tensor, known: Tensor, past: Tensor
    ) -> tuple[Tensor, ...]:
        net = self.network
        base = self.get_buffer("table")[ids].float() * self.get_buffer("scale")[ids]
        told = net.positions(positions) + net.types(types) + net.pointed(at) + net.known(known).sum(dim=2)
        x = net.norm(base + told)
        kept = []
        for k, layer in enumerate(net.layers):
            x, both = layer(x, None, past[k])
            kept.append(both)
        return net.words(x), net.query(x) * WIDTH**-0.5, net.key(x), torch.stack(kept)


def export(state: Path, folder: Path, *, tokenizer: Path, words: Sequence[str]) -> Path:
    """Write `parser.onnx`, `tokenizer.json`, `words.json` and `manifest.json` to `folder`.

    Args:
        state: The state dictionary that training left (`model.pt`).
        folder: Where the weights go.
        tokenizer: The vocabulary the network was trained with.
        words: The words of the command language, in the order of training.

    Returns:
        The ONNX file.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    loaded: dict[str, Any] = torch.load(state, map_location="cpu", weights_only=True)
    network = ParserNetwork(loaded["pieces"].shape[0], len(words), n_buckets=N_BUCKETS)
    network.load_state_dict(loaded)
    folder.mkdir(parents=True, exist_ok=True)
    rough, final = folder / "rough.onnx", folder / "parser.onnx"
    _trace(_Deployed(network).eval(), rough)
    quantize_dynamic(
        rough, final, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"],
        extra_options={"MatMulConstBOnly": True},
    )  # fmt: skip
    rough.unlink()
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    (folder / "words.json").write_text(json.dumps(list(words)), encoding="utf-8")
    write_manifest(folder)
    return final


def _trace(model: nn.Module, path: Path) -> None:
    ids = torch.tensor([[101, 2000, 102]])
    at = torch.full_like(ids, NOWHERE)
    past = torch.zeros(N_LAYERS, 2, 1, N_HEADS, 2, WIDTH // N_HEADS)
    known = torch.zeros(1, 3, N_KNOWN, dtype=torch.long)
    example = (ids, torch.zeros_like(ids), torch.arange(3)[None], at, known, past)
    axes: dict[str, dict[int, str]] = {name: {0: "b", 1: "n"} for name in (*_INPUTS[:5], *_OUTPUTS[:3])}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own notices on tracing and its deprecation
        torch.onnx.export(
            model, example, str(path), input_names=list(_INPUTS), output_names=list(_OUTPUTS), opset_version=17,
            dynamic_axes={**axes, "past": {2: "b", 4: "p"}, "present": {2: "b", 4: "total"}}, dynamo=False,
        )  # fmt: skip


def write_manifest(folder: Path, *, calibration: Mapping[str, float] | None = None) -> None:
    """Write `manifest.json`: size in bytes and sha256 of every file the runtime reads, and the calibration.

    Args:
        folder: The weights.
        calibration: `scale` and `offset` from the logit of the raw probability to the logit of being right.
    """
    names = ("parser.onnx", "tokenizer.json", "words.json")
    files = {
        name: {
            "bytes": (folder / name).stat().st_size,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        }
        for name in names
    }
    facts = {"files": files, **({"calibration": dict(calibration)} if calibration else {})}
    (folder / "manifest.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
