"""The shop database: the one file that knows SQLAlchemy, and every table about shoppers.

SQLite in WAL mode by default, PostgreSQL by URL. Stores speak portable SQL with bound parameters through a `Link`;
they never see the driver. Times are unix seconds (UTC), money integer cents, structured values JSON text.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from assistant.errors import HistoryError
from retrieval.first_opening import beside_others

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

SCHEMA_VERSION = "1"
_BUSY_TIMEOUT_MS = 10_000
_METADATA = sa.MetaData()

Value: TypeAlias = str | int | float | None
"""What may be bound to a parameter."""


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), primary_key=True)


def _ref(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), nullable=False, server_default="")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _time(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False, server_default="0")


def _table(name: str, *columns: sa.Column[Any] | sa.Index, never_reuse_ids: bool = False) -> None:
    sa.Table(name, _METADATA, *columns, sqlite_autoincrement=never_reuse_ids)


_ROWID = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER is a row id in SQLite

_table("meta", _key("name"), _text("value"))
_table(
    "events",
    sa.Column("event_id", _ROWID, primary_key=True, autoincrement=True),
    _ref("user_id"), _ref("name"), _time("at"), _ref("product_id"), _ref("conversation_id"), _text("detail"),
    sa.Index("ix_events_user", "user_id", "at"),
    sa.Index("ix_events_name", "name", "user_id", "at"),
    sa.Index("ix_events_conversation", "conversation_id"),
    never_reuse_ids=True,  # an erased event's id must never prove another claim
)  # fmt: skip
_table(
    "conversations",
    _key("conversation_id"), _ref("user_id"), _ref("cart_id"), _text("state"), _integer("turn"), _integer("version"),
    _time("created_at"), _time("touched_at"),
    sa.Index("ix_conversations_user", "user_id"),
    sa.Index("ix_conversations_touched", "touched_at"),
)  # fmt: skip
_table(
    "turns",
    _key("conversation_id"), sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
    _text("user_text"), _text("reply"), _text("state_before"), _text("cart_before"), _integer("cart_revision"),
    _time("at"),
)  # fmt: skip
_table("carts", _key("cart_id"), _ref("currency"), _integer("revision"), _time("touched_at"))
_table(
    "cart_lines",
    _key("cart_id"), _key("product_id"), _integer("position"), _integer("quantity"), _integer("price_cents"),
    _text("title"),
)  # fmt: skip
_table("cart_keys", _key("cart_id"), _key("click"), _integer("revision"))
_table("wishes", _key("owner"), _key("product_id"), _time("added_at"))
_table(
    "orders",
    _key("order_id"), _ref("user_id"), _ref("status"), _time("placed_at"), _ref("currency"), _integer("total_cents"),
    _text("items"), _text("shipping"), _ref("tracking"),
    sa.Index("ix_orders_user", "user_id", "placed_at"),
)  # fmt: skip
_table("users", _key("user_id"), _text("name"), _text("blurb"), _text("card"), _integer("persona"))

TABLES: tuple[str, ...] = tuple(sorted(_METADATA.tables))


def clean(text: str, *, limit: int) -> str:
    """Return `text` as any database stores it: no NUL, no lone surrogate, at most `limit` characters."""
    return text[:limit].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class Link:
    """One open transaction. SQL is a literal with `:name` parameters; values are always bound."""

    def __init__(self, connection: sa.Connection, *, writes: bool) -> None:
        self._connection = connection
        self.writes = writes

    def rows(self, sql: str, **values: Value) -> list[dict[str, Any]]:
        """Return every row as a dictionary."""
        return [dict(row) for row in self._connection.execute(sa.text(sql), values).mappings()]

    def one(self, sql: str, **values: Value) -> dict[str, Any] | None:
        """Return the first row, or None."""
        row = self._connection.execute(sa.text(sql), values).mappings().first()
        return None if row is None else dict(row)

    def number(self, sql: str, **values: Value) -> int:
        """Return the first value of the first row as an integer, 0 where there is none."""
        return int(self._connection.execute(sa.text(sql), values).scalar() or 0)

    def run(self, sql: str, **values: Value) -> int:
        """Execute one change; return how many rows it touched."""
        return int(self._connection.execute(sa.text(sql), values).rowcount)

    def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute one change for each row, as one batch; return how many rows they touched."""
        return int(self._connection.execute(sa.text(sql), rows).rowcount) if rows else 0


