"""The shipped weights: genuine, checked, and better than spelling."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.encoder import sentence
from retrieval.encoder.export import SOURCE_SHA256, sha256
from retrieval.encoder.sentence import MANIFEST, MODEL, TOKENIZER, WEIGHTS, OnnxEncoder
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder()


def test_the_manifest_names_source_and_files() -> None:
    manifest = json.loads((WEIGHTS / MANIFEST).read_text("utf-8"))
    assert manifest["source"]["sha256"] == SOURCE_SHA256
    assert manifest["licence"] == "Apache-2.0"
    assert manifest["files"] == {name: sha256(WEIGHTS / name) for name in (MODEL, TOKENIZER)}


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("sofa", "three-seat couch", "kitchen knife"),
        ("sneakers", "running shoes", "laptop charger"),
        ("something to keep coffee hot", "insulated travel mug", "garden hose"),
        ("present for a newborn", "baby gift set", "motor oil"),
    ],
)
def test_it_knows_meaning(encoder: OnnxEncoder, query: str, near: str, far: str) -> None:
    q, a, b = encoder.encode([query, near, far])
    assert q @ a > q @ b + 0.1


def test_queries_are_remembered_and_bounded(encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence, "CACHED", 3)
    fresh = OnnxEncoder(check=False)
    for text in "abcde":
        fresh.encode([text])
    assert list(fresh._cache) == ["c", "d", "e"]
    calls: list[int] = []
    monkeypatch.setattr(fresh, "_compute", lambda texts: calls.append(len(texts)))
    assert np.array_equal(fresh.encode(["e"]), encoder.encode(["e"]))
    assert calls == []


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"python -m retrieval\.encoder\.export"):
        OnnxEncoder(tmp_path)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    for name in (MANIFEST, TOKENIZER):
        shutil.copy(WEIGHTS / name, tmp_path / name)
    (tmp_path / MODEL).write_bytes(b"not a model")
    with pytest.raises(EncoderError, match="SHA-256"):
        OnnxEncoder(tmp_path)
    with pytest.raises(EncoderError, match="does not load"):
        OnnxEncoder(tmp_path, check=False)


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    shutil.copy(WEIGHTS / MANIFEST, tmp_path / MANIFEST)
    with pytest.raises(EncoderError, match=r"model\.int8\.onnx"):
        OnnxEncoder(tmp_path)


def test_encoding_loads_no_training_library() -> None:
    code = (
        "import sys; from retrieval.encoder import registry; registry.get('sentence').encode(['a']); "
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
