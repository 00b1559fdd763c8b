"""Inflected words are found in several languages, and Chinese, Japanese and Korean by script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from retrieval.errors import StoreError
from retrieval.index.base import Document
from retrieval.index.languages import ANALYSES, ENGLISH, cjk_terms, cjk_words, without_cjk
from retrieval.index.lexical import TantivyIndex
from retrieval.ingest import flush
from retrieval.settings import RetrievalSettings, read_settings
from retrieval.store import Store
from retrieval.types import Product

if TYPE_CHECKING:
    from pathlib import Path

TITLES = {
    "a": "索尼无线蓝牙耳机 WH1000 降噪",
    "b": "华为手机壳",
    "c": "Apple iPhone手机 黑色",
    "d": "ワイヤレスイヤホン",
    "e": "무선 이어폰을 위한 케이스",
    "f": "Bluetooth headphones",
}


@pytest.fixture
def mixed() -> TantivyIndex:
    index = TantivyIndex()
    index.upsert([Document(key, title, title) for key, title in TITLES.items()])
    return index


FORMS = {  # one everyday word, twice
    "ar": ("كتاب", "الكتاب"), "da": ("lampe", "lamperne"), "de": ("Lampe", "Lampen"), "el": ("παπούτσι", "παπούτσια"),
    "en": ("shoe", "shoes"), "es": ("zapatilla", "zapatillas"), "fi": ("tuoli", "tuolit"),
    "fr": ("chaussure", "chaussures"), "hu": ("cipő", "cipőket"), "it": ("scarpa", "scarpe"),
    "ja": ("イヤホン", "イヤホンを"),
    "ko": ("이어폰", "이어폰을"), "nl": ("stoel", "stoelen"), "no": ("lampe", "lampene"), "pt": ("sapato", "sapatos"),
    "ro": ("pantof", "pantofi"), "ru": ("чашка", "чашки"), "sv": ("lampa", "lampor"), "zh": ("耳机", "耳机套"),
}  # fmt: skip


def found_by(query: str, title: str, language: str) -> bool:
    index = TantivyIndex(language=language)
    index.upsert([Document("it", title, title), Document("other", "qqq zzz", "qqq zzz")])
    assert index.holding_all(query) <= {"it"}
    return [key for key, _ in index.search(query, n=5)] == ["it"] and index.holding_all(query) == {"it"}


@pytest.mark.parametrize("language", sorted(ANALYSES))
def test_the_forms_of_a_word_find_each_other(language: str) -> None:
    one, other = FORMS[language]
    assert found_by(one, other, language)
    assert found_by(one.upper(), other, language)
    if ANALYSES[language] != ENGLISH or language == "en":  # of characters in a row the shorter one is inside the longer
        assert found_by(other, one, language)


@pytest.mark.parametrize(
    ("language", "title", "query"),
    [
        ("de", "Schwarze Lampen für Kinder", "schwarzer Lampe"),
        ("fr", "chaussures légères", "chaussure légère"),
        ("es", "zapatillas rojas", "zapatilla roja"),
        ("it", "scarpe nere", "scarpa nera"),
        ("ru", "красные чашки", "красная чашка"),
        ("en", "running shoes", "run shoe"),
    ],
)
def test_several_inflected_words_find_their_base_forms(language: str, title: str, query: str) -> None:
    assert found_by(query, title, language)


@pytest.mark.parametrize("language", sorted(ANALYSES))
def test_every_language_is_one_that_tantivy_has(language: str) -> None:
    index = TantivyIndex(language=language)
    index.upsert([Document("it", "Sony WH-1000XM4", "")])
    assert index.search("sony wh1000xm4", n=1)[0][0] == "it"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("蓝牙耳机", ["a"]), ("耳机", ["a"]), ("壳", ["b"]), ("手机", ["c", "b"]), ("iphone 手机", ["c", "b"]),
        ("iphone", ["c"]), ("イヤホン", ["d"]), ("이어폰", ["e"]), ("WH1000耳机", ["a"]), ("headphone", ["f"]),
    ],
)  # fmt: skip
def test_characters_are_found_inside_longer_runs(mixed: TantivyIndex, query: str, found: list[str]) -> None:
    hits = [key for key, _ in mixed.search(query, n=10)]
    assert hits[0] == found[0]
    assert set(hits) == set(found)


def test_holding_all_and_spelling_know_characters(mixed: TantivyIndex) -> None:
    assert mixed.holding_all("黑色 手机") == {"c"}
    assert mixed.holding_all("红色 手机") == set()
    assert mixed.knows("耳机")
    assert not mixed.knows("沙发")
    assert mixed.mend("无线蓝牙耳塞") == "无线蓝牙耳塞"
    assert mixed.mend("iphnoe手机壳bluetoth") == "iphone手机壳bluetooth"
    assert mixed.mend("手机iphone手机壳") == "手机iphone手机壳"
    assert mixed.mend("headphnes 无线蓝牙耳塞") == "headphones 无线蓝牙耳塞"


def test_pairs_of_characters() -> None:
    assert cjk_terms("蓝牙耳机 x 壳") == ["蓝牙", "牙耳", "耳机", "壳"]
    assert cjk_words("蓝牙 a") == ["蓝", "牙", "蓝牙"]
    assert cjk_terms("café") == cjk_words("café") == []
    assert without_cjk("caf\u00e9 \uff21") == "caf\u00e9 \uff21"  # without such characters nothing is touched
    assert without_cjk("iPhone手机壳") == "iPhone "


def test_another_language_rebuilds(tmp_path: Path) -> None:
    settings = RetrievalSettings(encoder="hashing")
    with Store.open(tmp_path, settings) as store:
        store.catalogue.upsert([Product("a", "Rote Lampen", 500, "EUR")])
        flush(store.catalogue, store.indexer())
    with Store.open(tmp_path, settings.model_copy(update={"language": "de"})) as store:
        assert store.agrees()
        assert store.generation.number == 1
        assert store.lexical.search("lampe", n=1)
    assert json.loads((tmp_path / "index.json").read_text("utf-8"))["schema"].endswith("-de")


def test_an_unknown_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_RETRIEVAL__LANGUAGE", "xx")
    with pytest.raises(StoreError, match=r"SHOPTALK_RETRIEVAL__LANGUAGE='xx'.*zh"):
        read_settings()
