"""The web application over a small double of the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from retrieval.types import Product
from ui.app import create_app
from ui.settings import PageSettings, UiSettings
from ui.shop.memory import MemoryShop, Player

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTILE = "Red </script><img src=x onerror=alert(1)> ${alert(1)} {{x}} shoes"


def _products() -> tuple[Product, ...]:
    shelf = "Store > Shoes"
    return (
        Product(
            "p1", "Ridge trail shoes", 7900, "USD", sale_price_cents=6400, product_type=shelf, rating=4.6, n_ratings=12
        ),
        Product("p2", "Harbour canvas shoes", 9213, "USD", product_type=shelf, size="M", color="navy"),
        Product("p3", "Fjord jacket", 15000, "USD", product_type="Store > Jackets", availability="out_of_stock"),
        Product("x/1", HOSTILE, 5000, "USD", product_type=shelf, brand='"><b>', rating=1.0),
    )


@pytest.fixture(scope="session")
def shop() -> MemoryShop:
    return MemoryShop(_products(), players=(Player("amara", "Amara", "Runs"), Player("jonas", "Jonas", "Nests")))


@pytest.fixture(scope="session")
def _served(shop: MemoryShop) -> Iterator[TestClient]:
    """One application for all tests, whose limits none of them reaches; building it takes Gradio half a second."""
    page = PageSettings(api_per_minute=9999, turns_per_minute=9999, pages_per_minute=9999, sign_ins_per_minute=9999)
    app = create_app(shop, UiSettings(api_key=SecretStr("key-of-the-shop"), ui=page), secret=b"0" * 32)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(_served: TestClient) -> TestClient:
    """A new browser."""
    _served.cookies.clear()
    return _served


@pytest.fixture
def open_client(shop: MemoryShop) -> Callable[[UiSettings], TestClient]:
    """Return a function that serves the shop with other settings."""
    return lambda settings: TestClient(
        create_app(shop, settings, secret=b"0" * 32), base_url="http://127.0.0.1", follow_redirects=False
    )
