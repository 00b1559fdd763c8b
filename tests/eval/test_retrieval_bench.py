"""The benchmark of retrieval has its shape and finds what an exact search finds; times are never asserted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from eval.bench_store import Copies, JitteredEncoder, build, text_of
from eval.retrieval_bench import SHARES, measure
from retrieval.encoder.hashing import HashingEncoder
from retrieval.errors import EncoderError, StoreError
from retrieval.settings import RetrievalSettings

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

PRODUCTS = 300
HASHING = RetrievalSettings(encoder="hashing")


def silent(_what: str, _done: int, _total: int) -> None:
    """Take progress and say nothing."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "store"


@pytest.fixture(scope="module")
def figures(kept: Path) -> dict[str, Any]:
    return measure(HASHING, products=PRODUCTS, n=10, ingested=40, keep=kept)


def test_every_part_is_measured_cold_and_warm(figures: dict[str, Any]) -> None:
    assert {"products", "encode", "filtered", "chroma_query", "search", "ingest", "rss_mb"} <= figures.keys()
    timed = [figures["encode"], figures["chroma_query"], *figures["filtered"].values(), *figures["search"].values()]
    timed += [row[part] for row in figures["filtered"].values() for part in ("filter", "dense")]
    timed += [row["warm"] for row in figures["search"].values()]
    for row in timed:
        assert {"p50_ms", "p95_ms", "cpu_p50_ms", "n"} <= row.keys()
        assert row["n"] == 10
    assert figures["ingest"]["n"] == 40
    assert {"docs_per_s", "encoder_docs_per_s", "ratio"} <= figures["ingest"].keys()


def test_filters_pass_what_they_shall_and_dense_search_is_exact(figures: dict[str, Any]) -> None:
    assert set(figures["filtered"]) == set(SHARES)
    for name, share in SHARES.items():
        row = figures["filtered"][name]
        wanted = max(1, share * PRODUCTS)
        assert wanted <= row["passing"] <= wanted + 15  # variants of one product cost the same
        assert row["recall@100"] == 1.0
    assert figures["chroma_query"]["recall@100"] >= 0.99


def test_searches_find_something(figures: dict[str, Any]) -> None:
    assert figures["search"]["plain"]["answered"] == 10
    assert figures["search"]["constrained"]["answered"] > 0


def test_a_kept_store_is_used_again(figures: dict[str, Any], kept: Path) -> None:
    assert figures["build"]["reused"] is False
    again = build(kept, HASHING, products=PRODUCTS, seed=7, tell=silent)
    assert again == {**figures["build"], "reused": True}


def test_a_kept_store_of_another_size_is_refused(figures: dict[str, Any], kept: Path) -> None:
    with pytest.raises(StoreError, match="of another kind"):
        build(kept, HASHING, products=figures["products"] + 1, seed=7, tell=silent)


def test_a_folder_of_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", "utf-8")
    with pytest.raises(StoreError, match="holds no benchmark store"):
        build(tmp_path, HASHING, products=100, seed=7, tell=silent)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "keep me"


def test_copies_are_the_same_for_a_seed_and_differ_from_each_other() -> None:
    first, second = (list(Copies(seed=3).rows(8000)) for _ in range(2))
    assert first == second
    assert len({row["id"] for row in first}) == 8000
    assert len({row["item_group_id"] for row in first}) > 2434  # more than the sample store has: a second copy began
    distinct = [text_of(row) for row in Copies(seed=3).products(3000)]
    assert len(set(distinct)) == 3000


def test_documents_lie_near_the_product_that_they_are_a_copy_of() -> None:
    copies, encoder = Copies(seed=3), HashingEncoder()
    jittered = JitteredEncoder(copies.embeddings(encoder, 50, tell=silent), version=encoder.version)
    texts = [text_of(row) for row in copies.products(50)]
    rows = jittered.encode(texts)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(rows, jittered.encode(texts))
    sources = copies.embeddings(encoder, 50, tell=silent)
    assert float(np.mean(np.sum(rows * sources, axis=1))) > 0.8
    with pytest.raises(ValueError, match="no model number"):
        jittered.encode(["a lamp"])


@pytest.mark.parametrize("mark", ["garbage", "[]", '{"store": {}}'])
def test_a_folder_with_another_mark_is_left_alone(tmp_path: Path, mark: str) -> None:
    (tmp_path / "bench.json").write_text(mark, "utf-8")
    with pytest.raises(StoreError, match="no benchmark store"):
        build(tmp_path, HASHING, products=100, seed=7, tell=silent)
    assert (tmp_path / "bench.json").read_text("utf-8") == mark


def test_a_store_that_could_not_be_built_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="nope"):
        build(tmp_path / "store", RetrievalSettings(encoder="nope"), products=100, seed=7, tell=silent)
    assert not (tmp_path / "store").exists()
