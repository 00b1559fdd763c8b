"""Leave-last-out over small files whose answer is known."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from eval.recommender_eval import EvalInputError, evaluate, read_interactions, split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("user_id,item_id,timestamp\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    """Two kinds of shoppers, each walking along ten items of their own, from a place of their own."""
    lines = []
    for user in range(60):
        kind = "ab"[user % 2]
        start = user // 2 % 10
        lines += [f"u{user},{kind}{(start + step) % 10},{1_700_000_000 + step}" for step in range(4)]
    return write(tmp_path / "chains.csv", lines)


def test_order_helps_and_every_system_has_a_row(chains: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["system"]: row for row in evaluate(chains)}
    assert {"popularity", "itemknn", "ours"} <= set(rows)
    assert rows["ours"]["hr@10"] == 1.0
    assert rows["ours"]["ndcg@10"] > rows["itemknn"]["ndcg@10"] > rows["popularity"]["ndcg@10"]
    assert rows["ours"]["coverage"] == 1.0
    assert rows["ours"]["n_users"] == 60
    assert rows["ours"]["n_items"] == 20
    if "implicit" not in sys.modules:
        assert "als: skipped" in capsys.readouterr().err


def test_the_same_file_gives_the_same_figures(chains: Path) -> None:
    def figures() -> list[tuple[object, ...]]:
        return [(row["system"], row["hr@10"], row["ndcg@10"]) for row in evaluate(chains, max_users=20)]

    assert figures() == figures()
    assert evaluate(chains, max_users=20)[0]["n_users"] == 20


def test_texts_join_in(chains: Path) -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, 0.0] if text == "title a" else [0.0, 1.0] for text in texts], dtype=np.float32)

    texts = {f"{kind}{number}": f"title {kind}" for kind in "ab" for number in range(10)}
    rows = {row["system"]: row for row in evaluate(chains, texts=texts, embed=embed)}
    assert rows["ours"]["hr@10"] == 1.0


def test_the_split_hides_the_last_new_item() -> None:
    rows = [("u", "a", 1.0), ("u", "c", 3.0), ("u", "b", 2.0), ("u", "a", 9.0), ("v", "a", 1.0), ("v", "b", 2.0)]
    found = split(rows)
    assert [found.items[target] for target in found.targets] == ["c"]
    assert [[found.items[item] for item in history] for history in found.history] == [["a", "b"]]
    assert len(found.train) == 4


def test_times_may_be_dates(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", ["u,a,2026-01-01T00:00:00+00:00", "u,b,2026-01-01 00:00:01", "u,c,1767225602"])
    times = [when for _, _, when in read_interactions(file)]
    assert times == [1767225600.0, 1767225601.0, 1767225602.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user,item\n1,2\n", "user_id"),
        ("user_id,item_id,timestamp\n", "no row"),
        ("user_id,item_id,timestamp\nu,a,soon\n", "line 2: timestamp 'soon'"),
        ("user_id,item_id,timestamp\n,a,1\n", "line 2"),
        ("user_id,item_id,timestamp\nu\n", "line 2"),
        ("user_id,item_id,timestamp\nu,a,1\nu,b,2\n", "3 different items"),
        ("", "user_id"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(EvalInputError, match=message):
        evaluate(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvalInputError, match=r"none\.csv"):
        evaluate(tmp_path / "none.csv")
