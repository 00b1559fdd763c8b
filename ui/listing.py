"""How the command line writes lists, tables and progress. Everything for people goes through rich."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from retrieval.errors import QueryError
from retrieval.types import Constraint, Op, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from eval.runner import Result
    from retrieval.facets import Facets
    from retrieval.types import Ranking

_OUT = Console()
_ERR = Console(stderr=True)
_CURRENCY = re.compile("[A-Z]{3}")
_FORM = 'give a list such as [{"slot":"price","op":"lte","value":80}] or an object such as {"brand":"Sonova"}'


def constraints_of(text: str) -> tuple[Constraint, ...]:
    """Read `--filter`: a list of constraints, or an object of slot to value (or to {op: value}).

    Raises:
        QueryError: It is no JSON, or names an unknown slot or operator.
    """
    import orjson

    if not text.strip():
        return ()
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"--filter is no JSON ({error}): {_FORM}") from error
    if isinstance(data, dict):
        if any(value in ([], {}) for value in data.values()):
            raise QueryError(f"--filter {text!r} has a slot without a value: {_FORM}")
        data = [item for slot, value in data.items() for item in _spelled_out(slot, value)]
    if not isinstance(data, list):
        raise QueryError(f"--filter {text!r} is neither a list nor an object: {_FORM}")
    return tuple(_constraint(item) for item in data)


def _spelled_out(slot: str, value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return [{"slot": slot, "op": op, "value": bound} for op, bound in value.items()]
    return [{"slot": slot, "op": "eq", "value": one} for one in (value if isinstance(value, list) else [value])]


def _constraint(item: Any) -> Constraint:  # noqa: ANN401 - any JSON
    if not isinstance(item, dict) or item.get("slot") not in get_args(Slot):
        raise QueryError(f"--filter item {item!r} needs a 'slot' of {', '.join(get_args(Slot))}")
    value, currency = item.get("value"), item.get("currency")
    if item.get("op", "eq") not in get_args(Op) or isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QueryError(
            f"--filter item {item!r} needs an 'op' of {', '.join(get_args(Op))} and a 'value', a text or a number"
        )
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        raise QueryError(f"--filter item {item!r} needs a 'currency' as in ISO 4217, such as \"EUR\", or none")
    return Constraint(item["slot"], item.get("op", "eq"), value, currency=currency)


def print_ranking(ranking: Ranking) -> None:
    """Print hits as a table, with a line for everything that was not taken literally."""
    table = Table("id", "product", "price", "score", box=None)
    for hit in ranking.hits:
        price = f"{hit.product.offer_cents / 100:.2f} {hit.product.currency}"
        table.add_row(escape(hit.product.product_id), escape(hit.product.title), price, f"{hit.score:.3f}")
    _OUT.print(table)
    for name, dropped in (("given up", ranking.relaxed), ("cannot be decided", ranking.unknown)):
        if dropped:
            _ERR.print(f"{name}: " + escape(", ".join(f"{c.slot} {c.op} {c.value}" for c in dropped)))
    if ranking.not_carried:
        _ERR.print("not carried: " + escape(", ".join(ranking.not_carried)))
    _ERR.print(f"{ranking.total} in all, {ranking.elapsed_ms:.0f} ms")


def print_facets(facets: Facets) -> None:
    """Print by what a search can be narrowed, a line a facet, and what the counts are within."""
    table = Table("narrow by", "to", box=None)
    for facet in facets.facets:
        name = f"{facet.name} ({facet.currency})" if facet.currency else facet.name
        table.add_row(escape(name), escape(", ".join(f"{v.value} ({v.count})" for v in facet.values)))
    _OUT.print(table)
    if facets.within:
        _ERR.print("counted within: " + escape(", ".join(f"{c.slot} {c.value}" for c in facets.within)))


def print_recommendations(answer: Mapping[str, Any]) -> None:
    """Print the items of `Assistant.recommend` with their reasons."""
    table = Table("id", "product", "why", box=None)
    for item in answer["items"]:
        why = "; ".join(claim["claim"] for claim in item["why"])
        table.add_row(escape(item["product_id"]), escape(item["title"]), escape(why))
    _OUT.print(table)
    _ERR.print(f"strategy: {answer['strategy']}, {answer['elapsed_ms']:.0f} ms")


def print_report(report: Mapping[str, Any], store: Path) -> None:
    """Print what an ingest did: products, and reviews and events where there were any."""
    if report["read"] or not (report["review_rows"]["read"] or report["event_rows"]["read"]):
        _OUT.print(
            f"read {report['read']}: {report['added']} added, {report['updated']} updated, "
            f"{report['unchanged']} unchanged, {report['removed']} removed, {report['quarantined']} quarantined, "
            f"{report['elapsed_s']:.1f} s"
        )
    for name in ("review", "event"):
        rows = report[f"{name}_rows"]
        if rows["read"]:
            _OUT.print(f"{name}s: " + ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in rows.items()))
    for path, rows in _quarantines(report, store):
        if rows["quarantined"]:
            _ERR.print(f"why rows were quarantined: {escape(str(path))}")


def warn_of_refusals(report: Mapping[str, Any], store: Path) -> None:
    """Say on stderr where no row at all of the feeds, reviews or events could be used, and why not the first."""
    for path, rows in _quarantines(report, store):
        if rows["read"] and rows["read"] == rows["quarantined"]:
            first = json.loads(path.read_text("utf-8").partition("\n")[0])
            where = f"line {first['line']} of {first['file']!r}"
            said = f"none of the {rows['read']} rows could be used, the first ({where}) for: {first['reason']}"
            sys.stderr.write(f"shoptalk: {said}; see {str(path)!r}, and name the columns with --map\n")


def _quarantines(report: Mapping[str, Any], store: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    kinds = {
        "quarantine": report,
        "quarantine.reviews": report["review_rows"],
        "quarantine.events": report["event_rows"],
    }
    return [(store / f"{name}.jsonl", rows) for name, rows in kinds.items()]


def print_result(result: Result) -> None:
    """Print one scenario's outcome, with every failure."""
    _ERR.print(f"{result.status.replace('_', ' '):>16}  {result.scenario.name}", highlight=False)
    if result.status in {"failed", "unexpected_pass"}:
        for line in result.failures:
            _ERR.print(f"                  {escape(line)}", highlight=False)


