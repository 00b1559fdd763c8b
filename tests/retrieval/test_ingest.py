"""Feed -> catalogue -> indexes: counted, resumable, one writer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from retrieval.catalogue import Catalogue
from retrieval.errors import FeedError, StoreError
from retrieval.ingest import CATALOGUE_FILE, QUARANTINE_FILE, ingest
from retrieval.lock import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.types import Product

ROOT = Path(__file__).parents[2]


class Indexed:
    """A double of the indexes that remembers what it was told; `fails_after` calls it breaks."""

    def __init__(self, *, fails_after: int = 10**9) -> None:
        self.held: dict[str, str] = {}
        self.calls = 0
        self.fails_after = fails_after

    def index(self, products: Sequence[Product]) -> None:
        self.calls += 1
        if self.calls > self.fails_after:
            raise RuntimeError("out of order")
        self.held.update({p.product_id: p.title for p in products})

    def remove(self, product_ids: Sequence[str]) -> None:
        for product_id in product_ids:
            self.held.pop(product_id, None)


def _row(i: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    return {"id": f"p{i}", "title": f"Mug number {i}", "price": "5.00", "product_type": "Mugs", **fields}


def _feed(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(r) for r in rows), "utf-8")
    return path


def test_counts_and_upserts(tmp_path: Path) -> None:
    indexed, store = Indexed(), tmp_path / "store"
    feed = _feed(tmp_path / "a.jsonl", [_row(1), _row(2), _row(3, price="call"), _row(2, title="Mug two")])
    first = ingest([feed], store, indexer=indexed)
    assert (first.read, first.added, first.quarantined, first.duplicates) == (4, 2, 1, 1)
    assert indexed.held == {"p1": "Mug number 1", "p2": "Mug two"}
    bad = [json.loads(line) for line in (store / QUARANTINE_FILE).read_text().splitlines()]
    assert [(b["file"], b["line"]) for b in bad] == [("a.jsonl", 3)]
    assert "no price" in bad[0]["reason"]
    again = ingest([feed], store, indexer=indexed)
    assert (again.added, again.updated, again.unchanged, again.indexed) == (0, 0, 2, 0)
    third = ingest([_feed(tmp_path / "b.jsonl", [_row(1, price="4.00"), _row(9)])], store, indexer=indexed)
    assert (third.added, third.updated, third.removed, third.indexed) == (1, 1, 0, 1)


def test_full_marks_the_vanished(tmp_path: Path) -> None:
    indexed, store = Indexed(), tmp_path / "store"
    ingest([_feed(tmp_path / "a.jsonl", [_row(i) for i in range(4)])], store, indexer=indexed)
    rows = [_row(0), _row(1, price="oops")]  # p1 is unreadable today, not gone
    report = ingest([_feed(tmp_path / "b.jsonl", rows)], store, indexer=indexed, full=True)
    assert (report.removed, report.quarantined) == (2, 1)
    assert set(indexed.held) == {"p0", "p1"}
    with pytest.raises(FeedError, match="no usable row"):
        ingest([_feed(tmp_path / "c.jsonl", [{"id": "x"}])], store, indexer=indexed, full=True)


def test_shelves_are_derived_where_the_feed_has_none(tmp_path: Path) -> None:
    rows = [_row(i, title=f"Acme {i} laptop backpack", product_type="") for i in range(3)]
    report = ingest([_feed(tmp_path / "a.jsonl", rows)], tmp_path / "store")
    catalogue = Catalogue.open(tmp_path / "store" / CATALOGUE_FILE)
    assert {p.product_type for p in catalogue.get(catalogue.ids())} == {"Laptop backpack"}
    catalogue.close()
    assert report.unchanged == 0
    assert ingest([tmp_path / "a.jsonl"], tmp_path / "store").unchanged == 3


def test_an_index_that_breaks_is_caught_up(tmp_path: Path) -> None:
    feed = _feed(tmp_path / "a.jsonl", [_row(i) for i in range(1200)])
    broken = Indexed(fails_after=1)
    with pytest.raises(RuntimeError):
        ingest([feed], tmp_path / "store", indexer=broken)
    mended = Indexed()
    mended.held = broken.held
    report = ingest([feed], tmp_path / "store", indexer=mended)
    assert (report.unchanged, report.indexed) == (1200, 1200 - 512)
    assert len(mended.held) == 1200


def test_one_writer(tmp_path: Path) -> None:
    feed = _feed(tmp_path / "a.jsonl", [_row(1)])
    with writing(tmp_path / "store"), pytest.raises(StoreError, match="another process is writing"):
        ingest([feed], tmp_path / "store")
    assert ingest([feed], tmp_path / "store").added == 1


def test_bad_input_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"no feed file '.*nope.csv'"):
        ingest([tmp_path / "nope.csv"], tmp_path / "store")
    with pytest.raises(FeedError, match="no feed file was given"):
        ingest([], tmp_path / "store")


def test_rows_before_a_break_are_kept(tmp_path: Path) -> None:
    good = _feed(tmp_path / "a.jsonl", [_row(i) for i in range(3)])
    broken = tmp_path / "b.json"
    broken.write_text('[{"id": "z", "title": "Z", "price": 1}, {"id"')
    with pytest.raises(FeedError, match="not valid JSON"):
        ingest([good, broken], tmp_path / "store")
    report = ingest([good], tmp_path / "store")
    assert report.added + report.unchanged == 3


def test_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    feed = _feed(tmp_path / "a.jsonl", [_row(i) for i in range(600)])
    ingest([feed], tmp_path / "store", indexer=Indexed(), progress=lambda done, total: told.append((done, total)))
    size = feed.stat().st_size
    assert (size, size) in told
    assert told[-1] == (600, 600)


CHILD = """
import sys, time
from pathlib import Path
from retrieval.ingest import ingest

class Slow:
    def index(self, products):
        with open(sys.argv[3], "a") as told:
            told.writelines(p.product_id + chr(10) for p in products)
        time.sleep(0.05)
    def remove(self, product_ids): pass

ingest([Path(sys.argv[1])], Path(sys.argv[2]), indexer=Slow())
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_time_and_run_again(tmp_path: Path) -> None:
    feed = _feed(tmp_path / "a.jsonl", [_row(i, description="y " * 100) for i in range(3000)])
    told = tmp_path / "told.txt"
    command = [sys.executable, "-c", CHILD, str(feed), str(tmp_path / "store"), str(told)]
    for wait_s in (0.8, 1.3, 1.9):
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ})
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.wait()
    finished = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert finished.stdout.strip() == "done"
    catalogue = Catalogue.open(tmp_path / "store" / CATALOGUE_FILE)
    assert catalogue.count() == 3000
    assert catalogue.count_pending() == 0
    assert len(catalogue.get([f"p{i}" for i in range(3000)])) == 3000
    checksum = catalogue.checksum()
    catalogue.close()
    assert set(told.read_text().split()) == {f"p{i}" for i in range(3000)}
    ingest([feed], tmp_path / "fresh")
    fresh = Catalogue.open(tmp_path / "fresh" / CATALOGUE_FILE)
    assert fresh.checksum() == checksum
    fresh.close()
