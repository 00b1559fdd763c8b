"""What is Chroma's own: clients, errors, and whether a database on disk can be opened without dying."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from retrieval.errors import IndexMismatchError, StoreError
from retrieval.index.seals import broken, write_seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DATABASE: Final = "chroma.sqlite3"
SEAL: Final = "seal.json"
PROBE_TIMEOUT_S: Final = 120
ANSWERS_WITHIN_S: Final = 30.0  # a server; searches go on with the exact copy then


def connect(folder: Path, *, url: str) -> Any:  # noqa: ANN401
    """Return a Chroma client of the embedded database in `folder`, or of the server at `url`.

    Raises:
        IndexMismatchError: The embedded database does not open.
        StoreError: The server does not answer.
    """
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if not url:
        with translated("be opened"):
            return chromadb.PersistentClient(path=str(folder), settings=settings)
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 8000)
        client = chromadb.HttpClient(host=parts.hostname or url, port=port, ssl=secure, settings=settings)
    except Exception as error:  # ValueError, and whatever httpx raises
        msg = f"the Chroma server {url!r} does not answer: {error}; start it with `chroma run`, or unset its address"
        raise StoreError(msg) from error
    if (session := _session(client)) is not None:
        session.timeout = ANSWERS_WITHIN_S  # Chroma itself would wait for ever
    return client


def release(client: Any) -> None:  # noqa: ANN401
    """Close a client, and the connections that Chroma's own `close` leaves open."""
    session = _session(client)
    client.close()
    if session is not None:
        session.close()


def _session(client: Any) -> Any:  # noqa: ANN401
    """Return the HTTP session of a client; None for the embedded database."""
    return getattr(getattr(client, "_server", None), "_session", None)


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever Chroma raises into `IndexMismatchError`."""
    try:
        yield
    except IndexMismatchError:
        raise
    except Exception as error:  # chromadb raises errors of its own, of its Rust core, of httpx and bare ones
        msg = f"the Chroma collection cannot {what}: {error}; rebuild the store if this stays"
        raise IndexMismatchError(msg) from error


def seal(folder: Path, copies: Sequence[Path]) -> None:
    """Write down what the copy of the embeddings and the HNSW segments are like after the last write.

    The database itself is not sealed: Chroma writes to it whenever it is opened. Neither are segments that Chroma has
    not filled yet (they have no `index_metadata.pickle`): it makes their files anew whenever it is opened.
    """
    filled = [path.parent for path in folder.glob("*/index_metadata.pickle")]
    segments = [path for segment in filled for path in segment.iterdir()]
    write_seal(folder / SEAL, [*copies, *segments])


def damage(folder: Path) -> str:
    """Say what is wrong with the embedded database in `folder`; "" for nothing, or where there is none.

    A sealed folder is compared with its seal, which takes milliseconds. One without was left by an interrupted
    write, and is tried in a process of its own, for a torn HNSW segment can kill the one that opens it.
    """
    if not (folder / DATABASE).exists():
        return ""
    differing = broken(folder / SEAL)
    if differing is None:
        return "" if _opens(folder) else "it does not open"
    segment = next((name for name in differing if "/" in name), "")
    if segment:
        return f"{segment} is not as it was written"
    return "" if _sound(folder / DATABASE) else f"{DATABASE} is malformed"


def remove_database(folder: Path) -> None:
    """Remove the embedded database and its segments; the copy of the embeddings stays."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name.startswith(DATABASE):
            path.unlink()
    (folder / SEAL).unlink(missing_ok=True)


def probe(folder: Path) -> None:
    """Open the database of `folder` and touch every part that a search needs; raises or dies where it is damaged."""
    client = connect(folder, url="")
    for collection in client.list_collections():
        some = collection.get(limit=1, include=["embeddings"])
        if len(some["ids"]):
            collection.query(query_embeddings=some["embeddings"], n_results=1)


def _opens(folder: Path) -> bool:
    code = (
        "import sys; from pathlib import Path; from retrieval.index.chroma_database import probe; "
        "probe(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False)  # noqa: S603 - our own interpreter and code
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _sound(database: Path) -> bool:
    """Whether SQLite finds the structure of a database in order."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database.resolve()}?mode=ro", uri=True, timeout=30)) as opened:
            return bool(opened.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
