"""The shop database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from assistant.errors import HistoryError
from assistant.history.database import TABLES, Database, clean

if TYPE_CHECKING:
    from pathlib import Path


def test_data_survives_reopening(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "shop.sqlite"
    first = Database.open(path)
    assert first.claim("x")
    first.close()
    second = Database.open(path)
    assert not second.claim("x")
    second.close()


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    database = Database.open(path)
    with database.write() as link:
        link.run("UPDATE meta SET value = '0' WHERE name = 'schema'")
    database.close()
    with pytest.raises(HistoryError, match="schema '0'"):
        Database.open(path)


def test_a_place_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    folder = tmp_path / "folder.sqlite"
    folder.mkdir()
    with pytest.raises(HistoryError, match=r"folder\.sqlite"):
        Database.open(folder)


def test_stores_join_an_open_transaction(database: Database) -> None:
    name = uuid4().hex

    def broken() -> None:
        with database.write():
            assert database.claim(name)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert database.claim(name)


def test_a_refusal_does_not_quote_values(database: Database) -> None:
    with pytest.raises(HistoryError) as caught, database.write() as link:
        link.run("INSERT INTO nowhere (word) VALUES (:word)", word="very private")
    assert "private" not in str(caught.value)
    with database.read() as link:  # and the connection is usable again
        assert link.number("SELECT COUNT(*) FROM meta WHERE name = 'schema'") == 1


def test_a_writer_after_a_reader_gets_its_own_transaction(database: Database) -> None:
    name = uuid4().hex
    with database.read() as reader:
        assert reader.one("SELECT name FROM meta WHERE name = :name", name=f"load:{name}") is None
        assert database.claim(name)
    with database.read() as reader:
        assert reader.one("SELECT name FROM meta WHERE name = :name", name=f"load:{name}") is not None


def test_clean_bounds_and_mends() -> None:
    assert clean("a\x00b\ud800c", limit=10) == "ab?c"
    assert clean("abcdef", limit=3) == "abc"


def test_every_table_has_a_name() -> None:
    assert {"events", "conversations", "turns", "carts", "cart_lines", "orders", "users"} <= set(TABLES)
