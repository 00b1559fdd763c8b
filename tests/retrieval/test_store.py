"""A store keeps its indexes in step with its catalogue, whatever happened to either."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from retrieval.errors import StoreError
from retrieval.ingest import flush
from retrieval.lock import writing
from retrieval.settings import RetrievalSettings
from retrieval.store import Store, rebuild
from retrieval.types import Product, Query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

SETTINGS = RetrievalSettings(encoder="hashing")
PRODUCTS = tuple(
    Product(
        f"p{i}", f"mug number {i // 2}", 500 + i, "USD", size=str(i % 2), item_group_id=f"g{i // 2}",
        product_type="Home > Mugs",
    )
    for i in range(20)
)  # fmt: skip


def filled(folder: Path) -> Store:
    store = Store.open(folder, SETTINGS)
    store.catalogue.upsert(PRODUCTS)
    flush(store.catalogue, store.indexer())
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    filled(tmp_path / "store").close()
    return tmp_path / "store"


def held(store: Store) -> tuple[set[str], set[str], set[str]]:
    return set(store.catalogue.ids()), store.lexical.ids(), store.dense.ids()


def test_a_new_store_is_empty_and_agrees(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "new", SETTINGS)
    assert store.agrees()
    assert store.search(Query("anything")).hits == ()
    store.close()


def test_a_settled_store_opens_without_work(folder: Path) -> None:
    store = Store.open(folder, SETTINGS)
    assert store.agrees()
    assert store.mend() == 0
    assert store.search(Query("mug", n=50)).total == 10
    store.close()


def test_a_store_may_be_moved(folder: Path) -> None:
    moved = Store.open(folder.rename(folder.parent / "elsewhere"), SETTINGS)
    assert moved.agrees()
    assert moved.dense.count() == 20
    moved.close()


def test_what_was_not_told_is_told_at_opening(folder: Path) -> None:
    store = Store.open(folder, SETTINGS)
    store.catalogue.upsert(
        [replace(PRODUCTS[0], title="teapot"), replace(PRODUCTS[1], product_id="new", item_group_id="")]
    )
    store.catalogue.mark_unavailable(["p5"])
    store.catalogue.close()
    again = Store.open(folder, SETTINGS)
    catalogue, lexical, dense = held(again)
    assert catalogue == lexical == dense == {p.product_id for p in PRODUCTS} - {"p5"} | {"new"}
    assert again.search(Query("teapot")).hits[0].product.product_id == "p0"
    again.close()


def test_missing_and_foreign_documents_are_put_right(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store.open(folder, SETTINGS)
    store.lexical.delete(["p1", "p2"])
    store.dense.delete(["p3"])
    store.indexer().index([replace(PRODUCTS[0], product_id="ghost")])
    store.close()
    again = Store.open(folder, SETTINGS)
    catalogue, lexical, dense = held(again)
    assert catalogue == lexical == dense
    assert "3 missing and 1 foreign" in caplog.text
    again.close()


def test_another_encoder_rebuilds(folder: Path) -> None:
    manifest = json.loads((folder / "index.json").read_text("utf-8"))
    (folder / "index.json").write_text(json.dumps({**manifest, "encoder": "older"}), "utf-8")
    told: list[tuple[int, int]] = []
    store = Store.open(folder, SETTINGS, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20, 20)
    assert store.agrees()
    store.close()


@pytest.mark.parametrize("lost", ["lexical", "chroma", "index.json", "embeddings.sqlite"])
def test_whatever_is_lost_is_built_again(folder: Path, lost: str) -> None:
    path = folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    store = Store.open(folder, SETTINGS)
    catalogue, lexical, dense = held(store)
    assert catalogue == lexical == dense
    assert store.search(Query("mug", n=50)).total == 10
    store.close()


def test_a_damaged_lexical_index_is_built_again(folder: Path) -> None:
    (folder / "lexical" / "meta.json").write_text("{torn", "utf-8")
    store = Store.open(folder, SETTINGS)
    assert store.lexical.count() == 20
    store.close()


def test_rebuilding_changes_no_answer(folder: Path) -> None:
    store = Store.open(folder, SETTINGS)
    before = store.search(Query("mug number 3", n=10))
    assert store.rebuild() == 20
    after = store.search(Query("mug number 3", n=10))
    assert [h.product.product_id for h in after.hits] == [h.product.product_id for h in before.hits]
    store.close()


def test_equal_texts_are_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(tmp_path / "store", SETTINGS)
    seen: list[str] = []
    encode = store.encoder.encode

    def counting(texts: Sequence[str]) -> NDArray[np.float32]:
        seen.extend(texts)
        return encode(texts)

    monkeypatch.setattr(store.encoder, "encode", counting)
    store.catalogue.upsert(PRODUCTS)
    flush(store.catalogue, store.indexer())
    assert len(seen) == 10
    store.rebuild()
    assert len(seen) == 10
    store.close()


def test_while_another_process_writes_a_store_still_answers(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "index.json").unlink()
    with writing(folder):
        store = Store.open(folder, SETTINGS)
        assert "another process" in caplog.text
        assert store.search(Query("mug")).hits
        with pytest.raises(StoreError, match="another process"):
            store.rebuild()
        store.close()


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError, match="--store"):
        Store.open(tmp_path / "file" / "store", SETTINGS)


def test_an_open_store_sees_what_another_process_wrote(folder: Path) -> None:
    reader = Store.open(folder, SETTINGS)
    assert reader.search(Query("teapot", n=1)).hits[0].lexical == 0.0
    code = """
        import sys; from dataclasses import replace; from pathlib import Path
        from retrieval.ingest import flush; from retrieval.settings import RetrievalSettings
        from retrieval.store import Store
        store = Store.open(Path(sys.argv[1]), RetrievalSettings(encoder="hashing"))
        some = store.catalogue.get(["p0"])[0]
        store.catalogue.upsert([replace(some, product_id="fresh", item_group_id="", title="blue teapot")])
        flush(store.catalogue, store.indexer()); store.close()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(folder)], check=True)
    assert reader.search(Query("teapot", n=1)).hits[0].product.product_id == "fresh"
    reader.close()


@pytest.mark.slow
def test_a_killed_writer_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    code = """
        import sys; from pathlib import Path
        from retrieval.settings import RetrievalSettings; from retrieval.store import Store
        from retrieval.types import Product
        store = Store.open(Path(sys.argv[1]), RetrievalSettings(encoder="hashing"))
        store.catalogue.upsert([Product(f"p{i}", f"mug number {i}", 500, "USD") for i in range(400)])
        indexer = store.indexer()
        while due := store.catalogue.pending(limit=10).products:
            indexer.index(due); store.catalogue.mark_indexed(due); print("told", flush=True)
    """
    writer = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), str(folder)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    for _ in range(4):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    store = Store.open(folder, SETTINGS)
    catalogue, lexical, dense = held(store)
    assert catalogue == lexical == dense
    assert len(catalogue) == 400
    assert store.agrees()
    store.close()


def test_the_rebuild_command_wants_a_store(folder: Path, tmp_path: Path) -> None:
    assert rebuild(folder, SETTINGS) == 20
    with pytest.raises(StoreError, match="ingest"):
        rebuild(tmp_path / "nothing", SETTINGS)
    assert not (tmp_path / "nothing").exists()
