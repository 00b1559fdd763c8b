"""What `shoptalk ingest` does: feeds, then reviews, then events, each into its own room, and one report of all."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from assistant.history.importing import EVENT_QUARANTINE, EventReport, event_fields, import_events
from retrieval.errors import FeedError
from retrieval.feeds.columns import product_fields
from retrieval.feeds.files import check_files
from retrieval.feeds.review_rows import review_fields
from retrieval.ingest import IngestReport, ingest
from retrieval.ingest_reviews import ReviewReport, ingest_reviews
from retrieval.store import CATALOGUE, Store
from ui.listing import progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assistant.history.database import Database
    from assistant.settings import Settings
    from retrieval.feeds.prices import PriceUnit


@dataclass(frozen=True, slots=True)
class Intake:
    """Files to take into a store; any of the three kinds may be missing, not all.

    Attributes:
        settings: Say where the shop database is.
        store_dir: The store; feeds make it where there is none.
        feeds: Product feeds.
        reviews: Files of reviews.
        events: Behaviour logs.
    """

    settings: Settings
    store_dir: Path
    feeds: Sequence[Path] = ()
    reviews: Sequence[Path] = ()
    events: Sequence[Path] = ()

    def run(self, pairs: Sequence[str], *, currency: str, price_unit: PriceUnit, full: bool) -> dict[str, Any]:
        """Take everything in and return the report: the fields of `IngestReport`, and what became of the others.

        Args:
            pairs: "our=theirs", with the kind before it ("reviews.text=said") where several have the field.
            currency: Of prices that name none.
            price_unit: Of bare prices.
            full: The feeds are the whole range.

        Raises:
            FeedError: A file cannot be read, or a pair names no field.
            RetrievalError: The store is in use or broken.
            HistoryError: The shop database refuses.
        """
        check_files([*self.feeds, *self.reviews, *self.events])
        mapping = mappings(pairs, kinds=[k for k in ("feeds", "reviews", "events") if getattr(self, k)])
        if not self.feeds and not (self.store_dir / CATALOGUE).is_file():
            raise FeedError(f"there is no store at {str(self.store_dir)!r} yet; ingest its product feed first")
        done, told, logged = IngestReport(0, 0, 0, 0, 0, 0, 0.0), ReviewReport(), EventReport()
        with Store.open(self.store_dir) as target:
            if self.feeds:
                with progress("Reading") as advance:
                    done = ingest(
                        self.feeds, self.store_dir, catalogue=target.catalogue, indexer=target.indexer(),
                        mapping=mapping["feeds"], currency=currency, price_unit=price_unit, full=full, progress=advance,
                    )  # fmt: skip
            if self.reviews:
                with progress("Reviews") as advance:
                    told = ingest_reviews(
                        self.reviews, self.store_dir, catalogue=target.catalogue, mapping=mapping["reviews"],
                        progress=advance,
                    )  # fmt: skip
        if self.events:
            with progress("Events") as advance, _database(self.settings) as database:
                logged = import_events(
                    self.events, database, quarantine=self.store_dir / EVENT_QUARANTINE, mapping=mapping["events"],
                    progress=advance,
                )  # fmt: skip
        return {
            **asdict(done),
            "reviews": told.taken,
            "events": logged.added,
            "review_rows": asdict(told),
            "event_rows": asdict(logged),
        }


def mappings(pairs: Sequence[str], *, kinds: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return our field -> their column for each kind; a pair without a kind counts for every kind with that field.

    Raises:
        FeedError: A pair is not of the form our=theirs, none of `kinds` has the field, or another pair has it too.
    """
    fields: Mapping[str, frozenset[str]] = {
        "feeds": product_fields(),
        "reviews": frozenset(review_fields()),
        "events": event_fields(),
    }
    found: dict[str, dict[str, str]] = {kind: {} for kind in fields}
    for pair in pairs:
        ours, _, theirs = (part.strip() for part in pair.partition("="))
        if not ours or not theirs:
            raise FeedError(f"--map {pair!r} is not of the form our=theirs, e.g. --map title=item_name")
        kind, _, field = ours.rpartition(".")
        having = [k for k in kinds if kind in ("", k) and field in fields[k]]
        if not having:
            known = "; ".join(f"{k}: {', '.join(sorted(fields[k]))}" for k in kinds)
            raise FeedError(f"--map: no field {ours!r}; the fields are {known}")
        for k in having:
            if field in found[k]:
                raise FeedError(f"--map {pair!r}: {field!r} has the column {found[k][field]!r} already; name it once")
            found[k][field] = theirs
    return found


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    from assistant.bootstrap import open_database

    database = open_database(settings)
    try:
        yield database
    finally:
        database.close()
