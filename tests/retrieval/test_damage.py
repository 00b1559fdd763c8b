"""Whatever file of an index is torn or garbled: the store opens, answers as before and has lost nothing."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from retrieval.index import chroma_database
from retrieval.index.chroma import ChromaIndex
from retrieval.index.hnsw_files import misfit
from retrieval.ingest import flush
from retrieval.settings import RetrievalSettings
from retrieval.store import Store
from retrieval.types import Product, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SETTINGS = RetrievalSettings(encoder="hashing")
WORDS = ("red", "blue", "steel", "oak", "large", "small", "travel", "garden", "quiet", "warm")
GOODS = ("mug", "kettle", "teapot", "lamp", "chair", "tent", "bottle")
N = 1300  # more than Chroma's batch of 1000, so that an HNSW segment is on disk

FILES = (
    "index.json", "embeddings.sqlite",
    "chroma/chroma.sqlite3", "chroma/vectors.npy", "chroma/vectors.json", "chroma/seal.json",
    "chroma/*/data_level0.bin", "chroma/*/header.bin", "chroma/*/length.bin", "chroma/*/link_lists.bin",
    "chroma/*/index_metadata.pickle",
    "lexical/meta.json", "lexical/.managed.json", "lexical/*.fast", "lexical/*.fieldnorm", "lexical/*.idx",
    "lexical/*.pos", "lexical/*.store", "lexical/*.term",
)  # fmt: skip


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Let no file grow beyond a gibibyte: Chroma over a torn segment would otherwise write until the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def product(i: int) -> Product:
    title = f"{WORDS[i % 10]} {WORDS[i // 10 % 10]} {GOODS[i % 7]} {i}"
    return Product(f"p{i}", title, 500 + i, "USD", product_type=f"Home > {GOODS[i % 7]}s")


def tear(content: bytes) -> bytes:
    return content[: len(content) // 2]


def garble(content: bytes) -> bytes:
    middle = len(content) // 3
    return content[:middle] + bytes(b ^ 0x5A for b in content[middle : middle + 200]) + content[middle + 200 :]


def answers(store: Store) -> list[list[str]]:
    texts = ("red oak mug", "garden lamp for travel", "kettle 1205", "something quiet")
    return [[h.product.product_id for h in store.search(Query(text, n=10)).hits] for text in texts]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    folder = tmp_path_factory.mktemp("healthy") / "store"
    with Store.open(folder, SETTINGS) as store:
        store.catalogue.upsert([product(i) for i in range(N)])
        flush(store.catalogue, store.indexer())
        expected = answers(store)
    return folder, expected


@pytest.mark.slow
@pytest.mark.parametrize("how", [tear, garble])
@pytest.mark.parametrize("name", FILES)
def test_damage_is_mended_at_opening(
    healthy: tuple[Path, list[list[str]]], tmp_path: Path, name: str, how: Callable[[bytes], bytes]
) -> None:
    folder = shutil.copytree(healthy[0], tmp_path / "store")
    paths = list(folder.glob(name))
    assert paths
    for path in paths:
        path.write_bytes(how(path.read_bytes()))
    for opening in ("mending", "again"):
        with Store.open(folder, SETTINGS) as store:
            assert store.agrees(), opening
            assert answers(store) == healthy[1]
            sold = set(store.catalogue.ids())
            assert len(sold) == N
            assert store.lexical.ids() == sold == store.dense.ids()
            assert isinstance(store.dense, ChromaIndex)
            assert store.dense._query(store.encoder.encode(["red oak mug"])[0], n=5), "Chroma itself answers"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("chroma/*/")])
def test_damage_to_what_a_killed_writer_left_is_mended(
    healthy: tuple[Path, list[list[str]]], tmp_path: Path, name: str
) -> None:
    """There is no seal to compare with: a torn segment may open and answer wrongly."""
    folder = shutil.copytree(healthy[0], tmp_path / "store")
    (folder / "chroma" / "seal.json").unlink()
    (path,) = folder.glob(name)
    path.write_bytes(tear(path.read_bytes()))
    with Store.open(folder, SETTINGS) as store:
        assert store.agrees()
        assert store.dense.ids() == store.lexical.ids() == set(store.catalogue.ids())
        assert isinstance(store.dense, ChromaIndex)
        embedding = store.encoder.encode(["red oak mug"])[0]
        asked, exact = store.dense._query(embedding, n=5), store.dense._copy.search(embedding, n=5)
        assert asked is not None
        assert [round(score, 4) for _, score in asked] == [round(score, 4) for _, score in exact]


def test_files_that_do_not_fit_each_other_are_named(healthy: tuple[Path, list[list[str]]], tmp_path: Path) -> None:
    folder = shutil.copytree(healthy[0] / "chroma", tmp_path / "chroma")
    (segment,) = (path for path in folder.iterdir() if path.is_dir())
    assert misfit(segment) == ""
    for name in ("link_lists.bin", "length.bin", "data_level0.bin", "header.bin"):
        path = segment / name
        whole = path.read_bytes()
        for harmed in (tear(whole), whole + b"\0" * 4, b""):
            path.write_bytes(harmed)
            assert misfit(segment) == name
        path.write_bytes(whole)
    assert misfit(segment) == ""


def test_a_trial_writes_no_more_than_it_may(healthy: tuple[Path, list[list[str]]], tmp_path: Path) -> None:
    """Whatever the sizes of the files did not tell is bounded, in the process that tries the database."""
    folder = shutil.copytree(healthy[0] / "chroma", tmp_path / "chroma")
    code = (
        "import resource, sys; from pathlib import Path; from retrieval.index.chroma_database import probe\n"
        "probe(Path(sys.argv[1])); print(resource.getrlimit(resource.RLIMIT_FSIZE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert int(done.stdout) == 2 * largest + chroma_database.ROOM


def test_a_healthy_store_is_not_probed(healthy: tuple[Path, list[list[str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma_database, "_opens", None)
    with Store.open(healthy[0], SETTINGS) as store:
        assert store.agrees()


def test_an_index_of_an_older_text_is_told_the_new_one(healthy: tuple[Path, list[list[str]]], tmp_path: Path) -> None:
    """The ids agree, the texts do not: only the checksum tells."""
    folder = shutil.copytree(healthy[0], tmp_path / "store")
    with Store.open(folder, SETTINGS) as store:
        some = store.catalogue.get(["p7"])[0]
        changed = Product(some.product_id, "violet umbrella", some.price_cents, "USD", product_type=some.product_type)
        store.catalogue.upsert([changed])
        store.catalogue.mark_indexed([changed])
    with Store.open(folder, SETTINGS) as store:
        assert store.agrees()
        assert store.search(Query("violet umbrella", n=1)).hits[0].product.product_id == "p7"
