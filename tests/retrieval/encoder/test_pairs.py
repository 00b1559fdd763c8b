"""What an encoder learns from is read as written; a broken line is named."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from retrieval.encoder.mixture import DATA, forms, general
from retrieval.encoder.own import FEWEST, examples, read_log, split
from retrieval.encoder.pairs import Example, data_hash, read_evidence, read_requests, read_shelves, read_triples
from retrieval.errors import EncoderError
from retrieval.types import Product

if TYPE_CHECKING:
    from pathlib import Path


def test_triples_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("sofa\tThree-seat couch\tSofa cover\n\n", "utf-8")
    assert list(read_triples(path)) == [Example("sofa", "Three-seat couch", ("Sofa cover",))]
    path.write_text("sofa\tThree-seat couch\n", "utf-8")
    with pytest.raises(EncoderError, match="line 1: 2 parts"):
        list(read_triples(path))
    with pytest.raises(EncoderError, match="no readable"):
        list(read_triples(tmp_path / "none.tsv"))


def test_shelves_pair_a_query_with_each_answer_that_is_sold(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"query": "q", "answers": ["a", "gone", "b"], "misses": ["c"]}) + "\n", "utf-8")
    found = list(read_shelves(path, {key: (f"long {key}", key) for key in "abc"}))
    assert [e.query for e in found] == ["q", "q"]
    assert {e.answer.removeprefix("long ") for e in found} == {"a", "b"}
    assert all(len(e.misses) == 1 for e in found)
    path.write_text('{"query": "q"}\n', "utf-8")
    with pytest.raises(EncoderError, match="line 1"):
        list(read_shelves(path, {}))


def test_requests_pair_with_what_was_typed(tmp_path: Path) -> None:
    told = {"i want a red chair": ["red chair", "red chair", "i want a red chair"]}
    (tmp_path / "goal_query_map.json").write_text(json.dumps(told), "utf-8")
    assert list(read_requests(tmp_path)) == [Example("red chair", "i want a red chair")]


def test_the_shipped_data_holds_out_whole_queries() -> None:
    mixture = general({})
    learnt, held_out = ({e.query.casefold() for e in part["general"]} for part in (mixture.train, mixture.dev))
    assert len(learnt) > 3000
    assert len(held_out) > 200
    assert not learnt & held_out
    assert DATA.joinpath("README.md").is_file()


def test_a_product_has_a_long_and_a_short_form() -> None:
    long, short = forms(Product("p", "Kettle", 100, "USD", brand="Acme", description="Boils"))
    assert short == "Kettle"
    assert "Acme" in long
    assert "Boils" in long


def test_the_hash_tells_other_data() -> None:
    one, other = ({"g": [Example("q", text)]} for text in ("a", "b"))
    assert data_hash(one) == data_hash({"g": [Example("q", "a")]}) != data_hash(other)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "log.csv",
            "search_term,sku,event\nred  shoe,p1,view\nred shoe,p1,purchase\nred shoe,p2,impression\n,p3,click\n",
        ),
        (
            "log.jsonl",
            '{"query":"red shoe","sku":"p1","action":"Buy"}\n{"q":"red shoe","item_id":"p2","grade":0}\n{"q":"x"}\n',
        ),
        ("log.tsv", "query\tproduct_id\trelevance\nred shoe\tp1\t3\nred shoe\tp2\t0\nred shoe\tp2\tgood\n"),
    ],
)
def test_logs_become_judgments_and_the_strongest_event_counts(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    judgments, skipped = read_log(path)
    assert judgments == {"red shoe": {"p1": 3, "p2": 0}}
    assert skipped == 1


def test_what_is_no_log_says_which_columns_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(EncoderError, match="search_term"):
        read_log(path)
    with pytest.raises(EncoderError, match="--log"):
        read_log(tmp_path / "none.csv")


def test_a_query_is_learnt_from_or_decides_never_both() -> None:
    judgments = {f"query {n}": {"p": n % 3} for n in range(300)}
    parts = split(judgments)
    assert not parts.train.keys() & parts.held_out.keys()
    assert 20 < len(parts.held_out) < 80
    assert all(max(grades.values()) > 0 for grades in (*parts.train.values(), *parts.held_out.values()))
    with pytest.raises(EncoderError, match=f"at least {FEWEST}"):
        split({"one": {"p": 1}})


def test_the_best_are_answers_and_the_clearly_worse_are_misses() -> None:
    judgments = {"q": {"best": 4, "good": 3, "poor": 2, "bad": 0, "gone": 4}, "none": {"bad": 0}}
    texts = {key: key for key in ("best", "good", "poor", "bad")}
    found = examples(judgments, texts)
    assert [(e.answer, set(e.misses)) for e in found] == [("best", {"bad", "poor"}), ("good", {"bad", "poor"})]


def test_a_search_log_may_hold_any_grade_and_must_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("query,product_id,grade\nmug,a,inf\nmug,b,nan\nmug,c,1e30\nmug,d,2\n", "utf-8")
    assert read_log(path) == ({"mug": {"d": 2}}, 3)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(EncoderError, match="no feed file"):
        read_log(tmp_path / "pipe.csv")


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\xff", b'{"a": 1}'])
def test_a_public_set_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "goal_query_map.json").write_bytes(content)
    with pytest.raises(EncoderError, match="goal_query_map"):
        list(read_requests(tmp_path))
    (tmp_path / "t.tsv").write_bytes(b"\xff\n")
    with pytest.raises(EncoderError, match="no readable training file"):
        list(read_triples(tmp_path / "t.tsv"))
    with pytest.raises(EncoderError, match="hetPQA"):
        list(read_evidence(tmp_path))