def print_bench(figures: Mapping[str, Any]) -> None:
    """Print the figures of a benchmark as a table."""
    _print_times({"turn": figures["turn"], "chroma query": figures["chroma_query"], **figures["stages"]})
    rates = ", ".join(f"{clients} at once {rate:.1f}/s" for clients, rate in figures["throughput"].items())
    _OUT.print(f"throughput: {rates}; memory {figures['rss_mb']:.0f} MB; start {figures['startup_s']:.1f} s")


def print_retrieval_bench(figures: Mapping[str, Any]) -> None:
    """Print the figures of a benchmark of retrieval as a table."""
    rows = {"encode a query": figures["encode"], "chroma query": figures["chroma_query"]}
    for share, row in figures["filtered"].items():
        rows |= {f"{share} pass": row, f"{share} filter": row["filter"], f"{share} dense": row["dense"]}
    for name, row in figures["search"].items():
        rows |= {f"search, {name}": row, f"search, {name}, again": row["warm"]}
    _print_times(rows)
    build, ingest = figures["build"], figures["ingest"]
    recalls = {"chroma query": figures["chroma_query"], **figures["filtered"]}
    _OUT.print("recall@100: " + ", ".join(f"{name} {row['recall@100']:.3f}" for name, row in recalls.items()))
    _OUT.print(
        f"{figures['products']} products: catalogue {build['catalogue_rows_per_s']:.0f} rows/s, indexes "
        f"{build['index_rows_per_s']:.0f} rows/s, opened in {figures['open_s']:.1f} s, first search "
        f"{figures['first_search_ms']:.0f} ms, memory {figures['rss_mb']:.0f} MB"
    )
    if ingest:
        _OUT.print(
            f"ingest {ingest['docs_per_s']:.0f} documents/s, encoder alone {ingest['encoder_docs_per_s']:.0f}, "
            f"ratio {ingest['ratio']:.2f}"
        )


def _print_times(rows: Mapping[str, Mapping[str, Any]]) -> None:
    table = Table("what", "p50 ms", "p95 ms", "p99 ms", "CPU p50 ms", "n", box=None)
    for name, row in rows.items():
        cells = [f"{row[key]:.1f}" if key in row else "" for key in ("p50_ms", "p95_ms", "p99_ms", "cpu_p50_ms")]
        table.add_row(name, *cells, str(row.get("n", "")))
    _OUT.print(table)


def tell() -> Callable[[str, int, int], None]:
    """Return what writes a line on stderr at every tenth of a piece of work that is told as (what, done, total)."""
    seen: dict[str, int] = {}

    def line(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if tenth > seen.get(what, 0):
            seen[what] = tenth
            _ERR.print(f"{what}: {done} of {total}", highlight=False)

    return line


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar on stderr; the callback takes (done so far, total or None)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_ERR, transient=True, disable=not _ERR.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
