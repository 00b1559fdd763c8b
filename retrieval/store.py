"""A store: one folder with the catalogue, its indexes, and what keeps them in step."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Self

import retrieval.lexicon as lexicon
from retrieval.catalogue import Catalogue
from retrieval.document import document_text
from retrieval.encoder import registry
from retrieval.encoder.cache import CachedEncoder
from retrieval.errors import IndexMismatchError, StoreError
from retrieval.index.base import Document
from retrieval.index.chroma import ChromaIndex
from retrieval.index.lexical import SCHEMA_VERSION, TantivyIndex
from retrieval.ingest import flush
from retrieval.lock import writing
from retrieval.outline import Outline, Outlines
from retrieval.pool import Snapshot
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.encoder.base import Encoder
    from retrieval.types import Product, Query, Ranking

    Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)

CATALOGUE: Final = "catalogue.sqlite"
MANIFEST: Final = "index.json"
DOCUMENT_VERSION: Final = 1  # raise when `document_text` changes: stores rebuild themselves
SHORT: Final = 3  # letters; shorter words are not doubted
COSTLY_S: Final = 0.2  # a snapshot that takes longer than this to build is not rebuilt at every change
REST: Final = 10  # such a one serves at least so many times the seconds it took


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What the indexes were built from; anything else means a rebuild."""

    encoder: str
    schema: str
    checksum: str = ""  # of the catalogue when they were last found to agree


class StoreIndexer:
    """Writes both indexes of a store; see `retrieval.ingest.Indexer`."""

    def __init__(self, encoder: Encoder, *, lexical: TantivyIndex, dense: ChromaIndex) -> None:
        self._encoder = encoder
        self._lexical = lexical
        self._dense = dense

    def index(self, products: Sequence[Product]) -> None:
        """Add or replace these products; durable when it returns. Equal texts are encoded once."""
        texts = [document_text(product) for product in products]
        rows = self._encoder.encode(texts)  # (n, d)
        documents = [
            Document(product.product_id, product.title, text, row)
            for product, text, row in zip(products, texts, rows, strict=True)
        ]
        self._lexical.upsert(documents)
        self._dense.upsert(documents)

    def remove(self, product_ids: Sequence[str]) -> None:
        """Remove these products; unknown ids are ignored."""
        self._lexical.delete(product_ids)
        self._dense.delete(product_ids)


