"""Writes what a run of scenarios found: `report.html` in one file without outside loads, and `results.json`."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.runner import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.runner import Result

_WORST_FIRST = ("failed", "unexpected_pass", "expected_failure", "skipped", "passed")


def write(results: Sequence[Result], out: Path) -> None:
    """Write both files into `out`, which is created where it is missing."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_bytes(orjson.dumps(as_json(results), option=orjson.OPT_INDENT_2))
    (out / "report.html").write_text(as_html(results), "utf-8")


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Return the whole run as plain data: the summary, then every scenario with its turns."""
    return {"summary": summary(results), "scenarios": [_scenario(result) for result in results]}


def _scenario(result: Result) -> dict[str, Any]:
    turns = [{"said": t.said, "reply": t.reply.to_json(), "failures": list(t.failures)} for t in result.turns]
    return {
        "name": result.scenario.name,
        "tags": list(result.scenario.tags),
        "status": result.status,
        "reason": result.reason,
        "turns": turns,
    }


def as_html(results: Sequence[Result]) -> str:
    """Return the page; every value is escaped by the template engine."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    times = [turn.reply.elapsed_ms for result in results for turn in result.turns]
    return environment.get_template("report.html.jinja").render(
        summary=summary(results),
        results=sorted(results, key=lambda result: _WORST_FIRST.index(result.status)),
        p50_ms=statistics.median(times) if times else 0.0,
    )
