"""The catalogue: every product the shop sells, in one database that is the truth.

SQLite by default (write-ahead log, one writer), any SQLAlchemy URL otherwise. Beside each product stand its facts, so
that hard constraints are decided by SQL, and an outbox: the hash of the text that the indexes were told last.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

import retrieval.tables as tables
from retrieval.catalogue_reads import BATCH, STORED, CatalogueReads, read_digest, stored_product
from retrieval.errors import StoreError
from retrieval.first_opening import beside_others
from retrieval.ratings import groups_of, rate
from retrieval.records import (
    Digest,
    Pending,
    Record,
    UpsertResult,
    chunks,
    digest,
    document_hash,
    fed_hash,
    hashed,
    product_of,
    record_of,
    review_row,
)
from retrieval.upgrade import UPGRADABLE, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retrieval.types import Product, Review

__all__ = ["Catalogue", "Pending", "UpsertResult"]

SCHEMA = "3"
_T = tables.product.c
_BESIDE = (tables.content, tables.wording, tables.term, tables.measure)
_Row = Any  # a row that `_known` selects; SQLAlchemy types its columns as Any as well
_Change = tuple[Record, _Row]


class Catalogue(CatalogueReads):
    """Products, reviews and exact filters. Many threads may read; one process writes.

    Example:
        >>> catalogue = Catalogue.open("store/catalogue.sqlite")  # doctest: +SKIP
        >>> catalogue.matching([between("price", None, 80_00)])  # doctest: +SKIP
    """

    @classmethod
    def open(cls, url_or_path: str | Path) -> Catalogue:
        """Open a catalogue, creating its tables when new; one of an older schema is brought up to date if it can be.

        Args:
            url_or_path: A SQLAlchemy URL, or the path of a SQLite file.

        Raises:
            StoreError: It cannot be opened, or another version wrote it.
        """
        engine = _engine(url_or_path)
        try:
            beside_others(lambda: tables.metadata.create_all(engine))
            beside_others(lambda: _check_schema(engine, url_or_path))
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"the catalogue {str(url_or_path)!r} cannot be opened ({cause}); check the path"
            ) from error
        except StoreError:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Release every connection."""
        self._engine.dispose()

    def upsert(self, products: Sequence[Product]) -> UpsertResult:
        """Add or replace products in one transaction; the last of two with one id wins."""
        latest = {p.product_id: p for p in products}
        result: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
        with self._engine.begin() as db:
            known = _known(db, latest)
            changes: list[_Change] = []
            for product_id, item in latest.items():
                old = known.get(product_id)
                what = _what_changes(item, old)
                result[what].append(product_id)
                if what != "unchanged":
                    changes.append((record_of(item, derived_type=old.derived_type if old is not None else None), old))
            _write(db, changes)
        return UpsertResult(**{what: tuple(ids) for what, ids in result.items()})

    def mark_unavailable(self, product_ids: Iterable[str]) -> int:
        """Mark products as vanished; return how many were not already.

        `get` still finds them (out of stock), so that carts and histories stay readable; no search does, and the
        indexes are told to drop them. A later `upsert` brings them back.
        """
        gone = 0
        with self._engine.begin() as db:
            for ids in chunks(product_ids, BATCH):
                rows = [r for r in _known(db, ids).values() if not r.vanished]
                keys = [r.key for r in rows]
                values = {"vanished": True, "in_stock": False, "document_hash": ""}
                db.execute(tables.product.update().where(_T.key.in_(keys)).values(values))
                _clear(db, keys, (tables.wording, tables.term, tables.measure))
                _toggle(db, [_digest_of(r) for r in rows])
                gone += len(keys)
        return gone

    def derive_types(self, shelves: Mapping[str, str]) -> int:
        """Set the shelf of products that were fed without one; return how many changed."""
        changed = 0
        for ids in chunks(shelves, BATCH):
            with self._engine.begin() as db:
                rows = [r for r in _known(db, ids).values() if not r.vanished]
                moved = [r for r in rows if r.derived_type != shelves[r.product_id]]
                bodies = _bodies(db, [r.key for r in moved])
                records = (record_of(product_of(bodies[r.key]), derived_type=shelves[r.product_id]) for r in moved)
                _write(db, list(zip(records, moved, strict=True)))
                changed += len(moved)
        return changed

    def add_reviews(self, reviews: Iterable[Review]) -> int:
        """Add or replace reviews; return how many. Products whose feed gives no rating get the mean of theirs."""
        n, told = 0, tables.review.c
        with self._engine.begin() as db:
            about: set[str] = set()
            for some in chunks(reviews, BATCH):
                latest = {r.review_id: r for r in some}
                known = told.review_id.in_(list(latest))
                about.update(db.scalars(sa.select(told.product_id).where(known)))
                about.update(r.product_id for r in latest.values())
                db.execute(tables.review.delete().where(known))
                db.execute(tables.review.insert(), [review_row(r) for r in latest.values()])
                n += len(latest)
            _rate(db, groups_of(db, about))
        return n

    def pending(self, *, limit: int = 1000) -> Pending:
        """Return up to `limit` products that the indexes have not been told of, oldest first."""
        chosen = sa.select(_T.product_id, *STORED).where(_T.key == tables.content.c.key)
        chosen = chosen.where(_T.document_hash != _T.indexed_hash).order_by(_T.key).limit(limit)
        with self._engine.connect() as db:
            rows = db.execute(chosen).all()
        due = tuple(stored_product(r) for r in rows if not r.vanished)
        return Pending(due, tuple(r.product_id for r in rows if r.vanished))

    def count_pending(self) -> int:
        """Return how many products the indexes have not been told of."""
        chosen = sa.select(sa.func.count()).select_from(tables.product).where(_T.document_hash != _T.indexed_hash)
        with self._engine.connect() as db:
            return db.scalar(chosen) or 0

    def mark_indexed(self, products: Sequence[Product], *, removed: Sequence[str] = ()) -> None:
        """Note what the indexes hold durably; a product that changed meanwhile stays pending."""
        told = [{"at": p.product_id, "told": document_hash(p)} for p in products]
        told += [{"at": i, "told": ""} for i in removed]
        if told:
            statement = tables.product.update().where(_T.product_id == sa.bindparam("at"))
            with self._engine.begin() as db:
                db.execute(statement.values(indexed_hash=sa.bindparam("told")), told)

    def identity(self) -> str:
        """Return the name that this catalogue was given when it was made; no other has it, copies aside."""
        with self._engine.begin() as db:
            return _meta(db, "identity", default=uuid4().hex)

    def mark_all_pending(self) -> None:
        """Forget what the indexes hold, for a rebuild: everything sold is due, nothing needs removing."""
        with self._engine.begin() as db:
            db.execute(tables.product.update().values(indexed_hash=""))


