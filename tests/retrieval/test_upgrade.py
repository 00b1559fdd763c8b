"""A catalogue of the schema before is brought up to date in place, whatever happens meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

import retrieval.upgrade as upgrading
from retrieval.catalogue import SCHEMA, Catalogue
from retrieval.facts import attribute_terms
from retrieval.predicates import has
from retrieval.upgrade import UPGRADABLE, upgrade
from tests.retrieval.conftest import product

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retrieval.types import Product

YES = has("attribute", "waterproof: yes")
ROWS = [product(f"p{i}", attributes={"waterproof": i % 2 == 0, "weight": f"{i} kg"}) for i in range(7)]


def run(path: Path, statement: str, *values: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(statement, values).fetchall()


def say(path: Path, schema: str) -> None:
    run(path, "update meta set value = ? where name = 'schema'", schema)


def make_old(path: Path) -> None:
    """Take away what schema 3 added."""
    run(path, "delete from term where field = '@'")
    say(path, UPGRADABLE)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "c.sqlite"
    with closing(Catalogue.open(path)) as catalogue:
        catalogue.upsert([*ROWS, product("gone", attributes={"waterproof": True})])
        catalogue.mark_unavailable(["gone"])
    make_old(path)
    monkeypatch.setattr(upgrading, "BATCH", 2)
    return path


def schema(path: Path) -> str:
    return run(path, "select value from meta where name = 'schema'")[0][0]


def terms(path: Path) -> list[tuple[str, ...]]:
    return run(path, "select * from term order by 1, 2, 3")


def test_opening_brings_it_up_to_date(old: Path, tmp_path: Path) -> None:
    with closing(Catalogue.open(tmp_path / "new.sqlite")) as new:
        new.upsert(ROWS)
    with closing(Catalogue.open(old)) as catalogue:
        assert catalogue.matching([YES]) == ["p0", "p2", "p4", "p6"]
        assert catalogue.count_pending() == 7  # nothing was told to the indexes, nothing anew
    assert terms(old) == terms(tmp_path / "new.sqlite")
    assert schema(old) == SCHEMA
    assert not run(old, "select * from meta where name like 'upgraded%'")


def half_way(path: Path, then: Callable[[], None]) -> bool:
    """Upgrade, and do something after the second batch."""
    done = iter(range(9))
    engine = sa.create_engine(f"sqlite:///{path}")
    try:
        return upgrade(engine, to=SCHEMA, after_batch=lambda: then() if next(done) == 1 else None)
    finally:
        engine.dispose()


def test_killed_half_way_it_goes_on_there(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half_way(old, die)
    assert schema(old) == UPGRADABLE
    assert len([t for t in terms(old) if t[0] == "@"]) == 8
    read = Mock(side_effect=attribute_terms)
    monkeypatch.setattr(upgrading, "attribute_terms", read)
    Catalogue.open(old).close()
    assert read.call_count == 3
    assert schema(old) == SCHEMA
    assert len([t for t in terms(old) if t[0] == "@"]) == 14


def write_as_before(path: Path, item: Product) -> None:
    """Change a product as a process of the version before does: without the new facts."""
    say(path, SCHEMA)
    with closing(Catalogue.open(path)) as other:
        other.upsert([item])
    named = "select key from product where product_id = ?"
    run(path, f"delete from term where field = '@' and key in ({named})", item.product_id)  # noqa: S608 - ours
    say(path, UPGRADABLE)


def test_what_an_older_process_writes_meanwhile_is_found_at_the_next_opening(old: Path) -> None:
    changed = product("p0", attributes={"waterproof": False})
    assert not half_way(old, lambda: write_as_before(old, changed))
    assert schema(old) == UPGRADABLE
    with closing(Catalogue.open(old)) as catalogue:
        assert catalogue.matching([has("attribute", "waterproof: no")]) == ["p0", "p1", "p3", "p5"]
    assert schema(old) == SCHEMA


def test_readers_and_another_that_upgrades_are_not_in_the_way(old: Path) -> None:
    seen: list[list[str]] = []

    def read_and_open() -> None:
        with closing(sqlite3.connect(old)) as reader:
            reader.execute("begin")
            seen.append([r[0] for r in reader.execute("select product_id from product where not vanished")])
            with closing(Catalogue.open(old)) as other:  # finishes the work while the reader reads
                seen.append(other.matching([YES]))
            assert reader.execute("select value from meta where name = 'schema'").fetchone() == (UPGRADABLE,)

    assert half_way(old, read_and_open)
    assert seen == [[f"p{i}" for i in range(7)], ["p0", "p2", "p4", "p6"]]
    assert schema(old) == SCHEMA


def test_an_empty_one_and_a_new_one_are_up_to_date_at_once(tmp_path: Path) -> None:
    Catalogue.open(tmp_path / "c.sqlite").close()
    assert schema(tmp_path / "c.sqlite") == SCHEMA
    make_old(tmp_path / "c.sqlite")
    Catalogue.open(tmp_path / "c.sqlite").close()
    assert schema(tmp_path / "c.sqlite") == SCHEMA
