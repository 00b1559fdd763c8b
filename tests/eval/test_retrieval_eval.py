"""Retrieval is scored as it should be: known rankings give known figures, and real parts run end to end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.judged import Judged
from eval.retrieval_eval import build, evaluate, interval, measured
from retrieval.encoder.hashing import HashingEncoder
from retrieval.index.base import Document


def test_measures_of_a_known_ranking() -> None:
    qrels = {"q": {"a": 3, "b": 1}}
    found = measured({"q": {"x": 3.0, "b": 2.0, "a": 1.0}}, qrels)
    ideal = 3 + 1 / math.log2(3)
    assert found["ndcg@10"][0] == pytest.approx((1 / math.log2(3) + 3 / 2) / ideal)
    assert found["mrr@10"][0] == pytest.approx(0.5)
    assert found["recall@100"][0] == 1.0


def test_an_unanswered_query_counts_as_nothing() -> None:
    found = measured({"q": {"a": 1.0}, "r": {}}, {"q": {"a": 1}, "r": {"a": 1}})
    assert found["ndcg@10"].tolist() == [1.0, 0.0]


def test_an_interval_holds_the_mean() -> None:
    mean, low, high = interval(np.array([0.0, 1.0] * 50))
    assert low < mean == 0.5 < high
    assert interval(np.full(20, 0.25)) == [0.25, 0.25, 0.25]


def test_every_system_answers_and_is_compared() -> None:
    texts = {"d1": "waterproof trail running shoe", "d2": "steel water kettle", "d3": "wireless headphones"}
    documents = tuple(Document(key, text, text) for key, text in texts.items())
    judged = Judged(documents, {"q1": "runing shoe", "q2": "kettle"}, {"q1": {"d1": 3}, "q2": {"d2": 3}})
    systems = build(judged, {"tuned": HashingEncoder(), "base": HashingEncoder(64)}, weight=0.4)
    rows = {row["system"]: row for row in evaluate(judged, systems)}
    assert list(rows) == ["bm25", "base", "tuned", "lexical", "hybrid-base", "hybrid"]
    assert rows["hybrid"]["ndcg@10"] == 1.0
    assert set(rows["hybrid"]["minus"]) == {"bm25", "lexical", "tuned", "hybrid-base"}
    assert rows["lexical"]["ndcg@10"] >= rows["bm25"]["ndcg@10"], "a slip is mended"
    assert all(row["n_queries"] == 2 and row["p95_ms"] >= row["p50_ms"] > 0 for row in rows.values())
