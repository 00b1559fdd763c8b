"""Feed -> catalogue -> every index; may be killed at any time and run again.

Rows are read in a stream and written in batches, one transaction each. The catalogue keeps, per product, what the
indexes were told last; after the rows, everything that differs is handed to the indexer. A run that was killed repeats
the rows (nothing changes) and goes on with what is still due.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeAlias

import orjson

from retrieval.catalogue import Catalogue
from retrieval.classify import classify
from retrieval.errors import FeedError, RowError
from retrieval.feeds import read_feed
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.rows import RowReader
from retrieval.feeds.source import Source
from retrieval.lock import writing
from retrieval.records import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from retrieval.feeds.base import RawRow
    from retrieval.feeds.prices import PriceUnit
    from retrieval.types import Product

Progress: TypeAlias = "Callable[[int, int], None]"
"""Told (done, total): bytes of the feed files while rows are read, then products while indexes are written."""

CATALOGUE_FILE = "catalogue.sqlite"
QUARANTINE_FILE = "quarantine.jsonl"
_BATCH = 1000  # rows a transaction
_INDEX_BATCH = 512  # products handed to the indexer at once
_EXCERPT = 400  # characters of a bad row that the quarantine keeps


class Indexer(Protocol):
    """Writes every search index; durable when a call returns, and safe to repeat."""

    def index(self, products: Sequence[Product]) -> None:
        """Add or replace these products in every index."""
        ...

    def remove(self, product_ids: Sequence[str]) -> None:
        """Remove these products from every index; unknown ids are ignored."""
        ...


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did: numbers of rows; `duplicates` repeated an id of the same run and count nowhere else."""

    read: int
    added: int
    updated: int
    unchanged: int
    removed: int
    quarantined: int
    elapsed_s: float
    duplicates: int = 0
    indexed: int = 0
    typed: int = 0  # products whose shelf was derived or changed, where the feed has none


@dataclass(slots=True)
class _Tally:
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    duplicates: int = 0
    seen: set[str] = field(default_factory=set)


