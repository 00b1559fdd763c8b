"""Whoever opens a new store at the same time as others gets it too."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from assistant.history.database import Database
from retrieval.catalogue import Catalogue
from retrieval.first_opening import beside_others

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE, ROUNDS = 4, 5


@pytest.mark.parametrize("kind", [Catalogue, Database])
def test_new_databases_are_opened_at_once(kind: type[Catalogue] | type[Database], tmp_path: Path) -> None:
    start = Barrier(AT_ONCE)

    def take(round_: int) -> None:
        start.wait()
        kind.open(tmp_path / f"{round_}.sqlite").close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for round_ in range(ROUNDS):
            list(threads.map(take, [round_] * AT_ONCE))
    assert len(list(tmp_path.glob("*.sqlite"))) == ROUNDS


def test_what_is_wrong_otherwise_is_said_at_once(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}")  # a directory
    began = time.monotonic()
    with pytest.raises(sa.exc.OperationalError, match="unable to open"):
        beside_others(lambda: sa.MetaData().create_all(engine))
    assert time.monotonic() - began < 5
