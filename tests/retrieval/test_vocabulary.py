"""The catalogue's own words, and what a shopper's word means among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from retrieval.shelves import ShelfIndex, synonyms
from retrieval.spelling import closest
from retrieval.types import Product
from retrieval.vocabulary import KnownSpan, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrieval.catalogue import Catalogue

PATHS = (
    "Clothing > Shoes > Trail running shoes",
    "Clothing > Shoes > Boots",
    "Clothing > Shirts > Dress shirts",
    "Clothing > Accessories > Watch straps",
    "Electronics > Phones > Smartphones",
    "Electronics > Phones > Phone accessories > Chargers",
    "Electronics > Phones > Mobile phone cases",
    "Outdoor > Sleeping bags",
    "Home > Tables & desks",
    "Bags > Tote bags",
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("shoes", [0, 1]),
        ("running shoes", [0]),
        ("Trail-Running Shoe", [0]),
        ("dress", []),
        ("dress shirt", [2]),
        ("watch", []),
        ("phone", [4]),
        ("phone case", [6]),
        ("case", [6]),
        ("bag", [9]),  # and no sleeping bag
        ("sleeping bag", [7]),
        ("desk", [8]),
        ("clothing", [0, 1, 2]),  # the watch straps stand under "Accessories"
    ],
)
def test_shelves_by_their_noun(asked: str, found: list[int]) -> None:
    index = ShelfIndex((path, 1) for path in PATHS)
    assert sorted(index.meant(asked)) == sorted(PATHS[i] for i in found)


def test_synonyms_replace_the_noun() -> None:
    assert "leather couch" in synonyms("leather sofa")
    assert "notebook" in synonyms("laptop")


@pytest.mark.parametrize(
    ("word", "strict", "expected"),
    [
        ("lpatop", False, "laptop"),
        ("kettel", False, "kettle"),
        ("samsng", True, "samsung"),
        ("nixon", True, None),  # another letter is another name
        ("cat", False, None),
        ("book", False, None),  # a real word
        ("kt3000", False, None),
    ],
)
def test_spelling_is_mended_with_care(word: str, strict: bool, expected: str | None) -> None:
    assert closest(word, ["laptop", "kettle", "samsung", "nikon", "boot", "coat"], strict=strict) == expected


def test_it_follows_the_catalogue(catalogue: Catalogue) -> None:
    catalogue.upsert([Product("a", "Lamp", 1, "EUR", brand="Lum", product_type="Lamps")])
    first = Vocabulary.of(catalogue)
    assert Vocabulary.of(catalogue) is first
    assert (first.brands, first.currency) == (("Lum",), "EUR")
    catalogue.upsert([Product("b", "Sofa", 1, "EUR", product_type="Sofas")])
    assert Vocabulary.of(catalogue).resolve("category", "couch").values == ("Sofas",)


def test_a_category_that_titles_decide(catalogue: Catalogue) -> None:
    catalogue.upsert([Product("a", "Floral midi skirt, red", 1, "EUR", product_type="Women")])
    found = Vocabulary.of(catalogue).resolve("category", "midi skirt")
    assert (found.known, found.values, found.heads) == (True, (), ("midi skirt",))


def test_a_narrower_kind_must_be_named(shop: Catalogue) -> None:
    vocabulary = Vocabulary.of(shop)
    gaming = vocabulary.resolve("category", "gaming laptop")
    assert (gaming.values, gaming.words) == (("Electronics > Laptops",), ("gaming",))
    assert not vocabulary.resolve("category", "rugged laptop").known
    assert vocabulary.nearest("rugged laptop") == ["Electronics > Laptops"]


def test_brands_only_titles_name(catalogue: Catalogue) -> None:
    catalogue.upsert([Product(str(i), f"Asus board {i}", 1, "EUR", product_type="Boards") for i in range(3)])
    assert Vocabulary.of(catalogue).resolve("brand", "ASUS").values == ("asus",)


def test_a_reseller_is_not_the_only_brand(catalogue: Catalogue) -> None:
    phone = "Telco - Galaxo Nine phone - White"
    case = "Telco - Galaxo certified case - White"
    catalogue.upsert([
        Product("a", phone, 1, "EUR", brand="Telco", product_type="Phones"),
        Product("b", phone, 1, "EUR", brand="Telco", product_type="Phones"),
        Product("c", case, 1, "EUR", brand="Telco", product_type="Phone accessories"),
    ])  # fmt: skip
    found = Vocabulary.of(catalogue)
    assert found.terms["brand"]["galaxo"] == 2
    assert found.terms["brand"]["telco"] == 3


def test_spans(shop: Catalogue) -> None:
    text = "navy running shoes from Vela Technology"
    assert Vocabulary.of(shop).spans(text) == [
        KnownSpan(0, 4, "color", "navy"),
        KnownSpan(5, 18, "category", "running shoe"),
        KnownSpan(24, 39, "brand", "Vela Technology"),
    ]


@pytest.fixture
def one(catalogue: Catalogue) -> Callable[..., Vocabulary]:
    def build(**fields: Any) -> Vocabulary:  # noqa: ANN401 - any field of a product
        catalogue.upsert([Product(**{"product_id": "a", "title": "T", "price_cents": 1, "currency": "EUR", **fields})])
        return Vocabulary.of(catalogue)

    return build


def test_a_real_colour_that_nothing_has_is_known(one: Callable[..., Vocabulary]) -> None:
    assert one(color="red").resolve("color", "teal").known
    assert not one(color="red").resolve("color", "blorple").known


def test_sizes_of_another_kind_are_unknown(one: Callable[..., Vocabulary]) -> None:
    assert not one(size="M").resolve("size", "9").known
    assert one(size="M").resolve("size", "xl").known
