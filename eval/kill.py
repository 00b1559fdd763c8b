"""Kills an ingest at random moments and looks whether anything that was acknowledged is lost.

    python -m eval.kill --times 100 --rows 3000 --encoder hashing

Each round starts an ingest in a process of its own, which reports every committed batch of the catalogue, and ends it
with SIGKILL. Five rounds go on with the same store, and the feed changes from round to round, so that later kills meet
updates too. Every round ends with opening the store and looking for all that was acknowledged.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.catalogue import Catalogue
from retrieval.encoder.registry import names
from retrieval.errors import RetrievalError
from retrieval.ingest import ingest
from retrieval.settings import RetrievalSettings
from retrieval.store import CATALOGUE, Store
from retrieval.types import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retrieval.catalogue import UpsertResult
    from retrieval.types import Product

STARTING_S: Final = 2.0
ROWS_PER_S: Final = 300  # first guesses; kills adapt to how long an ingest takes
AMID: Final = 0.7  # share of the kills that come after the first acknowledgement
READY: Final = "{}\n"
RENEWED: Final = 5  # rounds with one store
SEARCHED: Final = 30  # acknowledged products that are searched for by their title, a round
THINGS: Final = ("mug", "kettle", "lamp", "tent", "chair", "bottle", "blanket", "clock")
KINDS: Final = ("red", "blue", "steel", "oak", "small", "garden", "travel", "quiet", "warm", "folding")


@dataclass(slots=True)
class KillReport:
    """What came of it; `lost` holds (round, product id, where it was missing), `crashed` ingests that nobody killed."""

    kills: int = 0
    finished: int = 0  # rounds in which the ingest ended before the kill
    acknowledged: int = 0  # products, over all rounds
    failed_opens: list[str] = field(default_factory=list)
    lost: list[tuple[int, str, str]] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    slowest_open_s: float = 0.0

    def summary(self) -> str:
        """Return one line."""
        return (
            f"{self.kills} kills, {self.finished} ended before; {self.acknowledged} products acknowledged; "
            f"{len(self.lost)} lost, {len(self.failed_opens)} opens failed, {len(self.crashed)} ingests failed by "
            f"themselves; slowest open {self.slowest_open_s:.1f} s"
        )


def run(folder: Path, *, times: int, rows: int, encoder: str = "hashing", seed: int = 7) -> KillReport:
    """Kill `times` ingests of `rows` products in `folder` and return what was found after each."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    report = KillReport()
    feed, store = folder / "feed.jsonl", folder / "store"
    longest = dict.fromkeys(
        (True, False), STARTING_S + rows / ROWS_PER_S
    )  # seconds until a kill, for a new store or an old one
    for number in range(times):
        fresh = number % RENEWED == 0
        if fresh:
            shutil.rmtree(store, ignore_errors=True)
        _write_feed(feed, rows=rows, edition=number)
        told, code, took = _killed(
            feed,
            store,
            encoder=encoder,
            told_first=rng.random() < AMID,
            after_s=rng.uniform(0.0, longest[fresh]),
        )
        longest[fresh] = took if code == 0 else longest[fresh] * 1.1
        report.kills += code == -signal.SIGKILL
        report.finished += code == 0
        if code not in (0, -signal.SIGKILL):
            report.crashed.append(f"round {number}: the ingest ended by itself with exit code {code}")
        report.acknowledged += len(told)
        _look(store, told, report, number=number, encoder=encoder, rng=rng)
        sys.stderr.write(f"round {number + 1}: {report.summary()}\n")
    return report


def _write_feed(path: Path, *, rows: int, edition: int) -> None:
    """A third of the rows changes with each edition."""
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            at = edition if (i + edition) % 3 == 0 else 0
            title = f"{KINDS[i % 10]} {KINDS[i // 10 % 10]} {THINGS[i % 8]} m{i}x{at}"
            row = {
                "id": f"k{i}",
                "title": title,
                "price": f"{5 + i % 90}.00",
                "product_type": f"Home > {THINGS[i % 8]}",
            }
            file.write(json.dumps(row) + "\n")


