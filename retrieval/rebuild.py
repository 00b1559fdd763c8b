"""Builds the next generation of indexes in a thread, while the present one answers and takes what is ingested."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from retrieval.document import document_text
from retrieval.errors import RetrievalError, StoreError
from retrieval.index.base import Document
from retrieval.ingest import flush
from retrieval.lock import building, waiting
from retrieval.manifest import IndexManifest, write_manifest
from retrieval.records import hashed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.encoder.base import Encoder
    from retrieval.generation import Generation, Place
    from retrieval.store import Progress, Store
    from retrieval.types import Product

logger = logging.getLogger(__name__)

BATCH = 512  # products encoded and written at once


class StoreIndexer:
    """Writes both indexes of a store; see `retrieval.ingest.Indexer`."""

    def __init__(self, encoder: Encoder, *, current: Callable[[], Generation]) -> None:
        """Take the encoder of documents, and what tells which generation is to be written, asked at every call."""
        self._encoder = encoder
        self._current = current

    def index(self, products: Sequence[Product]) -> None:
        """Add or replace these products; durable when it returns. Equal texts are encoded once.

        A generation of another encoder or schema gets nothing: the one that is being built beside it does.
        """
        now = self._current()
        if now.current:
            write(now, products, self._encoder)

    def remove(self, product_ids: Sequence[str]) -> None:
        """Remove these products; unknown ids are ignored."""
        now = self._current()
        if now.current:
            now.lexical.delete(product_ids)
            now.dense.delete(product_ids)


def write(generation: Generation, products: Sequence[Product], encoder: Encoder) -> None:
    """Add or replace products in both indexes of a generation."""
    texts = [document_text(product) for product in products]
    rows = encoder.encode(texts)  # (n, d)
    documents = [
        Document(product.product_id, product.title, text, row, hashed(text))
        for product, text, row in zip(products, texts, rows, strict=True)
    ]
    generation.lexical.upsert(documents)
    generation.dense.upsert(documents)


class Rebuild:
    """One rebuild of one store.

    It reads the catalogue without holding up its writers. In the end it holds the writer's lock for as long as it
    takes to add what has changed meanwhile and to replace the manifest, which is the one moment that matters: killed
    before, the old generation serves and the next start removes what was built; killed after, the new one serves.

    Attributes:
        done: Products written so far.
    """

    def __init__(
        self, store: Store, place: Place, encoder: Encoder, *, progress: Progress | None, unless_current: bool
    ) -> None:
        """Prepare to rebuild.

        Args:
            store: Adopts what is built.
            place: Where generations lie.
            encoder: Embeds documents.
            progress: Called with (done, total) products.
            unless_current: Whether another process may have done it while this one waited for its turn.
        """
        self.done = 0
        self._store = store
        self._place = place
        self._encoder = encoder
        self._progress = progress
        self._unless_current = unless_current
        self._stopped = Event()
        self._error: RetrievalError | None = None
        self._thread = Thread(target=self._run, name="rebuild", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Give up after the present batch, and return when that is done."""
        self._stopped.set()
        self._thread.join()

    def join(self) -> int:
        """Wait for the end; return how many products were written.

        Raises:
            RetrievalError: What it failed of.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self.done

    def _run(self) -> None:
        try:
            with building(self._place.folder, given_up=self._stopped.is_set):
                self._store.follow()
                if not (self._unless_current and self._store.is_current):
                    self._build()
        except RetrievalError as error:
            self._error = error
            if not self._stopped.is_set():
                logger.warning("the rebuild failed, the old indexes go on answering: %s", error)

    def _build(self) -> None:
        old = self._store.generation
        self._place.sweep(keep=old)
        new = self._place.new(old.number + 1)
        try:
            told = self._fill(new)
            with waiting(self._place.folder, given_up=self._stopped.is_set):
                self._swap(new, told)
        except BaseException:
            if self._store.generation is not new:
                new.close()  # Chroma keeps one database a path in a process, and would go on with a removed one
            raise
        self._place.sweep(keep=new)

    def _swap(self, new: Generation, told: dict[str, int]) -> None:
        """Let the new generation answer, with what has changed meanwhile; nobody else writes now."""
        self._catch_up(new, told)
        new.save()
        manifest = IndexManifest(self._encoder.version, self._place.schema, generation=new.number)
        write_manifest(self._place.folder, manifest)
        self._store.adopt(new)
        flush(self._store.catalogue, self._store.indexer())  # what is due is there already: it is noted so
        self._store.settle()

    def _fill(self, new: Generation) -> dict[str, int]:
        """Write everything that is sold; return what version of each product was written, by id."""
        catalogue, told = self._store.catalogue, dict[str, int]()
        total = catalogue.count()
        for products in catalogue.products(batch=BATCH):
            if self._stopped.is_set():
                raise StoreError("the rebuild was given up because the store was closed; open it again to go on")
            write(new, products, self._encoder)
            told.update(
                (p.product_id, Document(p.product_id, "", "", None, hashed(document_text(p))).fingerprint)
                for p in products
            )
            self.done = len(told)
            if self._progress is not None:
                self._progress(self.done, max(total, self.done))
        return told

    def _catch_up(self, new: Generation, told: dict[str, int]) -> None:
        """Write what has changed since `_fill` read it; nobody else writes now."""
        sold = self._store.catalogue.fingerprints()
        gone = sorted(told.keys() - sold.keys())
        new.lexical.delete(gone)
        new.dense.delete(gone)
        late = sorted(key for key, version in sold.items() if told.get(key) != version)
        for start in range(0, len(late), BATCH):
            write(new, self._store.catalogue.get(late[start : start + BATCH]), self._encoder)
