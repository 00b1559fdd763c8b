"""Feed -> catalogue -> every index; may be killed at any time and run again.

Rows are read in a stream and written in batches, one transaction each. The catalogue keeps, per product, what the
indexes were told last; after the rows, everything that differs is handed to the indexer. A run that was killed repeats
the rows (nothing changes) and goes on with what is still due.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from retrieval.catalogue import Catalogue
from retrieval.classify import shelves_of
from retrieval.errors import FeedError, RowError
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.files import batches, check_files, rows_of
from retrieval.feeds.points import point_in
from retrieval.feeds.quarantine import Quarantine
from retrieval.feeds.rows import RowReader
from retrieval.lock import writing
from retrieval.records import chunks
from retrieval.types import Product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from retrieval.feeds.base import RawRow
    from retrieval.feeds.files import Progress
    from retrieval.feeds.prices import PriceUnit

CATALOGUE_FILE = "catalogue.sqlite"
QUARANTINE_FILE = "quarantine.jsonl"
_BATCH = 1000  # rows a transaction
_INDEX_BATCH = 512  # products handed to the indexer at once


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
    withdrawn: int = 0  # rows that the feed itself says are not for sale; what of them was sold counts as removed


@dataclass(slots=True)
class _Tally:
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    duplicates: int = 0
    withdrawn: int = 0
    removed: int = 0
    seen: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


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
    check_files(files)
    with writing(store_dir):
        opened = catalogue if catalogue is not None else Catalogue.open(store_dir / CATALOGUE_FILE)
        try:
            tally = _read_all(files, opened, reader=reader, quarantine=store_dir / QUARANTINE_FILE, progress=progress)
            removed = tally.removed + (_vanish(opened, tally) if full else 0)
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
        withdrawn=tally.withdrawn,
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
    told = shelves_of(catalogue.untyped)
    return sum(catalogue.derive_types(dict(some)) for some in chunks(told, _BATCH))


def _read_all(
    files: Sequence[Path],
    catalogue: Catalogue,
    *,
    reader: RowReader,
    quarantine: Path,
    progress: Progress | None,
) -> _Tally:
    tally = _Tally()
    with Quarantine(quarantine) as bad:
        for batch in batches(_taken(rows_of(files, progress), reader, tally=tally, bad=bad), _BATCH):
            products = [item for item in batch if isinstance(item, Product)]
            _store(catalogue, products, tally)
            gone = {item for item in batch if isinstance(item, str)} - {p.product_id for p in products}
            tally.removed += catalogue.mark_unavailable(sorted(gone))
            bad.flush()
    return tally


def _taken(
    rows: Iterator[tuple[Path, RawRow]], reader: RowReader, *, tally: _Tally, bad: Quarantine
) -> Iterator[Product | str]:
    """Yield the product of every usable row, or its id alone where the feed says that it is not for sale."""
    latest: Path | None = None
    for path, row in rows:
        if path != latest:
            latest, reader = path, replace(reader, point=point_in(path, reader.columns))
        tally.read += 1
        try:
            if row.problem:
                raise RowError(row.problem)
            if row.withdrawn:
                tally.withdrawn += 1
                yield reader.identity(row.values)
                continue
            product = reader.product(row.values)
        except RowError as error:
            tally.quarantined += 1
            if row.values:
                tally.unreadable.add(reader.identity(row.values))  # it is still sold, only unreadable this time
            bad.add(path, row, reason=str(error))
            continue
        yield product


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
    return catalogue.mark_unavailable([i for i in catalogue.ids() if i not in tally.seen and i not in tally.unreadable])
