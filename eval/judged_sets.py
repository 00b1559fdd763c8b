"""Public relevance sets as BEIR folders: what a search competition published in, judged queries out."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from eval.judged import CORPUS, QUERIES, JudgedError, write_qrels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_KNOWN: Final = {  # the columns of query, grade -> how a grade becomes a gain in whole numbers
    ("search_term", "relevance"): 12,  # means of three to five raters: thirds and quarters
    ("query", "median_relevance"): 1,
}
LOWEST: Final = 1  # grade
HIGHEST: Final = 4


def convert(source: Path, out: Path, *, n_documents: int = 0) -> dict[str, int]:
    """Write a relevance set of a search competition as a BEIR folder; return what was written.

    `search_term`, `product_title`, `relevance` (1 to 3, Home Depot) or `query`, `product_title`, `median_relevance`
    (1 to 4, CrowdFlower) are recognised by the header. The lowest grade is irrelevant, and gain grows linearly from
    it. A tenth of the queries, by hash, is `test`, a tenth `dev`, the rest `train`; of fewer than a thousand queries
    all are `test`.

    Args:
        source: The CSV.
        out: The folder.
        n_documents: Keep what the test queries are judged on and fill up to so many documents by hash; 0 keeps all.

    Raises:
        JudgedError: The columns are not those of a known set, a grade is none, or there are no rows.
    """
    rows = list(_pairs(source))
    if not rows:
        raise JudgedError(f"{str(source)!r} has a header and nothing below it; fetch it again")
    queries = list(dict.fromkeys(query for query, _, _ in rows))
    split = {query: _split(query, small=len(queries) < 1000) for query in queries}
    titles = {_title_id(title): title for _, title, _ in rows}
    if n_documents:
        needed = {_title_id(title) for query, title, _ in rows if split[query] == "test"}
        filler = sorted(titles.keys() - needed)[: max(0, n_documents - len(needed))]
        titles = {key: titles[key] for key in sorted(needed.union(filler))}
    try:
        (out / "qrels").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JudgedError(
            f"--out {str(out)!r} cannot be used: {error.strerror or error}; name another folder"
        ) from error
    _write_lines(out / CORPUS, ({"_id": key, "title": title, "text": ""} for key, title in titles.items()))
    names = {query: f"q{number}" for number, query in enumerate(queries, start=1)}
    _write_lines(out / QUERIES, ({"_id": names[query], "text": query} for query in queries))
    counts = {"documents": len(titles), "queries": len(queries)}
    for name in ("train", "dev", "test"):
        kept = {(names[q], _title_id(t)): grade for q, t, grade in rows if split[q] == name and _title_id(t) in titles}
        write_qrels(out / "qrels" / f"{name}.tsv", ((q, t, grade) for (q, t), grade in kept.items()))
        counts[name] = len(kept)
    return counts


def held_out(text: str, *, of: int = 10) -> int:
    """Return the part, 0 to `of` - 1, that a query belongs to: by its own hash, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.casefold().encode(), digest_size=8).digest()) % of


def _pairs(source: Path) -> Iterator[tuple[str, str, int]]:
    """Yield (query, title, gain in whole numbers)."""
    try:
        with source.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.DictReader(file, restval="")
            names = set(reader.fieldnames or ())
            known = next((k for k in _KNOWN if {*k, "product_title"} <= names), None)
            if known is None:
                wanted = " or ".join(f"{q}, product_title, {g}" for q, g in _KNOWN)
                raise JudgedError(f"{str(source)!r} has the columns {sorted(names)}; expected {wanted}")
            for row in reader:
                yield row[known[0]].strip(), row["product_title"].strip(), _gain(row[known[1]], _KNOWN[known])
    except OSError as error:
        raise JudgedError(f"cannot read {str(source)!r}: {error.strerror or error}; check the path") from error
    except (ValueError, csv.Error) as error:
        raise JudgedError(f"{str(source)!r}, line {reader.line_num}: {error}") from error


def _gain(grade: str, times: int) -> int:
    value = float(grade)
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"the grade {grade!r} is not from {LOWEST} to {HIGHEST}")
    return round((value - LOWEST) * times)


def _split(query: str, *, small: bool) -> str:
    part = held_out(query)
    return "test" if small or part == 0 else "dev" if part == 1 else "train"


def _title_id(title: str) -> str:
    return hashlib.blake2b(title.encode(), digest_size=8).hexdigest()


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("wb") as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in rows)
