"""Orders, shoppers and wishlists in the shop database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from assistant.commerce.orders import ORDER_STATUSES, Order, OrderItem, OrderStore
from assistant.commerce.users import User, UserStore
from assistant.commerce.wishlist import MAX_WISHES, WishlistStore
from assistant.errors import CommerceError, UnknownUserError

if TYPE_CHECKING:
    from assistant.history.database import Database


def order_json(**changes: object) -> dict[str, Any]:
    return {
        "order_id": f"o-{uuid4().hex}",
        "user_id": f"u-{uuid4().hex}",
        "status": "delivered",
        "placed_at": "2026-01-02T03:04:05+00:00",
        "items": [
            {"product_id": "p1", "title": "Shoe", "quantity": 2, "price_cents": 7495},
            {"product_id": "p2", "title": "Sock", "quantity": 1, "price_cents": 333},
        ],
        "currency": "USD",
        "total_cents": 15_823,
        "shipping": {"city": "Springfield"},
        "tracking": "T1",
    } | changes


def test_an_order_comes_back_as_it_was_put_in(database: Database) -> None:
    store = OrderStore(database)
    data = order_json()
    assert store.insert([data]) == 1
    order = store.order(data["order_id"])
    assert order is not None
    assert order.to_json()["items"] == data["items"]
    assert order.placed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert order.items_cents == 2 * 7495 + 333
    assert store.orders(data["user_id"]) == [order]
    assert Order.from_json(order.to_json()) == order


def test_loading_again_updates_instead_of_doubling(database: Database) -> None:
    store = OrderStore(database)
    data = order_json(status="pending")
    before = store.count()
    store.insert([data])
    store.insert([{**data, "status": "shipped"}])
    assert store.count() == before + 1
    found = store.order(data["order_id"])
    assert found is not None
    assert found.status == "shipped"


def test_orders_come_newest_first_and_only_ones_own(database: Database) -> None:
    store = OrderStore(database)
    who = uuid4().hex
    old = order_json(user_id=who, placed_at=1_700_000_000)
    new = order_json(user_id=who, placed_at="2026-05-01")
    store.insert([Order.from_json(old), new, order_json()])
    assert [order.order_id for order in store.orders(who)] == [new["order_id"], old["order_id"]]
    assert store.orders("") == []
    assert store.order("nonsense' OR '1'='1") is None


@pytest.mark.parametrize("status", ORDER_STATUSES)
def test_every_state_is_stored(database: Database, status: str) -> None:
    data = order_json(status=status)
    OrderStore(database).insert([data])
    found = OrderStore(database).order(data["order_id"])
    assert found is not None
    assert found.status == status


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "lost"},
        {"total_cents": 1.5},
        {"total_cents": -1},
        {"total_cents": True},
        {"placed_at": "yesterday"},
        {"items": [{"product_id": "p"}]},
        {"items": [{"product_id": "p", "title": "t", "quantity": 0, "price_cents": 1}]},
    ],
)
def test_a_broken_order_is_refused_with_its_id(database: Database, changes: dict[str, Any]) -> None:
    data = order_json(**changes)
    with pytest.raises(CommerceError, match=data["order_id"]):
        OrderStore(database).insert([order_json(), data])
    assert OrderStore(database).order(data["order_id"]) is None


def test_a_label_may_be_plain_text() -> None:
    data = order_json(shipping="1 Main Street", tracking=None)
    order = Order.from_json(data)
    assert order.shipping == {"label": "1 Main Street"}
    assert order.tracking == ""
    assert order.items[0] == OrderItem("p1", "Shoe", 2, 7495)


def test_shoppers_and_personas(database: Database) -> None:
    store = UserStore(database)
    plain, picked = uuid4().hex, uuid4().hex
    store.insert(
        [
            {"id": plain, "name": "Bo"},
            {"user_id": picked, "name": "Ada", "blurb": "Runs.", "tastes": {"colour": "blue"}, "persona": True},
        ]
    )
    assert store.get(plain) == User(plain, name="Bo")
    ada = User(picked, "Ada", "Runs.", ("colour: blue",), persona=True)
    assert store.get(picked) == ada
    assert ada in store.personas()
    assert plain not in {user.user_id for user in store.personas()}
    store.insert([User(plain, name="Bob")])
    assert store.get(plain).name == "Bob"
    with pytest.raises(UnknownUserError):
        store.get("nobody")
    with pytest.raises(CommerceError, match="user_id"):
        store.insert([{"name": "No one"}])


def test_wishes_are_kept_once_newest_first(database: Database) -> None:
    now = iter(range(1000))
    store, who = WishlistStore(database, clock=lambda: float(next(now))), uuid4().hex
    store.add(who, "a")
    store.add(who, "b")
    assert store.add(who, "a") == ("b", "a")
    assert store.remove(who, "b") == ("a",)
    assert store.remove(who, "zzz") == ("a",)
    assert store.products("other") == ()
    with pytest.raises(CommerceError, match="owner"):
        store.add("", "a")


def test_a_wishlist_has_an_end(database: Database) -> None:
    who = uuid4().hex
    with database.write() as link:
        link.many(
            "INSERT INTO wishes (owner, product_id, added_at) VALUES (:owner, :product_id, 0)",
            [{"owner": who, "product_id": str(number)} for number in range(MAX_WISHES)],
        )
    with pytest.raises(CommerceError, match="at most"):
        WishlistStore(database).add(who, "one more")
