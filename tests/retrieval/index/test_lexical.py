"""Words, model numbers and misspellings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retrieval.errors import IndexMismatchError
from retrieval.index import lexical
from retrieval.index.base import Document
from retrieval.index.lexical import TantivyIndex

if TYPE_CHECKING:
    from pathlib import Path

TITLES = {
    "xm4": "Sony WH-1000XM4 wireless headphones black",
    "xm5": "Sony WH1000XM5 wireless headphones",
    "hp": "HP LaserJet Pro M404dn printer",
    "lap": "Lenovo ThinkPad laptop 256 GB",
    "case": "Phone case for iPhone15, silicone",
    "tee": "Organic cotton t-shirt",
    "cup": "Crème café cup",
}


@pytest.fixture(scope="module")
def index() -> TantivyIndex:
    index = TantivyIndex(is_word={"tuxedo", "printed"}.__contains__)
    index.upsert([Document(key, title, f"{title} sold by the shop") for key, title in TITLES.items()])
    return index


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("wh1000xm4", "xm4"),
        ("WH-1000XM4", "xm4"),
        ("wh 1000 xm4", "xm4"),
        ("1000xm4", "xm4"),
        ("wh-1000xm5", "xm5"),
        ("m404dn", "hp"),
        ("laser jet pro", "hp"),
        ("256gb", "lap"),
        ("iphone 15 case", "case"),
        ("head phones black sony", "xm4"),
        ("tshirts", "tee"),
        ("creme cafe", "cup"),
    ],
)
def test_writing_it_another_way_finds_it(index: TantivyIndex, query: str, first: str) -> None:
    assert index.search(index.mend(query), n=3)[0][0] == first


@pytest.mark.parametrize(
    ("query", "mended"),
    [
        ("lpatop", "laptop"),
        ("wireles hedphones", "wireless headphones"),
        ("siliconee phonecase", "silicone phone case"),
        ("laptops", "laptops"),
        ("wh1000xm3", "wh1000xm3"),
        ("tuxedo", "tuxedo"),
        ("cap", "cap"),
        ("", ""),
    ],
)
def test_spelling_is_mended_conservatively(index: TantivyIndex, query: str, mended: str) -> None:
    assert index.mend(query) == mended


def test_it_survives_a_restart_and_sees_others(tmp_path: Path) -> None:
    writer = TantivyIndex(tmp_path)
    reader = TantivyIndex(tmp_path)
    writer.upsert([Document("a", "kettle", "")])
    reader.refresh()
    assert reader.ids() == {"a"}
    assert TantivyIndex(tmp_path).search("kettles", n=1)[0][0] == "a"


def test_a_damaged_folder_says_rebuild(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{torn", "utf-8")
    with pytest.raises(IndexMismatchError, match="rebuild"):
        TantivyIndex(tmp_path)


def test_large_and_small_subsets_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    index = TantivyIndex()
    index.upsert([Document(f"p{i:03}", f"mug {'blue ' * (i % 5)}", "") for i in range(300)])
    among = [f"p{i:03}" for i in range(0, 300, 3)]
    by_terms = index.search("blue mug", n=100, among=among)
    monkeypatch.setattr(lexical, "FEW", 0)
    by_intersection = index.search("blue mug", n=100, among=among)
    assert len(by_terms) == 100
    assert by_terms == by_intersection


def test_words_of_deleted_documents_are_forgotten_by_search() -> None:
    index = TantivyIndex()
    index.upsert([Document("a", "kettle", ""), Document("b", "mug", "")])
    index.delete(["a"])
    assert index.search("kettle", n=3) == []
    assert index.count() == 1


def test_a_writer_killed_before_its_commit_does_not_stop_the_next(tmp_path: Path) -> None:
    documents = [Document(f"p{n}", f"mug {n}", f"mug {n}") for n in range(20)]
    TantivyIndex(tmp_path).upsert(documents)
    committed = (tmp_path / "meta.json").read_bytes()
    TantivyIndex(tmp_path).delete(["p3"])
    assert list(tmp_path.glob("*.del")), "deletions are written beside the commit"
    (tmp_path / "meta.json").write_bytes(committed)  # as if it had been killed before
    again = TantivyIndex(tmp_path)
    assert again.count() == 20
    again.delete(["p3", "p4"])
    assert again.ids() == {f"p{n}" for n in range(20)} - {"p3", "p4"}
