"""One writer a store, and one builder: locks that the operating system gives back even when the process is killed."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from retrieval.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

LOCK_FILE: Final = ".writer.lock"
BUILDER_FILE: Final = ".builder.lock"
PREPARER_FILE: Final = ".preparer.lock"
PAUSE_S: Final = 0.2
OPENING: Final = "opening"
OPENS_WITHIN_S: Final = 60.0  # whoever opens a store holds its lock for so long at the most, and is waited for
PREPARES_WITHIN_S: Final = 900.0  # half a minute as a rule; slow disks and one busy core take minutes


@contextmanager
def writing(store_dir: Path, *, task: str = "writing") -> Iterator[None]:
    """Hold the right to write to a store for the length of a `with` block; the directory is created when missing.

    Whoever merely opens the store, which takes the lock to mend what it must, is waited for.

    Args:
        store_dir: The store.
        task: What for: `OPENING`, or anything else.

    Raises:
        StoreError: Another process is writing to it, or the directory cannot be written.
    """
    with _opened(store_dir, LOCK_FILE) as handle:
        end = time.monotonic() + OPENS_WITHIN_S
        while not _taken(handle, task):
            if _holder(handle)[1] != OPENING or time.monotonic() > end:
                raise StoreError(_refusal(store_dir, handle, "another process is writing to"))
            time.sleep(PAUSE_S)
        try:
            yield
        finally:
            handle.truncate(0)


def is_written(store_dir: Path) -> bool:
    """Whether a process that lives says that it is writing to a store; the lock itself is left alone."""
    try:
        with (store_dir / LOCK_FILE).open(encoding="utf-8") as handle:
            pid, task = _holder(handle)
        os.kill(int(pid), 0)
    except (OSError, ValueError):
        return False
    return task != OPENING


@contextmanager
def waiting(store_dir: Path, *, given_up: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Like `writing`, but wait for whoever writes now.

    Raises:
        StoreError: `given_up` said to wait no longer.
    """
    with _opened(store_dir, LOCK_FILE) as handle:
        _wait(handle, store_dir, given_up)
        try:
            yield
        finally:
            handle.truncate(0)  # else `is_written` would say so for as long as this process lives


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
def preparing(store_dir: Path) -> Iterator[None]:
    """Hold the right to fill a store that ships with the product, waiting for whoever fills it now, and saying so once.

    Raises:
        StoreError: That takes longer than `PREPARES_WITHIN_S`.
    """
    with _opened(store_dir, PREPARER_FILE) as handle:
        if not _taken(handle, "preparing"):
            pid, _ = _holder(handle)
            logger.warning("waiting for another process (pid %s) that prepares the store %s", pid or "?", store_dir)
            end = time.monotonic() + PREPARES_WITHIN_S
            _wait(handle, store_dir, lambda: time.monotonic() > end)
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


def _taken(handle: IO[str], task: str = "writing") -> bool:
    """Take the lock where it is free, and write down who holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    handle.truncate(0)
    handle.write(f"{os.getpid()} {task}")
    handle.flush()
    return True


def _wait(handle: IO[str], store_dir: Path, given_up: Callable[[], bool]) -> None:
    while not _taken(handle):
        if given_up():
            raise StoreError(_refusal(store_dir, handle, "gave up waiting for another process that works on"))
        time.sleep(PAUSE_S)


def _refusal(store_dir: Path, handle: IO[str], what: str) -> str:
    pid, _ = _holder(handle)
    who = f" (pid {pid})" if pid.isdigit() else ""
    return f"{what} the store {str(store_dir)!r}{who}; wait for it to end or stop it, then try again"


def _holder(handle: IO[str]) -> tuple[str, str]:
    """Return the process that holds a lock and what for, as it wrote them down; "" where it has not yet."""
    handle.seek(0)
    pid, _, task = handle.read(40).strip().partition(" ")
    return pid, task
