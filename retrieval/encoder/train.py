"""Fine-tunes the encoder with the sentence-transformers trainer: `shoptalk train encoder`.

In-batch negatives and written near misses rank the answer of each query first; an anchor holds embeddings near those
of the weights that the training began with, and the result is averaged with them: little of what they know is lost.

References:
    Henderson et al., Efficient Natural Language Response Suggestion for Smart Reply, 2017 (in-batch negatives).
    Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022 (averaging with the weights begun with).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.training_args import BatchSamplers
from torch.nn.functional import cosine_similarity

from retrieval.encoder.pairs import N_MISSES, Example, as_row
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TRAIN_TOKENS: Final = 64  # of a text; what comes after is read at encoding time and not trained on


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How to train.

    Attributes:
        out: Where checkpoints and the new weights go.
        start: Folder of the checkpoint to begin with.
        epochs: Passes over the examples.
        batch: Queries a step; each is told from the answers of all the others.
        rate: Peak learning rate, falling linearly after a tenth of the steps.
        scale: Inverse temperature of the ranking.
        anchor: Weight of the anchor to the embeddings of `start`.
        keep: Share of `start` in the average, 0..1.
        seed: Of order and dropout.
        threads: CPU threads.
        device: "auto", "cpu" or "cuda".
        resume: Whether to go on from the last checkpoint in `out`.
    """

    out: Path
    start: Path
    epochs: float = 1.0
    batch: int = 48
    rate: float = 3e-5
    scale: float = 20.0
    anchor: float = 0.0
    keep: float = 0.5
    seed: int = 7
    threads: int = 1
    device: str = "auto"
    resume: bool = False


class AnchoredRanking(MultipleNegativesRankingLoss):  # type: ignore[misc]  # sentence-transformers is not followed by mypy
    """The answer first among all texts of a batch, and no embedding far from where it began."""

    def __init__(self, model: SentenceTransformer, *, scale: float, anchor: float, start: Path) -> None:
        super().__init__(model, scale=scale)
        self._anchor = anchor
        teacher = _load(start, device=str(model.device)) if anchor else None
        if teacher is not None:
            teacher.eval().requires_grad_(requires_grad=False)
        self._teacher = [teacher]  # in a list: not a part of what is trained or saved

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of one batch; columns are embedded one by one, for queries are far shorter than answers."""
        columns = [dict(features) for features in sentence_features]
        embeddings = [self.model(dict(column))["sentence_embedding"] for column in columns]
        loss: torch.Tensor = self.compute_loss_from_embeddings(embeddings, labels)
        teacher = self._teacher[0]
        if teacher is None:
            return loss
        with torch.no_grad():
            before = [teacher(dict(column))["sentence_embedding"] for column in columns[:2]]
        moved = [1.0 - cosine_similarity(a, b).mean() for a, b in zip(embeddings, before, strict=False)]
        return loss + self._anchor * torch.stack(moved).mean()


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Attributes:
        folder: The averaged checkpoint, float32.
        steps: Optimiser steps.
        seconds: Wall time.
        device: Where.
        loss: Mean loss over the last tenth.
    """

    folder: Path
    steps: int
    seconds: float
    device: str
    loss: float


def train(groups: Mapping[str, Sequence[Example]], settings: TrainSettings) -> Trained:
    """Train on groups of examples, each batch of one group, and average with the start.

    Args:
        groups: Group -> examples.
        settings: How to train.

    Raises:
        EncoderError: Nothing to train on, no such device, or the extra `train` is not installed.
    """
    if not any(groups.values()):
        raise EncoderError("there is nothing to train on: every group of examples is empty")
    begun = time.perf_counter()
    device = _device(settings.device)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    model = _load(settings.start, device=device)
    model.max_seq_length = TRAIN_TOKENS
    _embeddings_of(model).requires_grad_(requires_grad=False)
    datasets = _datasets(groups, seed=settings.seed)
    ranking = AnchoredRanking(model, scale=settings.scale, anchor=settings.anchor, start=settings.start)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(settings, on_cpu=device == "cpu"),
        train_dataset=datasets,
        loss=ranking,
    )
    checkpoints = settings.out / "checkpoints"
    done = trainer.train(resume_from_checkpoint=settings.resume and any(checkpoints.glob("checkpoint-*")))
    folder = settings.out / "checkpoint"
    average(model, settings.start, keep=settings.keep, out=folder)
    seconds = round(time.perf_counter() - begun, 1)
    return Trained(folder, int(done.global_step), seconds, device, round(float(done.training_loss), 4))


def average(model: SentenceTransformer, start: Path, *, keep: float, out: Path) -> None:
    """Write `(1 - keep) * model + keep * start` as a checkpoint."""
    before = _load(start, device="cpu").state_dict()
    after = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    mixed = {
        name: (1.0 - keep) * value + keep * before[name] if value.is_floating_point() else value
        for name, value in after.items()
    }
    fresh = _load(start, device="cpu")
    fresh.load_state_dict(mixed)
    fresh.save_pretrained(str(out), create_model_card=False)


def _load(folder: Path, *, device: str) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device=device, local_files_only=True)


def _embeddings_of(model: SentenceTransformer) -> torch.nn.Module:
    """Return the table of word pieces: rare words that no example holds must not drift from those that do."""
    found: torch.nn.Module = model[0].auto_model.embeddings
    return found


def _device(name: str) -> str:
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise EncoderError("there is no CUDA device here; train with the device 'cpu' or 'auto'")
    return "cuda" if available and name != "cpu" else "cpu"


def _datasets(groups: Mapping[str, Sequence[Example]], *, seed: int) -> Any:  # noqa: ANN401
    """Return one dataset a group, with as many columns of near misses as its examples share."""
    try:
        from datasets import Dataset, DatasetDict
    except ImportError as error:
        raise EncoderError("training needs the extra `train`: pip install 'shoptalk[train]'") from error
    rng = random.Random(seed)  # noqa: S311 - an order, nothing secret
    found = {}
    for name, examples in sorted(groups.items()):
        for n_misses in range(N_MISSES + 1):
            some = [e for e in examples if len(e.misses) == n_misses]
            rng.shuffle(some)
            if some:
                found[f"{name}-{n_misses}"] = Dataset.from_list([as_row(e) for e in some])
    return DatasetDict(found)


def _arguments(settings: TrainSettings, *, on_cpu: bool) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=str(settings.out / "checkpoints"),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.rate,
        warmup_steps=0.1,
        bf16=True,
        use_cpu=on_cpu,
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        save_strategy="steps",
        save_steps=200,
        save_total_limit=1,
        logging_steps=20,
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
    )
