"""Weights are made, documented, refused and installed for real: the genuine checkpoint, the trainer, the exporter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from retrieval.encoder import registry
from retrieval.encoder.publish import install
from retrieval.encoder.sentence import MANIFEST, MODEL, WEIGHTS, OnnxEncoder
from retrieval.errors import EncoderError

ROOT = Path(__file__).parents[3]
KINDS = ("kettle", "sofa", "tent", "drill", "lamp", "rug", "violin", "helmet", "scarf", "toaster", "mirror", "bicycle")


def shoptalk(*args: str, timeout: int = 200) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ui", *args]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env, cwd=ROOT, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A store of a dozen products and a log of what its shoppers searched and bought."""
    rows = [f"p{n},Acme {kind},{10 + n}" for n, kind in enumerate(KINDS)]
    (tmp_path / "feed.csv").write_text("id,title,price\n" + "\n".join(rows) + "\n", "utf-8")
    searched = [f"good {kind} no {k},p{n},purchase" for n, kind in enumerate(KINDS) for k in range(6)]
    (tmp_path / "log.csv").write_text("query,product_id,event\n" + "\n".join(searched) + "\n", "utf-8")
    done = shoptalk("ingest", str(tmp_path / "feed.csv"), "--store", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.mark.slow
def test_weights_that_are_no_better_are_refused_and_say_so(shop: Path) -> None:
    done = shoptalk(
        "train", "encoder", "--store", str(shop / "store"), "--log", str(shop / "log.csv"), "--out", str(shop / "out"),
        "--keep", "1", "--batch", "8", "--epochs", "0.3",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "not better" in done.stderr
    assert not (shop / "store" / registry.INSTALLED).exists()
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["better"] is False
    facts = json.loads((shop / "out" / "weights" / "training.json").read_text("utf-8"))
    assert facts["steps"] > 0
    assert facts["queries"] > facts["held_out_queries"] > 0
    assert facts["held_out"]["dense gained"][0] == pytest.approx(0, abs=0.02)
    made, shipped = OnnxEncoder(shop / "out" / "weights"), OnnxEncoder()
    assert (shop / "out" / "weights" / "MODEL_CARD.md").is_file()
    texts = ["something to keep drinks cold", "Acme violin"]
    likeness = (made.encode(texts) * shipped.encode(texts)).sum(axis=1)
    assert likeness.min() > 0.97, "the layers that ship are the model that ships"


def test_a_log_of_too_few_queries_is_one_clear_line(shop: Path) -> None:
    (shop / "log.csv").write_text("query,product_id,event\nkettle,p0,purchase\n", "utf-8")
    done = shoptalk("train", "encoder", "--store", str(shop / "store"), "--log", str(shop / "log.csv"))
    assert done.returncode == 2
    assert "at least 50" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_said_before_the_training(shop: Path) -> None:
    log = str(shop / "log.csv")
    done = shoptalk("train", "encoder", "--store", str(shop / "store"), "--log", log, "--out", log)
    assert done.returncode == 2
    assert done.stderr.startswith("shoptalk: --out")
    assert len(done.stderr.splitlines()) == 1


def test_installed_weights_are_those_that_the_store_encodes_with(tmp_path: Path) -> None:
    weights, store = tmp_path / "weights", tmp_path / "store"
    shutil.copytree(WEIGHTS, weights)
    manifest = json.loads((weights / MANIFEST).read_text("utf-8"))
    (weights / MANIFEST).write_text(json.dumps({**manifest, "version": "own-1"}), "utf-8")
    store.mkdir()
    install(weights, store)
    assert registry.get("sentence", store_dir=store).version == "own-1"
    assert registry.get("sentence", store_dir=tmp_path).version == manifest["version"]
    install(weights, store)
    assert not (store / f"{registry.INSTALLED}.new").exists()


def test_weights_that_do_not_load_are_not_installed(tmp_path: Path) -> None:
    weights, store = tmp_path / "weights", tmp_path / "store"
    shutil.copytree(WEIGHTS, weights)
    (weights / MODEL).write_bytes(b"torn")
    store.mkdir()
    with pytest.raises(EncoderError, match="SHA-256"):
        install(weights, store)
    assert not (store / registry.INSTALLED).exists()
