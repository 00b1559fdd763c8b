"""The recommender as a whole, over a small shop."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.events import Event
from assistant.history.base import Profile
from assistant.history.profile import build
from assistant.history.store import MemoryEventStore
from assistant.recommender.assortment import Assortment
from assistant.recommender.base import Recommended, Wish
from assistant.recommender.blend import BlendRecommender
from assistant.recommender.model import FreshModel, ShopModel
from retrieval.types import Hit, Product, Ranking

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BRANDS, COLORS = ("Fenn", "Orra", "Tallow"), ("black", "red", "blue")
SHELVES = ("Clothing > Shirts", "Kitchen > Kettles", "Grocery > Coffee", "Clothing > Shoes")


def shop() -> list[Product]:
    products = []
    for number in range(48):
        group, variant = divmod(number, 2)
        products.append(
            Product(
                product_id=f"g{group}-{variant}",
                title=f"Thing {group}",
                price_cents=1000 + 100 * group,
                currency="USD",
                item_group_id=f"g{group}",
                product_type=SHELVES[group % len(SHELVES)],
                brand=BRANDS[group % len(BRANDS)],
                color=COLORS[group % len(COLORS)],
                size=("M", "L")[variant],
                popularity=float(group),
                availability="out_of_stock" if group in (22, 23) else "in_stock",
            )
        )
    return products


class Shelf:
    """A product source that can lose things."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = {product.product_id: product for product in products}

    def get(self, product_ids: Sequence[str]) -> list[Product]:
        return [self.products[one] for one in product_ids if one in self.products]

    def all(self) -> list[Product]:
        return list(self.products.values())


class Flat:
    """Vectors where everything is as near as anything: the first product leads."""

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]:
        return {one: np.array([1.0, 0.0], dtype=np.float32) for one in product_ids}

    def search(self, embedding: object, *, n: int, among: object = None) -> list[tuple[str, float]]:
        del embedding, among
        return [("g7-0", 0.9), ("not sold", 0.8)][:n]


@pytest.fixture
def events() -> MemoryEventStore:
    store = MemoryEventStore()
    for user in range(12):  # everybody who buys group 0 buys group 3 next
        store.append([bought(f"u{user}", "g0-0", days_ago=9), bought(f"u{user}", "g3-1", days_ago=5)])
    return store


def bought(user_id: str, product_id: str, *, days_ago: float = 1, gift: bool = False) -> Event:
    when = NOW - timedelta(days=days_ago)
    return Event(user_id, "purchase", when, product_id, detail={"gift": True} if gift else {})


def made(source: Shelf, events: MemoryEventStore, *, vectors: Flat | None = None) -> BlendRecommender:
    return BlendRecommender(
        source, products=source.all, interactions=events.interactions, stamp=events.revision, vectors=vectors
    )


def profile_of(events: MemoryEventStore, source: Shelf, *own: Event) -> Profile:
    events.append(own)
    return build("ada", events.events("ada"), products=source.get)


def groups(found: Recommended) -> list[str]:
    return [item.product.group_key for item in found.items]


def ranking_of(products: Sequence[Product]) -> Ranking:
    hits = tuple(Hit(product, 1.0 / (place + 1)) for place, product in enumerate(products))
    return Ranking(hits, len(hits))


def test_what_others_bought_next_comes_first_with_its_proof(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, bought("ada", "g0-0"))
    found = made(source, events).recommend(Wish(profile))
    assert found.strategy == "personal"
    assert groups(found)[0] == "g3"
    signal = next(s for s in found.items[0].signals if s.kind == "bought_with")
    assert signal.subject == "g0-0"
    assert signal.event_ids == tuple(event.event_id for event in events.events("ada"))


