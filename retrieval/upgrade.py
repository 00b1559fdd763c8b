"""Brings a catalogue that an older version wrote up to date, from the bodies it stores.

Schema 2 lacks the facts about attributes. They are added in batches, each a transaction that also notes how far it
came: a process that is killed goes on there at the next start, and several that open one catalogue share the work.
Document texts stay as they are, and so do the indexes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import orjson
import sqlalchemy as sa

import retrieval.tables as tables
from retrieval.facts import attribute_terms

if TYPE_CHECKING:
    from collections.abc import Callable

UPGRADABLE: Final = "2"
BATCH: Final = 500  # products a transaction; readers wait for none, another writer for one
_PROGRESS: Final = "upgraded_to_key"
_START: Final = "upgraded_from_digest"
_T = tables.product.c

logger = logging.getLogger(__name__)


def upgrade(engine: sa.Engine, *, to: str, after_batch: Callable[[], None] = lambda: None) -> bool:
    """Add the facts that schema `UPGRADABLE` lacks; return whether the catalogue now has schema `to`.

    Where another process changed products meanwhile, it may be an older version that wrote them without these facts:
    then the schema stays, and the next opening looks through the catalogue once more.

    Args:
        engine: Of a catalogue with schema `UPGRADABLE`.
        to: The schema that this version writes.
        after_batch: Called after every transaction.
    """
    logger.info("adding facts about attributes to a catalogue of schema %s", UPGRADABLE)
    while True:
        with engine.begin() as db:
            schema = _locked(db)
            if schema != UPGRADABLE:
                return schema == to  # another process was faster
            if not _batch(db):
                return _finish(db, to)
        after_batch()


def _locked(db: sa.Connection) -> str | None:
    """Return the schema, and keep other writers out for the rest of the transaction."""
    named = tables.meta.c.name == "schema"
    db.execute(tables.meta.update().where(named).values(value=tables.meta.c.value))
    return db.scalar(sa.select(tables.meta.c.value).where(named))


def _batch(db: sa.Connection) -> int:
    """Write the facts of the next products that are sold; return how many there were."""
    done = _noted(db, _PROGRESS)
    if done is None:
        _note(db, _START, _noted(db, "digest") or "")
    chosen = sa.select(_T.key, tables.content.c.body).where(_T.key == tables.content.c.key, ~_T.vanished)
    rows = db.execute(chosen.where(_T.key > int(done or -1)).order_by(_T.key).limit(BATCH)).all()
    if rows:
        t = tables.term.c
        field = tables.term_field("attribute")
        old = sa.and_(t.field == field, t.key.in_([row.key for row in rows]))
        db.execute(tables.term.delete().where(old))
        terms = [
            {"key": row.key, "field": field, "value": term}
            for row in rows
            for term in attribute_terms(orjson.loads(row.body)["attributes"])
        ]
        if terms:
            db.execute(tables.term.insert(), terms)
        _note(db, _PROGRESS, str(rows[-1].key))
    return len(rows)


def _finish(db: sa.Connection, to: str) -> bool:
    alone = _noted(db, _START) == (_noted(db, "digest") or "")
    db.execute(tables.meta.delete().where(tables.meta.c.name.in_((_PROGRESS, _START))))
    if alone:
        db.execute(tables.meta.update().where(tables.meta.c.name == "schema").values(value=to))
    return alone


def _noted(db: sa.Connection, name: str) -> str | None:
    return db.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == name))


def _note(db: sa.Connection, name: str, value: str) -> None:
    db.execute(tables.meta.delete().where(tables.meta.c.name == name))
    db.execute(tables.meta.insert().values(name=name, value=value))
