"""Exact search in memory: the double and oracle of the other indexes, and the exact half of the Chroma one."""

from __future__ import annotations

import json
from collections import Counter
from functools import reduce
from operator import xor
from threading import RLock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np

from retrieval.errors import IndexMismatchError
from retrieval.index.seals import checksum
from retrieval.outline import NOBODY, Selection
from retrieval.words import tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.index.base import Document
    from retrieval.outline import Outlines

SPARSE: Final = 7  # below a seventh of the rows, gathering them is cheaper than multiplying all


class MemoryDenseIndex:
    """Cosines against every row of one matrix, float32 (capacity, d), memory-mapped after a load."""

    def __init__(self, dimension: int) -> None:
        """Start empty; `dimension` is the length d of an embedding."""
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._prints: dict[str, int] = {}
        self._matrix: NDArray[np.float32] = np.empty((0, dimension), dtype=np.float32)
        self._lock = RLock()
        self._places: WeakKeyDictionary[Outlines, NDArray[np.int32]] = WeakKeyDictionary()

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents.

        Raises:
            IndexMismatchError: A document without an embedding, or with one of another length.
        """
        with self._lock:
            for document in documents:
                if document.embedding is None or document.embedding.shape != (self._matrix.shape[1],):
                    msg = f"document {document.product_id!r} has no embedding of length {self._matrix.shape[1]}"
                    raise IndexMismatchError(msg)
                self._put(document.product_id, document.embedding)
                self._prints[document.product_id] = document.fingerprint

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored. The last row moves into the gap."""
        with self._lock:
            for product_id in product_ids:
                row = self._rows.pop(product_id, None)
                if row is None:
                    continue
                self._places.clear()
                del self._prints[product_id]
                last = self._ids.pop()
                if last != product_id:
                    self._writable()[row] = self._matrix[len(self._ids)]
                    self._ids[row] = last
                    self._rows[last] = row

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._places.clear()
            self._ids, self._rows, self._prints = [], {}, {}
            self._matrix = np.empty((0, self._matrix.shape[1]), dtype=np.float32)

    def ids(self) -> set[str]:
        """Return the ids held."""
        return set(self._rows)

    def holds(self, product_id: str) -> bool:
        """Whether a document is held."""
        return product_id in self._rows

    def count(self) -> int:
        """Return how many documents are held."""
        return len(self._ids)

    def fingerprints(self) -> dict[str, int]:
        """Return what version of each document is held, by id; see `Document.fingerprint`."""
        with self._lock:
            return dict(self._prints)

    def checksum(self) -> int:
        """Return the exclusive or of every document's fingerprint."""
        with self._lock:
            return reduce(xor, self._prints.values(), 0)

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored embeddings of those ids that are held."""
        with self._lock:
            return {key: np.array(self._matrix[self._rows[key]]) for key in product_ids if key in self._rows}

    def search(
        self, embedding: NDArray[np.float32], *, n: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `n` (product id, cosine), best first, ties by id, only of `among` where it is given."""
        with self._lock:
            rows = None if among is None else self._known_rows(among)
            size = len(self._ids) if rows is None else len(rows)
            if n < 1 or size == 0:
                return []
            scores = self._scores(embedding, rows=rows)  # (size,)
            chosen = _best(scores, n=n)
            found = [(self._ids[i if rows is None else rows[i]], float(scores[i])) for i in chosen]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:n]

    def save(self, vectors: Path, names: Path) -> None:
        """Write the matrix to `vectors` (.npy), and the ids with the checksum of the matrix to `names` (.json).

        Who reads in between finds that they do not belong together.
        """
        with self._lock:
            scratch = vectors.with_suffix(".tmp")
            with scratch.open("wb") as file:
                np.save(file, self._matrix[: len(self._ids)])
            scratch.replace(vectors)
            held = {"crc": checksum(vectors), "ids": self._ids, "prints": [self._prints[key] for key in self._ids]}
            scratch.write_text(json.dumps(held), "utf-8")
            scratch.replace(names)

    def load(self, vectors: Path, names: Path) -> None:
        """Map what `save` wrote.

        Raises:
            IndexMismatchError: The files are missing, do not belong together or hold other dimensions.
        """
        try:
            held = json.loads(names.read_text("utf-8"))
            ids, prints = held["ids"], dict(zip(held["ids"], held["prints"], strict=True))
            matrix = np.load(vectors, mmap_mode="r") if ids else np.empty((0, self._matrix.shape[1]), np.float32)
        except (OSError, ValueError, EOFError, LookupError, TypeError) as error:
            msg = f"no readable embeddings in {str(vectors)!r}: {error}"
            raise IndexMismatchError(msg) from error
        if matrix.shape != (len(ids), self._matrix.shape[1]) or matrix.dtype != np.float32:
            msg = f"{str(vectors)!r} holds {matrix.shape} of {matrix.dtype}, expected {len(ids)} embeddings"
            raise IndexMismatchError(msg)
        if held["crc"] != checksum(vectors):
            msg = f"{str(vectors)!r} is not what {str(names)!r} belongs to; the embeddings are read again"
            raise IndexMismatchError(msg)
        with self._lock:
            self._places.clear()
            self._ids, self._matrix, self._prints = ids, matrix, prints
            self._rows = {product_id: row for row, product_id in enumerate(ids)}

    def _put(self, product_id: str, embedding: NDArray[np.float32]) -> None:
        row = self._rows.get(product_id)
        if row is None:
            self._places.clear()
            row = len(self._ids)
            self._ids.append(product_id)
            self._rows[product_id] = row
        self._writable(rows=row + 1)[row] = embedding

    def _writable(self, *, rows: int = 0) -> NDArray[np.float32]:
        """Return the matrix with room for `rows`, copied where it is mapped or full; it doubles as it grows."""
        capacity = len(self._matrix)
        if rows > capacity or not self._matrix.flags.writeable:
            grown = np.empty(
                (max(rows, capacity * 2 if rows > capacity else capacity), self._matrix.shape[1]), np.float32
            )
            grown[:capacity] = self._matrix
            self._matrix = grown
        return self._matrix

    def _known_rows(self, among: Collection[str]) -> NDArray[np.int32]:
        rows: NDArray[np.int32]
        if isinstance(among, Selection):
            rows = self._places_of(among.of)[among.rows]
        else:
            rows = np.array([self._rows.get(key, NOBODY) for key in among], dtype=np.int32)
        held: NDArray[np.int32] = rows[rows != NOBODY]
        return held

    def _places_of(self, outlines: Outlines) -> NDArray[np.int32]:
        """Return the row here of every product of a revision, `NOBODY` where it is not held; kept until rows move."""
        if outlines not in self._places:
            self._places[outlines] = np.array([self._rows.get(key, NOBODY) for key in outlines.ids], dtype=np.int32)
        return self._places[outlines]

    def _scores(self, embedding: NDArray[np.float32], *, rows: NDArray[np.int32] | None) -> NDArray[np.float32]:
        matrix = self._matrix[: len(self._ids)]
        if rows is None:
            scores: NDArray[np.float32] = matrix @ embedding
        elif len(rows) * SPARSE < len(matrix):
            scores = matrix[rows] @ embedding
        else:
            scores = (matrix @ embedding)[rows]
        return scores