class Store:
    """A catalogue that can be searched.

    Attributes:
        folder: Where it lies.
        catalogue: The truth.
        retriever: Searches it.
        encoder: Embeds queries; documents go through a cache on disk.
    """

    def __init__(self, folder: Path, settings: RetrievalSettings) -> None:
        """Open the parts without looking whether they agree; use `Store.open`."""
        lexicon.use(settings.lexicon)
        self.folder = folder
        self.settings = settings
        self._lock = RLock()
        self._present: Snapshot | None = None
        self._rests_until = 0.0
        self.encoder: Encoder = registry.get(settings.encoder)
        self.catalogue = Catalogue.open(folder / CATALOGUE)
        self._cached = CachedEncoder(self.encoder, folder / "embeddings.sqlite")
        self.lexical = self._open_lexical()
        self.dense = ChromaIndex(
            folder / "chroma",
            dimension=self.encoder.dimension,
            url=settings.chroma_url,
            collection=_name(folder, shared=bool(settings.chroma_url)),
        )
        self.retriever = Retriever(
            self.catalogue,
            self.encoder,
            lexical=self.lexical,
            dense=self.dense,
            snapshot=self.snapshot,
            dense_weight=settings.dense_weight,
            candidates=settings.candidates,
        )

    @classmethod
    def open(
        cls, folder: Path, settings: RetrievalSettings | None = None, *, progress: Progress | None = None
    ) -> Store:
        """Open a store, creating it where there is none, and bring its indexes in step with the catalogue.

        Args:
            folder: Its directory.
            settings: Tunables; read from the environment where None.
            progress: Called with (done, total) products while indexes are being mended.

        Raises:
            StoreError: The folder cannot be used, or another version wrote it.
            EncoderError: The encoder does not load.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"the store folder {str(folder)!r} cannot be used: {error}; choose another --store"
            raise StoreError(msg) from error
        store = cls(folder, settings or RetrievalSettings())
        try:
            store.mend(progress=progress)
        except StoreError as error:
            logger.warning("the indexes are not looked after now: %s", error)
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def currency(self) -> str:
        """The currency that most is sold in, ISO 4217."""
        return next(iter(self.catalogue.currencies()), "USD")

    def knows_word(self, word: str) -> bool:
        """Whether `word` is of the language, of this catalogue, or a clear misspelling of either."""
        is_word = getattr(self.encoder, "is_word", None)
        if len(word) < SHORT or any(c.isdigit() for c in word) or (is_word and is_word(word)):
            return True
        return self.lexical.knows(word)

    def health(self) -> dict[str, str]:
        """Return "ok" or a problem, for the catalogue and its indexes."""
        empty = "" if self.catalogue.count() else "empty: ingest a feed"
        apart = "" if self.agrees() else "does not agree with the catalogue: run `shoptalk index rebuild`"
        return {"catalogue": empty or "ok", "indexes": apart or "ok"}

    def search(self, query: Query) -> Ranking:
        """Answer a query; see `Retriever.search`."""
        return self.retriever.search(query)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the catalogue's present revision."""
        return self.snapshot().vocabulary

    def indexer(self) -> StoreIndexer:
        """Return what `ingest` tells of new products."""
        return StoreIndexer(self._cached, lexical=self.lexical, dense=self.dense)

    def snapshot(self) -> Snapshot:
        """Return vocabulary and outlines of the catalogue's present revision, built anew where it changed."""
        with self._lock:
            revision = self.catalogue.revision()
            now = time.monotonic()
            if self._present is None or (self._present.revision != revision and now >= self._rests_until):
                if self._present is not None:
                    self.lexical.refresh()
                    self.dense.refresh()
                self._present = Snapshot(
                    revision,
                    Vocabulary.of(self.catalogue),
                    Outlines.of(Outline(*row) for row in self.catalogue.outlines()),
                )
                took = time.monotonic() - now
                self._rests_until = now + took * (1 + REST) if took > COSTLY_S else 0.0
            return self._present

    # Keeping in step

    def agrees(self) -> bool:
        """Whether the indexes were last found to agree with this very catalogue, and hold as many documents."""
        known = self._read_manifest()
        if known is None or known != self._manifest():
            return False
        count = self.catalogue.count()
        return self.lexical.count() == count == self.dense.count()

    def mend(self, *, progress: Progress | None = None) -> int:
        """Bring the indexes in step with the catalogue; return how many products were written.

        Nothing is done where they agree. What the catalogue has not told them yet is told; missing or foreign
        documents are put right; indexes of another encoder or schema are rebuilt.

        Raises:
            StoreError: Another process is writing to the store.
        """
        if self.agrees():
            return 0
        known = self._read_manifest()
        if known is None or (known.encoder, known.schema) != (self.encoder.version, _schema()):
            return self.rebuild(progress=progress)
        with writing(self.folder):
            written = flush(self.catalogue, self.indexer(), progress=progress) + self._put_right()
            self.settle()
        return written

    def rebuild(self, *, progress: Progress | None = None) -> int:
        """Build every index anew from the catalogue; return how many products were written.

        Raises:
            StoreError: Another process is writing to the store.
        """
        with writing(self.folder):
            (self.folder / MANIFEST).unlink(missing_ok=True)
            self.lexical.clear()
            self.dense.clear()
            self.catalogue.mark_all_pending()
            written = flush(self.catalogue, self.indexer(), progress=progress)
            self.settle()
        return written

    def settle(self) -> None:
        """Write down that indexes and catalogue agree, where they do; call it after an ingest."""
        self.dense.save()
        count = self.catalogue.count()
        agreed = self.lexical.count() == count == self.dense.count() and not self.catalogue.count_pending()
        manifest = self._manifest() if agreed else IndexManifest(self.encoder.version, _schema())
        scratch = self.folder / f"{MANIFEST}.tmp"
        scratch.write_text(json.dumps(asdict(manifest)), "utf-8")
        scratch.replace(self.folder / MANIFEST)

    def close(self) -> None:
        """Settle where this process has written, and release everything."""
        if self.dense.unsaved:
            self.settle()
        self._cached.close()
        self.catalogue.close()

    def _put_right(self) -> int:
        """Compare the ids that the indexes hold with the catalogue's and mend the difference."""
        sold = set(self.catalogue.ids())
        lexical, dense = self.lexical.ids(), self.dense.ids()
        missing, foreign = sorted(sold - (lexical & dense)), sorted((lexical | dense) - sold)
        if foreign:
            self.indexer().remove(foreign)
        for start in range(0, len(missing), 1000):
            self.indexer().index(self.catalogue.get(missing[start : start + 1000]))
        if missing or foreign:
            logger.warning("put right %d missing and %d foreign documents of the indexes", len(missing), len(foreign))
        return len(missing)

    def _manifest(self) -> IndexManifest:
        return IndexManifest(self.encoder.version, _schema(), self.catalogue.checksum())

    def _read_manifest(self) -> IndexManifest | None:
        try:
            fields: dict[str, Any] = json.loads((self.folder / MANIFEST).read_text("utf-8"))
            return IndexManifest(**fields)
        except (OSError, ValueError, TypeError):
            return None

    def _open_lexical(self) -> TantivyIndex:
        """Open the lexical index; a damaged one is put away, and found missing afterwards."""
        folder = self.folder / "lexical"
        is_word = getattr(self.encoder, "is_word", None)
        try:
            return TantivyIndex(folder, is_word=is_word)
        except IndexMismatchError:
            logger.warning("the lexical index was unreadable; it is built anew")
            shutil.rmtree(folder)
            (self.folder / MANIFEST).unlink(missing_ok=True)
            return TantivyIndex(folder, is_word=is_word)


def rebuild(folder: Path, settings: RetrievalSettings | None = None, *, progress: Progress | None = None) -> int:
    """Build the indexes of a store anew from its catalogue; return how many products were written.

    Raises:
        StoreError: There is no store, or another process is writing to it.
    """
    if not (folder / CATALOGUE).is_file():
        msg = f"there is no store in {str(folder)!r}; ingest a feed into it first"
        raise StoreError(msg)
    store = Store(folder, settings or RetrievalSettings())
    try:
        return store.rebuild(progress=progress)
    finally:
        store.close()


def _schema() -> str:
    return f"{SCHEMA_VERSION}.{DOCUMENT_VERSION}"


def _name(folder: Path, *, shared: bool) -> str:
    """Return the collection's name; on a shared server it carries the store's place, in the embedded database not."""
    if not shared:
        return "products"
    return f"products-{hashlib.blake2b(str(folder.resolve()).encode(), digest_size=6).hexdigest()}"