def _engine(url_or_path: str | Path) -> sa.Engine:
    text = str(url_or_path)
    if "://" not in text:
        Path(text).parent.mkdir(parents=True, exist_ok=True)
        text = f"sqlite:///{Path(text).resolve()}"
    engine = sa.create_engine(text)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune)
    return engine


def _tune(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no common type
    """Readers never wait for the writer, and a killed process loses no finished transaction."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _check_schema(engine: sa.Engine, where: object) -> None:
    with engine.begin() as db:
        found = _meta(db, "schema", default=SCHEMA)
    if found == UPGRADABLE:
        upgrade(engine, to=SCHEMA)
    elif found != SCHEMA:
        raise StoreError(f"the catalogue {str(where)!r} has schema {found!r}, not {SCHEMA!r}; ingest into a new store")


def _meta(db: sa.Connection, name: str, *, default: str) -> str:
    found = db.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == name))
    if found is None:
        db.execute(tables.meta.insert().values(name=name, value=default))
        return default
    return str(found)


def _toggle(db: sa.Connection, flips: Iterable[Digest]) -> None:
    total = read_digest(_meta(db, "digest", default="0 0"))
    for flip in flips:
        total ^= flip
    value = f"{total.documents:x} {total.rows:x}"
    db.execute(tables.meta.update().where(tables.meta.c.name == "digest").values(value=value))


def _digest_of(row: _Row) -> Digest:
    return digest(row.product_id, row.document_hash, row.fed_hash, row.derived_type)


def _what_changes(fed: Product, old: _Row) -> str:
    if old is None or old.vanished:
        return "added"
    return "unchanged" if old.fed_hash == fed_hash(fed) else "updated"


def _known(db: sa.Connection, product_ids: Iterable[str]) -> dict[str, _Row]:
    chosen = sa.select(_T.key, _T.product_id, _T.group_key, _T.fed_hash, _T.document_hash, _T.derived_type, _T.vanished)
    found = (db.execute(chosen.where(_T.product_id.in_(ids))) for ids in chunks(product_ids, BATCH))
    return {row.product_id: row for rows in found for row in rows}


def _bodies(db: sa.Connection, keys: Sequence[int]) -> dict[int, str]:
    chosen = sa.select(tables.content).where(tables.content.c.key.in_(keys))
    return {row.key: row.body for row in db.execute(chosen)}


def _write(db: sa.Connection, changes: Sequence[_Change]) -> None:
    """Write rows with their facts, and fold the difference into the digest."""
    new = [record.row for record, old in changes if old is None]
    again = [(record, old) for record, old in changes if old is not None]
    _insert(db, tables.product, new)
    if again:
        rows = [{**record.row, "at": old.key} for record, old in again]
        db.execute(tables.product.update().where(_T.key == sa.bindparam("at")), rows)
        _clear(db, [old.key for _, old in again], _BESIDE)
    keys = {i: row.key for i, row in _known(db, [record.row["product_id"] for record, _ in changes]).items()}
    placed = [(keys[record.row["product_id"]], record) for record, _ in changes]
    _insert(db, tables.content, [{"key": k, "body": r.body} for k, r in placed])
    _insert(db, tables.wording, [{"key": k, **r.wording} for k, r in placed])
    _insert(
        db, tables.term, [{"key": k, "field": tables.term_field(f), "value": v} for k, r in placed for f, v in r.terms]
    )
    _insert(db, tables.measure, [{"key": k, "dimension": d, "amount": a} for k, r in placed for d, a in r.measures])
    _toggle(db, [*(r.digest for r, _ in changes), *(_digest_of(old) for _, old in again if not old.vanished)])
    _rate(db, [*(record.row["group_key"] for record, _ in changes), *(old.group_key for _, old in again)])


def _rate(db: sa.Connection, group_keys: Iterable[str]) -> None:
    """Rate groups by their reviews; the digest, which knows rows as they were fed, moves on where a rating changed."""
    changed = rate(db, group_keys)
    if changed:
        told = f"{_meta(db, 'digest', default='0 0')}\0{sorted(changed)}"
        _toggle(db, [Digest(rows=int(hashed(told), 16))])


def _insert(db: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        db.execute(table.insert(), rows)


def _clear(db: sa.Connection, keys: Sequence[int], beside: Iterable[sa.Table]) -> None:
    for some in chunks(keys, BATCH):
        for table in beside:
            db.execute(table.delete().where(table.c.key.in_(some)))
