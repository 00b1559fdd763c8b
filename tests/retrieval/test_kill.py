"""An ingest that is killed at any moment loses nothing that it acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eval.kill import main, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_killed_ingests_lose_nothing(tmp_path: Path) -> None:
    report = run(tmp_path, times=3, rows=1200)
    assert report.kills + report.finished == 3
    assert report.acknowledged >= 1000
    assert report.lost == []
    assert report.failed_opens == []
    assert report.crashed == []


def test_an_ingest_that_fails_by_itself_is_no_kill(tmp_path: Path) -> None:
    report = run(tmp_path, times=1, rows=0)
    assert (report.kills, report.finished, len(report.crashed)) == (0, 0, 1)


@pytest.mark.parametrize("given", [("--times", "0"), ("--rows", "-5"), ("--rows", "x"), ("--encoder", "nope")])
def test_odd_arguments_are_refused(given: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    assert given[0] in capsys.readouterr().err
