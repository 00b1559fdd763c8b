"""The sample store's products: enough of them, coherent, and the same for the same seed."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from assistant.sample.generate import PRODUCTS, SEED, main, write_products
from assistant.sample.goods import END_DATE, colors, generate_products, palettes, shelves, size_systems, tiers
from assistant.sample.wording import MAX_DESCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

REQUIRED = {
    "id", "title", "description", "link", "image_link", "availability", "price", "brand", "gtin", "condition",
    "google_product_category", "product_type", "item_group_id", "popularity", "release_date",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(generate_products(SEED))


@pytest.fixture(scope="module")
def groups(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["item_group_id"]].append(row)
    return found


def usd(text: str) -> float:
    amount, currency = text.split(" ")
    assert currency == "USD"
    assert len(amount.partition(".")[2]) == 2
    return float(amount)


def test_the_store_is_large_and_broad(rows: list[Row], groups: dict[str, list[Row]]) -> None:
    assert len(rows) >= 6000
    assert len(groups) >= 1900
    assert len({shelf.path for shelf in shelves()}) >= 150
    assert len({shelf.department for shelf in shelves()}) >= 14
    assert {row["product_type"] for row in rows} == {shelf.path for shelf in shelves()}


def test_ids_titles_with_sizes_and_codes_are_unique(rows: list[Row]) -> None:
    for told in ([r["id"] for r in rows], [r["gtin"] for r in rows], [(r["title"], r.get("size")) for r in rows]):
        assert len(told) == len(set(told))


def test_fields_are_valid(rows: list[Row]) -> None:
    for row in rows:
        assert set(row) >= REQUIRED
        assert all(value not in ("", None) for value in row.values())
        assert row["availability"] in {"in_stock", "out_of_stock"}
        assert len(row["title"]) <= 150
        assert len(row["description"]) <= MAX_DESCRIPTION
        assert not set("{}") & set(row["title"] + row["description"])
        assert row["release_date"] <= END_DATE.isoformat()
        assert row.get("color", "black") in colors()
        assert ("rating" in row) == ("rating_count" in row)
        assert 2.8 <= row.get("rating", 4.0) <= 5.0


def test_a_sale_price_is_below_the_price(rows: list[Row]) -> None:
    reduced = [row for row in rows if "sale_price" in row]
    assert 0.1 < len(reduced) / len(rows) < 0.3
    assert all(0 < usd(row["sale_price"]) < usd(row["price"]) for row in reduced)


def test_some_are_out_of_stock(rows: list[Row]) -> None:
    assert 0.02 < sum(row["availability"] == "out_of_stock" for row in rows) / len(rows) < 0.08


def test_codes_have_a_valid_check_digit(rows: list[Row]) -> None:
    for row in rows:
        weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(row["gtin"]))
        assert len(row["gtin"]) == 13
        assert weighted % 10 == 0


def test_variants_differ_in_size_and_color_alone(groups: dict[str, list[Row]]) -> None:
    differing = {
        "id", "title", "color", "size", "price", "sale_price", "availability", "gtin", "link", "image_link",
        "popularity",
    }  # fmt: skip
    for variants in groups.values():
        same = [{k: v for k, v in row.items() if k not in differing} for row in variants]
        assert all(row == same[0] for row in same)
        assert len({(row.get("color"), row.get("size")) for row in variants}) == len(variants)


def test_letter_sizes_stay_out_of_titles(groups: dict[str, list[Row]]) -> None:
    by_path = {shelf.path: shelf for shelf in shelves()}
    for variants in groups.values():
        if isinstance(by_path[variants[0]["product_type"]].sizes, str):
            assert len({row["title"] for row in variants}) == len({row.get("color") for row in variants})


def test_every_shelf_leaves_something_after_a_filter(groups: dict[str, list[Row]]) -> None:
    shelf_groups: dict[str, list[Row]] = defaultdict(list)
    for variants in groups.values():
        shelf_groups[variants[0]["product_type"]].append(variants[0])
    for told in shelf_groups.values():
        prices = sorted(usd(row["price"]) for row in told)
        assert len(told) >= 6
        assert len({row["brand"] for row in told}) >= 3
        assert prices[-1] > 1.5 * prices[0]


def test_a_feature_is_neither_on_everything_nor_on_nothing(groups: dict[str, list[Row]]) -> None:
    trail = [g[0] for g in groups.values() if g[0]["product_type"].endswith("> Trail running shoes")]
    assert {row["waterproof"] for row in trail} == {True, False}
    assert {row["gender"] for row in trail} == {"male", "female", "unisex"}
    assert not any(row["vegan"] and row["material"] == "leather" for row in trail)


def test_dearer_products_have_more(groups: dict[str, list[Row]]) -> None:
    sets = [g[0] for g in groups.values() if g[0]["product_type"].endswith("> Televisions")]
    inches = [float(row["screen size"].split()[0]) for row in sorted(sets, key=lambda row: usd(row["price"]))]
    assert sum(inches[:4]) < sum(inches[-4:])


def test_what_the_lexicon_names_exists() -> None:
    for shelf in shelves():
        names = {feature.name for feature in shelf.features}
        assert set(shelf.headline) <= names
        assert set(shelf.brands) <= set(tiers())
        assert not shelf.colors or shelf.colors in palettes()
        assert not isinstance(shelf.sizes, str) or not shelf.sizes or shelf.sizes in size_systems()
        assert shelf.uses
        assert shelf.aspects
        assert "None" not in shelf.says.values()
        assert 0 < shelf.price_low < shelf.price_high
    assert all(set(palette) <= set(colors()) for palette in palettes().values())


def test_what_is_not_sold_is_not_sold() -> None:
    text = (files("assistant.sample") / "lexicon" / "not_sold.txt").read_text("utf-8")
    absent = [line for line in text.splitlines() if line and not line.startswith("#")]
    named = " | ".join(f"{shelf.name} {shelf.noun}".casefold() for shelf in shelves())
    assert len(absent) >= 10
    assert not [word for word in absent if f" {word} " in f" {named} "]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_products(tmp_path / name, seed=seed, scale=0.1)
    one, two, three = ((tmp_path / name / PRODUCTS).read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_the_shipped_products_are_what_the_generator_writes(rows: list[Row]) -> None:
    shipped = (files("assistant.sample") / "data" / PRODUCTS).read_bytes()
    assert len(shipped) <= 1_500_000
    assert [json.loads(line) for line in gzip.decompress(shipped).splitlines()] == rows


def test_the_command_writes_products(tmp_path: Path) -> None:
    assert main(["--seed", "5", "--out", str(tmp_path), "--scale", "0.05", "--products-only"]) == 0
    assert (tmp_path / PRODUCTS).stat().st_size > 1000
