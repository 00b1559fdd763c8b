"""Judged queries: a BEIR folder in, documents, queries and grades out.

A BEIR folder holds `corpus.jsonl` (`_id`, `title`, `text` and any product fields), `queries.jsonl` (`_id`, `text`) and
`qrels/test.tsv` (`query-id`, `corpus-id`, `score`; whole numbers, 0 is irrelevant). Without `corpus.jsonl` the
documents are the products of a store. What is not judged counts as irrelevant.

References:
    Thakur et al., BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models, 2021.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from assistant.errors import AssistantError
from retrieval.document import document_text
from retrieval.errors import RetrievalError
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.rows import RowReader
from retrieval.index.base import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from retrieval.types import Product

CORPUS: Final = "corpus.jsonl"
QUERIES: Final = "queries.jsonl"
HIGHEST_GRADE: Final = 1_000_000  # what scores them counts in machine words
Qrels = dict[str, dict[str, int]]  # query id -> document id -> grade


class JudgedError(AssistantError):
    """A folder or file of judged queries is missing, empty or not in the shape that is documented here."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One judged set.

    Attributes:
        documents: What is searched, without embeddings.
        queries: Query id -> text; only those with at least one relevant document.
        qrels: Grades above zero, of documents that are there.
        n_unknown: Judgments of documents that are not there, which count nowhere.
    """

    documents: tuple[Document, ...]
    queries: Mapping[str, str]
    qrels: Qrels
    n_unknown: int = 0


def read(folder: Path, *, split: str = "test", products: Iterable[Product] = ()) -> Judged:
    """Read a BEIR folder.

    Args:
        folder: Where it lies.
        split: Which of `qrels/*.tsv`.
        products: The documents where the folder has no `corpus.jsonl`.

    Raises:
        JudgedError: A file is missing or broken, or no query has a relevant document.
    """
    documents = tuple(read_corpus(folder) if has_corpus(folder) else one_a_text(products))
    if not documents:
        where = f"{str(folder / CORPUS)!r} is empty" if has_corpus(folder) else f"{str(folder)!r} has no {CORPUS}"
        raise JudgedError(f"{where}, and no store was named whose products could be searched")
    texts = _queries(folder)
    held = {document.product_id for document in documents}
    judged = read_qrels(folder / "qrels" / f"{split}.tsv")
    qrels: Qrels = {}
    for query_id, grades in judged.items():
        kept = {key: grade for key, grade in grades.items() if grade > 0 and key in held}
        if query_id in texts and kept:
            qrels[query_id] = kept
    if not qrels:
        raise JudgedError(f"no query of {str(folder)!r} has a relevant document in the corpus; do the ids agree?")
    unknown = sum(key not in held for grades in judged.values() for key in grades)
    return Judged(documents, {query_id: texts[query_id] for query_id in qrels}, qrels, unknown)


def has_corpus(folder: Path) -> bool:
    """Whether a folder of judged queries has documents of its own.

    Raises:
        JudgedError: It is none that could be looked into.
    """
    try:
        return (folder / CORPUS).is_file()
    except OSError as error:
        raise JudgedError(f"cannot read {str(folder)!r}: {error.strerror or error}; check the path") from error


def read_corpus(folder: Path) -> Iterator[Document]:
    """Yield the documents of `corpus.jsonl`, as an ingest would read them.

    Raises:
        JudgedError: The file is missing or broken, or has an id twice.
    """
    seen: set[str] = set()
    for number, row in _required(folder / CORPUS, "_id"):
        document = _document(number, row)
        if document.product_id in seen:
            where = f"{str(folder / CORPUS)!r}, line {number}"
            raise JudgedError(f"{where}: the _id {document.product_id!r} is there twice; whose judgments are these?")
        seen.add(document.product_id)
        yield document


def read_judgments(folder: Path, *, split: str) -> dict[str, dict[str, int]]:
    """Return query text -> document id -> grade, zeros too.

    Raises:
        JudgedError: A file is missing or broken.
    """
    texts = _queries(folder)
    judged = read_qrels(folder / "qrels" / f"{split}.tsv")
    return {texts[query_id]: grades for query_id, grades in judged.items() if query_id in texts}


def _queries(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in _required(folder / QUERIES, "_id", "text"):
        text = str(row["text"])
        if found.setdefault(str(row["_id"]), text) != text:
            where = f"{str(folder / QUERIES)!r}, line {number}"
            raise JudgedError(f"{where}: the _id {str(row['_id'])!r} is there twice, with other words")
    return found


def read_qrels(path: Path) -> Qrels:
    """Read judgments; a header line is skipped, the four columns of TREC are understood too.

    Raises:
        JudgedError: The file is missing or a line is not in shape.
    """
    found: Qrels = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, cells in enumerate(csv.reader(file, delimiter="\t"), start=1):
                row = cells if len(cells) > 1 else " ".join(cells).split()
                if not row or (number == 1 and not row[-1].lstrip("-").isdigit()):
                    continue
                query_id, document_id, grade = row[0], row[-2], row[-1]
                found.setdefault(query_id, {})[document_id] = _grade(grade)
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else f"no UTF-8 ({error.reason})"
        raise JudgedError(f"no readable judgments {str(path)!r}: {said}; save them as tabs in UTF-8") from error
    except (ValueError, IndexError, csv.Error) as error:
        raise JudgedError(f"{str(path)!r}, line {number}: expected query-id, corpus-id, score: {error}") from error
    return found


def _grade(cell: str) -> int:
    grade = int(cell)
    if abs(grade) > HIGHEST_GRADE:
        raise ValueError(f"the score {cell!r} is beyond {HIGHEST_GRADE}")
    return grade


def one_a_text(products: Iterable[Product]) -> Iterator[Document]:
    """Yield one document for each distinct text of a variant group: sizes share theirs, colours do not."""
    seen: set[tuple[str, str]] = set()
    for product in products:
        text = document_text(product)
        if (product.group_key, text) not in seen:
            seen.add((product.group_key, text))
            yield Document(product.product_id, product.title, text)


def write_qrels(path: Path, judgments: Iterable[tuple[str, str, int]]) -> None:
    """Write (query id, document id, grade) in BEIR's three columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("query-id", "corpus-id", "score"))
        writer.writerows(judgments)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row = orjson.loads(line)
                    if not isinstance(row, dict):
                        raise JudgedError(f"{str(path)!r}, line {number}: expected an object")
                    yield number, row
    except OSError as error:
        raise JudgedError(f"no readable {path.name} in {str(path.parent)!r}: {error.strerror or error}") from error
    except orjson.JSONDecodeError as error:
        raise JudgedError(f"{str(path)!r}, line {number}: {error}") from error


def _required(path: Path, *names: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in _lines(path):
        missing = next((name for name in names if not _told(row.get(name))), None)
        if missing:
            raise JudgedError(f"{str(path)!r}, line {number}: no {missing!r} that is a text or a whole number")
        yield number, row


def _told(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else isinstance(value, int) and not isinstance(value, bool)


_READER: Final = RowReader(ColumnMap(), currency="USD")


def _document(number: int, row: Mapping[str, Any]) -> Document:
    """Read a row of the corpus as a shop would: product fields go where an ingest puts them."""
    key, title = str(row["_id"]), str(row.get("title") or row.get("text") or "")
    fields = {name: value for name, value in row.items() if name not in ("_id", "text")}
    price = 1  # any: no price is in the text of a document, and a row is searched for whatever it costs
    values = {**fields, "price": price, "id": key, "title": title, "description": row.get("text", "")}
    try:
        product = _READER.product(values)
    except RetrievalError as error:
        raise JudgedError(f"{CORPUS}, line {number}: {error}") from error
    return Document(key, product.title, document_text(product))
