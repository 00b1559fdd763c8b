"""An ingest that is killed at any moment loses nothing that it acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eval.kill import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_killed_ingests_lose_nothing(tmp_path: Path) -> None:
    report = run(tmp_path, times=3, rows=1200)
    assert report.kills + report.finished == 3
    assert report.acknowledged >= 1000
    assert report.lost == []
    assert report.failed_opens == []
