"""Several processes on one store: what one writes the others see, and none of them gets in another's way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from retrieval.generation import Place
from retrieval.ingest import flush
from retrieval.lock import is_written, writing
from retrieval.settings import RetrievalSettings
from retrieval.store import Store
from retrieval.types import Product, Query

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.generation import Generation

SETTINGS = RetrievalSettings(encoder="hashing")
PRODUCTS = tuple(Product(f"p{i}", f"mug number {i}", 500, "USD", product_type="Home > Mugs") for i in range(20))
TEAPOT = Product("new", "blue teapot", 900, "USD")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store", SETTINGS) as store:
        store.catalogue.upsert(PRODUCTS)
        flush(store.catalogue, store.indexer())
    return tmp_path / "store"


def found_by_words(store: Store, text: str) -> list[str]:
    """Search, as shoppers do all the time, and say what the words alone find."""
    store.search(Query(text, n=1))
    return [key for key, _ in store.lexical.search(text, n=5)]


def test_a_reader_that_searches_during_an_ingest_sees_its_end(folder: Path) -> None:
    """The catalogue changes first, the indexes later, and no revision says when: the manifest does."""
    with Store.open(folder, SETTINGS) as reader:
        with Store.open(folder, SETTINGS) as writer:
            writer.catalogue.upsert([TEAPOT])
            assert found_by_words(reader, "teapot") == []
            flush(writer.catalogue, writer.indexer())
        assert found_by_words(reader, "teapot") == ["new"]
        assert reader.dense.embeddings(["new"])


def test_opening_a_store_does_not_refuse_an_ingest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, entered = Place.open, threading.Event()

    def slowly(place: Place, *arguments: object, **options: object) -> Generation:
        entered.set()
        time.sleep(0.5)
        return opened(place, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Place, "open", slowly)
    stores: list[Store] = []
    opener = threading.Thread(target=lambda: stores.append(Store.open(folder, SETTINGS)))
    opener.start()
    assert entered.wait(30)
    with writing(folder):
        pass
    opener.join()
    stores[0].close()


def test_two_that_open_at_once_both_have_chroma(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from retrieval.settings import RetrievalSettings; "
        "from retrieval.store import Store\n"
        "with Store.open(Path(sys.argv[1]), RetrievalSettings(encoder='hashing')) as store:\n"
        "    print(store.dense._collection is not None)"
    )
    command = [sys.executable, "-c", code, str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == ["True", "True"]


def test_closing_does_not_settle_what_another_process_is_writing(folder: Path) -> None:
    store = Store.open(folder, SETTINGS)
    store.catalogue.upsert([TEAPOT])
    flush(store.catalogue, store.indexer())
    manifest = (folder / "index.json").read_bytes()
    with writing(folder):  # the next ingest has begun before this process came to its end
        store.close()
    assert (folder / "index.json").read_bytes() == manifest
    with Store.open(folder, SETTINGS) as again:
        assert again.agrees()
        assert again.dense.ids() == {p.product_id for p in PRODUCTS} | {"new"}


def test_servers_stay_ready_while_a_feed_is_ingested(folder: Path) -> None:
    with Store.open(folder, SETTINGS) as reader:
        assert reader.health()["indexes"] == "ok"
        with writing(folder), Store.open(folder, SETTINGS) as writer:
            assert is_written(folder)
            writer.catalogue.upsert([TEAPOT])
            assert reader.health()["indexes"].startswith("ok: ")
        assert not is_written(folder)
        reader.rebuild()
        assert not is_written(folder), "a rebuild waits for the lock of writers, and gives it back"


def test_whoever_was_killed_writes_no_more(folder: Path) -> None:
    (folder / ".writer.lock").write_text(f"{2**22 + os.getpid()} writing", "utf-8")
    assert not is_written(folder)
    with writing(folder):
        pass
