"""A small shop that the tests of `retrieval` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from retrieval.catalogue import Catalogue
from retrieval.types import Product

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SHOES = "Clothing > Shoes > "
_PHONES = "Electronics > Cell phones"
_ROWS: tuple[dict[str, Any], ...] = (
    {"title": "Sonova trail running shoes, navy", "brand": "Sonova", "product_type": f"{_SHOES}Trail running shoes",
     "color": "navy", "size": "UK 9", "gender": "male", "price_cents": 8900, "material": "mesh",
     "attributes": {"waterproof": True}, "item_group_id": "G1", "rating": 4.5, "n_ratings": 12, "popularity": 5.0},
    {"title": "Sonova trail running shoes, navy", "brand": "Sonova", "product_type": f"{_SHOES}Trail running shoes",
     "color": "navy", "size": "UK 10", "gender": "male", "price_cents": 8900, "material": "mesh",
     "attributes": {"waterproof": True}, "item_group_id": "G1", "availability": "out_of_stock"},
    {"title": "Halden road running shoes, red", "brand": "Halden", "product_type": f"{_SHOES}Running shoes",
     "color": "red/white", "size": "8", "gender": "female", "price_cents": 12000, "sale_price_cents": 7900,
     "rating": 3.9},
    {"title": "Halden ankle boots, burgundy", "brand": "Halden", "product_type": f"{_SHOES}Boots", "color": "burgundy",
     "size": "8", "material": "suede", "gender": "female", "price_cents": 15000, "released": "2026-01-05"},
    {"title": "Ark phone case, black", "brand": "Ark", "product_type": f"{_PHONES} > Phone cases", "color": "black",
     "material": "faux leather", "price_cents": 1500},
    {"title": "Ark Nine smartphone 128 GB, cream", "brand": "Ark", "product_type": f"{_PHONES} > Smartphones",
     "color": "cream", "price_cents": 49900, "popularity": 9.0},
    {"title": "Vela 15.6\" laptop for gaming, 16 GB", "brand": "Vela Technology",
     "product_type": "Electronics > Laptops", "price_cents": 99900, "attributes": {"use": "gaming"}},
    {"title": "Leather wallet", "product_type": "Clothing > Accessories > Wallets", "price_cents": 3900,
     "description": "A plain wallet."},
    {"title": "Oxford dress shirt", "brand": "Halden", "product_type": "Clothing > Shirts", "size": "L",
     "price_cents": 4500, "color": "white", "material": "cotton", "age_group": "adult"},
    {"title": "Kids' rain jacket, yellow", "brand": "Sonova", "product_type": "Clothing > Kids > Rain jackets",
     "size": "6-7 years", "price_cents": 3500, "color": "yellow", "description": "Keeps rain out, no leather used."},
    {"title": "Oak coffee table, 120x60 cm", "product_type": "Home > Tables & desks", "price_cents": 22000,
     "material": "oak"},
    {"title": "Standing desk, 140x70 cm", "product_type": "Home > Tables & desks", "price_cents": 35000},
    {"title": "Steel kettle 1.7 L", "product_type": "Home > Kitchen", "price_cents": 2900, "brand": "Vela Technology"},
)  # fmt: skip


def product(product_id: str = "x", **fields: Any) -> Product:  # noqa: ANN401 - any field of a product
    return Product(**{"product_id": product_id, "title": "Thing", "price_cents": 1000, "currency": "USD", **fields})


@pytest.fixture(scope="session")
def shop_products() -> tuple[Product, ...]:
    return tuple(product(f"p{i}", **row) for i, row in enumerate(_ROWS))


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path / "catalogue.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, shop_products: tuple[Product, ...]) -> Iterator[Catalogue]:
    """The small shop, to read only."""
    opened = Catalogue.open(tmp_path_factory.mktemp("shop") / "catalogue.sqlite")
    opened.upsert(shop_products)
    yield opened
    opened.close()
