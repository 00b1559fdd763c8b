"""The dense index: Chroma, embedded or by URL, with an exact copy of its embeddings for filtered search.

Filters are the catalogue's business, so Chroma gets ids and embeddings alone. Over a filtered subset the copy is
scanned exactly: a metadata filter in Chroma costs many times more and loses recall where it is unlike the query.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import subprocess
import sys
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from retrieval.errors import IndexMismatchError
from retrieval.index.base import Document
from retrieval.index.memory import MemoryDenseIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

T = TypeVar("T")

BATCH: Final = 5000  # Chroma refuses more than 5461 records a call
EXACT: Final = 50_000  # allowed ids up to which the exact scan (about 6 ms) is the better buy
HNSW: Final = {"space": "cosine", "ef_search": 400, "max_neighbors": 32, "ef_construction": 200, "num_threads": 1}
PROBE_TIMEOUT_S: Final = 120


class ChromaIndex:
    """Approximate nearest neighbours over everything, exact ones over a subset.

    The embedded database belongs to one process at a time; several processes need a Chroma server and `url`.
    """

    def __init__(self, folder: Path, *, dimension: int, url: str = "", collection: str = "products") -> None:
        """Open or create the collection.

        Args:
            folder: Where the embedded database and the copy of the embeddings lie.
            dimension: Length d of an embedding.
            url: Address of a Chroma server, `"http://host:8000"`; "" for the embedded database.
            collection: Its name; stores that share a server need names of their own.

        Raises:
            IndexMismatchError: The collection does not open, even after a damaged one was put away.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._url, self._name = folder, url, collection
        self._vectors, self._names = folder / "vectors.npy", folder / "vectors.json"
        self._copy = MemoryDenseIndex(dimension)
        self._lock = RLock()
        self._dirty = not self._names.exists()  # whether this process has written since the copy was saved
        self._stamp = 0  # of the copy's file, as this process knows it
        self._stale = False  # whether another process has written, which an embedded Chroma never sees
        if not url and not self._names.exists() and (folder / "chroma.sqlite3").exists() and not _opens(folder):
            logger.warning("the Chroma database was left damaged by an interrupted write; it is built anew")
            _remove_database(folder)
        self._client = _client(folder, url=url)
        self._collection = self._open()
        self._load()

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents with embeddings; durable when it returns.

        What is held with the same embedding already is skipped. A changed embedding is deleted and added: Chroma's
        own update of an HNSW node takes tens of milliseconds.
        """
        with self._lock:
            rows = {row.product_id: row for row in documents}
            held = self._copy.embeddings(list(rows))
            fresh = [row for key, row in rows.items() if key not in held or not np.array_equal(held[key], _vector(row))]
            if not fresh:
                return
            self._soil()
            changed = [row.product_id for row in fresh if row.product_id in held]
            self._delete(changed)
            with _translated("be written"):
                for batch in _batches(fresh):
                    vectors = np.stack([_vector(row) for row in batch])
                    self._collection.upsert(ids=[row.product_id for row in batch], embeddings=vectors)
            self._copy.upsert(fresh)

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        with self._lock:
            held = self._copy.ids()
            known = [product_id for product_id in dict.fromkeys(product_ids) if product_id in held]
            if known:
                self._soil()
                self._delete(known)

    def clear(self) -> None:
        """Remove everything, the collection itself too."""
        with self._lock, _translated("be cleared"):
            self._soil()
            self._client.delete_collection(self._name)
            self._collection = self._open()
            self._copy.clear()

    def search(
        self, embedding: NDArray[np.float32], *, n: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `n` (product id, cosine), best first, ties by id, only of `among` where it is given."""
        total = self._copy.count()
        if n < 1 or total == 0 or (among is not None and not among):
            return []
        if among is None:
            found = self._query(embedding, n=min(n, total))
        elif len(among) > EXACT:
            found = self._overfetched(embedding, n=n, allowed=set(among))
        else:
            found = None
        return self._copy.search(embedding, n=n, among=among) if found is None else found

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored embeddings of those ids that are held."""
        return self._copy.embeddings(product_ids)

    def ids(self) -> set[str]:
        """Return the ids that Chroma holds."""
        with _translated("be read"):
            return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """Return how many documents Chroma holds."""
        with _translated("be read"):
            return int(self._collection.count())

    def save(self) -> None:
        """Write the copy of the embeddings, so that the next start maps it instead of reading Chroma."""
        with self._lock:
            if self._dirty:
                self._copy.save(self._vectors, self._names)
                self._dirty, self._stamp = False, _stamp(self._names)

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
        """Mark the copy on disk as incomplete before the first write."""
        self._names.unlink(missing_ok=True)
        self._dirty = True

    def _query(self, embedding: NDArray[np.float32], *, n: int) -> list[tuple[str, float]] | None:
        """Ask Chroma; None where it fails, for the exact copy can always answer."""
        if self._stale:
            return None
        try:
            with _translated("be queried"):
                answer = self._collection.query(
                    query_embeddings=embedding.reshape(1, -1), n_results=n, include=["distances"]
                )
        except IndexMismatchError as error:
            logger.warning("answering from the exact copy: %s", error)
            return None
        pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
        return sorted(((key, 1.0 - float(distance)) for key, distance in pairs), key=lambda hit: (-hit[1], hit[0]))

    def _overfetched(
        self, embedding: NDArray[np.float32], *, n: int, allowed: set[str]
    ) -> list[tuple[str, float]] | None:
        """Ask Chroma for more than `n` and keep the allowed; None where too few are left."""
        total = self._copy.count()
        depth = min(total, BATCH, 2 * n * total // len(allowed) + n)
        found = [hit for hit in self._query(embedding, n=depth) or () if hit[0] in allowed]
        return found[:n] if len(found) >= n else None

    def _delete(self, product_ids: Sequence[str]) -> None:
        with _translated("be written"):
            for batch in _batches(product_ids):
                self._collection.delete(ids=list(batch))
        self._copy.delete(product_ids)

    def _open(self) -> Any:  # noqa: ANN401
        with _translated("be opened"):
            return self._client.get_or_create_collection(
                self._name, embedding_function=None, configuration={"hnsw": HNSW}
            )

    def _load(self) -> None:
        """Fill the copy from its file where that is complete, else from Chroma."""
        with contextlib.suppress(IndexMismatchError):
            self._copy.load(self._vectors, self._names)
            if self._copy.count() == self.count():
                self._stamp = _stamp(self._names)
                return
        self._copy.clear()
        self._soil()
        for batch in _batches(sorted(self.ids())):
            with _translated("be read"):
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


def _client(folder: Path, *, url: str) -> Any:  # noqa: ANN401
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    with _translated("be opened"):
        if not url:
            return chromadb.PersistentClient(path=str(folder), settings=settings)
        scheme, _, rest = url.rpartition("://")
        host, _, port = rest.partition(":")
        secure = scheme == "https"
        number = int(port.strip("/") or (443 if secure else 8000))
        return chromadb.HttpClient(host=host, port=number, ssl=secure, settings=settings)


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn whatever Chroma raises into `IndexMismatchError`."""
    try:
        yield
    except IndexMismatchError:
        raise
    except Exception as error:  # chromadb raises errors of its own, of its Rust core, of httpx and bare ones
        msg = f"the Chroma collection cannot {what}: {error}; rebuild the store if this stays"
        raise IndexMismatchError(msg) from error


def _opens(folder: Path) -> bool:
    """Try an interrupted database in a process of its own: a torn HNSW segment can kill the one that opens it."""
    code = "import sys; from pathlib import Path; from retrieval.index.chroma import probe; probe(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False)  # noqa: S603 - our own interpreter and code
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def probe(folder: Path) -> None:
    """Open the database of `folder` and touch every part that a search needs; raises or dies where it is damaged."""
    client = _client(folder, url="")
    for collection in client.list_collections():
        some = collection.get(limit=1, include=["embeddings"])
        if len(some["ids"]):
            collection.query(query_embeddings=some["embeddings"], n_results=1)


def _remove_database(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
