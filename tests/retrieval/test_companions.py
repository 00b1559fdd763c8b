"""What goes with a product, over a small shop: real catalogue, words and Chroma; only the encoder is the double."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import retrieval.lexicon as lexicon
from retrieval.companion_types import companion_types
from retrieval.companions import companions, find
from retrieval.errors import QueryError
from retrieval.filters import predicate
from retrieval.fit import Fit, Identity, fit
from retrieval.ingest import flush
from retrieval.settings import RetrievalSettings
from retrieval.store import Store
from retrieval.types import Constraint, Op, Product, Query, Ranking, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS: tuple[dict[str, Any], ...] = (
    {"product_id": "laptop", "title": 'Vela 14" laptop, 16 GB', "brand": "Vela", "product_type": "IT > Laptops"},
    {"product_id": "laptop2", "title": 'Halden 14" laptop, 8 GB', "brand": "Halden", "product_type": "IT > Laptops"},
    {"product_id": "bag14", "title": "Sonova laptop bag, black", "brand": "Sonova", "product_type": "IT > Laptop bags",
     "attributes": {"fits": "14 in laptop"}, "color": "black"},
    {"product_id": "bag17", "title": "Vela laptop bag, blue", "brand": "Vela", "product_type": "IT > Laptop bags",
     "attributes": {"fits": "17 in laptop"}, "color": "blue"},
    {"product_id": "bag11", "title": "Vela small laptop bag", "brand": "Vela", "product_type": "IT > Laptop bags",
     "attributes": {"fits": "11 in laptop"}},
    {"product_id": "mouse", "title": "Halden mouse, black", "brand": "Halden", "product_type": "IT > Computer mice",
     "color": "black", "price_cents": 4500},
    {"product_id": "mouse2", "title": "Vela mouse, red", "brand": "Vela", "product_type": "IT > Computer mice",
     "color": "red", "price_cents": 2500},
    {"product_id": "mouse3", "title": "Vela silent mouse", "brand": "Vela", "product_type": "IT > Computer mice",
     "availability": "out_of_stock"},
    {"product_id": "mouse2b", "title": "Vela mouse, blue", "brand": "Vela", "product_type": "IT > Computer mice",
     "color": "blue", "price_cents": 2600, "item_group_id": "mouse2", "availability": "out_of_stock"},
    {"product_id": "printer", "title": "Vela Jet P3015x printer", "brand": "Vela", "product_type": "IT > Printers"},
    {"product_id": "ink", "title": "Vela 51 ink cartridge for Jet P3015", "brand": "Vela",
     "product_type": "IT > Ink cartridges"},
    {"product_id": "ink2", "title": "Vela 77 ink cartridge for Jet M401", "brand": "Vela",
     "product_type": "IT > Ink cartridges"},
    {"product_id": "ink3", "title": "Vela photo ink cartridge", "brand": "Vela", "product_type": "IT > Ink cartridges"},
    {"product_id": "ink4", "title": "Halden ink cartridge", "brand": "Halden", "product_type": "IT > Ink cartridges"},
    {"product_id": "ink5", "title": "Sonova ink cartridge for Vela", "brand": "Sonova",
     "product_type": "IT > Ink cartridges"},
    {"product_id": "shoe", "title": "Sonova men's running shoes, navy", "product_type": "Shoes > Running shoes",
     "gender": "male", "age_group": "adult", "brand": "Sonova"},
    {"product_id": "sock", "title": "Halden women's socks", "product_type": "Clothing > Socks", "gender": "female",
     "age_group": "adult", "popularity": 99.0},
    {"product_id": "sock2", "title": "Halden men's socks", "product_type": "Clothing > Socks", "gender": "male",
     "age_group": "adult"},
    {"product_id": "sock3", "title": "Kids' socks", "product_type": "Clothing > Socks", "gender": "unisex",
     "age_group": "kids"},
    {"product_id": "sock4", "title": "Sport socks", "product_type": "Clothing > Socks"},
    {"product_id": "bed", "title": "Oak bed, queen", "product_type": "Home > Beds", "size": "queen"},
    {"product_id": "mat", "title": "Firm mattress, queen", "product_type": "Home > Mattresses", "size": "queen"},
    {"product_id": "mat2", "title": "Firm mattress, twin", "product_type": "Home > Mattresses", "size": "twin"},
    {"product_id": "anvil", "title": "Anvil", "product_type": "Forge > Anvils"},
    {"product_id": "paper", "title": "Sonova notebook, A5, dotted", "product_type": "Stationery > Notebooks"},
    {"product_id": "pen", "title": "Sonova ballpoint pen", "product_type": "Stationery > Ballpoint pens"},
    {"product_id": "hob", "title": "Vela USB-C hub", "product_type": "IT > Cables and hubs"},
)  # fmt: skip
PRODUCTS = tuple(Product(**{"price_cents": 3000, "currency": "USD", **row}) for row in _ROWS)
BRANDS = frozenset({"vela", "halden", "sonova"})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(tmp_path_factory.mktemp("store"), RetrievalSettings(encoder="hashing"))
    opened.catalogue.upsert(PRODUCTS)
    flush(opened.catalogue, opened.indexer())
    yield opened
    opened.close()


def ids(ranking: Ranking) -> list[str]:
    return [hit.product.product_id for hit in ranking.hits]


def named(product_id: str) -> Product:
    return next(p for p in PRODUCTS if p.product_id == product_id)


def test_one_of_each_shelf_before_a_second_and_what_cannot_be_had_last(store: Store) -> None:
    found = companions(store, "laptop", n=20)
    assert ids(found) == ["bag14", "mouse2", "hob", "mouse", "mouse3"]
    assert found.total == 5
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert ids(companions(store, "laptop", n=2)) == ["bag14", "mouse2"]


def test_a_bag_fits_the_screen(store: Store) -> None:
    assert not {"bag17", "bag11"} & set(ids(companions(store, "laptop", n=20)))


def test_ink_is_for_this_printer_or_this_brand(store: Store) -> None:
    assert ids(companions(store, "printer", n=20)) == ["ink", "ink5", "ink3"] or ids(
        companions(store, "printer", n=20)
    ) == ["ink", "ink3", "ink5"]


def test_socks_are_for_whom_the_shoes_are(store: Store) -> None:
    assert set(ids(companions(store, "shoe", n=20))) == {"sock2", "sock4"}
    women = companions(store, "shoe", n=20, constraints=[Constraint("recipient", "eq", "women")])
    assert set(ids(women)) == {"sock", "sock4"}


def test_a_mattress_has_the_size_of_the_bed(store: Store) -> None:
    assert ids(companions(store, "bed", n=20)) == ["mat"]


def test_a_word_with_two_senses_is_what_the_product_says(store: Store) -> None:
    assert ids(companions(store, "paper")) == ["pen"]
    assert ids(companions(store, "pen")) == ["paper"]


def test_a_type_that_nobody_wrote_down_has_no_companions(store: Store) -> None:
    found = companions(store, "anvil", n=20)
    assert found.hits == ()
    assert found.total == 0


def test_constraints_hold_and_nothing_is_given_up(store: Store) -> None:
    cheap = companions(store, "laptop", n=20, constraints=[Constraint("price", "lte", 29.0)])
    assert ids(cheap) == ["mouse2"]
    light = companions(store, "laptop", n=20, constraints=[Constraint("color", "ne", "black")])
    assert not {"bag14", "mouse"} & set(ids(light))
    assert ids(light)
    assert ids(companions(store, "laptop", constraints=[Constraint("price", "lte", 1.0)])) == []


def test_an_asked_type_narrows_and_one_that_does_not_go_with_it_is_not_shown(store: Store) -> None:
    mice = companions(store, "laptop", constraints=[Constraint("category", "eq", "mouse")])
    assert set(ids(mice)) == {"mouse", "mouse2", "mouse3"}
    assert ids(companions(store, "laptop", constraints=[Constraint("category", "eq", "socks")])) == []
    surf = companions(store, "laptop", constraints=[Constraint("category", "eq", "surfboard")])
    assert surf.not_carried == ("surfboard",)
    assert surf.hits == ()


def test_a_shelf_that_the_words_name_comes_first(store: Store) -> None:
    assert ids(companions(store, "laptop", text="mouse"))[:2] == ["mouse2", "bag14"]


def test_a_sort_orders_all_that_fits(store: Store) -> None:
    found = find(store, Query(sort="price_asc", n=3), goes_with="laptop")
    assert ids(found)[0] == "mouse2"
    prices = [hit.product.offer_cents for hit in found.hits]
    assert prices == sorted(prices)


def test_excluded_groups_stay_away(store: Store) -> None:
    assert ids(companions(store, "laptop", exclude=["mouse2", "bag14"], n=20)) == ["mouse", "hob", "mouse3"]


def test_bad_requests_are_named(store: Store) -> None:
    with pytest.raises(QueryError, match="'nobody'"):
        companions(store, "nobody")
    with pytest.raises(QueryError, match="not both"):
        find(store, Query(similar_to="mouse"), goes_with="laptop")
    with pytest.raises(QueryError, match="n of the query"):
        companions(store, "laptop", n=0)


_VALUES: dict[Slot, tuple[str | float, ...]] = {
    "brand": ("Vela", "Halden"),
    "color": ("black", "red", "blue"),
    "price": (26.0, 40.0),
    "category": ("mouse", "laptop bag"),
}


@st.composite
def wishes(draw: st.DrawFn) -> Constraint:
    slot = draw(st.sampled_from(sorted(_VALUES)))
    ops: list[Op] = ["lte", "gte"] if slot == "price" else ["eq", "ne"]
    return Constraint(slot, draw(st.sampled_from(ops)), draw(st.sampled_from(_VALUES[slot])))


@given(st.sampled_from([p.product_id for p in PRODUCTS]), wishes(), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_hit_meets_every_constraint_and_is_another_thing(
    store: Store, product_id: str, wish: Constraint, goes_with: bool
) -> None:
    query = Query(constraints=(wish,), n=50, relax=False, similar_to=None if goes_with else product_id)
    found = find(store, query, goes_with=product_id if goes_with else None)
    test = predicate(wish, store.vocabulary)
    assert test is not None
    assert all(test.holds(hit.product) for hit in found.hits)
    groups = [hit.product.group_key for hit in found.hits]
    assert len(groups) == len(set(groups))
    assert named(product_id).group_key not in groups


@pytest.mark.parametrize(
    ("own", "title", "more", "expected"),
    [
        ("Canon EOS 250D camera", "Battery for Canon EOS 250D", {}, Fit.MODEL),
        ("Canon EOS 250D camera", "Battery for Canon EOS 90D", {}, Fit.WRONG),
        ("Canon EOS 250D camera", "Battery for Nikon", {}, Fit.WRONG),
        ("Canon EOS 250D camera", "Battery for Canon", {}, Fit.BRAND),
        ("Canon EOS 250D camera", "Camera bag for weekends", {}, Fit.UNSAID),
        ("Canon EOS 250D camera", "Canon bag", {"brand": "Canon"}, Fit.BRAND),
        ("Canon LT240 projector", "Lamp", {"attributes": {"compatibility": "LT220/240/245"}}, Fit.MODEL),
        ("Canon LT260 projector", "Lamp", {"attributes": {"compatibility": "LT220/240/245"}}, Fit.WRONG),
        ("Canon EOS 250D camera", "Bag", {"attributes": {"brand compatibility": "Universal"}}, Fit.UNSAID),
        ("Canon laptop 15.6 in, 512 GB", "Sleeve for 15.6 in laptops", {}, Fit.UNSAID),
    ],
)
def test_what_a_product_says_it_is_made_for(own: str, title: str, more: dict[str, Any], expected: Fit) -> None:
    whole = Identity.of(Product("w", own, 1000, "USD", brand="Canon"))
    companion = Product("c", title, 1000, "USD", **more)
    brands = frozenset({"canon", "nikon"})
    assert fit(companion, whole, brands=brands, bound=False, same_size=False) is expected


def test_bound_companions_of_another_brand_do_not_fit() -> None:
    whole = Identity.of(named("printer"))
    assert fit(named("ink4"), whole, brands=BRANDS, bound=True, same_size=False) is Fit.WRONG
    assert fit(named("ink3"), whole, brands=BRANDS, bound=True, same_size=False) is Fit.BRAND


def test_a_merchants_companions_are_added(tmp_path: Path) -> None:
    (tmp_path / "companions.yaml").write_text("with:\n  anvil: [hammer / mallet]\nbound: [mallet]\n", "utf-8")
    try:
        lexicon.use(tmp_path)
        (choice,) = companion_types(named("anvil"))
        assert [(kind.name, kind.bound) for kind in choice] == [("hammer", False), ("mallet", True)]
    finally:
        lexicon.use(None)
    assert companion_types(named("anvil")) == ()


def test_every_line_of_the_file_is_well_formed() -> None:
    table = lexicon.table("companions")
    assert set(table) == {"with", "bound", "hosts", "same_size", "agree"}
    for own, others in table["with"].items():
        assert own
        assert len(others) == len({str(o) for o in others}), own
        assert all(isinstance(o, str) and o.strip() for o in others), own
