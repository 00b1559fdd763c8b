"""Carries out the acts that answer: about products, policies and orders, side by side, and to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.nlg.answerer import answer_product
from assistant.nlg.comparer import compare as side_by_side
from assistant.service.base import Answer
from assistant.turn.finding import products_of

if TYPE_CHECKING:
    from assistant.dialogue.system import SystemAct
    from assistant.reply import Comparison
    from assistant.service.orders import ServiceRequest
    from assistant.turn.house import House, Turn
    from retrieval.types import Review

_MAX_REVIEWS = 50


def compare(house: House, turn: Turn, act: SystemAct) -> Comparison | None:
    """Put items side by side: those meant, or the first two just found."""
    ids = act.product_ids or tuple(card.product_id for card in turn.desk.cards[:2])
    products = products_of(house, turn, ids)
    if len(products) < 2:
        return None
    reviews = {product.product_id: _reviews(house, turn, product.product_id) for product in products}
    return side_by_side(products, constraints=turn.state.constraints, reviews=reviews)


def about_product(house: House, turn: Turn, act: SystemAct) -> Answer | None:
    """Answer a question about the item, or about each of several."""
    answers = []
    for product in products_of(house, turn, act.product_ids):
        variants = house.store.catalogue.variants(product.group_key) if product.item_group_id else []
        turn.desk.take(variants)
        reviews = _reviews(house, turn, product.product_id)
        answers.append(answer_product(product, turn.message, reviews, variants=variants))
    return _joined(answers)


def about_policy(house: House, turn: Turn) -> Answer:
    """Quote the shop's own documents, or say that they do not say."""
    return house.knowledge.quote(turn.message)


def about_order(house: House, turn: Turn, act: SystemAct) -> Answer:
    """Read an order out to its owner, or explain what can be done about it."""
    said = turn.state.of("order_id")
    order_id = str(said[-1].value) if said else ""
    if act.kind == "order_status":
        return house.desk.status(turn.user_id, order_id=order_id)
    request: ServiceRequest = "cancel" if act.said == "cancel" else "return"
    return house.desk.service(request, turn.user_id, order_id=order_id, question=turn.message)


def _reviews(house: House, turn: Turn, product_id: str) -> list[Review]:
    reviews = house.store.catalogue.reviews(product_id, n=_MAX_REVIEWS)
    turn.desk.reviews.update({review.review_id: review for review in reviews})
    return reviews


def _joined(answers: list[Answer]) -> Answer | None:
    if len(answers) < 2:
        return answers[0] if answers else None
    return Answer(
        " ".join(answer.text for answer in answers),
        tuple(item for answer in answers for item in answer.evidence),
        any(answer.known for answer in answers),
        tuple(fact for answer in answers for fact in answer.facts),
    )