def ingest(
    files: Sequence[Path],
    store_dir: Path,
    *,
    indexer: Indexer | None = None,
    catalogue: Catalogue | None = None,
    mapping: Mapping[str, str] | None = None,
    currency: str = "USD",
    price_unit: PriceUnit = "major",
    full: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Read feeds into the catalogue of a store, then bring its indexes up to date.

    Args:
        files: Feed files, read in this order; of two rows with one id the later wins.
        store_dir: The store; created when missing. Bad rows go to its `quarantine.jsonl`, written anew each run.
        indexer: Writes the indexes; without one only the catalogue is written, and the rest stays due.
        catalogue: The open catalogue of the store; opened (and closed) here when None.
        mapping: Our field -> their column, over what column names say.
        currency: ISO 4217, of prices that do not say theirs.
        price_unit: Whether bare prices are in major units (49.99) or in cents.
        full: The feeds hold everything that is sold: products they do not name are marked unavailable.
        progress: Told how far it is, see `Progress`.

    Raises:
        FeedError: A file as a whole cannot be read; what was read before it is kept, nothing is marked unavailable.
        StoreError: Another process writes to the store, or it cannot be opened.
    """
    started = time.perf_counter()
    reader = RowReader(ColumnMap(mapping), currency=currency.upper(), unit=price_unit)
    missing = next((f for f in files if not f.is_file()), None)
    if missing is not None or not files:
        raise FeedError(f"no feed file {str(missing)!r}; check the path" if missing else "no feed file was given")
    with writing(store_dir):
        opened = catalogue if catalogue is not None else Catalogue.open(store_dir / CATALOGUE_FILE)
        try:
            tally = _read_all(files, opened, reader=reader, quarantine=store_dir / QUARANTINE_FILE, progress=progress)
            removed = _vanish(opened, tally) if full else 0
            typed = derive_types(opened)
            indexed = flush(opened, indexer, progress=progress) if indexer is not None else 0
        finally:
            if catalogue is None:
                opened.close()
    return IngestReport(
        read=tally.read,
        added=tally.added,
        updated=tally.updated,
        unchanged=tally.unchanged,
        removed=removed,
        quarantined=tally.quarantined,
        elapsed_s=round(time.perf_counter() - started, 3),
        duplicates=tally.duplicates,
        indexed=indexed,
        typed=typed,
    )


def flush(catalogue: Catalogue, indexer: Indexer, *, progress: Progress | None = None) -> int:
    """Tell `indexer` everything that it has not been told; return how many products that were.

    Each batch is noted as told only after the indexer returned, so a kill repeats at most one batch.
    """
    total, done = catalogue.count_pending(), 0
    while True:
        due = catalogue.pending(limit=_INDEX_BATCH)
        if not due.products and not due.removed:
            return done
        if due.removed:
            indexer.remove(due.removed)
        if due.products:
            indexer.index(due.products)
        catalogue.mark_indexed(due.products, removed=due.removed)
        done += len(due.products) + len(due.removed)
        if progress is not None:
            progress(done, max(total, done))


def derive_types(catalogue: Catalogue) -> int:
    """Give a shelf to products that were fed without one; return how many got another than before."""
    shelves = classify(catalogue.untyped())
    return catalogue.derive_types(shelves)


def _read_all(
    files: Sequence[Path],
    catalogue: Catalogue,
    *,
    reader: RowReader,
    quarantine: Path,
    progress: Progress | None,
) -> _Tally:
    tally = _Tally()
    with quarantine.open("wb") as bad:
        for batch in chunks(_rows(files, progress), _BATCH):
            products = [p for path, row in batch if (p := _product(path, row, reader, tally, bad)) is not None]
            _store(catalogue, products, tally)
            bad.flush()
    return tally


def _rows(files: Sequence[Path], progress: Progress | None) -> Iterator[tuple[Path, RawRow]]:
    sizes = [f.stat().st_size for f in files]
    total, before = sum(sizes), 0
    for path, size in zip(files, sizes, strict=True):

        def tell(n_bytes: int, before: int = before) -> None:
            if progress is not None:
                progress(min(before + n_bytes, total), total)

        for row in read_feed(Source(path, on_bytes=tell)):
            yield path, row
        before += size
        tell(0, before)


def _product(path: Path, row: RawRow, reader: RowReader, tally: _Tally, bad: IO[bytes]) -> Product | None:
    tally.read += 1
    try:
        if row.problem:
            raise RowError(row.problem)
        return reader.product(row.values)
    except RowError as error:
        tally.quarantined += 1
        if row.values:
            tally.seen.add(reader.identity(row.values))  # it is still sold, only unreadable this time
        bad.write(_quarantined(path, row, str(error)))
        return None


def _quarantined(path: Path, row: RawRow, reason: str) -> bytes:
    excerpt = row.excerpt or repr(dict(row.values))
    entry: dict[str, Any] = {"file": path.name, "line": row.line, "reason": reason, "row": excerpt[:_EXCERPT]}
    text = orjson.dumps(
        {k: v if isinstance(v, int) else v.encode("utf-8", "replace").decode() for k, v in entry.items()}
    )
    return text + b"\n"


def _store(catalogue: Catalogue, products: Sequence[Product], tally: _Tally) -> None:
    repeated = {p.product_id for p in products} & tally.seen
    done = catalogue.upsert(products)
    tally.added += len([i for i in done.added if i not in repeated])
    tally.updated += len([i for i in done.updated if i not in repeated])
    tally.unchanged += len([i for i in done.unchanged if i not in repeated])
    counted = len({p.product_id for p in products}) - len(repeated)
    tally.duplicates += len(products) - counted
    tally.seen.update(p.product_id for p in products)


def _vanish(catalogue: Catalogue, tally: _Tally) -> int:
    if tally.read == tally.quarantined:
        raise FeedError("the feed has no usable row, so nothing was marked unavailable; see the quarantine for reasons")
    return catalogue.mark_unavailable([i for i in catalogue.ids() if i not in tally.seen])
