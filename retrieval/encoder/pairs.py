"""What an encoder learns from: a query, a text that answers it, and texts that nearly do."""

from __future__ import annotations

import csv
import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

MOST_ANSWERS: Final = 3  # texts a query is paired with, so that one with many answers does not drown the others
N_MISSES: Final = 2  # near misses an example


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn.

    Attributes:
        query: What a shopper types or says.
        answer: The text of a product, or evidence, that answers it.
        misses: Texts that share something with either and do not answer it; may be empty.
    """

    query: str
    answer: str
    misses: tuple[str, ...] = ()


def read_triples(path: Path) -> Iterator[Example]:
    """Read lines of query, title that answers it and title that nearly does, separated by tabs.

    Raises:
        EncoderError: The file is missing, or a line has not three parts.
    """
    for number, line in _lines(path):
        parts = line.split("\t")
        if len(parts) != 3:
            raise EncoderError(f"{str(path)!r}, line {number}: {len(parts)} parts between tabs, expected 3")
        yield Example(parts[0], parts[1], (parts[2],))


def read_shelves(path: Path, texts: Mapping[str, Sequence[str]]) -> Iterator[Example]:
    """Read queries written in front of a shop's products: `{"query", "answers": [ids], "misses": [ids]}` a line.

    Args:
        path: The file.
        texts: Product id -> the forms of its text, of which examples take one in turn; unknown ids are skipped.

    Raises:
        EncoderError: The file is missing, or a line is not of that shape.
    """
    for number, line in _lines(path):
        try:
            row = orjson.loads(line)
            query, answers, misses = row["query"], row["answers"], row["misses"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise EncoderError(f"{str(path)!r}, line {number}: {error!r}") from error
        known = [key for key in answers if key in texts][:MOST_ANSWERS]
        for place, key in enumerate(known):
            forms = texts[key]
            form = (number + place) % len(forms)
            near = [texts[miss][min(form, len(texts[miss]) - 1)] for miss in misses if miss in texts]
            yield Example(query, forms[form], tuple(near[place:] + near[:place])[:N_MISSES])


def read_requests(folder: Path) -> Iterator[Example]:
    """Read what people typed for requests that others wrote out (`goal_query_map.json` of WebShop).

    Raises:
        EncoderError: The file is missing, or not in shape.

    References:
        Yao et al., WebShop: Towards Scalable Real-World Web Interaction with Grounded Language Agents, NeurIPS 2022.
    """
    path = folder / "goal_query_map.json"
    with _reading(path):
        found: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict) or not all(isinstance(typed, list) for typed in found.values()):
            raise EncoderError(f"{str(path)!r} is no object of request -> what was typed for it")
    for request, typed in found.items():
        for query in dict.fromkeys(str(text).strip() for text in typed):
            if query and query != request:
                yield Example(query, request)


def read_evidence(folder: Path) -> Iterator[Example]:
    """Read questions on products with the evidence that answers them (the training part of hetPQA).

    Raises:
        EncoderError: The file is missing, or not in shape.

    References:
        Shen et al., semiPQA and hetPQA, ECNLP 2022.
    """
    path = folder / "hetPQA_answer_generation_train.csv"
    with _reading(path), path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            question, evidence = (row.get("question") or "").strip(), (row.get("candidate") or "").strip()
            if question and evidence:
                yield Example(question, evidence[:400])


def data_hash(groups: Mapping[str, Iterable[Example]]) -> str:
    """Return the SHA-256 of everything that is learnt from, in hex."""
    digest = hashlib.sha256()
    for name in sorted(groups):
        digest.update(name.encode())
        for example in groups[name]:
            digest.update("\0".join((example.query, example.answer, *example.misses)).encode("utf-8", "replace"))
    return digest.hexdigest()


def as_row(example: Example) -> dict[str, Any]:
    """Return an example as columns: query, answer, miss_1 ..."""
    misses = {f"miss_{number}": text for number, text in enumerate(example.misses, start=1)}
    return {"query": example.query, "answer": example.answer, **misses}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with _reading(path), path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line.rstrip("\n")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, csv.Error) as error:  # no text and no JSON are ValueErrors
        said = getattr(error, "strerror", None) or error
        raise EncoderError(f"no readable training file {str(path)!r}: {said}") from error
