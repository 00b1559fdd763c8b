"""The cart: exact money, idempotent clicks, honest refusals."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.commerce.cart import MAX_LINES, MAX_QUANTITY, Cart, CartStore
from assistant.errors import CommerceError
from retrieval.types import Product

if TYPE_CHECKING:
    from assistant.history.database import Database

SHOE = Product("p1", "Shoe", 10_000, "USD", sale_price_cents=7_495)
SOCK = Product("p2", "Sock", 333, "USD")

products = st.builds(
    Product,
    product_id=st.sampled_from([f"p{i}" for i in range(6)]),
    title=st.text(max_size=10),
    price_cents=st.integers(0, 10**10),
    currency=st.just("USD"),
)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("add"), products, st.integers(-1, 120)),
        st.tuples(st.just("set"), products, st.integers(-1, 120)),
        st.tuples(st.just("remove"), products, st.one_of(st.none(), st.integers(1, 9))),
    ),
    max_size=12,
)
Change = tuple[str, Product, int | None]


def apply(cart: Cart, change: Change) -> Cart:
    what, product, quantity = change
    if what == "add":
        return cart.add(product, quantity or 0)
    if what == "set":
        return cart.set_quantity(product.product_id, quantity or 0)
    return cart.remove(product.product_id, quantity)


@settings(max_examples=150, deadline=None)
@given(changes)
def test_money_never_drifts(found: list[Change]) -> None:
    cart = Cart()
    ledger: dict[str, tuple[int, int]] = {}  # an independent account: id -> (quantity, unit price)
    for what, product, quantity in found:
        before = cart
        try:
            cart = apply(cart, (what, product, quantity))
        except CommerceError:
            assert cart == before
            continue
        key = product.product_id
        had = ledger.get(key, (0, 0))
        if what == "add":
            ledger[key] = (had[0] + (quantity or 0), product.offer_cents)
        elif what == "set":
            ledger[key] = (quantity or 0, had[1])
        else:
            ledger[key] = (0 if quantity is None else max(0, had[0] - quantity), had[1])
    assert cart.total_cents == sum(quantity * price for quantity, price in ledger.values())
    assert cart.n_items == sum(quantity for quantity, _ in ledger.values())
    assert isinstance(cart.total_cents, int)
    assert all(1 <= line.quantity <= MAX_QUANTITY for line in cart.lines)
    assert len({line.product_id for line in cart.lines}) == len(cart.lines)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=changes, repeats=st.lists(st.integers(1, 3), min_size=12, max_size=12))
def test_the_store_agrees_with_the_value_however_often_one_clicks(
    database: Database, found: list[Change], repeats: list[int]
) -> None:
    store, cart_id, cart = CartStore(database), uuid4().hex, Cart()
    for place, (what, product, quantity) in enumerate(found):
        for _ in range(repeats[place]):
            try:
                if what == "add":
                    store.add(cart_id, product, quantity=quantity or 0, key=str(place))
                elif what == "set":
                    store.set_quantity(cart_id, product.product_id, quantity=quantity or 0, key=str(place))
                else:
                    store.remove(cart_id, product.product_id, quantity=quantity, key=str(place))
            except CommerceError:
                continue
        try:
            cart = apply(cart, (what, product, quantity))
        except CommerceError:
            continue
    stored = store.load(cart_id)
    assert [(line.product_id, line.quantity, line.price_cents) for line in stored.lines] == [
        (line.product_id, line.quantity, line.price_cents) for line in cart.lines
    ]


def test_a_double_click_adds_once_and_another_click_adds_again(database: Database) -> None:
    store, cart_id = CartStore(database), uuid4().hex
    store.add(cart_id, SHOE, key="click-1")
    assert store.add(cart_id, SHOE, key="click-1").quantity("p1") == 1
    assert store.add(cart_id, SHOE, key="click-2").quantity("p1") == 2
    assert store.load(cart_id).total_cents == 2 * 7_495


def test_a_refused_click_may_be_tried_again(database: Database) -> None:
    store, cart_id = CartStore(database), uuid4().hex
    with pytest.raises(CommerceError, match="out of stock"):
        store.add(cart_id, replace(SHOE, availability="out_of_stock"), key="k")
    assert store.add(cart_id, SHOE, key="k").n_items == 1


def test_clicks_at_the_same_moment_all_count_once(database: Database) -> None:
    store, cart_id = CartStore(database), uuid4().hex

    def click(number: int) -> None:
        for key in (f"{number}", f"{number}", "shared"):
            store.add(cart_id, SHOE, key=key)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.load(cart_id).quantity("p1") == 5


def test_carts_do_not_mix(database: Database) -> None:
    store, mine, yours = CartStore(database), uuid4().hex, uuid4().hex
    store.add(mine, SHOE, key="k")
    store.add(yours, SOCK, key="k")
    assert [line.product_id for line in store.load(mine).lines] == ["p1"]
    assert store.clear(yours).lines == ()
    assert store.load(mine).n_items == 1


def test_today_prices_replace_old_ones(database: Database) -> None:
    store, cart_id = CartStore(database), uuid4().hex
    store.add(cart_id, SHOE, quantity=2, key="a")
    store.add(cart_id, SOCK, key="b")
    cart = store.reprice(cart_id, [replace(SHOE, sale_price_cents=None)])
    assert cart.total_cents == 2 * 10_000 + 333
    assert store.load(cart_id) == cart


@pytest.mark.parametrize("quantity", [0, -1, MAX_QUANTITY + 1])
def test_quantities_are_bounded(quantity: int) -> None:
    with pytest.raises(CommerceError, match="between 1 and 99"):
        Cart().add(SHOE, quantity)


def test_quantities_add_up_to_the_bound_only() -> None:
    cart = Cart().add(SHOE, MAX_QUANTITY)
    with pytest.raises(CommerceError):
        cart.add(SHOE)
    assert cart.n_items == MAX_QUANTITY


def test_one_currency_a_cart() -> None:
    with pytest.raises(CommerceError, match="USD"):
        Cart().add(SHOE).add(replace(SOCK, currency="EUR"))
    assert Cart().add(SHOE).remove("p1").add(replace(SOCK, currency="EUR")).currency == "EUR"


def test_what_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(CommerceError, match="not in the cart"):
        Cart().remove("p1")
    with pytest.raises(CommerceError, match="not in the cart"):
        Cart().add(SOCK).set_quantity("p1", 2)


def test_a_cart_has_an_end() -> None:
    cart = Cart()
    for number in range(MAX_LINES):
        cart = cart.add(replace(SOCK, product_id=str(number)))
    with pytest.raises(CommerceError, match="at most"):
        cart.add(SHOE)


def test_removing_some_leaves_the_rest_and_the_order() -> None:
    cart = Cart().add(SHOE, 3).add(SOCK, 1).remove("p1", 2)
    assert [(line.product_id, line.quantity) for line in cart.lines] == [("p1", 1), ("p2", 1)]
    assert cart.remove("p1", 9).lines == Cart().add(SOCK).lines