def _killed(
    feed: Path, store: Path, *, encoder: str, told_first: bool, after_s: float
) -> tuple[dict[str, str], int, float]:
    """Start an ingest, kill it `after_s` seconds into its work, and return what it acknowledged, id to title.

    The clock starts when the store is being opened, or with the first acknowledgement where `told_first`.

    The other values are its exit code (-9 where it was killed) and the seconds that it was given or took.
    """
    command = [sys.executable, "-m", "eval.kill", "--child", str(feed), str(store), encoder]
    said = feed.with_suffix(".said")
    with said.open("w", encoding="utf-8") as out:
        child = subprocess.Popen(command, stdout=out)  # noqa: S603 - our own interpreter and module
        while child.poll() is None and said.stat().st_size <= (len(READY) if told_first else 0):
            time.sleep(0.01)  # kills fall into the work, not into the imports
        started = time.perf_counter()
        try:
            child.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            child.kill()
        code = child.wait()
    took = time.perf_counter() - started
    told: dict[str, str] = {}
    for line in said.read_text("utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            told.update(json.loads(line))
    return told, code, took


def _look(
    folder: Path, told: dict[str, str], report: KillReport, *, number: int, encoder: str, rng: random.Random
) -> None:
    """Open the store and look for everything acknowledged in the catalogue, both indexes and by search."""
    started = time.perf_counter()
    try:
        opened = Store.open(folder, RetrievalSettings(encoder=encoder))
    except RetrievalError as error:
        report.failed_opens.append(f"round {number}: {error}")
        return
    report.slowest_open_s = max(report.slowest_open_s, time.perf_counter() - started)
    with opened as store:
        if not store.agrees():
            report.failed_opens.append(f"round {number}: the indexes do not agree")
        titles = {p.product_id: p.title for p in store.catalogue.get(list(told))}
        places = {"catalogue": titles.keys(), "lexical": store.lexical.ids(), "dense": store.dense.ids()}
        for where, held in places.items():
            report.lost += [(number, key, where) for key in told if key not in held]
        report.lost += [(number, key, "text") for key, title in told.items() if titles.get(key, title) != title]
        for key in rng.sample(sorted(told), min(SEARCHED, len(told))):
            found = store.search(Query(told[key], n=10)).hits
            if key not in {hit.product.product_id for hit in found}:
                report.lost.append((number, key, "search"))


class _Reporting(Catalogue):
    """Tells on stdout what each committed transaction holds."""

    def upsert(self, products: Sequence[Product]) -> UpsertResult:
        """Upsert, and acknowledge once it is durable."""
        done = super().upsert(products)
        _say({product.product_id: product.title for product in products})
        return done


def _say(told: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _child(feed: Path, folder: Path, encoder: str) -> None:
    sys.stdout.write(READY)
    sys.stdout.flush()
    with Store.open(folder, RetrievalSettings(encoder=encoder)) as store:
        reporting = _Reporting.open(folder / CATALOGUE)
        ingest([feed], folder, catalogue=reporting, indexer=store.indexer())
        reporting.close()


def main(arguments: Iterable[str] | None = None) -> int:
    """Run from the command line; 1 where something was lost, did not open or failed without being killed."""
    parser = argparse.ArgumentParser(prog="python -m eval.kill", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=_positive, default=100)
    parser.add_argument("--rows", type=_positive, default=3000)
    parser.add_argument("--encoder", choices=names(), default="hashing")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--child", nargs=3, metavar=("FEED", "STORE", "ENCODER"), help=argparse.SUPPRESS)
    given = parser.parse_args(None if arguments is None else list(arguments))
    if given.child:
        _child(Path(given.child[0]), Path(given.child[1]), given.child[2])
        return 0
    with tempfile.TemporaryDirectory(prefix="shoptalk-kill-") as folder:
        report = run(Path(folder), times=given.times, rows=given.rows, encoder=given.encoder, seed=given.seed)
    sys.stdout.write(f"{report.summary()}\n")
    for line in [*map(str, report.lost[:20]), *report.failed_opens, *report.crashed]:
        sys.stdout.write(f"{line}\n")
    return 1 if report.lost or report.failed_opens or report.crashed else 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not above zero")
    return number


if __name__ == "__main__":
    sys.exit(main())