def test_a_new_purchase_counts_at_once(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    recommender = made(source, events)
    before = recommender.recommend(Wish(profile_of(events, source)))
    assert before.strategy == "popular"
    after = recommender.recommend(Wish(profile_of(events, source, bought("ada", "g0-0"))))
    assert after.strategy == "personal"
    assert "bought_with" in {signal.kind for signal in after.items[0].signals}
    assert "bought_with" not in {signal.kind for item in before.items for signal in item.signals}


def test_a_stranger_sees_what_sells_across_shelves(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    found = made(source, events).recommend(Wish(n=4))
    assert found.strategy == "popular"
    assert len({item.product.shelf for item in found.items}) >= 3
    assert all(signal.kind == "popular" for item in found.items for signal in item.signals)


def test_a_gift_is_not_about_the_giver(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, bought("ada", "g0-0"))
    recommender = made(source, events)
    assert recommender.recommend(Wish(profile, gift=True)) == recommender.recommend(Wish())


def test_owned_durables_stay_away_and_consumables_come_back(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, bought("ada", "g1-0"), bought("ada", "g0-0"), bought("ada", "g2-0"))
    found = groups(made(source, events).recommend(Wish(profile, n=30)))
    assert "g1" not in found  # a kettle
    assert "g0" not in found  # the very same shirt
    assert "g4" in found  # another shirt
    assert "g2" in found  # coffee


def test_what_was_turned_down_or_excluded_does_not_come(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    no = Event("ada", "feedback", NOW, "g3-0", detail={"liked": False})
    profile = profile_of(events, source, bought("ada", "g0-0"), no)
    found = groups(made(source, events).recommend(Wish(profile, n=40, exclude=("g5", "g6-1"))))
    assert {"g3", "g5", "g6"}.isdisjoint(found)
    assert found


def test_variants_collapse_to_the_usual_size(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, bought("ada", "g0-1"), bought("ada", "g8-1"))
    found = made(source, events).recommend(Wish(profile, n=10))
    assert len(set(groups(found))) == len(found.items)
    assert {item.product.size for item in found.items} == {"L"}


def test_products_come_as_they_are_now(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    recommender = made(source, events)
    recommender.prepare()
    profile = profile_of(events, source, bought("ada", "g0-0"))
    lead = recommender.recommend(Wish(profile)).items[0].product
    source.products[lead.product_id] = replace(lead, price_cents=1, availability="out_of_stock")
    again = recommender.recommend(Wish(profile))
    assert lead.product_id not in {item.product.product_id for item in again.items}
    del source.products[lead.product_id]
    assert len(recommender.recommend(Wish(profile)).items) == 6


def test_likeness_fills_gaps_where_nobody_bought_along(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, Event("ada", "view_item", NOW, "g10-0"))
    assert "g7" in groups(made(source, events, vectors=Flat()).recommend(Wish(profile)))


def test_an_empty_shop_recommends_nothing() -> None:
    found = made(Shelf([]), MemoryEventStore()).recommend(Wish())
    assert found.items == ()


own_events = st.lists(
    st.builds(
        lambda name, group, variant, liked: Event("ada", name, NOW, f"g{group}-{variant}", detail={"liked": liked}),
        st.sampled_from(["purchase", "view_item", "add_to_cart", "feedback"]),
        st.integers(0, 23),
        st.integers(0, 1),
        st.booleans(),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(
    own=own_events, order=st.permutations(range(24)), cut=st.integers(0, 24), n=st.integers(1, 24),
    reach=st.floats(0, 6),
)  # fmt: skip
def test_a_ranking_is_moved_within_bounds_and_never_added_to(
    own: list[Event], order: list[int], cut: int, n: int, reach: float
) -> None:
    source, store = Shelf(shop()), MemoryEventStore()
    profile = profile_of(store, source, *own)
    products = [source.products[f"g{group}-0"] for group in order[:cut]]
    found = made(source, store).recommend(Wish(profile, ranking=ranking_of(products), n=n, reach=reach))
    shown = [item.product for item in found.items]
    assert len(shown) == min(n, cut)
    assert {p.product_id for p in shown} <= {p.product_id for p in products}
    stock = [product.availability == "in_stock" for product in shown]
    assert stock == sorted(stock, reverse=True)
    expected = sorted(products, key=lambda product: product.availability == "out_of_stock")
    for place, product in enumerate(shown):
        assert abs(expected.index(product) - place) <= 2 * reach + 1e-9
    ids = {event.event_id for event in store.events("ada")}
    for item in found.items:
        assert [s.weight for s in item.signals] == sorted((s.weight for s in item.signals), reverse=True)
        for signal in item.signals:
            assert set(signal.event_ids) <= ids
            assert signal.event_ids or signal.kind in ("popular", "relevance")


def test_a_known_shopper_lifts_what_fits(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, *(bought("ada", f"g{group}-0") for group in (0, 12)))
    shirts = [source.products[f"g{group}-0"] for group in (4, 8, 16, 20)]  # Orra, Tallow, Orra, Tallow
    fits = replace(shirts[2], brand="Fenn", color="black", product_id="new", item_group_id="new", price_cents=1500)
    found = made(source, events).recommend(Wish(profile, ranking=ranking_of([*shirts[:2], fits, shirts[3]])))
    assert found.strategy == "personal"
    assert groups(found) == ["g4", "new", "g8", "g20"]  # past the one that fits less, not past all
    assert {signal.kind for signal in found.items[1].signals} >= {"brand", "color", "category", "price_band"}


def test_an_order_that_was_asked_for_is_kept(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    profile = profile_of(events, source, bought("ada", "g0-0"))
    products = [source.products[f"g{group}-0"] for group in (9, 23, 3, 4)]
    found = made(source, events).recommend(Wish(profile, ranking=ranking_of(products), keep_order=True))
    assert groups(found) == ["g9", "g23", "g3", "g4"]
    assert found.strategy == "relevance"


def test_strangers_get_the_ranking_as_it_is(events: MemoryEventStore) -> None:
    source = Shelf(shop())
    products = [source.products[key] for key in ("g5-0", "g5-1", "g2-0", "g9-0")]
    found = made(source, events).recommend(Wish(ranking=ranking_of(products), exclude=("g9",)))
    assert groups(found) == ["g5", "g2"]
    assert found.strategy == "relevance"


def test_the_model_is_learnt_again_when_the_shop_changed_and_not_too_often() -> None:
    learnt: list[int] = []
    now, stamp = [0.0], [0]

    def learn() -> ShopModel:
        learnt.append(stamp[0])
        return ShopModel.learn([], [])

    def stamped() -> Hashable:
        return stamp[0]

    model = FreshModel(learn, stamp=stamped, clock=lambda: now[0])
    first = model.get()
    stamp[0] = 1
    assert model.get() is first  # too soon
    now[0] = 1000.0
    assert model.get() is not first
    now[0] = 2000.0
    model.get()
    assert learnt == [0, 1]


def test_one_caller_learns_while_others_go_on() -> None:
    now, began, finish = [0.0], threading.Event(), threading.Event()
    stamp = [0]

    def learn() -> ShopModel:
        if stamp[0]:
            began.set()
            assert finish.wait(10)
        return ShopModel.learn([], [])

    model = FreshModel(learn, stamp=lambda: stamp[0], clock=lambda: now[0])
    first = model.get()
    stamp[0], now[0] = 1, 1000.0
    thread = threading.Thread(target=model.get)
    thread.start()
    assert began.wait(10)
    assert model.get() is first
    finish.set()
    thread.join()
    assert model.get() is not first


def test_positions_are_stable_for_products_of_one_group() -> None:
    held = Assortment.of(shop())
    assert held.position["g0-0"] == held.position["g0-1"] == held.position["g0"] == 0
