"""What every encoder promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.encoder import registry
from retrieval.encoder.cache import CachedEncoder
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.encoder.base import Encoder

KINDS = ("sentence", "hashing", "cached")


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    if request.param == "cached":
        return CachedEncoder(registry.get("hashing"), tmp_path_factory.mktemp("cache") / "embeddings.sqlite")
    return registry.get(request.param)


def test_no_text_gives_no_row(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_rows_are_unit_vectors_of_float32(encoder: Encoder) -> None:
    rows = encoder.encode(["red running shoes", "", "   ", "\x00", "ü" * 10_000, "耐克 跑鞋", "🙂"])
    assert rows.dtype == np.float32
    assert rows.shape == (7, encoder.dimension)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_the_same_text_gives_the_same_row(encoder: Encoder) -> None:
    first, second, third = encoder.encode(["garden hose", "desk lamp", "garden hose"])
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)
    assert np.array_equal(encoder.encode(["garden hose"]), encoder.encode(["garden hose"]))


def test_order_is_kept_whatever_the_lengths(encoder: Encoder) -> None:
    texts = [f"item {'very ' * (i % 7)}nice {i}" for i in range(50)]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    together = encoder.encode(texts)
    assert ((alone * together).sum(axis=1) > 0.97).all()


def test_a_text_is_nearer_to_a_like_one(encoder: Encoder) -> None:
    query, near, far = encoder.encode(["garden hose", "a garden hose, 20 m", "wireless office keyboard"])
    assert query @ near > query @ far


@given(st.lists(st.text(max_size=40), max_size=5))
@settings(max_examples=15, deadline=None)
def test_any_text_is_encoded(texts: list[str]) -> None:
    rows = registry.get("hashing").encode(texts)
    assert rows.shape == (len(texts), 256)
    assert np.isfinite(rows).all()


def test_versions_tell_encoders_apart() -> None:
    assert registry.get("sentence").version != registry.get("hashing").version


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(EncoderError, match="'nonsense'"):
        registry.get("nonsense")


class Counting:
    """Counts what it is asked to compute."""

    def __init__(self, version: str = "counting") -> None:
        self.inner = registry.get("hashing")
        self.version, self.dimension = version, self.inner.dimension
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        return self.inner.encode(texts)


def test_the_cache_survives_and_forgets_another_version(tmp_path: Path) -> None:
    path = tmp_path / "embeddings.sqlite"
    first = Counting()
    cached = CachedEncoder(first, path)
    rows = cached.encode(["a", "b", "a"])
    cached.close()
    assert first.seen == ["a", "b"]

    second = Counting()
    again = CachedEncoder(second, path)
    assert np.array_equal(again.encode(["a", "b", "a"]), rows)
    again.close()
    assert second.seen == []

    third = Counting("other")
    other = CachedEncoder(third, path)
    other.encode(["a"])
    other.close()
    assert third.seen == ["a"]


def test_a_broken_cache_starts_empty(tmp_path: Path) -> None:
    path = tmp_path / "embeddings.sqlite"
    path.write_bytes(b"this is no database, however long it goes on " * 100)
    cached = CachedEncoder(registry.get("hashing"), path)
    assert cached.encode(["a"]).shape == (1, 256)
    cached.close()
