"""Prepares the sample store on first use: products into the catalogue and indexes, people into the shop database."""

from __future__ import annotations

import json
import logging
import shutil
from typing import TYPE_CHECKING

from assistant.commerce.orders import OrderStore
from assistant.commerce.users import UserStore
from assistant.history.store import SqlEventStore
from assistant.sample import store as sample

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.history.database import Database

_LOG = logging.getLogger(__name__)
_MARK = "sample.json"


def prepare(directory: Path) -> None:
    """Make `directory` hold the sample store of this version; nothing to do where it does already.

    Interrupted half-way it starts again from nothing: the sample store holds no one's own data but carts and talk,
    which live in the shop database and stay. Of several processes one does it, and the others wait for what it makes.

    Raises:
        SampleError: The sample's files are missing or damaged.
        StoreError: The directory cannot be used, or another process takes too long over it.
    """
    version = sample.version()
    if _holds(directory, version):
        return
    from retrieval.lock import preparing

    with preparing(directory):
        if not _holds(directory, version):
            _fill(directory)
            (directory / _MARK).write_text(json.dumps({"version": version}), "utf-8")


def _holds(directory: Path, version: str) -> bool:
    try:
        return bool(json.loads((directory / _MARK).read_text("utf-8"))["version"] == version)
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or its writer was killed over it
        return False


def _fill(directory: Path) -> None:
    from retrieval.ingest import ingest
    from retrieval.store import Store

    _LOG.info("preparing the sample store in %s", directory)
    _forget(directory)
    with Store.open(directory) as target:
        ingest([sample.products_path()], directory, catalogue=target.catalogue, indexer=target.indexer(), full=True)
        target.catalogue.add_reviews(sample.read_reviews())


def _forget(directory: Path) -> None:
    for name in (_MARK, "catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm", "index.json"):
        (directory / name).unlink(missing_ok=True)
    for path in (*directory.glob("chroma*"), *directory.glob("lexical*")):
        shutil.rmtree(path, ignore_errors=True)


def load_people(database: Database) -> None:
    """Load shoppers, their events and orders into the shop database, once for each version of the sample data."""
    source = f"sample:{sample.version()}"
    with database.write():
        if not database.claim(source):  # an erased shopper must not come back with the next start
            return
        UserStore(database).insert(sample.read_users())
        OrderStore(database).insert(sample.read_orders())
        SqlEventStore(database).load(sample.read_events(), source=source)
