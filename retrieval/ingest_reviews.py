"""Review files -> catalogue; may be run again, a review with a known id takes the place of the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retrieval.catalogue import Catalogue
from retrieval.feeds.files import batches, check_files, usable_rows
from retrieval.feeds.quarantine import Quarantine
from retrieval.feeds.review_rows import ReviewReader
from retrieval.ingest import CATALOGUE_FILE
from retrieval.lock import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from retrieval.feeds.base import RawRow
    from retrieval.feeds.files import Progress
    from retrieval.types import Review

REVIEW_QUARANTINE = "quarantine.reviews.jsonl"
_BATCH = 250  # reviews a transaction


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """What became of the rows of review files: `taken` are in the catalogue now, new or as before."""

    read: int = 0
    taken: int = 0
    quarantined: int = 0


def ingest_reviews(
    files: Sequence[Path],
    store_dir: Path,
    *,
    catalogue: Catalogue | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ReviewReport:
    """Read review files (any format that feeds have) into the catalogue of a store.

    Args:
        files: Review files.
        store_dir: The store. Bad rows go to its `quarantine.reviews.jsonl`, written anew each run.
        catalogue: The open catalogue of the store; opened (and closed) here when None.
        mapping: Field of a review -> their column, over what column names say.
        progress: Told (done, total) bytes.

    Raises:
        FeedError: A file as a whole cannot be read; what was read before it is kept.
        StoreError: Another process writes to the store, or it cannot be opened.
    """
    reader = ReviewReader(mapping)
    check_files(files)
    with writing(store_dir), Quarantine(store_dir / REVIEW_QUARANTINE) as bad:
        opened = catalogue if catalogue is not None else Catalogue.open(store_dir / CATALOGUE_FILE)
        try:
            taken = 0
            for batch in batches(usable_rows(files, reader.review, bad=bad, progress=progress), _BATCH):
                known = _of_known_products(opened, batch, bad)
                opened.add_reviews(known)
                taken += len(known)
        finally:
            if catalogue is None:
                opened.close()
    return ReviewReport(taken + bad.n, taken, bad.n)


def _of_known_products(
    catalogue: Catalogue, batch: Iterable[tuple[Path, RawRow, Review]], bad: Quarantine
) -> list[Review]:
    """Return the reviews of products that are known, by their own id or by that of their group."""
    batch = list(batch)
    known = catalogue.resolve({review.product_id for _, _, review in batch})
    kept = []
    for path, row, review in batch:
        product_id = known.get(review.product_id)
        if product_id is None:
            bad.add(path, row, reason=f"no product {review.product_id!r} in the catalogue")
        else:
            kept.append(replace(review, product_id=product_id))
    return kept
