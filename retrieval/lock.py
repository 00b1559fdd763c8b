"""One writer a store, and one builder: locks that the operating system gives back even when the process is killed."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from retrieval.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK_FILE: Final = ".writer.lock"
BUILDER_FILE: Final = ".builder.lock"
PAUSE_S: Final = 0.2


@contextmanager
def writing(store_dir: Path) -> Iterator[None]:
    """Hold the right to write to a store for the length of a `with` block; the directory is created when missing.

    Raises:
        StoreError: Another process is writing to it, or the directory cannot be written.
    """
    with _opened(store_dir, LOCK_FILE) as handle:
        if not _taken(handle):
            raise StoreError(_refusal(store_dir, handle, "another process is writing to"))
        yield


@contextmanager
def waiting(store_dir: Path, *, given_up: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Like `writing`, but wait for whoever writes now.

    Raises:
        StoreError: `given_up` said to wait no longer.
    """
    with _opened(store_dir, LOCK_FILE) as handle:
        _wait(handle, store_dir, given_up)
        yield


@contextmanager
def building(store_dir: Path, *, given_up: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Hold the right to build the next generation of indexes, waiting for whoever builds now; ingests go on beside it.

    Raises:
        StoreError: `given_up` said to wait no longer.
    """
    with _opened(store_dir, BUILDER_FILE) as handle:
        _wait(handle, store_dir, given_up)
        yield


@contextmanager
def unbuilt(store_dir: Path) -> Iterator[bool]:
    """Tell whether nobody builds, and keep it so where it is true."""
    with _opened(store_dir, BUILDER_FILE) as handle:
        yield _taken(handle)


@contextmanager
def _opened(store_dir: Path, name: str) -> Iterator[IO[str]]:
    try:
        store_dir.mkdir(parents=True, exist_ok=True)
        handle = (store_dir / name).open("a+")
    except OSError as error:
        raise StoreError(f"cannot write to the store {str(store_dir)!r}: {error.strerror or error}") from error
    with handle:
        yield handle


def _taken(handle: IO[str]) -> bool:
    """Take the lock where it is free, and write down who holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return True


def _wait(handle: IO[str], store_dir: Path, given_up: Callable[[], bool]) -> None:
    while not _taken(handle):
        if given_up():
            raise StoreError(_refusal(store_dir, handle, "gave up waiting for another process that works on"))
        time.sleep(PAUSE_S)


def _refusal(store_dir: Path, handle: IO[str], what: str) -> str:
    handle.seek(0)
    pid = handle.read(20).strip()
    who = f" (pid {pid})" if pid.isdigit() else ""
    return f"{what} the store {str(store_dir)!r}{who}; wait for it to end or stop it, then try again"
