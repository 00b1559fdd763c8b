"""The loop of the parser's training: batches, learning rate, checkpoints, the look at held-out talk.

Several processes (accelerate) each draw their own batches; the first one keeps the clock, looks, notes and saves.
"""

from __future__ import annotations

import json
import logging
import math
import random
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from accelerate.utils import broadcast

from assistant.llm.embedded.batches import Row, collate, encode_row, loss_of
from assistant.nlu.data.examples import examples_of, read_book
from assistant.nlu.data.mixture import BOOK, Mixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accelerate import Accelerator
    from torch import Tensor

    from assistant.llm.embedded.network import ParserNetwork
    from assistant.llm.embedded.tokens import PromptEncoder
    from assistant.nlu.data.examples import Example

log = logging.getLogger(__name__)
EVENT = "parser_training"
_LOOK_EVERY = 250  # steps between two looks at the held-out loss
_NOTE_EVERY = 50
_WARM_UP = 100
_NEW_PARTS = frozenset({"extra", "pointed", "types", "known", "words", "query", "key"})


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


class Loop:
    """One run, from wherever `progress` stands to its end.

    Args:
        network: What is trained.
        accelerator: Where and how exactly.
        encoder: Turns examples into arrays.
        settings: How to train.
    """

    def __init__(
        self, network: ParserNetwork, accelerator: Accelerator, *, encoder: PromptEncoder, settings: TrainSettings
    ) -> None:
        self.settings = settings
        self.progress = Progress()
        self._encoder = encoder
        self._accelerator = accelerator
        optimizer = torch.optim.AdamW(_groups(network, settings), weight_decay=0.01, betas=(0.9, 0.98), fused=True)
        if settings.resume and self._checkpoint.exists():
            self.progress = _restore(self._checkpoint, network, optimizer)
        self._network: Any
        self._optimizer: Any
        self._network, self._optimizer = accelerator.prepare(network, optimizer)
        self._held_out = self._validation()
        self._started = time.monotonic() - self.progress.seconds
        self._saved = self.progress.seconds

    def run(self) -> Progress:
        """Train until the time, the steps or the patience are used up; leave the best weights as `model.pt`."""
        self._network.train()
        seed = self.settings.seed + self.progress.step + 1_000_003 * self._accelerator.process_index
        for rows in _batches(self.settings, self._encoder, seed=seed):
            done = self._share_done()
            if done >= 1:
                break
            self._step(rows, done)
            if self._accelerator.is_main_process:
                self._keep_books()
        if self._accelerator.is_main_process:
            self._look()
            if not self.progress.best_step:
                torch.save(self._plain.state_dict(), self.settings.out / "model.pt")
        self._accelerator.wait_for_everyone()
        return self.progress

    @property
    def _checkpoint(self) -> Path:
        return self.settings.out / "checkpoint.pt"

    @property
    def _plain(self) -> Any:  # noqa: ANN401  the network as it was before accelerate wrapped it
        return self._accelerator.unwrap_model(self._network)

    def _share_done(self) -> float:
        """Return how much of the run is over, by the first process's clock."""
        self.progress.seconds = time.monotonic() - self._started
        settings, progress = self.settings, self.progress
        by_steps = progress.step / settings.max_steps if settings.max_steps else 0.0
        out_of_patience = 0 < settings.patience <= progress.worse
        done = 1.0 if out_of_patience else max(by_steps, progress.seconds / (60 * settings.minutes))
        if self._accelerator.num_processes > 1:
            done = float(broadcast(torch.tensor([done], device=self._accelerator.device))[0])
        return done

    def _step(self, rows: list[Row], done: float) -> None:
        warm = min(1.0, (self.progress.step + 1) / _WARM_UP)
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * warm * (1 - done)
        with self._accelerator.autocast():
            loss = loss_of(self._network, self._placed(collate(rows, self._encoder)))
        self._accelerator.backward(loss)
        self._accelerator.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.progress.step += 1
        self.progress.samples += len(rows) * self._accelerator.num_processes
        if self.progress.step % _NOTE_EVERY == 0 and self._accelerator.is_main_process:
            self._note({"loss": float(loss.detach())})

    def _placed(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value.to(self._accelerator.device) for name, value in batch.items()}

    def _keep_books(self) -> None:
        if self.progress.step % _LOOK_EVERY == 0:
            self._look()
        if self.progress.seconds - self._saved > 60 * self.settings.checkpoint_minutes:
            self._saved = self.progress.seconds
            _save(self._checkpoint, self._plain, self._optimizer, self.progress)

    def _look(self) -> None:
        """Note the loss on held-out turns; keep the weights if they are the best so far."""
        if not self._held_out:
            return
        network, progress = self._plain, self.progress
        network.eval()
        with torch.no_grad(), self._accelerator.autocast():
            losses = [float(loss_of(network, self._placed(batch))) for batch in self._held_out]
        network.train()
        loss = sum(losses) / len(losses)
        self._note({"validation": loss})
        if loss < progress.best:
            progress.best, progress.best_step, progress.worse = loss, progress.step, 0
            torch.save(network.state_dict(), self.settings.out / "model.pt")
        else:
            progress.worse += 1

    def _validation(self) -> list[dict[str, Tensor]]:
        """Return the held-out turns as batches."""
        if self.settings.validation is None:
            return []
        found = (_row(e, self._encoder) for d in read_book(self.settings.validation) for e in examples_of(d))
        rows = sorted((row for row in found if row is not None), key=lambda row: row.prompt.ids.size)
        size = self.settings.batch
        return [collate(rows[k : k + size], self._encoder) for k in range(0, len(rows), size)]

    def _note(self, figures: dict[str, float]) -> None:
        progress = self.progress
        row = {"step": progress.step, "samples": progress.samples, "seconds": round(progress.seconds, 1), **figures}
        progress.curve.append(row)
        log.info("%s %s", EVENT, row)
        with (self.settings.out / "log.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def _groups(network: ParserNetwork, settings: TrainSettings) -> list[dict[str, Any]]:
    parts: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
    for name, parameter in network.named_parameters():
        parts[name.split(".")[0] in _NEW_PARTS].append(parameter)
    return [
        {"params": parts[False], "lr": settings.rate, "peak": settings.rate},
        {"params": parts[True], "lr": settings.rate, "peak": settings.rate * settings.fresh},
    ]


def _row(example: Example, encoder: PromptEncoder) -> Row | None:
    return encode_row(example.prompt(), example.tokens(), encoder=encoder)


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
