"""The dense index: Chroma, embedded or by URL, with an exact copy of its embeddings for filtered search.

Filters are the catalogue's business, so Chroma gets ids and embeddings alone. Over a filtered subset the copy is
scanned exactly: a metadata filter in Chroma costs many times more and loses recall where it is unlike the query.
"""

from __future__ import annotations

import contextlib
import logging
import time
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from retrieval.errors import IndexMismatchError
from retrieval.index.base import Document
from retrieval.index.chroma_database import (
    ANSWERS_WITHIN_S,
    SEAL,
    WRITES_WITHIN_S,
    connect,
    damage,
    release,
    remove_database,
    seal,
    set_timeout,
    translated,
)
from retrieval.index.memory import MemoryDenseIndex
from retrieval.index.seals import broken
from retrieval.outline import quick

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

T = TypeVar("T")

BATCH: Final = 5000  # Chroma refuses more than 5461 records a call
EXACT: Final = 250_000  # allowed ids up to which the exact scan (12 ms over 200,000) is the better buy
PAUSE_S: Final = 30.0  # Chroma that failed is left alone for so long: a server that hangs must not hold up every search
HNSW: Final = {"space": "cosine", "ef_search": 400, "max_neighbors": 32, "ef_construction": 200, "num_threads": 1}


class ChromaIndex:
    """Approximate nearest neighbours over everything, exact ones over a subset.

    The embedded database belongs to one process at a time; several processes need a Chroma server and `url`.
    """

    def __init__(
        self, folder: Path, *, dimension: int, url: str = "", collection: str = "products", writable: bool = True
    ) -> None:
        """Open or create the collection; what is damaged is put away, and refilled from the copy where that is whole.

        Args:
            folder: Where the embedded database and the copy of the embeddings lie.
            dimension: Length d of an embedding.
            url: Address of a Chroma server, `"http://host:8000"`; "" for the embedded database.
            collection: Its name; stores that share a server need names of their own.
            writable: Whether no other process is writing now; else the embedded database is left alone, and the
                copy that was saved last answers.

        Raises:
            IndexMismatchError: The collection does not open, even after a damaged one was put away.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._url, self._name = folder, url, collection
        self._vectors, self._names, self._seal = folder / "vectors.npy", folder / "vectors.json", folder / SEAL
        self._copy = MemoryDenseIndex(dimension)
        self._lock = RLock()
        self._dirty = writable and not self._seal.exists()  # whether the copy on disk is behind
        self._stamp = 0  # of the copy's file, as this process knows it
        self._stale = not writable and not url  # whether the database may differ from what this process has open
        self._resumes = 0.0  # when Chroma is asked again after it failed
        self._client: Any = None
        self._collection: Any = None
        if not self._stale:
            self._connect()
        self._load(writable=writable)

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents with embeddings; durable when it returns.

        What is held with the same embedding already is not written to Chroma again. A changed embedding is deleted
        and added: Chroma's own update of an HNSW node takes tens of milliseconds.
        """
        with self._lock:
            self.refresh()
            rows = {row.product_id: row for row in documents}
            prints = self._copy.fingerprints()
            held = self._copy.embeddings(list(rows))
            fresh = [row for key, row in rows.items() if key not in held or not np.array_equal(held[key], _vector(row))]
            if not fresh and all(prints[key] == row.fingerprint for key, row in rows.items()):
                return
            self._soil()
            self._delete([row.product_id for row in fresh if row.product_id in held])
            self._add(fresh)
            self._copy.upsert(rows.values())

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        with self._lock:
            self.refresh()
            held = self._copy.ids()
            known = [product_id for product_id in dict.fromkeys(product_ids) if product_id in held]
            if known:
                self._soil()
                self._delete(known)

    def clear(self) -> None:
        """Remove everything, the collection itself too."""
        with self._lock, translated("be cleared"):
            self._soil()
            self._client.delete_collection(self._name)
            self._collection = self._open()
            self._copy.clear()

    def search(
        self, embedding: NDArray[np.float32], *, n: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `n` (product id, cosine), best first, ties by id, only of `among` where it is given."""
        total = self._copy.count()
        if n < 1 or total == 0 or (among is not None and not among):
            return []
        if among is None:
            found = self._query(embedding, n=min(n, total))
        elif len(among) > EXACT:
            found = self._overfetched(embedding, n=n, allowed=quick(among))
        else:
            found = None
        return self._copy.search(embedding, n=n, among=among) if found is None else found

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored embeddings of those ids that are held."""
        return self._copy.embeddings(product_ids)

    def ids(self) -> set[str]:
        """Return the ids that Chroma holds; those of the copy where another process is at the database."""
        if self._collection is None:
            return self._copy.ids()
        with self._patiently("be read"):
            return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """Return how many documents Chroma holds; see `ids`."""
        if self._collection is None:
            return self._copy.count()
        with translated("be read"):
            return int(self._collection.count())

    def fingerprints(self) -> dict[str, int]:
        """Return what version of each document is held, by id; see `Document.fingerprint`."""
        return self._copy.fingerprints()

    def checksum(self) -> int:
        """Return the exclusive or of every document's fingerprint."""
        return self._copy.checksum()

    def save(self) -> None:
        """Write the copy of the embeddings and seal the folder, so that the next start need not read Chroma."""
        with self._lock:
            if self._dirty:
                self._copy.save(self._vectors, self._names)
                seal(self._folder, [self._names])
                self._dirty, self._stamp = False, _stamp(self._names)

    def drop_others(self, prefix: str) -> None:
        """Remove the collections of a shared server whose name is `prefix` or `prefix-N`, but for this one."""
        with self._lock, translated("be removed"):
            for name in [collection.name for collection in self._client.list_collections()]:
                if name != self._name and (name == prefix or name.startswith(f"{prefix}-")):
                    self._client.delete_collection(name)

    def close(self) -> None:
        """Release the client; the index cannot be used afterwards."""
        with self._lock:
            if self._client is not None:
                release(self._client)
            self._client = self._collection = None

    @property
    def unsaved(self) -> bool:
        """Whether this process has written since the last `save`."""
        return self._dirty

    def refresh(self) -> None:
        """See what another process has written since, once it has saved; until then the old copy answers."""
        with self._lock:
            found = _stamp(self._names)
            if self._dirty or found == self._stamp:
                return
            self._stale = not self._url
            if found:
                with contextlib.suppress(IndexMismatchError):
                    self._copy.load(self._vectors, self._names)
                    self._stamp = found

    def _soil(self) -> None:
        """Break the seal before the first write, and see the database as it is now."""
        if self._stale:
            self._connect()
            if self.count() != self._copy.count():
                self._refill()
        self._seal.unlink(missing_ok=True)
        self._dirty = True

    def _connect(self) -> None:
        """Open the database anew; a damaged one is put away."""
        self.close()
        self._stale = False
        if not self._url and (what := damage(self._folder)):
            self._put_away(what)
        try:
            self._client = connect(self._folder, url=self._url)
            self._collection = self._open()
        except IndexMismatchError as error:
            if self._url:
                raise
            self._put_away(str(error))
            self._client = connect(self._folder, url="")
            self._collection = self._open()

    def _put_away(self, what: str) -> None:
        logger.warning("the Chroma database was left damaged (%s); it is built anew", what)
        self.close()
        remove_database(self._folder)
        self._dirty = True

    def _guarded(self) -> bool:
        """Whether the database must not be touched: another process writes, or has written, what this one has open."""
        return self._stale or not (self._url or self._dirty or self._seal.exists())

    def _query(self, embedding: NDArray[np.float32], *, n: int) -> list[tuple[str, float]] | None:
        """Ask Chroma; None where it fails, for the exact copy can always answer."""
        if self._guarded() or time.monotonic() < self._resumes:
            return None
        try:
            with translated("be queried"):
                answer = self._collection.query(
                    query_embeddings=embedding.reshape(1, -1), n_results=n, include=["distances"]
                )
        except IndexMismatchError as error:
            logger.warning("answering from the exact copy: %s", error)
            self._resumes = time.monotonic() + PAUSE_S
            return None
        pairs = list(zip(answer["ids"][0], answer["distances"][0], strict=True))
        if not all(self._copy.holds(key) for key, _ in pairs):
            return None
        return sorted(((key, 1.0 - float(distance)) for key, distance in pairs), key=lambda hit: (-hit[1], hit[0]))

    def _overfetched(
        self, embedding: NDArray[np.float32], *, n: int, allowed: Collection[str]
    ) -> list[tuple[str, float]] | None:
        """Ask Chroma for more than `n` and keep the allowed; None where too few are left."""
        total = self._copy.count()
        depth = min(total, BATCH, 2 * n * total // len(allowed) + n)
        found = [hit for hit in self._query(embedding, n=depth) or () if hit[0] in allowed]
        return found[:n] if len(found) >= n else None

    @contextlib.contextmanager
    def _patiently(self, what: str) -> Iterator[None]:
        """Let a server take as long as thousands of embeddings need, and translate what Chroma raises."""
        with translated(what):
            set_timeout(self._client, WRITES_WITHIN_S)
            try:
                yield
            finally:
                set_timeout(self._client, ANSWERS_WITHIN_S)

    def _add(self, rows: Sequence[Document]) -> None:
        with self._patiently("be written"):
            for batch in _batches(rows):
                vectors = np.stack([_vector(row) for row in batch])
                self._collection.upsert(ids=[row.product_id for row in batch], embeddings=vectors)

    def _delete(self, product_ids: Sequence[str]) -> None:
        with self._patiently("be written"):
            for batch in _batches(product_ids):
                self._collection.delete(ids=list(batch))
        self._copy.delete(product_ids)

    def _open(self) -> Any:  # noqa: ANN401
        with translated("be opened"):
            return self._client.get_or_create_collection(
                self._name, embedding_function=None, configuration={"hnsw": HNSW}
            )

    def _load(self, *, writable: bool) -> None:
        """Fill the copy from its file, else from Chroma; or Chroma from the copy, where it was lost."""
        intact = "vectors.json" not in (broken(self._seal) or ()) and self._mapped()
        if not writable:
            self._stamp = _stamp(self._names)
            return
        held = self.count()
        if intact and held == self._copy.count() and not self._dirty:
            self._stamp = _stamp(self._names)
        elif intact and (held == 0 or not self._dirty):
            self._refill()
        else:
            self._recover()

    def _recover(self) -> None:
        """Read Chroma, which has gone on since the copy was saved; where it cannot be read, go back to the copy."""
        try:
            self._reread()
        except IndexMismatchError as error:
            if self._url:
                raise
            self._put_away(str(error))
            self._connect()
            self._copy.clear()
            self._mapped()
            self._refill()

    def _mapped(self) -> bool:
        with contextlib.suppress(IndexMismatchError):
            self._copy.load(self._vectors, self._names)
            return True
        return False

    def _refill(self) -> None:
        """Write everything in the copy to an empty collection."""
        self._soil()
        with translated("be cleared"):
            self._client.delete_collection(self._name)
            self._collection = self._open()
        for batch in _batches(sorted(self._copy.ids())):
            self._add([Document(key, "", "", row) for key, row in self._copy.embeddings(batch).items()])
        self.save()

    def _reread(self) -> None:
        """Read everything in the collection into the copy; it does not say of what version of a text it is."""
        self._copy.clear()
        self._soil()
        for batch in _batches(sorted(self.ids())):
            with self._patiently("be read"):
                answer = self._collection.get(ids=list(batch), include=["embeddings"])
            rows = zip(answer["ids"], answer["embeddings"], strict=True)
            self._copy.upsert(Document(key, "", "", np.asarray(row, dtype=np.float32)) for key, row in rows)
        self.save()


def _stamp(path: Path) -> int:
    """Return when a file was last written, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _vector(row: Document) -> NDArray[np.float32]:
    if row.embedding is None:
        msg = f"document {row.product_id!r} has no embedding"
        raise IndexMismatchError(msg)
    return row.embedding


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
