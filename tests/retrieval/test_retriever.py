"""Search end to end over a small shop: real catalogue, real words, real Chroma; only the encoder is the double."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.errors import QueryError
from retrieval.filters import predicate
from retrieval.ingest import flush
from retrieval.settings import RetrievalSettings
from retrieval.store import Store
from retrieval.types import Constraint, Op, Product, Query, Ranking, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator

COLORS = ("red", "blue", "navy", "black")
BRANDS = ("Sonova", "Halden", "Vela")
SHELVES = ("Clothing > Shoes > Running shoes", "Clothing > Jackets", "Home > Kitchen > Kettles")
NOUNS = ("running shoes", "jacket", "kettle")


def made(i: int) -> Product:
    """Sixty variants of twenty-four things, every fact a function of the number."""
    thing = i // 3
    brand, color, kind = BRANDS[thing % 3], COLORS[i % 4], thing % len(SHELVES) if thing % 5 else 0
    return Product(
        product_id=f"p{i:03}",
        title=f"{brand} {NOUNS[kind]} model {thing}, {color}",
        description="waterproof and light" if thing % 4 == 0 else "for every day",
        brand=brand,
        color=color,
        size=("8", "9", "10")[i % 3] if kind == 0 else "",
        product_type=SHELVES[kind],
        item_group_id=f"g{thing}",
        price_cents=2000 + 700 * thing,
        sale_price_cents=1500 if thing == 7 else None,
        currency="USD",
        availability="out_of_stock" if i % 7 == 0 else "in_stock",
        rating=3.0 + (thing % 5) * 0.5,
        n_ratings=thing,
        popularity=float((thing * 7) % 24),
        attributes={"waterproof": True} if thing % 4 == 0 else {},
    )


PRODUCTS = tuple(made(i) for i in range(72))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(tmp_path_factory.mktemp("store"), RetrievalSettings(encoder="hashing"))
    opened.catalogue.upsert(PRODUCTS)
    flush(opened.catalogue, opened.indexer())
    yield opened
    opened.close()


def want(slot: Slot, value: str | float, op: Op = "eq", **more: Any) -> Constraint:  # noqa: ANN401
    return Constraint(slot, op, value, **more)


def search(store: Store, text: str = "", *constraints: Constraint, **more: Any) -> Ranking:  # noqa: ANN401
    return store.search(Query(text, constraints, **more))


def ids(ranking: Ranking) -> list[str]:
    return [hit.product.product_id for hit in ranking.hits]


SHOES = want("category", "running shoes")


def test_hits_are_of_the_category_and_one_a_group(store: Store) -> None:
    found = search(store, "running shoes", SHOES, n=50)
    assert {hit.product.product_type for hit in found.hits} == {SHELVES[0]}
    groups = [hit.product.item_group_id for hit in found.hits]
    assert len(groups) == len(set(groups)) == found.total
    assert found.relaxed == found.unknown == ()
    assert found.elapsed_ms > 0


def test_a_variant_that_can_be_had_stands_for_its_group(store: Store) -> None:
    found = search(store, "running shoes", SHOES, n=50)
    assert all(hit.product.availability == "in_stock" for hit in found.hits)
    size = search(store, "running shoes", SHOES, want("size", "8"), n=50)
    stock = [hit.product.availability for hit in size.hits]
    assert "out_of_stock" in stock
    assert stock == sorted(stock)
    assert all(hit.product.size == "8" for hit in size.hits)


def test_alternatives_of_one_slot_are_either(store: Store) -> None:
    found = search(store, "running shoes", SHOES, want("color", "red"), want("color", "black"), n=50)
    assert {hit.product.color for hit in found.hits} == {"red", "black"}
    assert found.relaxed == ()


def test_cheapest_is_of_everything_that_passes(store: Store) -> None:
    pool = [p for p in PRODUCTS if p.product_type == SHELVES[0] and p.availability == "in_stock"]
    cheapest = search(store, "running shoes", SHOES, sort="price_asc", n=1).hits[0].product
    dearest = search(store, "running shoes", SHOES, sort="price_desc", n=1).hits[0].product
    assert cheapest.offer_cents == min(p.offer_cents for p in pool)
    assert dearest.offer_cents == max(p.offer_cents for p in pool)


def test_a_sort_may_come_as_a_constraint_and_words_narrow_it(store: Store) -> None:
    by_sort = search(store, "waterproof running shoes", SHOES, want("sort", "price_asc"), n=5)
    assert all("waterproof" in hit.product.description for hit in by_sort.hits)
    prices = [hit.product.offer_cents for hit in by_sort.hits]
    assert prices == sorted(prices)


def test_a_word_of_no_shelf_is_not_carried_and_the_rest_still_holds(store: Store) -> None:
    found = search(store, "surfboard", want("category", "surfboard"), want("price", 40.0, "lte"))
    assert found.not_carried == ("surfboard",)
    assert found.hits
    assert all(hit.product.offer_cents <= 4000 for hit in found.hits)


def test_an_unknown_model_number_is_not_carried(store: Store) -> None:
    assert search(store, "XR9000 kettle").not_carried == ("xr9000",)
    assert search(store, "kettle").not_carried == ()


def test_an_unknown_brand_is_said_to_be_unknown(store: Store) -> None:
    found = search(store, "kettle", want("category", "kettle"), want("brand", "Zzyxgrund"))
    assert [c.value for c in found.unknown] == ["Zzyxgrund"]
    assert found.hits


def test_a_price_too_low_is_given_up_and_the_nearest_comes_first(store: Store) -> None:
    found = search(store, "kettle", want("category", "kettle"), want("price", 3.0, "lte"))
    assert [c.slot for c in found.relaxed] == ["price"]
    prices = [hit.product.offer_cents for hit in found.hits]
    assert prices == sorted(prices)


def test_without_leave_nothing_is_given_up(store: Store) -> None:
    found = search(store, "kettle", want("category", "kettle"), want("price", 3.0, "lte"), relax=False)
    assert found.hits == ()
    assert found.total == 0
    assert found.relaxed == ()


def test_what_is_said_decides_before_what_is_popular_and_silence_is_popular(store: Store) -> None:
    silent = search(store, n=24)
    stocked = [hit.product.popularity for hit in silent.hits if hit.product.availability == "in_stock"]
    assert stocked == sorted(stocked, reverse=True)
    assert "model 11" in search(store, "vela model 11").hits[0].product.title


def test_misspelt_words_find(store: Store) -> None:
    assert all("kettle" in hit.product.title for hit in search(store, "ketle", n=3).hits)


def test_a_text_that_is_only_a_shelf_puts_the_shelf_first(store: Store) -> None:
    found = search(store, "jackets", n=24)
    kinds = [hit.product.product_type == SHELVES[1] for hit in found.hits]
    assert kinds[0]
    assert kinds == sorted(kinds, reverse=True)
    assert found.total == 24
    cheapest = search(store, "jackets", sort="price_asc", n=24)
    assert {hit.product.product_type for hit in cheapest.hits} == {SHELVES[1]}


def test_paging_is_stable_and_complete(store: Store) -> None:
    whole = ids(search(store, "running shoes", n=200))
    pages = [
        key for offset in range(0, len(whole), 7) for key in ids(search(store, "running shoes", n=7, offset=offset))
    ]
    assert pages == whole
    assert len(whole) == search(store, "running shoes").total == 24
    assert ids(search(store, "running shoes", n=5, offset=500)) == []


def test_excluded_products_and_groups_stay_away(store: Store) -> None:
    first = search(store, "running shoes", SHOES, n=3)
    gone = tuple(hit.product.group_key for hit in first.hits)
    again = search(store, "running shoes", SHOES, n=50, exclude=gone)
    assert not {hit.product.group_key for hit in again.hits} & set(gone)
    assert again.total == first.total - 3


def test_similar_products_are_others_within_the_constraints(store: Store) -> None:
    origin = search(store, "running shoes", SHOES, n=1).hits[0].product
    found = search(store, "", want("price", 100.0, "lte"), similar_to=origin.product_id, n=10)
    assert origin.group_key not in {hit.product.group_key for hit in found.hits}
    assert found.hits[0].product.product_type == SHELVES[0]
    assert all(hit.product.offer_cents <= 10_000 for hit in found.hits)
    with pytest.raises(QueryError, match="'nobody'"):
        search(store, similar_to="nobody")


@pytest.mark.parametrize("as_constraint", [True, False])
def test_an_order_among_similar_products_is_of_those_on_the_shelf(store: Store, as_constraint: bool) -> None:
    origin = PRODUCTS[0]
    more: dict[str, Any] = {} if as_constraint else {"sort": "price_asc"}
    wish = (want("sort", "price_asc"),) if as_constraint else ()
    whole = search(store, "", *wish, similar_to=origin.product_id, n=50, **more)
    prices = [hit.product.offer_cents for hit in whole.hits if hit.product.availability == "in_stock"]
    assert prices == sorted(prices)
    assert {hit.product.product_type for hit in whole.hits} == {origin.product_type}
    groups = [hit.product.group_key for hit in whole.hits]
    on_shelf = {p.group_key for p in PRODUCTS if p.product_type == origin.product_type} - {origin.group_key}
    assert len(groups) == len(set(groups)) == whole.total
    assert set(groups) == on_shelf
    pages = [search(store, "", *wish, similar_to=origin.product_id, n=3, offset=at, **more) for at in (0, 3, 6)]
    assert [key for page in pages for key in ids(page)] == ids(whole)[:9]
    rest = search(store, "", *wish, similar_to=origin.product_id, n=50, exclude=tuple(groups[:3]), **more)
    assert ids(rest) == ids(whole)[3:]


def test_an_order_among_similar_products_is_of_the_nearest_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = PRODUCTS[0].product_id
    nearest = {hit.product.group_key for hit in search(store, "", SHOES, similar_to=origin, n=4).hits}
    monkeypatch.setattr("retrieval.retriever.NEAREST", 4)
    found = search(store, "", SHOES, similar_to=origin, sort="price_desc", n=50)
    assert found.total == 4
    assert (
        len(nearest & {hit.product.group_key for hit in found.hits}) >= 3
    )  # the head is varied by brand, these are not
    other = search(store, "", want("category", "kettle"), similar_to=origin, sort="price_desc", n=50)
    assert other.total == 4
    assert {hit.product.product_type for hit in other.hits} == {SHELVES[2]}


def test_the_first_screen_shows_more_than_one_brand(store: Store) -> None:
    head = [hit.product.brand for hit in search(store, "sonova running shoes", SHOES, n=6).hits]
    assert max(head.count(brand) for brand in BRANDS) <= 3
    asked = search(store, "running shoes", SHOES, want("brand", "Sonova"), n=6)
    assert {hit.product.brand for hit in asked.hits} == {"Sonova"}


def test_a_change_of_the_catalogue_is_seen_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store.open(tmp_path_factory.mktemp("fresh"), RetrievalSettings(encoder="hashing"))
    store.catalogue.upsert(PRODUCTS[:6])
    flush(store.catalogue, store.indexer())
    assert search(store, "running shoes").total == 2
    store.catalogue.upsert([replace(PRODUCTS[1], price_cents=100)])
    assert search(store, sort="price_asc", n=1).hits[0].product.offer_cents == 100
    store.catalogue.mark_unavailable([p.product_id for p in PRODUCTS[3:6]])
    flush(store.catalogue, store.indexer())
    assert search(store, "running shoes").total == 1
    store.close()


@pytest.mark.parametrize(
    "query",
    [
        Query(n=0),
        Query(n=201),
        Query(offset=-1),
        Query("x" * 2001),
        Query(constraints=(Constraint("price", "lte", float("nan")),)),
        Query(constraints=(Constraint("color", "eq", ""),)),
        Query(constraints=(Constraint("flavour", "eq", "x"),)),  # type: ignore[arg-type]
        Query(constraints=(Constraint("color", "like", "x"),)),  # type: ignore[arg-type]
        Query(sort="best"),  # type: ignore[arg-type]
        Query(constraints=(SHOES,) * 65),
    ],
)
def test_queries_out_of_bounds_are_refused(store: Store, query: Query) -> None:
    with pytest.raises(QueryError):
        store.search(query)


values: dict[Slot, tuple[str | float, ...]] = {
    "category": ("running shoes", "shoes", "jacket", "kettle"),
    "brand": (*BRANDS, "halden"),
    "color": (*COLORS, "green"),
    "size": ("8", "9", "44"),
    "feature": ("waterproof", "heated"),
    "price": (10.0, 30.0, 90.0),
    "rating": (3.5, 4.9),
}


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    slot = draw(st.sampled_from(sorted(values)))
    ops: list[Op] = ["lte", "gte", "approx"] if slot == "price" else ["gte"] if slot == "rating" else ["eq", "eq", "ne"]
    return Constraint(slot, draw(st.sampled_from(ops)), draw(st.sampled_from(values[slot])))


@given(st.lists(constraints(), max_size=5), st.sampled_from(["", "light shoes", "kettle"]), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hits_meet_every_hard_constraint_that_is_not_named(
    store: Store, wanted: list[Constraint], text: str, sorted_: bool
) -> None:
    found = store.search(Query(text, tuple(wanted), n=50, sort="price_asc" if sorted_ else None))
    held = [c for c in wanted if c not in found.relaxed and c not in found.unknown]
    tests = {c: predicate(c, store.vocabulary) for c in held}
    alternatives = ("category", "brand", "color", "size")
    for hit in found.hits:
        for slot in alternatives:
            either = [tests[c] for c in held if c.slot == slot and c.op == "eq"]
            assert not either or any(test is None or test.holds(hit.product) for test in either)
        for c in held:
            test = tests[c]
            if c.op != "eq" or c.slot not in alternatives:
                assert test is None or test.holds(hit.product)
    groups = [hit.product.group_key for hit in found.hits]
    assert len(groups) == len(set(groups)) <= found.total


LIKE: dict[str, tuple[Constraint, ...]] = {
    "cheaper": (want("price", 90.0, "lte"),),
    "not black": (want("color", "black", "ne"),),
    "another brand": (want("brand", "Sonova", "ne"),),
    "all at once": (want("price", 90.0, "lte"), want("color", "black", "ne"), want("brand", "Sonova", "ne")),
}


@pytest.mark.parametrize("wish", LIKE)
@pytest.mark.parametrize("text", ["", "light shoes"])
def test_like_this_but_holds_on_every_page_and_leaves_variants_out(store: Store, wish: str, text: str) -> None:
    origin = PRODUCTS[30]
    tests = [predicate(c, store.vocabulary) for c in LIKE[wish]]
    passing = {p.group_key for p in PRODUCTS if all(test is None or test.holds(p) for test in tests)}
    seen: list[str] = []
    for offset in range(0, 30, 4):
        found = search(store, text, *LIKE[wish], similar_to=origin.product_id, n=4, offset=offset)
        assert found.relaxed == found.unknown == ()
        assert found.total == len(passing - {origin.group_key})
        assert all(test is not None and test.holds(hit.product) for test in tests for hit in found.hits)
        seen += [hit.product.group_key for hit in found.hits]
    assert sorted(seen) == sorted(passing - {origin.group_key})
