"""Turns what happened into events: what is shown is what is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.dialogue.events import Event
from assistant.nlg.plan import Found, Handled
from assistant.turn.finding import is_gift

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from assistant.dialogue.events import EventName
    from assistant.nlg.plan import Step
    from assistant.turn.house import Turn

_CART: dict[str, EventName] = {
    "add_to_cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
    "checkout": "begin_checkout",
}


def events(turn: Turn, steps: Sequence[Step], *, when: datetime) -> list[Event]:
    """Return the events of a turn, in the order things happened."""
    gift = {"gift": True} if is_gift(turn.state) else {}
    return [*_wishes(turn, gift, when), *(event for step in steps for event in _of_step(turn, step, gift, when))]


def _wishes(turn: Turn, gift: dict[str, Any], when: datetime) -> Iterator[Event]:
    for c in turn.acts.add:
        if c.slot not in {"order_id", "quantity"}:
            detail = {"slot": c.slot, "op": c.op, "value": c.value, **gift}
            yield _event(turn, "constraint", when, detail=detail)


def _of_step(turn: Turn, step: Step, gift: dict[str, Any], when: datetime) -> Iterator[Event]:
    outcome = step.outcome
    if isinstance(outcome, Found):
        shown = [card.product_id for card in outcome.cards]
        yield _event(
            turn, "search", when, detail={"query": outcome.wish, "shown": shown, "total": outcome.total, **gift}
        )
    elif isinstance(outcome, Handled) and outcome.action.status == "done":
        detail = {"quantity": outcome.action.quantity, "price_cents": outcome.price_cents, **gift}
        yield _event(turn, _CART[outcome.action.type], when, product_id=outcome.action.product_id, detail=detail)
    elif step.act.kind == "answer_product":
        for product_id in step.act.product_ids:
            yield _event(turn, "view_item", when, product_id=product_id, detail=gift)
    elif step.act.kind == "feedback":
        for product_id in step.act.product_ids:
            yield _event(turn, "feedback", when, product_id=product_id, detail={"liked": step.act.liked, **gift})


def _event(
    turn: Turn, name: EventName, when: datetime, *, product_id: str = "", detail: dict[str, Any] | None = None
) -> Event:
    conversation_id = turn.conversation.conversation_id
    return Event(turn.owner, name, when, product_id, conversation_id, detail or {})
