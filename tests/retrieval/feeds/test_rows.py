"""Rows become products: columns by name, money exact, text plain, and reasons where they cannot."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.errors import FeedError, RowError
from retrieval.feeds.cleaning import plain, web_address
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.prices import read_price
from retrieval.feeds.rows import RowReader

if TYPE_CHECKING:
    from retrieval.feeds.prices import PriceUnit
    from retrieval.types import Product


def read(values: dict[str, Any], *, unit: PriceUnit = "major", **mapping: str) -> Product:
    return RowReader(ColumnMap(mapping), currency="USD", unit=unit).product(values)


@pytest.mark.parametrize(
    ("written", "cents", "currency"),
    [
        ("1.299,00 €", 129900, "EUR"),
        ("$49.99", 4999, ""),
        ("49.99 USD", 4999, "USD"),
        ("265,0", 26500, ""),
        ("£1,299", 129900, "GBP"),
        ("SR 2,375", 237500, "SAR"),
        (49.99, 4999, ""),
        (0.1 + 0.2, 30, ""),
        (50, 5000, ""),
        ({"value": "5.50", "currency": "EUR"}, 550, "EUR"),
    ],
)
def test_prices(written: object, cents: int, currency: str) -> None:
    found = read_price(written, unit="major")
    assert found is not None
    assert (found.cents, found.currency) == (cents, currency)


def test_minor_units() -> None:
    found = read_price(10995, unit="minor")
    assert found is not None
    assert found.cents == 10995


@pytest.mark.parametrize("written", [None, "", "free", "on request", True])
def test_no_figure_is_no_price(written: object) -> None:
    assert read_price(written, unit="major") is None


@pytest.mark.parametrize("written", ["-5.00", -5, float("nan"), float("inf"), "99999999999", 1e300])
def test_absurd_prices(written: object) -> None:
    with pytest.raises(RowError, match="price"):
        read_price(written, unit="major")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_money_never_drifts(cents: int) -> None:
    for written in (f"{cents // 100}.{cents % 100:02}", f"{cents / 100:.2f} EUR", cents / 100):
        found = read_price(written, unit="major")
        assert found is not None
        assert found.cents == cents


def test_merchant_columns() -> None:
    row = {
        "id": "A1", "title": "Mug &amp;amp; <b>lid</b>", "price": "12.00 USD", "sale_price": "9.00 USD",
        "availability": "out of stock", "brand": "Ark", "gtin": "0095205603217", "product_type": "Home > Mugs",
        "link": "https://shop.example/a1", "image_link": "javascript:alert(1)", "color": "blue", "age_group": "Adult",
        "item_group_id": "G", "rating": "4.5", "rating_count": "12", "release_date": "2026-03-01T00:00:00Z",
        "dishwasher safe": "true", "capacity": "350 ml", "weight_g": 300,
    }  # fmt: skip
    found = read(row)
    assert (found.product_id, found.title, found.price_cents, found.sale_price_cents) == ("A1", "Mug & lid", 1200, 900)
    assert (found.availability, found.gtin, found.product_type) == ("out_of_stock", "0095205603217", "Home > Mugs")
    assert (found.link, found.image_link, found.age_group) == ("https://shop.example/a1", "", "adult")
    assert (found.rating, found.n_ratings, found.released) == (4.5, 12, "2026-03-01")
    assert found.attributes == {"dishwasher safe": True, "capacity": "350 ml", "weight g": 300.0}


def test_a_catalogue_of_attributes() -> None:
    row = {
        "id": 5.0, "name": "dv7", "title": "HP dv7 Notebook", "supplier": "HP", "price": 10995,
        "ean": ["0884420588030"],
        "short_description": "A laptop.", "img_high": "http://x/a.jpg", "date_released": "2008-12-19T00:00:00Z",
        "attr_t_product_colour": "Silver", "attr_n_display_diagonal": 17.0, "attr_b_touchscreen": False,
        "attr_b_colour": True, "attr_n_size": 3.0, "attr_t_product_type": "Notebook",
    }  # fmt: skip
    found = read(row, unit="minor")
    assert (found.product_id, found.title, found.brand, found.color) == ("5", "HP dv7 Notebook", "HP", "Silver")
    assert (found.price_cents, found.gtin, found.released) == (10995, "0884420588030", "2008-12-19")
    assert (found.size, found.product_type) == ("", "")
    assert found.attributes["touchscreen"] is False
    assert found.attributes["product type"] == "Notebook"


def test_categories_as_lists_and_paths() -> None:
    base = {"title": "T", "price": 1}
    assert read({**base, "categories": ["Phones", "Prepaid"]}).product_type == "Phones > Prepaid"
    assert read({**base, "categories": "PC > Boards, Offers > New"}).product_type == "PC > Boards"
    assert read({**base, "category": "Home | Kitchen | Mugs"}).product_type == "Home > Kitchen > Mugs"


def test_ids_are_derived_and_stable() -> None:
    row = {"name": "Blue mug with lid", "brand": "Ark", "price": 5}
    assert read(row).product_id == read({**row, "price": 6}).product_id
    assert read(row).product_id != read({**row, "brand": "Bar"}).product_id


def test_an_old_price_is_the_list_price() -> None:
    found = read({"title": "T", "price": "80", "old_price": "100"})
    assert (found.price_cents, found.sale_price_cents) == (10000, 8000)
    found = read({"title": "T", "price": "80", "old_price": "No old price", "sale_price": "90"})
    assert (found.price_cents, found.sale_price_cents) == (8000, None)


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ({"title": "LACK", "short_description": "Side table, 55 cm"}, "LACK Side table, 55 cm"),
        ({"title": "The Wanderer", "Short description": "<p>Rain jacket</p>"}, "The Wanderer Rain jacket"),
        ({"title": "Trail jacket", "short_description": "Keeps rain out."}, "Trail jacket"),
        ({"title": "Philips SHD8600/10 headphones", "short_description": "Hi-Fi"}, "Philips SHD8600/10 headphones"),
        ({"title": "Trail jacket", "description": "Keeps rain out."}, "Trail jacket"),
        ({"title": "The Wanderer", "Body (HTML)": "<p>Our softest yet.</p>"}, "The Wanderer"),
        ({"title": "GS108", "description": "8 port switch"}, "GS108 8 port switch"),
        ({"title": "Sony SF-32N4", "brand": "Sony", "description": "32 GB SDHC"}, "Sony SF-32N4 32 GB SDHC"),
        ({"title": "GS108", "description": "8 port switch. " * 20}, "GS108"),
    ],
)
def test_a_title_that_is_a_mere_name_says_what_it_is(row: dict[str, Any], title: str) -> None:
    assert read({**row, "price": 1}).title == title


def test_a_name_and_what_it_is() -> None:
    assert read({"name": "STIG", "short_description": "Bar stool, 74 cm", "price": 1}).title == "STIG Bar stool, 74 cm"


def test_mapping_goes_over_names() -> None:
    row = {"bezeichner": "K-7", "id": "zzz", "title": "T", "netto": "5", "price": "9"}
    found = read(row, product_id="bezeichner", price="netto")
    assert (found.product_id, found.price_cents) == ("K-7", 500)
    with pytest.raises(FeedError, match="no field 'prize'"):
        ColumnMap({"prize": "x"})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"price": 5}, "no title"),
        ({"title": "  ", "price": 5}, "no title"),
        ({"title": "T"}, "no price"),
        ({"title": "T", "price": "call us"}, "no price"),
        ({"title": "T", "price": 0}, "not above zero"),
        ({"title": "T", "price": "-3"}, "not a positive"),
    ],
)
def test_reasons(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(RowError, match=reason):
        read(row)


def test_text_is_made_plain() -> None:
    assert plain("a<script>evil()</script>b \u202egnp\0", most=99) == "a b gnp"
    assert plain("x" * 50 + " tail", most=52) == "x" * 50
    assert plain("1 < 2 & 3 > 2", most=99) == "1 < 2 & 3 > 2"
    assert web_address("//evil.example") == ""
    assert web_address("/pictures/1.svg") == "/pictures/1.svg"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ("id", "title", "price", "sale_price", "brand", "categories", "image", "ean", "stock", "rating", "attributes",
     "released", "size", "color", "description", "item_group_id")
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(NAMES | st.text(max_size=8), VALUES, max_size=8))
def test_any_row_is_a_product_or_a_reason(row: dict[str, Any]) -> None:
    found = None
    with suppress(RowError):
        found = read(row)
    if found is None:
        return
    assert found.price_cents > 0
    assert found.product_id
    assert len(found.title) <= 621
    assert found.sale_price_cents is None or 0 < found.sale_price_cents < found.price_cents
    assert found.rating is None or 0 < found.rating <= 5
