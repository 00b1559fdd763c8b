"""From products to the cards that are drawn: exactly what the catalogue says, with reasons that cite it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from assistant.nlg.explainer import explain
from assistant.reply import Card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.recommender.base import Recommendation
    from assistant.reply import Claim
    from assistant.turn.house import House, Turn
    from retrieval.types import Constraint, Product

_MAX_REVIEWS = 20


def draw(
    house: House,
    turn: Turn,
    chosen: Sequence[Recommendation],
    *,
    constraints: Sequence[Constraint],
    role: int = 0,
    label: str = "",
) -> tuple[Card, ...]:
    """Return one card a recommendation, in order, and put what was looked at on the turn's desk."""
    products = [item.product for item in chosen]
    turn.desk.take(products)
    _name_subjects(house, turn, chosen)
    cards, here = [], _said_here(house, turn)
    for item in chosen:
        reviews = house.store.catalogue.reviews(item.product.product_id, n=_MAX_REVIEWS)
        turn.desk.reviews.update({review.review_id: review for review in reviews})
        why = explain(
            item.product,
            constraints=constraints,
            signals=[
                signal for signal in item.signals if not signal.event_ids or not here.issuperset(signal.event_ids)
            ],
            reviews=reviews,
            profile=turn.profile,
            others=products,
            names=turn.desk.names,
            turn=turn.number,
        )
        cards.append(card(house, item.product, why=why, role=role, label=label))
    turn.desk.cards.extend(cards)
    return tuple(cards)


def card(house: House, product: Product, *, why: Sequence[Claim] = (), role: int = 0, label: str = "") -> Card:
    """Return the card of one product."""
    in_stock = product.availability == "in_stock"
    return Card(
        product_id=product.product_id,
        title=product.title,
        price_cents=product.offer_cents,
        currency=product.currency,
        list_price_cents=product.price_cents if product.sale_price_cents is not None else None,
        why=tuple(why),
        image=f"/pictures/{quote(product.product_id, safe='')}.svg",
        brand=product.brand,
        color=product.color,
        size=product.size,
        rating=product.rating,
        n_ratings=product.n_ratings,
        in_stock=in_stock,
        label=label or ("" if in_stock else "out of stock"),
        role=role,
        options=_options(house, product),
    )


def _options(house: House, product: Product) -> tuple[tuple[str, str, bool], ...]:
    """Return what can be chosen: the sizes in this colour, or the colours where there are no sizes."""
    if not product.item_group_id:
        return ()
    variants = house.store.catalogue.variants(product.group_key)
    same_color = [v for v in variants if v.color == product.color and v.size]
    if len(same_color) > 1:
        return tuple((v.product_id, v.size, v.availability == "in_stock") for v in same_color)
    colored = [v for v in variants if v.size == product.size and v.color]
    return tuple((v.product_id, v.color, v.availability == "in_stock") for v in colored) if len(colored) > 1 else ()


def _said_here(house: House, turn: Turn) -> set[int]:
    """Return the ids of events of this very talk: what was just said is no history to lean on."""
    if not turn.profile.known:
        return set()
    conversation = turn.conversation.conversation_id
    return {e.event_id for e in house.events.events(turn.owner) if e.conversation_id == conversation}


def _name_subjects(house: House, turn: Turn, chosen: Sequence[Recommendation]) -> None:
    """Look up the titles of bought products that reasons mention."""
    subjects = {s.subject for item in chosen for s in item.signals if s.kind in {"bought_with", "similar"}}
    missing = [subject for subject in subjects if subject and subject not in turn.desk.names]
    for product in house.store.catalogue.get(missing):
        turn.desk.names[product.product_id] = product.title
