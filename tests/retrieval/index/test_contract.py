"""What every index promises, on every back-end, against the exact one as oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from retrieval.index.base import Document
from retrieval.index.chroma import ChromaIndex
from retrieval.index.lexical import TantivyIndex
from retrieval.index.memory import MemoryDenseIndex, MemoryLexicalIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

D = 16


def unit(seed: int) -> NDArray[np.float32]:
    row = np.random.default_rng(seed).normal(size=D).astype(np.float32)
    result: NDArray[np.float32] = row / np.linalg.norm(row)
    return result


def document(number: int, text: str = "", *, seed: int | None = None) -> Document:
    return Document(f"p{number}", f"item {number}", text, unit(number if seed is None else seed))


class AnyIndex(Protocol):
    """What the two ports share."""

    def upsert(self, documents: list[Document]) -> None: ...
    def delete(self, product_ids: list[str]) -> None: ...
    def ids(self) -> set[str]: ...
    def count(self) -> int: ...
    def clear(self) -> None: ...


DENSE = ("memory", "chroma")
LEXICAL = ("memory-words", "tantivy", "tantivy-disk")


def build(kind: str, folder: Path) -> object:
    builders: dict[str, Callable[[], object]] = {
        "memory": lambda: MemoryDenseIndex(D),
        "chroma": lambda: ChromaIndex(folder / "chroma", dimension=D),
        "memory-words": MemoryLexicalIndex,
        "tantivy": TantivyIndex,
        "tantivy-disk": lambda: TantivyIndex(folder / "lexical"),
    }
    return builders[kind]()


@pytest.fixture(params=DENSE)
def dense(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryDenseIndex | ChromaIndex:
    index = build(request.param, tmp_path)
    assert isinstance(index, MemoryDenseIndex | ChromaIndex)
    return index


@pytest.fixture(params=LEXICAL)
def lexical(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryLexicalIndex | TantivyIndex:
    index = build(request.param, tmp_path)
    assert isinstance(index, MemoryLexicalIndex | TantivyIndex)
    return index


@pytest.fixture(params=DENSE + LEXICAL)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> AnyIndex:
    return build(request.param, tmp_path)  # type: ignore[return-value]


def test_upsert_replaces_and_delete_ignores_strangers(index: AnyIndex) -> None:
    index.upsert([document(1), document(2), document(3)])
    index.upsert([document(2, seed=9), document(4)])
    assert index.ids() == {"p1", "p2", "p3", "p4"}
    index.delete(["p1", "p9", "p1"])
    assert index.ids() == {"p2", "p3", "p4"}
    assert index.count() == 3
    index.delete([])
    index.upsert([])
    assert index.count() == 3


def test_the_last_of_equal_ids_wins(index: AnyIndex) -> None:
    index.upsert([document(1, "old"), document(1, "new", seed=5)])
    assert index.count() == 1


def test_clear_leaves_a_working_index(index: AnyIndex) -> None:
    index.upsert([document(1)])
    index.clear()
    assert index.ids() == set()
    index.upsert([document(2)])
    assert index.ids() == {"p2"}


def test_dense_search_agrees_with_the_oracle(dense: MemoryDenseIndex | ChromaIndex) -> None:
    rows = [document(i) for i in range(200)]
    dense.upsert(rows)
    query = unit(12345)
    oracle = sorted(((float(query @ r.embedding), r.product_id) for r in rows if r.embedding is not None), reverse=True)
    found = dense.search(query, n=10)
    assert [key for key, _ in found] == [key for _, key in oracle[:10]]
    assert np.allclose([score for _, score in found], [score for score, _ in oracle[:10]], atol=1e-5)


@pytest.mark.parametrize("size", [1, 5, 30, 190])
def test_dense_search_among_is_exact(dense: MemoryDenseIndex | ChromaIndex, size: int) -> None:
    rows = [document(i) for i in range(200)]
    dense.upsert(rows)
    query = unit(777)
    among = [f"p{i}" for i in range(size)] + ["unknown"]
    found = dense.search(query, n=8, among=among)
    oracle = sorted(
        ((-float(query @ r.embedding), r.product_id) for r in rows[:size] if r.embedding is not None),
    )[:8]
    assert [key for key, _ in found] == [key for _, key in oracle]


def test_dense_ties_are_broken_by_id(dense: MemoryDenseIndex | ChromaIndex) -> None:
    dense.upsert([document(i, seed=3) for i in (5, 1, 4, 2)])
    among = ["p1", "p2", "p4", "p5"]
    assert [key for key, _ in dense.search(unit(3), n=3, among=among)] == ["p1", "p2", "p4"]


def test_dense_edges(dense: MemoryDenseIndex | ChromaIndex) -> None:
    assert dense.search(unit(1), n=5) == []
    dense.upsert([document(1)])
    assert dense.search(unit(1), n=0) == []
    assert dense.search(unit(1), n=5, among=[]) == []
    assert len(dense.search(unit(1), n=5)) == 1


def test_dense_embeddings_come_back_as_given(dense: MemoryDenseIndex | ChromaIndex) -> None:
    dense.upsert([document(1), document(2)])
    dense.upsert([document(2, seed=7)])
    held = dense.embeddings(["p2", "p1", "p9"])
    assert set(held) == {"p1", "p2"}
    assert np.array_equal(held["p2"], unit(7))
    assert dense.search(unit(7), n=1)[0][0] == "p2"


def test_lexical_search_finds_words_and_ranks_by_them(lexical: MemoryLexicalIndex | TantivyIndex) -> None:
    lexical.upsert(
        [
            Document("a", "Trail running shoe", "light shoes for muddy trails"),
            Document("b", "Road running shoe", "cushioned shoes"),
            Document("c", "Kettle", "boils water"),
        ]
    )
    found = lexical.search("trail running shoes", n=10)
    assert [key for key, _ in found] == ["a", "b"]
    assert lexical.search("trail running shoes", n=1)[0][0] == "a"
    assert lexical.search("submarine", n=5) == []
    assert lexical.search("", n=5) == []


def test_lexical_search_stays_among(lexical: MemoryLexicalIndex | TantivyIndex) -> None:
    lexical.upsert([Document(f"p{i:04}", f"mug {i}", "a mug") for i in range(50)])
    assert [key for key, _ in lexical.search("mug", n=5, among=["p0007", "p0003", "nope"])] == ["p0003", "p0007"]
    assert lexical.search("mug", n=5, among=[]) == []
    assert lexical.search("mug", n=0) == []


def test_holding_all_wants_every_word(lexical: MemoryLexicalIndex | TantivyIndex) -> None:
    lexical.upsert([Document("a", "red mug", "stoneware"), Document("b", "red cup", ""), Document("c", "blue mug", "")])
    assert lexical.holding_all("red mugs") == {"a"}
    assert lexical.holding_all("red") == {"a", "b"}
    assert lexical.holding_all("red submarine") == set()
    assert lexical.holding_all("") == set()


@pytest.mark.parametrize(
    "text", ["title:x OR (", '"', "' OR 1=1 --", "a" * 5000, "\x00", "🙂 +-&&||!(){}[]^~*?:\\/", "the of and"]
)
def test_hostile_text_is_only_text(lexical: MemoryLexicalIndex | TantivyIndex, text: str) -> None:
    lexical.upsert([Document("a", text, text)])
    everywhere, within = lexical.search(text, n=3), lexical.search(text, n=3, among=["a"])
    assert [key for key, _ in everywhere] == [key for key, _ in within]
    assert lexical.holding_all(text) <= {"a"}
