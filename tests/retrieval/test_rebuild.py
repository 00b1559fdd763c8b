"""A rebuild happens beside the indexes that serve, and takes their place whole."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from retrieval.errors import StoreError
from retrieval.ingest import flush
from retrieval.lock import building, writing
from retrieval.settings import RetrievalSettings
from retrieval.store import Store
from retrieval.types import Product, Query

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = RetrievalSettings(encoder="hashing")
PRODUCTS = tuple(Product(f"p{i}", f"mug number {i}", 500, "USD", product_type="Home > Mugs") for i in range(30))

REBUILD = """
    import os, signal, sys; from pathlib import Path
    from retrieval.settings import RetrievalSettings; from retrieval.store import Store
    with Store.open(Path(sys.argv[1]), RetrievalSettings(encoder="hashing")) as store:
        store.rebuild(progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL) if sys.argv[2] == "die" else None)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store", SETTINGS) as store:
        store.catalogue.upsert(PRODUCTS)
        flush(store.catalogue, store.indexer())
    return tmp_path / "store"


def first(store: Store, text: str) -> str:
    return store.search(Query(text, n=1)).hits[0].product.product_id


def pretend(folder: Path, **fields: str) -> None:
    """Let the manifest say that something else built the indexes."""
    manifest = json.loads((folder / "index.json").read_text("utf-8"))
    (folder / "index.json").write_text(json.dumps({**manifest, **fields}), "utf-8")


def generations(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def elsewhere(folder: Path, how: str) -> int:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(REBUILD), str(folder), how], check=False).returncode


def test_a_new_generation_takes_the_place_of_the_old(folder: Path) -> None:
    with Store.open(folder, SETTINGS) as store:
        assert store.rebuild() == 30
        assert store.agrees()
        assert generations(folder) == ["chroma-1", "lexical-1"]
        assert first(store, "mug number 7") == "p7"
    with Store.open(folder, SETTINGS) as store:
        assert store.agrees()


def test_a_reader_follows_a_rebuild_of_another_process(folder: Path) -> None:
    with Store.open(folder, SETTINGS) as reader:
        assert first(reader, "mug number 7") == "p7"
        assert elsewhere(folder, "live") == 0
        assert first(reader, "mug number 8") == "p8"
        assert reader.generation.number == 1
        assert reader.agrees()


def test_killed_in_the_middle_the_old_one_serves_and_the_rest_is_removed(folder: Path) -> None:
    assert elsewhere(folder, "die") == -9
    assert "lexical-1" in generations(folder)
    with Store.open(folder, SETTINGS) as store:
        assert generations(folder) == ["chroma", "lexical"]
        assert store.agrees()
        assert first(store, "mug number 7") == "p7"


def test_what_is_ingested_meanwhile_is_in_the_new_one(folder: Path) -> None:
    with Store.open(folder, SETTINGS) as store:

        def meanwhile(*_: int) -> None:
            store.catalogue.upsert([replace(PRODUCTS[3], title="teapot"), replace(PRODUCTS[4], product_id="late")])
            store.catalogue.mark_unavailable(["p5"])
            flush(store.catalogue, store.indexer())
            assert first(store, "teapot") == "p3"

        store.rebuild(progress=meanwhile)
        assert store.agrees()
        assert store.lexical.ids() == store.dense.ids() == {p.product_id for p in PRODUCTS} - {"p5"} | {"late"}
        assert first(store, "teapot") == "p3"


def test_until_another_encoder_has_rebuilt_words_alone_answer(folder: Path) -> None:
    pretend(folder, encoder="older")
    with building(folder):  # another process is at it, and holds ours up
        store = Store.open(folder, SETTINGS, wait=False)
        assert store.health()["indexes"].startswith("ok: answering by words alone")
        hit = store.search(Query("mug number 7", n=1)).hits[0]
        assert (hit.product.product_id, hit.dense) == ("p7", 0.0)
        store.catalogue.upsert([replace(PRODUCTS[0], product_id="late", title="teapot")])
        flush(store.catalogue, store.indexer())
    assert store.wait() == 31
    assert store.health() == {"catalogue": "ok", "indexes": "ok"}
    assert first(store, "teapot") == "late"
    assert store.search(Query("mug number 7", n=1)).hits[0].dense > 0
    store.close()


def test_until_another_schema_has_rebuilt_the_store_answers(folder: Path) -> None:
    pretend(folder, schema="0.0")
    with building(folder):
        store = Store.open(folder, SETTINGS, wait=False)
        assert store.search(Query("mug number 7", n=1)).hits
    store.wait()
    assert store.agrees()
    store.close()


def test_a_closed_store_gives_its_rebuild_up(folder: Path) -> None:
    pretend(folder, encoder="older")
    with building(folder):
        store = Store.open(folder, SETTINGS, wait=False)
        store.close()
        with pytest.raises(StoreError, match="gave up"):
            store.wait()
    assert json.loads((folder / "index.json").read_text("utf-8"))["encoder"] == "older"


def test_closed_while_it_waits_for_a_writer_it_can_be_opened_again(folder: Path) -> None:
    """Chroma remembers the databases that a process has open; one that was removed must not be among them."""
    pretend(folder, encoder="older")
    with writing(folder):
        store = Store.open(folder, SETTINGS, wait=False)
        end = time.monotonic() + 60
        while not (folder / "chroma-1" / "chroma.sqlite3").exists() and time.monotonic() < end:
            time.sleep(0.05)
        store.close()
    with Store.open(folder, SETTINGS) as again:
        assert again.agrees()
        assert first(again, "mug number 7") == "p7"


def test_a_process_of_another_encoder_does_not_write(folder: Path) -> None:
    with Store.open(folder, SETTINGS) as store:
        assert elsewhere(folder, "live") == 0
        pretend(folder, encoder="newer")
        store.catalogue.upsert([replace(PRODUCTS[0], product_id="late")])
        with pytest.raises(StoreError, match="restart"):
            flush(store.catalogue, store.indexer())
        assert store.catalogue.count_pending() == 1
