"""Embeddings on disk by the hash of their text, so that a repeated ingest or a rebuild encodes nothing twice."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.encoder.base import Encoder

logger = logging.getLogger(__name__)

LOOKUP = 500  # bound variables a statement


class CachedEncoder:
    """An encoder that remembers; a cache that cannot be read is emptied, never an error.

    Attributes:
        version: The inner encoder's; another version empties the cache.
        dimension: The inner encoder's.
    """

    def __init__(self, encoder: Encoder, path: Path) -> None:
        """Wrap `encoder`; `path` is an SQLite file of its own."""
        self.version: str = encoder.version
        self.dimension: int = encoder.dimension
        self._encoder = encoder
        self._lock = Lock()
        try:
            self._database = self._open(path)
        except sqlite3.DatabaseError:
            logger.warning("the embedding cache was unreadable and starts empty")
            path.unlink(missing_ok=True)
            self._database = self._open(path)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row a text, float32 (n, d)."""
        keys = [_key(text) for text in texts]
        with self._lock:
            known = self._read(list(dict.fromkeys(keys)))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            fresh = dict(zip(missing, self._encoder.encode(list(missing.values())), strict=True))
            with self._lock:
                self._write(fresh)
            known |= fresh
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, key in enumerate(keys):
            out[row] = known[key]
        return out

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _open(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, check_same_thread=False)
        try:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = off")  # losing the last rows in a power cut costs a recomputation
            database.execute("create table if not exists version (name text primary key) without rowid")
            database.execute("create table if not exists embedding (key blob unique, value blob)")
            if database.execute("select name from version").fetchall() != [(self.version,)]:
                database.execute("delete from embedding")
                database.execute("delete from version")
                database.execute("insert into version values (?)", (self.version,))
            database.commit()
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        found: dict[bytes, NDArray[np.float32]] = {}
        for start in range(0, len(keys), LOOKUP):
            part = keys[start : start + LOOKUP]
            marks = ",".join("?" * len(part))
            sql = f"select key, value from embedding where key in ({marks})"  # noqa: S608 - only question marks
            with contextlib.suppress(sqlite3.DatabaseError):
                rows = self._database.execute(sql, part).fetchall()
                found.update((bytes(key), np.frombuffer(value, dtype=np.float32)) for key, value in rows)
        return {key: row for key, row in found.items() if row.shape == (self.dimension,)}

    def _write(self, fresh: Mapping[bytes, NDArray[np.float32]]) -> None:
        rows = [(key, row.astype(np.float32).tobytes()) for key, row in fresh.items()]
        with contextlib.suppress(sqlite3.DatabaseError), self._database:
            self._database.executemany("insert or replace into embedding values (?, ?)", rows)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
