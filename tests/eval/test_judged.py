"""Judged queries: folders are read as documented, public sets become such folders, bad ones say why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from eval.judged import JudgedError, one_a_text, read, read_qrels, write_qrels
from eval.judged_sets import convert, held_out
from retrieval.types import Product

if TYPE_CHECKING:
    from pathlib import Path


def beir(folder: Path, *, corpus: bool = True) -> Path:
    if corpus:
        rows = [
            {"_id": "d1", "title": "Red canvas shoe", "text": "For running", "brand": "Acme", "color": "red"},
            {"_id": "d2", "title": "Kettle", "text": ""},
        ]
        folder.joinpath("corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    queries = [{"_id": "q1", "text": "running shoe"}, {"_id": "q2", "text": "nothing judged"}]
    folder.joinpath("queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries), "utf-8")
    write_qrels(folder / "qrels" / "test.tsv", [("q1", "d1", 3), ("q1", "d2", 0), ("q1", "gone", 2), ("q2", "d2", 0)])
    return folder


def test_a_folder_is_read(tmp_path: Path) -> None:
    judged = read(beir(tmp_path))
    assert judged.queries == {"q1": "running shoe"}, "a query without anything relevant cannot be scored"
    assert judged.qrels == {"q1": {"d1": 3}}
    assert judged.n_unknown == 1
    shoe = next(d for d in judged.documents if d.product_id == "d1")
    assert "Acme" in shoe.text
    assert "For running" in shoe.text


def test_products_stand_in_for_a_corpus_and_sizes_share_a_document(tmp_path: Path) -> None:
    sizes = [Product(f"d{n}", "Red shoe", 100, "USD", size=str(n), item_group_id="g") for n in (1, 2)]
    colours = [Product(f"c{n}", "Shoe", 100, "USD", color=c, item_group_id="h") for n, c in enumerate(("red", "blue"))]
    assert [d.product_id for d in one_a_text([*sizes, *colours])] == ["d1", "c0", "c1"]
    assert read(beir(tmp_path, corpus=False), products=sizes).qrels == {"q1": {"d1": 3}}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgedError, match=r"no corpus\.jsonl"):
        read(tmp_path)
    folder = beir(tmp_path)
    with pytest.raises(JudgedError, match=r"dev\.tsv"):
        read(folder, split="dev")
    folder.joinpath("corpus.jsonl").write_text('{"_id": "other", "title": "Else"}\n', "utf-8")
    with pytest.raises(JudgedError, match="do the ids agree"):
        read(folder)
    folder.joinpath("queries.jsonl").write_text('{"_id": "q1"}\n', "utf-8")
    with pytest.raises(JudgedError, match="line 1: no 'text'"):
        read(folder)
    folder.joinpath("corpus.jsonl").write_text("{broken\n", "utf-8")
    with pytest.raises(JudgedError, match="line 1"):
        read(folder)


@pytest.mark.parametrize("text", ["q1\td1\t2\n", "query-id\tcorpus-id\tscore\nq1\td1\t2\n", "q1 0 d1 2\n"])
def test_judgments_of_beir_and_trec_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "test.tsv"
    path.write_text(text, "utf-8")
    assert read_qrels(path) == {"q1": {"d1": 2}}


def test_a_bad_judgment_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "test.tsv"
    path.write_text("q1\td1\t2\nq1\td2\tgood\n", "utf-8")
    with pytest.raises(JudgedError, match="line 2"):
        read_qrels(path)


def test_a_competition_becomes_a_folder(tmp_path: Path) -> None:
    source, out = tmp_path / "train.csv", tmp_path / "out"
    lines = ["id,product_uid,product_title,search_term,relevance"]
    lines += [f"{n},{n},Title {n % 7},query {n % 1200},{1 + n % 3}" for n in range(2400)]
    source.write_text("\n".join(lines), "latin-1")
    counts = convert(source, out)
    assert counts["documents"] == 7
    assert counts["train"] > counts["test"] > 0
    judged = read(out)
    assert {grade for grades in judged.qrels.values() for grade in grades.values()} == {12, 24}
    assert all(held_out(text) == 0 for text in judged.queries.values())


def test_an_unknown_competition_says_what_it_expects(tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(JudgedError, match="median_relevance"):
        convert(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("corpus.jsonl", b"", "is empty"),
        ("corpus.jsonl", b'{"_id": "d1", "title": "A"}\n{"_id": "d1", "title": "B"}\n', "line 2: the _id 'd1'"),
        ("corpus.jsonl", b'{"_id": null, "title": "A"}\n', "line 1: no '_id'"),
        ("corpus.jsonl", b'{"_id": {"a": 1}, "title": "A"}\n', "line 1: no '_id'"),
        ("queries.jsonl", b'{"_id": "q1", "text": null}\n', "line 1: no 'text'"),
        ("queries.jsonl", b'{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n', "line 2: the _id 'q1'"),
        ("qrels/test.tsv", b"q1\td\xe9\t1\n", "no UTF-8"),
        ("qrels/test.tsv", b"q1\td1\t99999999999999999999\n", "line 1: .* beyond"),
    ],
)
def test_broken_folders_say_where(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    beir(tmp_path).joinpath(name).write_bytes(content)
    with pytest.raises(JudgedError, match=said):
        read(tmp_path)


def test_a_document_counts_whatever_its_price_says(tmp_path: Path) -> None:
    beir(tmp_path).joinpath("corpus.jsonl").write_text(
        '{"_id": "d1", "title": "Shoe", "price": "on request"}\n', "utf-8"
    )
    assert [d.title for d in read(tmp_path).documents] == ["Shoe"]


@pytest.mark.parametrize("grade", ["inf", "nan", "-50", "5", "x", ""])
def test_a_grade_that_cannot_be_writes_nothing(tmp_path: Path, grade: str) -> None:
    (tmp_path / "t.csv").write_text(f"search_term,product_title,relevance\nmug,Red mug,{grade}\n", "utf-8")
    with pytest.raises(JudgedError, match="line 2"):
        convert(tmp_path / "t.csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()
