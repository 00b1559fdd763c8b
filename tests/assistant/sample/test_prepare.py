"""Of several processes that start on a new clone, one prepares the sample store and the others wait for it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

import retrieval.lock as lock
from assistant.sample import prepare, store
from retrieval.catalogue import Catalogue
from retrieval.errors import StoreError
from retrieval.types import Review

if TYPE_CHECKING:
    from collections.abc import Iterator

# Another process that holds the store and, told to, says that it is done.
OTHER = """
import sys
from pathlib import Path
from retrieval.lock import preparing

with preparing(Path(sys.argv[1])):
    print("held", flush=True)
    if sys.stdin.readline():
        (Path(sys.argv[1]) / "sample.json").write_text(sys.argv[2], "utf-8")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two products and a review for the whole sample, so that preparing it is quick."""
    feed = tmp_path / "products.jsonl.gz"
    rows = [{"id": key, "title": f"Steel kettle {key}", "price": "20 USD"} for key in "ab"]
    feed.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in rows).encode()))
    monkeypatch.setattr(store, "products_path", lambda: feed)
    monkeypatch.setattr(store, "read_reviews", lambda: iter([Review("r", "a", 4, "Boils")]))
    monkeypatch.setenv("SHOPTALK_RETRIEVAL__ENCODER", "hashing")
    return tmp_path / "sample"


@contextmanager
def another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OTHER, str(folder), json.dumps({"version": store.version()})]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def products(folder: Path) -> int:
    catalogue = Catalogue.open(folder / "catalogue.sqlite")
    n = catalogue.count()
    catalogue.close()
    return n


def test_the_second_process_waits_and_takes_what_the_first_made(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with another(folder) as first:
        second = Thread(target=prepare.prepare, args=(folder,))
        second.start()
        second.join(0.3)
        assert second.is_alive()
        first.communicate("done\n")
        second.join(20)
        assert not second.is_alive()
    assert [r.getMessage() for r in caplog.records if r.levelname == "WARNING"] == [
        f"waiting for another process (pid {first.pid}) that prepares the store {folder}"
    ]
    assert not (folder / "catalogue.sqlite").exists()


def test_what_a_killed_process_left_is_begun_anew(folder: Path) -> None:
    with another(folder) as first:
        first.kill()
        first.wait()
        (folder / "sample.json").write_text("{", "utf-8")
        prepare.prepare(folder)
    assert products(folder) == 2
    assert json.loads((folder / "sample.json").read_text("utf-8")) == {"version": store.version()}
    (folder / "catalogue.sqlite").unlink()
    prepare.prepare(folder)  # nothing to do for this version
    assert not (folder / "catalogue.sqlite").exists()


def test_nobody_is_waited_for_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PREPARES_WITHIN_S", 0.1)
    with another(folder) as first, pytest.raises(StoreError, match=rf"gave up waiting.*pid {first.pid}"):
        prepare.prepare(folder)
