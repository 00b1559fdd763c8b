"""Looks up what the policy needs to know of the shop before it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.dialogue.facets import best_question, may_go_further
from assistant.dialogue.facts import CartItem, Facts, Narrowings, Option
from assistant.dialogue.query import build
from assistant.turn.narrowing import narrowings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assistant.commerce.cart import Cart
    from assistant.dialogue.acts import Acts
    from assistant.dialogue.state import DialogueState
    from assistant.turn.house import House
    from retrieval.types import Slot

_LISTING = frozenset({"search", "refine", "relax"})
_FACETS: dict[str, Slot] = {
    "size": "size", "color": "color", "material": "material", "brand": "brand", "shelf": "category",
}  # fmt: skip
_MAX_VALUES = 30


def cart_items(house: House, cart: Cart) -> tuple[CartItem, ...]:
    """Return the cart's lines with the looks that words can point at."""
    known = {
        product.product_id: product for product in house.store.catalogue.get([line.product_id for line in cart.lines])
    }
    items = []
    for line in cart.lines:
        product = known.get(line.product_id)
        color, key = (product.color, product.group_key) if product else ("", line.product_id)
        items.append(CartItem(line.product_id, line.title, color, line.quantity, key))
    return tuple(items)


def gather(
    house: House,
    state: DialogueState,
    acts: Acts,
    *,
    pointed: Iterable[str],
    cart: Sequence[CartItem],
    signed_in: bool,
) -> Facts:
    """Return the facts for `policy.decide`.

    Args:
        house: The shop.
        state: After `tracker.track`.
        acts: The turn's.
        pointed: Product ids the turn points at.
        cart: As of `cart_items`.
        signed_in: Whether orders may be read.
    """
    waiting = [state.pending.product_id] if state.pending and state.pending.product_id else []
    first = [item.product_id for item in state.shown[:1]] if state.pending and not waiting else []
    wanted = dict.fromkeys([*pointed, *waiting, *first])
    facets = _facets(house, state) if acts.main in _LISTING else {}
    further = bool(facets) and may_go_further(state) and best_question(facets, state) is None
    return Facts(
        options={product_id: options(house, product_id) for product_id in wanted},
        cart=cart,
        signed_in=signed_in,
        facets=facets,
        narrowings=narrowings(house.store, state) if further else Narrowings(),
        min_confidence=house.settings.model.min_confidence,
    )


def options(house: House, product_id: str) -> tuple[Option, ...]:
    """Return every variant of the product's group; empty for an unknown product."""
    found = house.store.catalogue.get([product_id])
    if not found:
        return ()
    variants = house.store.catalogue.variants(found[0].group_key) or found
    return tuple(Option(v.product_id, v.size, v.color, v.availability == "in_stock") for v in variants)


def _facets(house: House, state: DialogueState) -> Mapping[Slot, Sequence[tuple[str, int]]]:
    """Count values over everything that passes the hard constraints of the first group."""
    query = build(state)
    if not query.constraints:
        return {}
    counted = house.store.retriever.facets(query)
    return {slot: _values(counted[name]) for name, slot in _FACETS.items() if counted.get(name)}


def _values(counts: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Shorten a shelf's path to its last step: "Shoes > Running > Trail shoes" is asked about as "Trail shoes"."""
    return [(value.rsplit(">", 1)[-1].strip(), n) for value, n in counts[:_MAX_VALUES]]
