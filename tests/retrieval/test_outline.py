"""The columns of one revision: orders, groups, and selections as collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.outline import Outlines
from retrieval.sieve import Sieve
from tests.retrieval.conftest import product

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue
    from retrieval.types import Sort


@pytest.fixture
def outlines(shop: Catalogue) -> Outlines:
    return Outlines(shop.outlines())


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price_asc", ["p4", "p12"]),
        ("price_desc", ["p6", "p5"]),
        ("rating_desc", ["p0", "p2"]),
        ("popular", ["p5", "p0"]),
        ("newest", ["p3", "p0"]),
    ],
)
def test_orders_over_everything(outlines: Outlines, sort: Sort, expected: list[str]) -> None:
    assert outlines.first(outlines.everything, sort=sort, n=2) == expected


def test_what_is_out_of_stock_comes_last(outlines: Outlines) -> None:
    pair = outlines.selection(["p0", "p1", "unknown"])
    assert outlines.first(pair, sort="price_desc", n=9) == ["p0", "p1"]  # p1 is out of stock
    assert outlines.first(outlines.everything, sort="price_asc", n=99)[-1] == "p1"


def test_prices_of_other_currencies_come_after(catalogue: Catalogue) -> None:
    rows = (("a", 4000, "USD"), ("b", 9000, "USD"), ("c", 5000, "EUR"), ("d", 3000, "EUR"), ("e", 7000, "USD"))
    catalogue.upsert([product(i, price_cents=cents, currency=code) for i, cents, code in rows])
    outlines = Outlines(catalogue.outlines())
    assert outlines.first(outlines.everything, sort="price_asc", n=9, currency="USD") == ["a", "e", "b", "d", "c"]
    assert outlines.first(outlines.everything, sort="price_desc", n=3, currency="USD") == ["b", "e", "a"]
    assert outlines.first(outlines.everything, sort="price_asc", n=2) == ["d", "a"]


def test_groups(outlines: Outlines) -> None:
    assert outlines.members("G1") == ["p0", "p1"]
    assert outlines.members("p4") == ["p4"]
    assert outlines.members("unknown") == []
    assert outlines.group_of("p1") == "G1"
    assert outlines.group_of("unknown") == "unknown"
    assert outlines.everything.count_groups() == len(outlines) - 1
    assert outlines.spread() == len(outlines) / (len(outlines) - 1)
    assert outlines.selection(["p0", "p1"]).count_groups() == 1


def test_a_selection_is_a_collection(outlines: Outlines) -> None:
    some = outlines.selection(["p9", "p0", "p12", "unknown"])
    assert list(some) == ["p0", "p12", "p9"]  # sorted as texts
    assert len(some) == 3
    assert "p9" in some
    assert "p1" not in some
    assert "unknown" not in some
    assert some.first(2) == ["p0", "p12"]
    assert list(some.without(["p0", "p3", "unknown"])) == ["p12", "p9"]
    assert not some.without(some)


def test_renown_is_popularity_else_ratings(catalogue: Catalogue) -> None:
    catalogue.upsert([product("a", n_ratings=3), product("b", n_ratings=30), product("c")])
    outlines = Outlines(catalogue.outlines())
    assert [key for key, _ in outlines.renown(outlines.everything)] == ["b", "a", "c"]
    assert [key for key, _ in outlines.renown(["c", "a", "unknown"])] == ["a", "c"]
    assert outlines.renown(["c"]) == []
    catalogue.upsert([product("c", popularity=1.0)])
    outlines = Outlines(catalogue.outlines())
    assert [key for key, _ in outlines.renown(outlines.everything)] == ["c", "a", "b"]


def test_nothing_is_sold(catalogue: Catalogue) -> None:
    outlines = Outlines(catalogue.outlines())
    assert len(outlines) == 0
    assert outlines.first(outlines.everything, sort="newest", n=3) == []
    assert outlines.renown(outlines.everything) == []
    assert outlines.spread() == 1.0
    assert len(outlines.rows_of(np.array([0, 7], dtype=np.int32))) == 0
    assert not Sieve(catalogue, outlines).select(())


def test_keys_of_what_is_no_longer_sold_are_left_out(catalogue: Catalogue) -> None:
    catalogue.upsert([product(i, brand="Ark") for i in "abc"])
    keys = [outline.key for outline in catalogue.outlines()]
    catalogue.mark_unavailable(["b"])
    outlines = Outlines(catalogue.outlines())
    assert [outlines.ids[row] for row in outlines.rows_of(np.array([*keys, 99], dtype=np.int32))] == ["a", "c"]
