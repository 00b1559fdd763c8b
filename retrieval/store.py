"""A store: one folder with the catalogue, its indexes, and what keeps them in step."""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final, Self

import retrieval.lexicon as lexicon
from retrieval.catalogue import Catalogue
from retrieval.encoder import registry
from retrieval.encoder.cache import CachedEncoder
from retrieval.errors import RetrievalError, StoreError
from retrieval.generation import Generation, Place, Serving
from retrieval.ingest import flush
from retrieval.lock import OPENING, is_written, unbuilt, writing
from retrieval.manifest import IndexManifest, manifest_stamp, read_manifest, write_manifest
from retrieval.outline import Outlines
from retrieval.pool import Snapshot
from retrieval.rebuild import Rebuild, StoreIndexer
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings, read_settings
from retrieval.sieve import Sieve
from retrieval.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrieval.encoder.base import Encoder
    from retrieval.index.chroma import ChromaIndex
    from retrieval.index.lexical import TantivyIndex
    from retrieval.index.memory import MemoryDenseIndex
    from retrieval.types import Query, Ranking

    Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)

CATALOGUE: Final = "catalogue.sqlite"
SHORT: Final = 3  # letters; shorter words are not doubted
COSTLY_S: Final = 0.2  # a snapshot that takes more of the processor than this is not rebuilt at every change
REST: Final = 10  # such a one serves at least so many times the seconds it took


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
        self.encoder: Encoder = registry.get(settings.encoder, store_dir=folder)
        self.catalogue = Catalogue.open(folder / CATALOGUE)
        self._cached = CachedEncoder(self.encoder, folder / "embeddings.sqlite")
        name = self.catalogue.identity() if settings.chroma_url else ""
        self._place = Place(folder, self.encoder, url=settings.chroma_url, language=settings.language, identity=name)
        self._stamp = -1
        self._generation = self._open_generation()
        self._rebuild: Rebuild | None = None
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
        cls,
        folder: Path,
        settings: RetrievalSettings | None = None,
        *,
        progress: Progress | None = None,
        wait: bool = True,
    ) -> Store:
        """Open a store, creating it where there is none, and bring its indexes in step with the catalogue.

        Args:
            folder: Its directory.
            settings: Tunables; read from the environment where None.
            progress: Called with (done, total) products while indexes are being mended.
            wait: Whether indexes of another encoder or schema are rebuilt before this returns; else a thread does it,
                and until it is done the present ones answer as far as they can, see `health`.

        Raises:
            StoreError: The folder cannot be used, or another version wrote it.
            EncoderError: The encoder does not load.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"the store folder {str(folder)!r} cannot be used: {error}; choose another --store"
            raise StoreError(msg) from error
        store = cls(folder, settings or read_settings())
        try:
            store.mend(progress=progress, wait=wait)
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
        return self.vocabulary.currency

    def knows_word(self, word: str) -> bool:
        """Whether `word` is of the language, of this catalogue, or a clear misspelling of either."""
        is_word = getattr(self.encoder, "is_word", None)
        if len(word) < SHORT or any(c.isdigit() for c in word) or (is_word and is_word(word)):
            return True
        return self.lexical.knows(word)

    @property
    def lexical(self) -> TantivyIndex:
        """The words of the generation that serves."""
        return self._generation.lexical

    @property
    def dense(self) -> ChromaIndex | MemoryDenseIndex:
        """The embeddings of the generation that serves; empty where another encoder made them."""
        return self._generation.dense

    @property
    def vectors(self) -> Serving:
        """The embeddings of whichever generation serves, for those who keep them."""
        return Serving(lambda: self._generation)

    def health(self) -> dict[str, str]:
        """Return "ok" or a problem, for the catalogue and its indexes; "ok: ..." where less than everything answers."""
        empty = "" if self.catalogue.count() else "empty: ingest a feed"
        return {"catalogue": empty or "ok", "indexes": self._index_health()}

    def _index_health(self) -> str:
        now = self._generation
        if not now.current:
            by = "words alone" if now.has_words else "likeness alone" if now.has_vectors else "the catalogue alone"
            if self._rebuild is not None and self._rebuild.running:
                return f"ok: answering by {by} until the indexes are rebuilt ({self._rebuild.done} products so far)"
            return f"built by another encoder or version, answering by {by}: run `shoptalk index rebuild`"
        try:
            agrees = self.agrees()
        except RetrievalError as error:
            return f"ok: likeness is answered by the exact copy, for Chroma does not answer: {error}"
        if agrees or is_written(self.folder):
            return "ok" if agrees else "ok: being written to"
        return "does not agree with the catalogue: run `shoptalk index rebuild`"

    def search(self, query: Query) -> Ranking:
        """Answer a query; see `Retriever.search`."""
        return self.retriever.search(query)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the catalogue's present revision."""
        return self.snapshot().vocabulary

    def indexer(self) -> StoreIndexer:
        """Return what `ingest` tells of new products."""
        return StoreIndexer(self._cached, current=self._writable)

    def snapshot(self) -> Snapshot:
        """Return vocabulary and outlines of the catalogue's present revision, built anew where it changed."""
        with self._lock:
            self.follow()
            revision = self.catalogue.revision()
            now = time.monotonic()
            if self._present is None or (self._present.revision != revision and now >= self._rests_until):
                begun = time.thread_time()  # a busy machine does not make it costlier
                if self._present is not None:
                    self._generation.refresh()
                outlines = Outlines(self.catalogue.outlines())
                sieve = Sieve(self.catalogue, outlines)
                self._present = Snapshot(revision, Vocabulary.of(self.catalogue), outlines, sieve)
                took = time.thread_time() - begun
                self._rests_until = now + took * (1 + REST) if took > COSTLY_S else 0.0
            return self._present

    # Keeping in step

    def agrees(self) -> bool:
        """Whether the indexes were last found to agree with this very catalogue, and hold what it holds."""
        return read_manifest(self.folder) == self._manifest() and self._alike()

    def _alike(self) -> bool:
        """Whether each index holds what the catalogue holds, by count and checksum."""
        count, checksum = self.catalogue.count(), self.catalogue.checksum()
        indexes = (self.lexical, self.dense)
        return all(index.count() == count and f"{index.checksum():016x}" == checksum for index in indexes)

    def mend(self, *, progress: Progress | None = None, wait: bool = True) -> int:
        """Bring the indexes in step with the catalogue; return how many products were written.

        Nothing is done where they agree. What the catalogue has not told them yet is told; missing or foreign
        documents are put right; indexes of another encoder or schema are rebuilt, in a thread where not `wait`.

        Raises:
            StoreError: Another process is writing to the store.
        """
        if self.agrees():
            return 0
        if not self._generation.current:
            if wait:
                self._refuse_beside_a_writer()
            self._start_rebuild(progress, unless_current=True)
            return self.wait() if wait else 0
        with writing(self.folder):
            self.follow()
            written = flush(self.catalogue, self.indexer(), progress=progress) + self._put_right()
            self.settle()
        return written

    def rebuild(self, *, progress: Progress | None = None) -> int:
        """Build every index anew from the catalogue; return how many products were written.

        The present indexes answer, and take what is ingested, until the new ones take their place.

        Raises:
            StoreError: Another process is writing to the store.
        """
        self._refuse_beside_a_writer()
        self._start_rebuild(progress)
        return self.wait()

    def wait(self) -> int:
        """Wait for a rebuild that runs in a thread; return how many products it wrote.

        Raises:
            RetrievalError: It failed.
        """
        return 0 if self._rebuild is None else self._rebuild.join()

    def follow(self) -> None:
        """Switch to the generation that the manifest names, where another process has replaced it."""
        with self._lock:
            stamp = manifest_stamp(self.folder)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            known = read_manifest(self.folder)
            if known is None:
                return
            if known.generation == self._generation.number:
                self._generation.refresh()  # an ingest has ended: no revision of the catalogue tells when
                return
            try:
                self.adopt(self._open_generation())
            except RetrievalError as error:
                logger.warning("the old indexes go on answering, the new ones do not open: %s", error)

    def settle(self) -> None:
        """Write down that indexes and catalogue agree, where they do; call it after an ingest."""
        if not self._generation.current:
            return
        self._generation.save()
        agreed = self._alike() and not self.catalogue.count_pending()
        blank = IndexManifest(self.encoder.version, self._place.schema, generation=self._generation.number)
        write_manifest(self.folder, self._manifest() if agreed else blank)
        self._stamp = manifest_stamp(self.folder)

    def close(self) -> None:
        """Settle where this process has written, and release everything; a rebuild under way is given up."""
        if self._rebuild is not None:
            self._rebuild.stop()
        if self._generation.unsaved:
            with contextlib.suppress(StoreError), writing(self.folder):  # whoever else writes by now will settle
                if manifest_stamp(self.folder) == self._stamp:
                    self.settle()
        self._generation.close()
        self._cached.close()
        self.catalogue.close()

    def _put_right(self) -> int:
        """Compare what the indexes hold with the catalogue and mend the difference."""
        sold = self.catalogue.fingerprints()
        lexical, dense = self.lexical.fingerprints(), self.dense.fingerprints()
        present = self.dense.ids()
        missing = sorted(k for k, v in sold.items() if not (lexical.get(k) == v == dense.get(k) and k in present))
        foreign = sorted((lexical.keys() | dense.keys() | present) - sold.keys())
        if foreign:
            self.indexer().remove(foreign)
        self.dense.delete([key for key in missing if key not in present])  # else what the copy holds is not written
        for start in range(0, len(missing), 1000):
            self.indexer().index(self.catalogue.get(missing[start : start + 1000]))
        if missing or foreign:
            logger.warning("put right %d missing and %d foreign documents of the indexes", len(missing), len(foreign))
        return len(missing)

    def _manifest(self) -> IndexManifest:
        return IndexManifest(
            self.encoder.version,
            self._place.schema,
            self.catalogue.checksum(),
            self.catalogue.count(),
            self._generation.number,
        )

    # Generations

    @property
    def is_current(self) -> bool:
        """Whether the generation that serves was built by this encoder and schema."""
        return self._generation.current

    @property
    def generation(self) -> Generation:
        """What serves."""
        return self._generation

    def _open_generation(self) -> Generation:
        """Open the generation that the manifest names, the latest where there is none.

        Damage is mended only while no other process writes, for what it writes may look like damage.
        """
        with contextlib.ExitStack() as held:
            writable = True
            try:
                held.enter_context(writing(self.folder, task=OPENING))
            except StoreError:
                writable = False
            known = read_manifest(self.folder)
            numbers = self._place.numbers()
            number = known.generation if known is not None else max(numbers, default=0)
            if writable and known is None and self.catalogue.count() == 0:
                known = IndexManifest(self.encoder.version, self._place.schema)
            self._stamp = manifest_stamp(self.folder)
            opened = self._place.open(number, known=known, writable=writable)
            if writable and numbers - {number} and held.enter_context(unbuilt(self.folder)):
                self._place.sweep(keep=opened)
            return opened

    def adopt(self, generation: Generation) -> None:
        """Serve another generation from now on; a search under way may end on the old one's copy in memory."""
        with self._lock:
            old, self._generation = self._generation, generation
            self.retriever.use(lexical=generation.lexical, dense=generation.dense)
            old.close()

    def _refuse_beside_a_writer(self) -> None:
        """Raise at once, rather than after all the work, where another process writes."""
        with writing(self.folder):
            pass

    def _start_rebuild(self, progress: Progress | None, *, unless_current: bool = False) -> None:
        self._rebuild = Rebuild(self, self._place, self._cached, progress=progress, unless_current=unless_current)
        self._rebuild.start()

    def _writable(self) -> Generation:
        """Return the generation that an ingest writes to, the manifest's present one."""
        self.follow()
        now = self._generation
        if not now.current and not (self._rebuild is not None and self._rebuild.running):
            msg = (
                f"the indexes of the store {str(self.folder)!r} were built by another encoder or version; "
                "restart this process, or run `shoptalk index rebuild`"
            )
            raise StoreError(msg)
        return now


def rebuild(folder: Path, settings: RetrievalSettings | None = None, *, progress: Progress | None = None) -> int:
    """Build the indexes of a store anew from its catalogue; return how many products were written.

    Raises:
        StoreError: There is no store, or another process is writing to it.
    """
    if not (folder / CATALOGUE).is_file():
        msg = f"there is no store in {str(folder)!r}; ingest a feed into it first"
        raise StoreError(msg)
    store = Store(folder, settings or read_settings())
    try:
        return store.rebuild(progress=progress)
    finally:
        store.close()