class Database:
    """The engine and its transactions. A store called inside an open `write` joins it: several stores, one commit."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._open = threading.local()

    @classmethod
    def open(cls, url_or_path: str | Path) -> Database:
        """Open the database, creating file and tables where they are missing.

        Args:
            url_or_path: A path to a SQLite file, or any SQLAlchemy URL (`postgresql+psycopg://...`).

        Raises:
            HistoryError: It cannot be reached, or was written by another version.
        """
        engine = _engine(url_or_path)
        database = cls(engine)
        try:
            beside_others(lambda: _METADATA.create_all(engine))
        except SQLAlchemyError as error:
            engine.dispose()
            where = engine.url.render_as_string(hide_password=True)
            raise HistoryError(f"The shop database {where!r} cannot be opened: check path, rights, server.") from error
        database._check_version()
        return database

    def _check_version(self) -> None:
        sql = "INSERT INTO meta (name, value) VALUES ('schema', :version) ON CONFLICT (name) DO NOTHING"
        with self.write() as link:
            link.run(sql, version=SCHEMA_VERSION)
            row = link.one("SELECT value FROM meta WHERE name = 'schema'")
        found = row["value"] if row else ""
        if found != SCHEMA_VERSION:
            self.close()
            raise HistoryError(f"The shop database has schema {found!r}, this program needs {SCHEMA_VERSION!r}.")

    @contextmanager
    def read(self) -> Iterator[Link]:
        """Open (or join) a transaction that only reads."""
        with self._transaction(writes=False) as link:
            yield link

    @contextmanager
    def write(self) -> Iterator[Link]:
        """Open (or join) a transaction that commits when the block ends and rolls back when it raises.

        Raises:
            HistoryError: The database refuses.
        """
        with self._transaction(writes=True) as link:
            yield link

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Link]:
        outer: Link | None = getattr(self._open, "link", None)
        if outer is not None and (outer.writes or not writes):
            yield outer
            return
        try:
            with self._engine.connect().execution_options(shop_writes=writes) as connection, connection.begin():
                self._open.link = Link(connection, writes=writes)
                yield self._open.link
        except SQLAlchemyError as error:
            # The driver's message quotes bound values, which may be a shopper's words: only its kind is passed on.
            raise HistoryError(f"The shop database refused an operation ({type(error).__name__}).") from error
        finally:
            self._open.link = outer

    def claim(self, source: str) -> bool:
        """Return True exactly once for each `source`, ever: what makes a bulk load idempotent.

        Call it inside the `write` that loads, so that a broken load gives its claim back.
        """
        sql = "INSERT INTO meta (name, value) VALUES (:name, 'loaded') ON CONFLICT (name) DO NOTHING"
        with self.write() as link:
            return link.run(sql, name=f"load:{source}") == 1

    def vacuum_log(self) -> None:
        """Drop what deleted rows left in SQLite's write-ahead log; nothing to do elsewhere."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine(url_or_path: str | Path) -> sa.Engine:
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        path = Path(url_or_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        url = sa.URL.create("sqlite", database=str(path))
    else:
        url = sa.make_url(url_or_path)
    engine = sa.create_engine(url, pool_pre_ping=not url.drivername.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # this module says BEGIN itself, see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another writer came between, without
    # waiting for busy_timeout: a writer takes its lock first.
    writes = connection.get_execution_options().get("shop_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
