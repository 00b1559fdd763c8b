"""First searches of the empty page."""

from __future__ import annotations

from typing import Any

from retrieval.errors import RetrievalError
from retrieval.types import Product
from ui import cards
from ui.shop.memory import MemoryShop
from ui.shop.starters import Starter, starters


class _Shop(MemoryShop):
    def product(self, product_id: str) -> dict[str, Any] | None:
        found = super().product(product_id)
        return found and {**found, "product_type": self._products[product_id].product_type}


class _Lost(MemoryShop):
    def recommend(self, *, query: str | None, user_id: str | None, top_n: int) -> dict[str, Any]:
        raise RetrievalError


def _product(product_id: str, shelf: str) -> Product:
    return Product(product_id, f"Thing {product_id}", 1000, "USD", product_type=shelf)


def test_each_starter_is_from_another_part_of_the_shop() -> None:
    shelves = ("Food > Tea > Green teas", "Food > Jam", "Toys > LEGO sets", "", "Home > Lamps")
    shop = _Shop(tuple(_product(str(n), shelf) for n, shelf in enumerate(shelves)))

    found = starters(shop, user_id=None)

    assert found == (
        Starter("Green teas", "green teas", "0"),
        Starter("LEGO sets", "LEGO sets", "2"),
        Starter("Lamps", "lamps", "4"),
    )
    assert starters(shop, user_id=None, n=2) == found[:2]


def test_a_known_shopper_sees_the_shelves_that_suit_best() -> None:
    shelves = ("Food > Green teas", "Food > Green teas", "Food > Jam", "Home > Lamps")
    shop = _Shop(tuple(_product(str(n), shelf) for n, shelf in enumerate(shelves)))

    assert [starter.name for starter in starters(shop, user_id="amara", n=2)] == ["Green teas", "Jam"]


def test_a_shop_that_cannot_recommend_still_greets() -> None:
    assert starters(_Lost(()), user_id=None) == ()
    assert "st-starter" not in cards.hero("Hello", (), ())


def test_a_shelf_is_escaped() -> None:
    drawn = cards.hero("Hello", (), (Starter("<b>x", '"><b>', "a/b"),))

    assert "<b>" not in drawn
    assert "/pictures/a%2Fb.svg" in drawn
