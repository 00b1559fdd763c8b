"""The sample store's people: coherent, complete, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from assistant.sample import store
from assistant.sample.generate import main
from assistant.sample.goods import END_DATE
from assistant.sample.reviews import phrases
from assistant.sample.shelf import shelves
from assistant.sample.shoppers import cents
from retrieval.feeds import read_feed
from retrieval.feeds.source import Source

STATES = {"pending", "processed", "shipped", "delivered", "cancelled", "returned", "exchanged"}


@cache
def goods() -> dict[str, dict[str, Any]]:
    return {str(row.values["id"]): dict(row.values) for row in read_feed(Source(store.products_path()))}


def test_the_shipped_files_are_small() -> None:
    size = sum(path.stat().st_size for path in store.sample_dir().rglob("*") if path.is_file())
    assert size <= 6 * 1024 * 1024


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["--seed", "3", "--scale", "0.05", "--out", str(tmp_path / name)]) == 0
    for name in store.FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_two_hundred_shoppers_eight_of_them_named() -> None:
    users = list(store.read_users())
    assert len(users) == 200
    personas = [user for user in users if user.persona]
    assert len(personas) == 8
    assert all(user.card and user.blurb for user in personas)
    assert len({user.user_id for user in users}) == 200


def test_events_are_dated_facts_about_goods_that_exist() -> None:
    events = list(store.read_events())
    assert len(events) >= 20_000
    assert all(event.product_id in goods() for event in events if event.product_id)
    days = {(END_DATE - event.when.date()).days for event in events}
    assert min(days) >= 0
    assert 500 <= max(days) <= 550
    assert {event.name for event in events} == {
        "view_item", "add_to_cart", "add_to_wishlist", "begin_checkout", "purchase",
    }  # fmt: skip


def test_a_vegan_runner_never_buys_leather_or_wool() -> None:
    bought = [e for e in store.read_events() if e.user_id == "maya-trail-runner" and e.name == "purchase"]
    assert len(bought) >= 20
    words = [f"{goods()[e.product_id]['title']} {goods()[e.product_id].get('material', '')}" for e in bought]
    assert not [text for text in words if "leather" in text or "wool" in text]
    paths = Counter(str(goods()[e.product_id]["product_type"]) for e in bought)
    assert any("running" in path.lower() for path in paths)


def test_five_hundred_orders_in_every_state() -> None:
    orders = list(store.read_orders())
    assert len(orders) == 500
    assert {order.status for order in orders} == STATES
    assert len({order.order_id for order in orders}) == 500
    assert all(order.total_cents >= order.items_cents for order in orders)
    named = {user.user_id for user in store.read_users() if user.persona}
    for user_id in named:
        states = {order.status for order in orders if order.user_id == user_id}
        assert {"pending", "shipped"} <= states, user_id


def test_reviews_speak_of_aspects_in_the_tone_of_their_rating() -> None:
    reviews = list(store.read_reviews())
    assert len(reviews) >= 20_000
    assert all(review.product_id in goods() and 1 <= review.rating <= 5 for review in reviews)
    missing = {aspect for shelf in shelves() for aspect in shelf.aspects} - set(phrases())
    assert not missing
    praise = {s for tones in phrases().values() for s in tones["good"]}
    blame = {s for tones in phrases().values() for s in tones["bad"]}
    happy = [r.text for r in reviews if r.rating == 5][:500]
    sad = [r.text for r in reviews if r.rating == 1][:500]
    assert all(any(sentence in text for sentence in praise) for text in happy)
    assert not any(any(sentence in text for sentence in praise) for text in sad)
    assert all(any(sentence in text for sentence in blame) for text in sad)


def test_policies_have_numbered_sections() -> None:
    documents = sorted(path.stem for path in store.policies_dir().glob("*.md"))
    assert documents == ["gift-cards", "payment", "price-match", "privacy", "returns", "shipping", "warranty"]
    for path in store.policies_dir().glob("*.md"):
        numbers = [line.split(".")[0][3:] for line in path.read_text("utf-8").splitlines() if line.startswith("## ")]
        assert numbers == [str(n) for n in range(1, len(numbers) + 1)]


def bought(user_id: str) -> list[dict[str, Any]]:
    done = (e for e in store.read_events() if e.user_id == user_id and e.name == "purchase")
    return [goods()[event.product_id] for event in done]


def test_named_shoppers_buy_what_their_card_says() -> None:
    assert all(cents(row) <= 4_000 for row in bought("ben-student"))
    beans = [row for row in bought("carla-home-barista") if "Coffee beans" in row["product_type"]]
    assert len(beans) >= 10
    assert {row["roast"] for row in beans} == {"dark roast"}
    assert not [row["title"] for row in bought("eli-gamer") if row.get("wireless") is True]
    assert {row["size"] for row in bought("gus-dog-owner") if "Dog beds" in row["product_type"]} <= {"L", "XL"}
    calm = {"white", "ivory", "cream", "beige", "sand", "natural", "oak"}
    assert {row["color"] for row in bought("hana-home-office") if row.get("color")} <= calm


def test_what_lasts_is_not_bought_again_at_once() -> None:
    lasting = {shelf.name for shelf in shelves() if shelf.durable}
    last: dict[tuple[str, str], float] = {}
    for event in store.read_events():
        row = goods().get(event.product_id, {})
        shelf = str(row.get("product_type", "")).rsplit(" > ", 1)[-1]
        if event.name != "purchase" or shelf not in lasting:
            continue
        at = event.when.timestamp()
        assert at >= last.get((event.user_id, shelf), 0), (event.user_id, row["title"])
        last[event.user_id, shelf] = at + cents(row) / 100 * 86_400 * 0.9


def test_every_line_of_an_order_is_something_that_shopper_had_bought_by_then() -> None:
    first: dict[tuple[str, str], float] = {}
    for event in store.read_events():
        if event.name == "purchase":
            first.setdefault((event.user_id, event.product_id), event.when.timestamp())
    for order in store.read_orders():
        for item in order.items:
            when = first.get((order.user_id, item.product_id))
            assert when is not None, (order.order_id, item.title)
            assert when <= order.placed_at.timestamp(), (order.order_id, item.title)


def test_some_orders_hold_several_things_and_no_title_says_a_size_twice() -> None:
    orders = list(store.read_orders())
    assert sum(len(order.items) > 1 for order in orders) >= 100
    for item in (item for order in orders for item in order.items):
        row = goods()[item.product_id]
        size = str(row.get("size", ""))
        assert item.title.split(", ").count(size) + item.title.split(", ").count(f"size {size}") <= 1 or not size
