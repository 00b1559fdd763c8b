"""One writer a store: a lock that the operating system gives back even when the process is killed."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from retrieval.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = ".writer.lock"


@contextmanager
def writing(store_dir: Path) -> Iterator[None]:
    """Hold the right to write to a store for the length of a `with` block; the directory is created when missing.

    Raises:
        StoreError: Another process is writing to it, or the directory cannot be written.
    """
    try:
        store_dir.mkdir(parents=True, exist_ok=True)
        handle = (store_dir / LOCK_FILE).open("w")
    except OSError as error:
        raise StoreError(f"cannot write to the store {str(store_dir)!r}: {error.strerror or error}") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"another process is writing to the store {str(store_dir)!r}; wait for it or stop it, then try again"
            ) from error
        yield
