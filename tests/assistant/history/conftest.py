"""The databases that history's tests run on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from assistant.history.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(os.environ.get("SHOPTALK_TEST_DATABASE") or tmp_path / "shop.sqlite")
    yield opened
    opened.close()
