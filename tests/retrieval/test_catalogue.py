"""The catalogue: what goes in comes out, and every change is counted, ordered and told."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.catalogue import Catalogue
from retrieval.errors import StoreError
from retrieval.outline import Outlines
from retrieval.predicates import has
from retrieval.types import Product, Review

if TYPE_CHECKING:
    from pathlib import Path


def _product(product_id: str, **fields: Any) -> Product:  # noqa: ANN401 - any field of a product
    return Product(**{"product_id": product_id, "title": "Thing", "price_cents": 1000, "currency": "USD", **fields})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(
    Product,
    product_id=TEXT.filter(bool), title=TEXT, price_cents=st.integers(1, 10**9), currency=st.just("EUR"),
    sale_price_cents=st.none() | st.integers(1, 10**9), description=TEXT, brand=TEXT, product_type=TEXT.filter(bool),
    color=TEXT, size=TEXT, material=TEXT, rating=st.none() | st.floats(0, 5), popularity=st.floats(0, 1e9),
    attributes=st.dictionaries(TEXT, TEXT | st.booleans() | st.floats(-1e6, 1e6), max_size=3),
))  # fmt: skip
def test_what_goes_in_comes_out(catalogue: Catalogue, item: Product) -> None:
    catalogue.upsert([item])
    assert catalogue.get([item.product_id]) == [item]
    assert catalogue.upsert([item]).unchanged == (item.product_id,)


def test_upsert_says_what_changed(catalogue: Catalogue) -> None:
    a, b = _product("a"), _product("b")
    assert catalogue.upsert([a, b]).added == ("a", "b")
    changed = catalogue.upsert([a, replace(b, price_cents=900)])
    assert (changed.unchanged, changed.updated) == (("a",), ("b",))
    assert catalogue.upsert([replace(a, title="One"), replace(a, title="Two")]).updated == ("a",)
    assert catalogue.get(["a"])[0].title == "Two"


def test_columns_may_change_places(catalogue: Catalogue) -> None:
    catalogue.upsert([_product("a", attributes={"x": 1.0, "y": True})])
    assert catalogue.upsert([_product("a", attributes={"y": True, "x": 1.0})]).unchanged == ("a",)


def test_get_keeps_order_and_skips_the_unknown(shop: Catalogue) -> None:
    assert [p.product_id for p in shop.get(["p5", "nope", "p2", "p5"])] == ["p5", "p2", "p5"]


def test_variants_share_a_group(shop: Catalogue) -> None:
    assert [p.product_id for p in shop.variants("G1")] == ["p0", "p1"]
    assert [p.product_id for p in shop.variants("p3")] == ["p3"]


def test_everything_is_iterated_once(shop: Catalogue, shop_products: tuple[Product, ...]) -> None:
    batches = list(shop.products(batch=4))
    assert [len(b) for b in batches] == [4, 4, 4, 1]
    assert [p for b in batches for p in b] == list(shop_products)


def test_the_vanished_are_kept_for_histories_only(catalogue: Catalogue) -> None:
    catalogue.upsert([_product("a", brand="Ark"), _product("b", brand="Ark")])
    assert catalogue.mark_unavailable(["a", "nope"]) == 1
    assert catalogue.mark_unavailable(["a"]) == 0
    assert catalogue.ids() == ["b"]
    assert catalogue.matching([has("brand", "ark")]) == ["b"]
    assert catalogue.count() == 1
    assert catalogue.get(["a"])[0].availability == "out_of_stock"
    assert catalogue.upsert([_product("a", brand="Ark")]).added == ("a",)
    assert catalogue.matching([has("brand", "ark")]) == ["a", "b"]
    assert catalogue.get(["a"])[0].availability == "in_stock"


def test_facets(shop: Catalogue) -> None:
    facets = shop.facets()
    assert facets["brand"][:2] == [("Halden", 3), ("Sonova", 3)]
    assert ("8", 2) in facets["size"]
    outlines = Outlines(shop.outlines())
    assert {name: outlines.counts(name, outlines.everything) for name in facets} == facets
    some = outlines.selection(shop.matching([has("brand", "halden")]))
    assert outlines.counts("brand", some) == [("Halden", 3)]
    assert outlines.counts("size", some) == [("8", 2), ("L", 1)]


def test_checksum_follows_texts_and_revision_everything(catalogue: Catalogue) -> None:
    empty = (catalogue.checksum(), catalogue.revision())
    a, b = _product("a"), _product("b")
    catalogue.upsert([a, b])
    both = (catalogue.checksum(), catalogue.revision())
    catalogue.upsert([replace(a, price_cents=5)])
    assert catalogue.checksum() == both[0]
    assert catalogue.revision() != both[1]
    catalogue.upsert([replace(a, title="Other")])
    assert catalogue.checksum() != both[0]
    catalogue.upsert([a])
    assert (catalogue.checksum(), catalogue.revision()) == both
    catalogue.mark_unavailable(["a", "b"])
    assert (catalogue.checksum(), catalogue.revision()) == empty


def test_the_outbox_holds_what_indexes_were_not_told(catalogue: Catalogue) -> None:
    a, b = _product("a"), _product("b")
    catalogue.upsert([a, b])
    assert catalogue.pending().products == (a, b)
    assert catalogue.pending(limit=1).products == (a,)
    catalogue.mark_indexed([a, b])
    assert catalogue.pending().products == ()
    catalogue.upsert([replace(a, price_cents=5, size="9")])  # neither is in the text
    assert catalogue.count_pending() == 0
    changed = replace(b, title="Other")
    catalogue.upsert([changed])
    catalogue.mark_indexed([b])  # told of the text before
    assert catalogue.pending().products == (changed,)
    catalogue.mark_indexed([changed])
    catalogue.mark_unavailable(["b"])
    assert catalogue.pending().removed == ("b",)
    catalogue.mark_indexed([], removed=["b"])
    assert catalogue.count_pending() == 0
    catalogue.mark_all_pending()
    assert [p.product_id for p in catalogue.pending().products] == ["a"]


def test_reviews(catalogue: Catalogue) -> None:
    old = Review("r1", "a", 4, "Good", written="2025-01-01")
    new = Review("r2", "a", 2, "Bad", title="No", author="Ann", written="2026-01-01")
    assert catalogue.add_reviews([old, new]) == 2
    catalogue.add_reviews([replace(old, rating=5)])
    assert catalogue.reviews("a") == [new, replace(old, rating=5)]
    assert catalogue.reviews("a", n=1) == [new]
    assert catalogue.review("r2") == new
    assert catalogue.review("r3") is None


def test_reopening_finds_everything(tmp_path: Path) -> None:
    first = Catalogue.open(tmp_path / "c.sqlite")
    first.upsert([_product("a")])
    checksum = first.checksum()
    first.close()
    again = Catalogue.open(f"sqlite:///{tmp_path / 'c.sqlite'}")
    assert (again.ids(), again.checksum()) == (["a"], checksum)
    again.close()


def test_another_version_is_refused(tmp_path: Path) -> None:
    Catalogue.open(tmp_path / "c.sqlite").close()
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("update meta set value = '0' where name = 'schema'")
    db.close()
    with pytest.raises(StoreError, match="schema '0'"):
        Catalogue.open(tmp_path / "c.sqlite")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Catalogue.open(tmp_path / "c.sqlite")
