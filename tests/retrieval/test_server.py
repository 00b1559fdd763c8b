"""The dense index on a Chroma server of its own, run for the test on the loopback."""

from __future__ import annotations

import gc
import signal
import socket
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retrieval.catalogue import Catalogue
from retrieval.encoder.hashing import HashingEncoder
from retrieval.errors import StoreError
from retrieval.generation import Place
from retrieval.index.chroma_database import ANSWERS_WITHIN_S
from retrieval.ingest import flush
from retrieval.lock import writing
from retrieval.settings import RetrievalSettings, read_settings
from retrieval.store import Store
from retrieval.types import Constraint, Product, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTS_WITHIN_S = 90
PRODUCTS = tuple(
    Product(f"p{i}", f"mug number {i}", 500 + 100 * i, "USD", product_type="Home > Mugs") for i in range(30)
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [str(chroma), "run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()
        with warnings.catch_warnings():  # connections that Chroma's client leaves to the garbage collector
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


READ = """
    import sys; from pathlib import Path
    from retrieval.settings import read_settings; from retrieval.store import Store; from retrieval.types import Query
    with Store.open(Path(sys.argv[1]), read_settings().model_copy(update={"encoder": "hashing"})) as store:
        assert store.settings.chroma_url and store.agrees()
        print(store.search(Query("mug number 7", n=1)).hits[0].product.product_id)
"""


@pytest.mark.slow
def test_a_store_lives_on_a_server(
    server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, process = server
    monkeypatch.setenv("SHOPTALK_CHROMA__URL", url)
    settings = RetrievalSettings(encoder="hashing")
    assert settings.chroma_url == url
    store = Store.open(tmp_path / "store", settings)
    store.catalogue.upsert(PRODUCTS)
    flush(store.catalogue, store.indexer())
    store.settle()
    assert store.agrees()
    cheap = Query("mug number 7", (Constraint("price", "lte", 7),), n=50)
    expected = [hit.product.product_id for hit in store.search(cheap).hits]
    assert set(expected) == {"p0", "p1", "p2"}
    code = [sys.executable, "-c", textwrap.dedent(READ), str(tmp_path / "store")]
    assert subprocess.run(code, capture_output=True, text=True, check=True).stdout.split() == ["p7"]

    assert store.rebuild() == 30
    assert store.agrees()
    names = {collection.name for collection in store.dense._client.list_collections()}  # type: ignore[union-attr]
    assert len(names) == 1

    process.kill()
    process.wait()
    assert store.search(Query("mug number 8", n=1)).hits[0].product.product_id == "p8"
    assert [hit.product.product_id for hit in store.search(cheap).hits] == expected
    assert "exact copy" in store.health()["indexes"]
    store.close()
    with pytest.raises(StoreError, match="does not answer"):
        Store.open(tmp_path / "store", settings)


@pytest.mark.slow
def test_a_server_that_hangs_holds_up_one_search(server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    url, process = server
    settings = RetrievalSettings(encoder="hashing", chroma_url=url)
    store = Store.open(tmp_path / "store", settings)
    store.catalogue.upsert(PRODUCTS)
    flush(store.catalogue, store.indexer())
    store.settle()
    process.send_signal(signal.SIGSTOP)
    try:
        took = []
        for number in (7, 8, 9):
            started = time.monotonic()
            found = store.search(Query(f"mug number {number}", n=1)).hits[0]
            took.append(time.monotonic() - started)
            assert (found.product.product_id, found.dense > 0) == (f"p{number}", True)
        assert took[0] < 3 * ANSWERS_WITHIN_S
        assert max(took[1:]) < ANSWERS_WITHIN_S
        with pytest.raises(StoreError, match="does not answer"):
            Store.open(tmp_path / "store", settings)
    finally:
        process.send_signal(signal.SIGCONT)
    store.close()


def test_stores_in_the_same_place_of_two_machines_do_not_share_a_collection(tmp_path: Path) -> None:
    names = set()
    for machine in ("one", "two"):
        catalogue = Catalogue.open(tmp_path / machine / "catalogue.sqlite")
        identity = catalogue.identity()
        assert catalogue.identity() == identity
        catalogue.close()
        place = Place(tmp_path / "data", HashingEncoder(), url="http://host:8000", identity=identity)
        names.add(place._collection())
    assert len(names) == 2


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "http://host:99999", "http://u:p@host"])
def test_an_address_that_cannot_be_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_CHROMA__URL", url)
    with pytest.raises(StoreError, match="SHOPTALK_CHROMA__URL") as refused:
        read_settings()
    assert "u:p" not in str(refused.value)


def test_the_older_name_of_the_setting_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_CHROMA__URL", "http://one:8000")
    monkeypatch.setenv("SHOPTALK_RETRIEVAL__CHROMA_URL", "http://two:8000/")
    assert read_settings().chroma_url == "http://two:8000"


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from retrieval.lock import writing\n"
        "with writing(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreError, match=rf"{tmp_path.name}.*pid {holder.pid}.*wait for it"), writing(tmp_path):
            pass
        holder.communicate()
    with writing(tmp_path):
        pass
