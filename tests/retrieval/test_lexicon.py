"""Word lists, and a merchant's own beside them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import retrieval.lexicon as lexicon
from retrieval.errors import StoreError
from retrieval.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    lexicon.use(None)


def test_a_merchants_words_are_added_to_ours(own: Path) -> None:
    (own / "synonyms.yaml").write_text("same:\n  - [torch, flashlight stick]\nnarrower: {gizmo: [widget]}\n", "utf-8")
    (own / "colors.yaml").write_text("white: [bone]\nhouse blue: [harbour]\n", "utf-8")
    (own / "hosts.txt").write_text("gizmo  # ours\n", "utf-8")
    before = lexicon.table("synonyms")["same"]
    lexicon.use(own)
    assert lexicon.table("synonyms")["same"] == [*before, ["torch", "flashlight stick"]]
    assert lexicon.table("synonyms")["narrower"]["gizmo"] == ["widget"]
    assert lexicon.families("colors")["bone"] == ("white",)
    assert lexicon.families("colors")["harbour"] == ("house blue",)
    assert lexicon.families("colors")["ivory"][0] == "white"
    assert lexicon.lines("hosts")[-1] == "gizmo"
    lexicon.use(None)
    assert lexicon.table("synonyms")["same"] == before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("synonims.yaml", "same: []", "no word list is called 'synonims.yaml'"),
        ("synonyms.yaml", "same: torch", "'same' of the word list synonyms.yaml must be a list"),
        ("colors.yaml", "- bone", "must be a mapping"),
        ("colors.yaml", "white: [", "not valid YAML"),
    ],
)
def test_a_bad_list_is_named(own: Path, name: str, text: str, message: str) -> None:
    (own / name).write_text(text, "utf-8")
    with pytest.raises(StoreError, match=message):  # noqa: PT012  either the look or the read says so
        lexicon.use(own)
        lexicon.table("synonyms")
        lexicon.table("colors")


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="SHOPTALK_RETRIEVAL__LEXICON"):
        lexicon.use(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="too long"):
        lexicon.use(tmp_path / ("x" * 300))


def test_an_unset_directory_is_not_the_folder_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_RETRIEVAL__LEXICON", "")
    assert read_settings().lexicon is None


def test_a_store_searches_by_the_merchants_synonyms(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.mkdir()
    (words / "synonyms.yaml").write_text("same:\n  - [quarrelbox, kettle]\n", "utf-8")
    script = (
        "import sys; from pathlib import Path; from retrieval.store import Store; "
        "from retrieval.settings import RetrievalSettings; from retrieval.types import Product\n"
        "store = Store.open(Path(sys.argv[1]), RetrievalSettings(encoder='hashing', lexicon=Path(sys.argv[2])))\n"
        "store.catalogue.upsert([Product('1', 'Steel kettle', 3000, 'USD', product_type='Kitchen > Kettles')])\n"
        "print(store.vocabulary.resolve('category', 'quarrelbox'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "store"), str(words)], check=True, capture_output=True, text=True
    )
    assert "known=True" in done.stdout
