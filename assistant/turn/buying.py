"""Carries out the acts on the cart. What is refused says why; nothing is done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import CommerceError
from assistant.nlg.plan import Handled
from assistant.reply import Action
from assistant.turn.finding import products_of

if TYPE_CHECKING:
    from assistant.dialogue.system import SystemAct
    from assistant.turn.house import House, Turn
    from retrieval.types import Product


def add(house: House, turn: Turn, act: SystemAct, *, key: str) -> Handled:
    """Put an item in the cart, or say what is missing; `key` makes a repetition harmless."""
    found = products_of(house, turn, act.product_ids[:1])
    if not found:
        return Handled(Action("add_to_cart", "refused", reason="That item is no longer in the shop."))
    product = found[0]
    sizes = act.question.options if act.question else ()
    if act.missing:
        status = "refused" if act.reason in {"no_such_size", "size_sold_out"} else "needs_confirmation"
        action = Action("add_to_cart", status, product.product_id, act.quantity, _why_not(act))  # type: ignore[arg-type]
        exists = act.reason != "no_such_size"
        return Handled(action, product.title, product.offer_cents, act.said, sizes, size_exists=exists)
    try:
        turn.cart = house.carts.add(turn.conversation.cart_id, product, quantity=act.quantity, key=key)
    except CommerceError as error:
        return _handled(product, Action("add_to_cart", "refused", product.product_id, act.quantity, str(error)))
    return _handled(product, Action("add_to_cart", "done", product.product_id, act.quantity))


def _why_not(act: SystemAct) -> str:
    if act.reason == "no_such_size":
        return f"It is not made in size {act.said}."
    if act.reason == "size_sold_out":
        return f"Size {act.said} is sold out."
    return "Which size?"


def _handled(product: Product, action: Action) -> Handled:
    return Handled(action, product.title, product.offer_cents, product.size)


def remove(house: House, turn: Turn, act: SystemAct, *, key: str) -> Handled:
    """Take items out of the cart, all of them or as many as were said."""
    if act.reason or not act.product_ids:
        reason = "The cart is empty." if act.reason == "empty_cart" else "That is not in the cart."
        return Handled(Action("remove_from_cart", "refused", reason=reason))
    said = [c.value for c in turn.state.of("quantity") if not isinstance(c.value, str)]
    quantity = int(said[-1]) if said else None
    titles = {line.product_id: line.title for line in turn.cart.lines}
    for number, product_id in enumerate(act.product_ids):
        turn.cart = house.carts.remove(turn.conversation.cart_id, product_id, quantity=quantity, key=f"{key}:{number}")
    products_of(house, turn, act.product_ids)
    first = act.product_ids[0]
    action = Action("remove_from_cart", "done", first, quantity or 1)
    return Handled(action, " and ".join(titles.get(product_id, product_id) for product_id in act.product_ids))


def checkout(turn: Turn, act: SystemAct) -> Handled:
    """Hand the cart on: payment is the shop's own business, so nothing is charged here."""
    if act.reason == "empty_cart" or not turn.cart.lines:
        return Handled(Action("checkout", "refused", reason="The cart is empty."))
    return Handled(Action("checkout", "done", quantity=turn.cart.n_items))
