"""What events imply."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.events import EVENT_NAMES, Event
from assistant.history.base import Profile
from assistant.history.profile import HALF_LIFE_DAYS, Profiles, build
from assistant.history.store import MemoryEventStore
from retrieval.types import Product

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def make(number: int, **fields: str) -> Product:
    path = "Sport > Shoes > Trail shoes"
    base = Product(f"p{number}", f"Shoe {number}", 5000 + 1000 * number, "USD", brand="Fenn", product_type=path)
    return replace(base, **fields)  # type: ignore[arg-type]


SHOP = {
    product.product_id: product
    for product in (
        make(0, color="Blue"),
        make(1, brand="Orra", color="blue"),
        make(2, color="Red", size="M"),
        make(3, brand="Orra", product_type="Home > Kettles"),
        make(4, brand="", product_type=""),
    )
}


def get(product_ids: Sequence[str]) -> list[Product]:
    return [SHOP[product_id] for product_id in product_ids if product_id in SHOP]


def event(name: str, product_id: str = "", *, days_ago: float = 0, number: int = 1, **detail: object) -> Event:
    when = NOW - timedelta(days=days_ago)
    return Event("ada", name, when, product_id, detail=detail, event_id=number)  # type: ignore[arg-type]


def profile(*events: Event) -> Profile:
    return build("ada", events, products=get)


def weight(found: Profile, slot: str, value: str) -> float:
    return next((liking.weight for liking in found.likings.get(slot, ()) if liking.value.casefold() == value), 0.0)


def test_a_stranger_has_an_empty_profile() -> None:
    assert not profile().known
    assert build("", [event("purchase", "p0")], products=get) == Profile()


def test_events_prove_likings() -> None:
    found = profile(event("purchase", "p0", number=7), event("view_item", "p2", number=9))
    assert found.purchased == {"p0"}
    assert found.n_events == 2
    brand = found.likings["brand"][0]
    assert (brand.value, set(brand.event_ids)) == ("Fenn", {7, 9})
    assert found.likings["color"][0].value == "Blue"
    assert found.likings["category"][0].value == "Trail shoes"
    assert found.likings["size"][0].event_ids == (9,)


def test_deeds_weigh_by_what_they_cost_the_shopper() -> None:
    weights = [
        weight(profile(event(name, "p0")), "brand", "fenn")
        for name in ("purchase", "add_to_cart", "add_to_wishlist", "view_item")
    ]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0


def test_weight_halves_with_age() -> None:
    found = profile(event("purchase", "p0"), event("purchase", "p1", days_ago=HALF_LIFE_DAYS))
    assert weight(found, "brand", "orra") == pytest.approx(weight(found, "brand", "fenn") / 2)


def test_values_are_one_whatever_their_case() -> None:
    found = profile(event("purchase", "p0"), event("purchase", "p1", number=2))
    assert len(found.likings["color"]) == 1
    assert set(found.likings["color"][0].event_ids) == {1, 2}


def test_looking_often_is_not_buying() -> None:
    looked = profile(*(event("view_item", "p0", number=i) for i in range(50)))
    assert weight(looked, "brand", "fenn") < weight(profile(event("purchase", "p0")), "brand", "fenn")


def test_what_was_turned_down_weighs_against() -> None:
    found = profile(event("feedback", "p0", liked=False), event("purchase", "p3"))
    assert weight(found, "brand", "fenn") < 0
    assert "p0" not in found.recent
    assert found.likings["brand"][0].value == "Orra"
    assert profile(event("feedback", "p0", liked=True)).recent == ("p0",)


def test_wishes_in_words_count_both_ways() -> None:
    found = profile(
        event("constraint", slot="color", op="eq", value="green", number=3),
        event("constraint", slot="color", op="ne", value="pink"),
        event("constraint", slot="price", op="lte", value=80),
    )
    assert weight(found, "color", "green") > 0 > weight(found, "color", "pink")
    assert found.likings["color"][0].event_ids == (3,)
    assert set(found.likings) == {"color"}


def test_price_bands_need_two_products_and_use_what_was_paid() -> None:
    assert profile(event("purchase", "p0")).price_bands == {}
    found = profile(event("purchase", "p0", price_cents=4500), event("add_to_cart", "p2"), event("view_item", "p1"))
    assert found.price_bands == {"Trail shoes": (4500, 7000)}


def test_products_that_are_gone_stay_in_the_history() -> None:
    found = profile(event("purchase", "vanished"), event("purchase", "p0"))
    assert found.purchased == {"vanished", "p0"}
    assert found.touches[-1].group_key in ("vanished", "p0")


any_event = st.builds(
    event,
    st.sampled_from(EVENT_NAMES),
    st.sampled_from(["", "p0", "p1", "p2", "p3", "p4", "gone"]),
    days_ago=st.floats(0, 400),
    number=st.integers(1, 50),
    liked=st.booleans(),
    slot=st.sampled_from(["color", "brand", "price"]),
    op=st.sampled_from(["eq", "ne", "lte"]),
    value=st.sampled_from(["red", "Fenn", 3, ""]),
)


@settings(max_examples=60, deadline=None)
@given(own=st.lists(any_event, max_size=12), gifts=st.lists(any_event, max_size=8))
def test_gifts_say_nothing_about_the_giver(own: list[Event], gifts: list[Event]) -> None:
    marked = [replace(gift, detail={**gift.detail, "gift": True}) for gift in gifts]
    assert profile(*own, *marked) == profile(*own)


@settings(max_examples=60, deadline=None)
@given(own=st.lists(any_event, max_size=12))
def test_every_claim_is_proved_by_an_own_event(own: list[Event]) -> None:
    found = profile(*own)
    ids = {one.event_id for one in own}
    for likings in found.likings.values():
        assert [liking.weight for liking in likings] == sorted((liking.weight for liking in likings), reverse=True)
        for liking in likings:
            assert liking.event_ids
            assert set(liking.event_ids) <= ids
    assert set(found.recent) <= {one.product_id for one in own}
    assert all(low <= high for low, high in found.price_bands.values())


def test_a_profile_follows_the_store_at_once() -> None:
    store, reads = MemoryEventStore(), []

    def counting(product_ids: Sequence[str]) -> list[Product]:
        reads.append(len(product_ids))
        return get(product_ids)

    profiles = Profiles(store, products=counting, capacity=1)
    assert profiles.of(None) == Profile()
    assert not profiles.of("ada").known
    store.append([event("purchase", "p0")])
    first = profiles.of("ada")
    assert first.purchased == {"p0"}
    assert profiles.of("ada") is first
    assert len(reads) == 1
    store.append([event("purchase", "p2")])
    assert profiles.of("ada").purchased == {"p0", "p2"}
    store.erase("ada")
    assert not profiles.of("ada").known
