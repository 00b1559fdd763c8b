"""What is Chroma's own: clients, errors, and whether a database on disk can be opened without dying."""

from __future__ import annotations

import contextlib
import http.client
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import numpy as np

from retrieval.errors import IndexMismatchError, StoreError
from retrieval.index.hnsw_files import misfit
from retrieval.index.seals import broken, write_seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DATABASE: Final = "chroma.sqlite3"
SEAL: Final = "seal.json"
PROBE_TIMEOUT_S: Final = 120
ANSWERS_WITHIN_S: Final = 5.0  # a server; searches go on with the exact copy then
WRITES_WITHIN_S: Final = 120.0  # thousands of embeddings at once
SAMPLE: Final = 500  # embeddings that a suspect database must find
ROOM: Final = 1 << 28  # bytes that the trial of a database may add to twice its largest file
NEAR: Final = 1e-3  # cosine distance below which two are the same
MISSED: Final = 0.02  # share of the sample; a healthy HNSW graph misses far less


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
        _ask(parts.hostname or url, port, secure=secure)
        client = chromadb.HttpClient(host=parts.hostname or url, port=port, ssl=secure, settings=settings)
    except Exception as error:  # ValueError, and whatever httpx raises
        msg = f"the Chroma server {url!r} does not answer: {error}; start it with `chroma run`, or unset its address"
        raise StoreError(msg) from error
    set_timeout(client, ANSWERS_WITHIN_S)
    return client


def set_timeout(client: Any, seconds: float) -> None:  # noqa: ANN401
    """Bound how long a server may take to answer; Chroma itself would wait for ever, and has no setting for it."""
    if (session := _session(client)) is not None:
        session.timeout = seconds


def _ask(host: str, port: int, *, secure: bool) -> None:
    """Ask a server whether it lives, in bounded time, which Chroma's own client does not.

    Raises:
        OSError: It does not answer.
    """
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    with contextlib.closing(kind(host, port, timeout=ANSWERS_WITHIN_S)) as connection:
        connection.request("GET", "/api/v2/heartbeat")
        connection.getresponse().read(1)


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
    write: the sizes of its files are compared with each other, then it is tried in a process of its own, for a torn
    HNSW segment can kill the one that opens it.
    """
    if not (folder / DATABASE).exists():
        return ""
    differing = broken(folder / SEAL)
    if differing is None:
        torn = next((name for path in folder.iterdir() if path.is_dir() and (name := misfit(path))), "")
        return f"{torn} is torn" if torn else "" if _opens(folder) else "it does not open"
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
    """Open the database of `folder` and try what a search needs; raises or dies where it is damaged.

    A torn segment may also answer, and wrongly, so some of its own embeddings are looked for: the distances told must
    be those of the embeddings held, and nearly every one must find itself or its like.

    Raises:
        IndexMismatchError: It answers, and wrongly.
    """
    _bound_files(folder)
    client = connect(folder, url="")
    for collection in client.list_collections():
        ids = collection.get(include=["metadatas"])["ids"]
        some = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
        if some and not _finds(collection, some):
            msg = f"the Chroma database in {str(folder)!r} does not find what it holds; rebuild it"
            raise IndexMismatchError(msg)


def _bound_files(folder: Path) -> None:
    """Bound what this process may write to a file: over a torn segment Chroma has been seen to fill a disk."""
    largest = max((path.stat().st_size for path in folder.rglob("*") if path.is_file()), default=0)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wanted = 2 * largest + ROOM
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _finds(collection: Any, ids: Sequence[str]) -> bool:  # noqa: ANN401
    """Whether the embeddings of `ids` find themselves, at their true distances."""
    asked = np.asarray(collection.get(ids=ids, include=["embeddings"])["embeddings"])  # (s, d)
    answer = collection.query(query_embeddings=asked, n_results=1, include=["embeddings", "distances"])
    told = np.array([row[0] for row in answer["distances"]])  # (s,)
    found = np.array([row[0] for row in answer["embeddings"]])  # (s, d)
    norms = np.linalg.norm(asked, axis=1) * np.linalg.norm(found, axis=1)
    true = 1.0 - np.einsum("sd,sd->s", asked, found) / norms
    exact = len(asked) == len(ids) and bool(np.abs(true - told).max() < NEAR)
    return exact and bool((told > NEAR).mean() <= MISSED)


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
