"""A merchant's own judgments, clicks and purchases as examples: what shoppers of this shop meant by their words."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import yaml

from retrieval.encoder.pairs import N_MISSES, Example
from retrieval.errors import EncoderError, FeedError
from retrieval.feeds import read_feed
from retrieval.feeds.files import check_files
from retrieval.feeds.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Judgments = dict[str, dict[str, int]]  # query text -> product id -> grade, 0 is irrelevant

FEWEST: Final = 50  # queries with an answer, below which there is nothing to tell better from worse by
HELD_OUT: Final = 5  # one query in so many is not learnt from, and decides whether the weights are better
HIGHEST: Final = 1_000_000  # grade; what is above is another column
BEST: Final = 4  # answers a query, the best graded first


@dataclass(frozen=True, slots=True)
class Split:
    """Judgments to learn from, and those that decide; a query is wholly in one of them."""

    train: Judgments
    held_out: Judgments


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files("retrieval.encoder").joinpath("log.yaml").read_text("utf-8"))
    return loaded


def read_log(path: Path) -> tuple[Judgments, int]:
    """Read a search log: a query, a product and an event or a grade a row, in any format that feeds come in.

    Of several rows on a query and a product the strongest event counts.

    Returns:
        The judgments, and how many rows said nothing usable.

    Raises:
        EncoderError: The file is no log: no row has a query, a product and an event or grade.
    """
    found: Judgments = defaultdict(dict)
    skipped = 0
    try:
        check_files([path])
        for row in read_feed(Source(path)):
            judged = _judged(row.values)
            if judged is None:
                skipped += 1
                continue
            query, product_id, grade = judged
            found[query][product_id] = max(grade, found[query].get(product_id, 0))
    except FeedError as error:
        raise EncoderError(f"--log: {error}") from error
    if not found:
        names = "; ".join(f"{name}: {', '.join(known)}" for name, known in _table()["columns"].items())
        raise EncoderError(f"{str(path)!r} is no search log: no row has a query, a product and an event ({names})")
    return dict(found), skipped


def _judged(values: Mapping[str, Any]) -> tuple[str, str, int] | None:
    lowered = {str(name).strip().casefold(): value for name, value in values.items() if value not in (None, "")}
    told = {
        field: next((str(lowered[name]).strip() for name in names if name in lowered), "")
        for field, names in _table()["columns"].items()
    }
    grade = _table()["events"].get(told["event"].casefold().replace(" ", "_"))
    if grade is None:
        try:
            grade = round(float(told["grade"]))
        except (ValueError, OverflowError):
            return None
        if abs(grade) > HIGHEST:
            return None
    query = " ".join(told["query"].split())[:300]
    return (query, told["product_id"], int(grade)) if query and told["product_id"] else None


def split(judgments: Judgments) -> Split:
    """Split by the hash of the query.

    Raises:
        EncoderError: Too few queries have an answer.
    """
    answered = {query: grades for query, grades in judgments.items() if any(grade > 0 for grade in grades.values())}
    if len(answered) < FEWEST:
        raise EncoderError(f"{len(answered)} queries have an answer in the catalogue; training needs at least {FEWEST}")
    held_out = {query: grades for query, grades in answered.items() if _part(query) == 0}
    return Split({query: grades for query, grades in answered.items() if query not in held_out}, held_out)


def examples(judgments: Judgments, texts: Mapping[str, str]) -> list[Example]:
    """Return the best graded products of each query as answers, with clearly worse ones as near misses.

    Args:
        judgments: What was judged.
        texts: Product id -> text; what is not sold any more is left out.
    """
    found = []
    for query, grades in judgments.items():
        known = sorted(((grade, key) for key, grade in grades.items() if key in texts), key=lambda g: (-g[0], g[1]))
        if not known or known[0][0] <= 0:
            continue
        best = known[0][0]
        answers = [key for grade, key in known if grade * 2 > best][:BEST]
        worse = [texts[key] for grade, key in reversed(known) if grade * 2 <= best]
        found += [Example(query, texts[key], _turned(worse, place)) for place, key in enumerate(answers)]
    return found


def _turned(texts: Sequence[str], place: int) -> tuple[str, ...]:
    """Return near misses for the answer at `place`, other ones for each answer."""
    start = place * N_MISSES % len(texts) if texts else 0
    return tuple([*texts[start:], *texts[:start]][:N_MISSES])


def _part(query: str) -> int:
    digest = hashlib.blake2b(b"own:" + query.casefold().encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) % HELD_OUT