def _best(scores: NDArray[np.float32], *, n: int) -> NDArray[np.int64]:
    """Return the positions of the `n` best scores and of everything that ties with the last of them."""
    if n >= len(scores):
        return np.arange(len(scores))
    bar = np.partition(scores, len(scores) - n)[len(scores) - n]
    found: NDArray[np.int64] = np.flatnonzero(scores >= bar)
    return found


class MemoryLexicalIndex:
    """Counts shared words: a deterministic double for tests and tiny catalogues; no folder, no stemming."""

    def __init__(self) -> None:
        self._words: dict[str, Counter[str]] = {}

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents."""
        for row in documents:
            self._words[row.product_id] = Counter(tokens(f"{row.title} {row.text}"))

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        for product_id in product_ids:
            self._words.pop(product_id, None)

    def clear(self) -> None:
        """Remove everything."""
        self._words.clear()

    def ids(self) -> set[str]:
        """Return the ids held."""
        return set(self._words)

    def count(self) -> int:
        """Return how many documents are held."""
        return len(self._words)

    def refresh(self) -> None:
        """Nothing to do: nobody else writes here."""

    def search(self, text: str, *, n: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `n` (product id, shared words over words of the query), best first, ties by id."""
        wanted = set(tokens(text))
        pool: Iterable[str] = self._words if among is None else set(among) & self._words.keys()
        scored = ((key, float(sum(word in self._words[key] for word in wanted))) for key in pool)
        found = [(key, score / len(wanted)) for key, score in scored if score]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[: max(0, n)]

    def coverage(self, text: str, best: float) -> float:
        """Return `best`, which is a share of the words already, on the scale of BM25: 2 where all are held."""
        return 2.0 * best if tokens(text) else 0.0

    def holding_all(self, text: str) -> set[str]:
        """Return the ids of the documents that hold every word of `text`; empty for no word."""
        wanted = set(tokens(text))
        return {key for key, words in self._words.items() if wanted and wanted <= words.keys()}

    def mend(self, text: str) -> str:
        """Return `text` as it is: this double mends no spelling."""
        return text

    def unheard(self, text: str) -> list[str]:
        """Return nothing: this double knows no model numbers."""
        del text
        return []
