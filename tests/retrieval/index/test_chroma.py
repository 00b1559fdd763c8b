"""Chroma's own concerns: restarts, interrupted writes, damage, a failing server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.errors import IndexMismatchError, StoreError
from retrieval.index import chroma
from retrieval.index.base import Document
from retrieval.index.chroma import ChromaIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

D = 16


def documents(count: int) -> list[Document]:
    rows = np.random.default_rng(5).normal(size=(count, D)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return [Document(f"p{i}", "", "", row) for i, row in enumerate(rows)]


def query() -> NDArray[np.float32]:
    row = np.ones(D, dtype=np.float32)
    result: NDArray[np.float32] = row / np.linalg.norm(row)
    return result


def test_it_survives_a_restart_with_and_without_its_copy(tmp_path: Path) -> None:
    first = ChromaIndex(tmp_path, dimension=D)
    first.upsert(documents(30))
    first.save()
    expected = first.search(query(), n=5, among=[f"p{i}" for i in range(20)])
    assert (tmp_path / "vectors.json").exists()

    mapped = ChromaIndex(tmp_path, dimension=D)
    assert mapped.search(query(), n=5, among=[f"p{i}" for i in range(20)]) == expected

    (tmp_path / "vectors.json").unlink()
    reread = ChromaIndex(tmp_path, dimension=D)
    assert [k for k, _ in reread.search(query(), n=5, among=[f"p{i}" for i in range(20)])] == [k for k, _ in expected]


def test_writing_marks_the_copy_as_incomplete_until_saved(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path, dimension=D)
    index.upsert(documents(3))
    index.save()
    index.upsert(documents(4))
    assert not (tmp_path / "seal.json").exists()
    index.save()
    index.delete(["p0"])
    assert not (tmp_path / "seal.json").exists()


def test_a_mapped_copy_can_be_written(tmp_path: Path) -> None:
    first = ChromaIndex(tmp_path, dimension=D)
    first.upsert(documents(5))
    first.save()
    mapped = ChromaIndex(tmp_path, dimension=D)
    mapped.delete(["p0"])
    mapped.upsert(documents(6)[5:])
    assert mapped.ids() == {"p1", "p2", "p3", "p4", "p5"}
    assert np.array_equal(mapped.embeddings(["p4"])["p4"], documents(5)[4].embedding)  # type: ignore[arg-type]


def test_what_is_held_already_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = ChromaIndex(tmp_path, dimension=D)
    index.upsert(documents(5))
    index.save()
    monkeypatch.setattr(index, "_delete", None)
    index.upsert(documents(5))
    assert (tmp_path / "seal.json").exists()


def test_a_damaged_database_is_put_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"torn " * 5000)
    index = ChromaIndex(tmp_path, dimension=D)
    assert index.count() == 0
    assert "damaged" in caplog.text
    index.upsert(documents(2))
    assert index.count() == 2


def test_a_failing_query_is_answered_from_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = ChromaIndex(tmp_path, dimension=D)
    index.upsert(documents(30))
    healthy = index.search(query(), n=5)

    class Broken:
        """Every call fails."""

        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    monkeypatch.setattr(index, "_collection", Broken())
    assert [key for key, _ in index.search(query(), n=5)] == [key for key, _ in healthy]
    with pytest.raises(IndexMismatchError, match="rebuild"):
        index.count()


def test_a_large_subset_is_overfetched_and_stays_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "EXACT", 10)
    index = ChromaIndex(tmp_path, dimension=D)
    index.upsert(documents(200))
    among = [f"p{i}" for i in range(0, 200, 2)]
    found = index.search(query(), n=10, among=among)
    exact = index._copy.search(query(), n=10, among=among)
    assert [key for key, _ in found] == [key for key, _ in exact]


def test_embeddings_of_another_length_are_refused(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path, dimension=D)
    with pytest.raises(IndexMismatchError):
        index.upsert([Document("a", "", "")])
    with pytest.raises(StoreError, match="chroma run"):
        ChromaIndex(tmp_path / "none", dimension=D, url="http://127.0.0.1:9")
