"""Questions after the sale: what becomes of an order, read out to its owner only.

Whether an order is somebody else's or does not exist is answered in the same words, before anything of it is read.
Changes to an order are not made here: the policy is quoted and a person offered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from assistant.service.base import Answer
from assistant.service.knowledge import cited

if TYPE_CHECKING:
    from assistant.service.base import OrderLike, OrderSource
    from assistant.service.knowledge import KnowledgeBase

ServiceRequest = Literal["cancel", "return", "exchange"]

_ASKS: dict[str, str] = {
    "cancel": "cancel or change an order",
    "return": "return an item and get a refund",
    "exchange": "exchange an item",
}
_STATES = {
    "pending": "has been received and is not packed yet",
    "processed": "is being packed",
    "shipped": "is on its way",
    "delivered": "was delivered",
    "cancelled": "was cancelled",
    "returned": "was returned",
    "exchanged": "was exchanged",
}
_SIGN_IN = "Please sign in first: I can only look at orders of the shopper who is signed in."
_SIGN_IN_TO_CHANGE = "To have an order of yours changed, please sign in first."
_OFFER = "A colleague can do this for you. Shall I pass you on?"
_MAX_ITEMS, _MAX_TITLE, _MAX_ID = 4, 80, 40


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Reads orders out to their owners and explains what can be done about them."""

    source: OrderSource
    knowledge: KnowledgeBase

    def status(self, user_id: str, *, order_id: str = "") -> Answer:
        """Say where an order stands; without `order_id` the shopper's latest one.

        Args:
            user_id: The signed-in shopper; "" for a stranger, who is asked to sign in.
            order_id: As typed; case and a leading # do not matter.
        """
        if not user_id:
            return Answer(_SIGN_IN, known=False)
        if not order_id:
            return self._latest(user_id)
        order = self._own(user_id, order_id)
        return _not_found(order_id) if order is None else _told(order)

    def service(self, request: ServiceRequest, user_id: str, *, order_id: str = "", question: str = "") -> Answer:
        """Quote the rule for changing, returning or exchanging, and offer a person who can do it."""
        section = self.knowledge.answer(f"{question} {_ASKS[request]}") or self.knowledge.answer(_ASKS[request])
        rule = cited(section, question or _ASKS[request]) if section else Answer("", known=False)
        order = self._own(user_id, order_id) if user_id and order_id else None
        if order_id and user_id and order is None:
            rule = _not_found(order_id).plus(rule)
        elif order is not None:
            rule = _told(order).plus(rule)
        offer = _OFFER if user_id else f"{_SIGN_IN_TO_CHANGE} {_OFFER}"
        return Answer(f"{rule.text} {offer}".strip(), rule.evidence, rule.known, rule.facts)

    def _own(self, user_id: str, order_id: str) -> OrderLike | None:
        for candidate in _spellings(order_id):
            order = self.source.order(candidate)
            if order is not None:
                return order if order.user_id == user_id else None
        return None

    def _latest(self, user_id: str) -> Answer:
        own = [o for o in self.source.orders(user_id) if o.user_id == user_id]
        if not own:
            return Answer("There are no orders under your name yet.", known=False)
        latest = max(own, key=lambda o: (_day(o.placed_at), o.order_id))
        told = _told(latest)
        if len(own) == 1:
            return told
        key, n = f"count:orders={len(own)}", len(own)
        text = f"Of your {n} orders this is the latest. {told.text}"
        return Answer(text, (*told.evidence, key), facts=(*told.facts, (key, str(n))))


def _told(order: OrderLike) -> Answer:
    state = _STATES.get(order.status, f"has the status {order.status!r}")
    day = _day(order.placed_at)
    items = [f"{i.quantity} x “{_name(i.title)}”" for i in order.items[:_MAX_ITEMS]]
    more = len(order.items) - len(items)
    listed = ", ".join(items) + (f" and {more} more" if more > 0 else "")
    when = f" of {day}" if day else ""
    amount = f"{order.total_cents / 100:,.2f} {order.currency}"
    text = f"Order {order.order_id}{when} {state}: {listed}, {amount} in all."
    tracking = getattr(order, "tracking", None)
    if tracking and order.status in ("shipped", "delivered"):
        text += f" Tracking number: {str(tracking)[:60]}."
    key = f"order:{order.order_id}"
    return Answer(text, (key,), facts=((key, text),))


def _not_found(order_id: str) -> Answer:
    asked = " ".join(order_id.split())[:_MAX_ID]
    key = "count:own_orders_found=0"
    text = f"I cannot find an order “{asked}” under your name. Please check the number."
    return Answer(text, (key,), known=False, facts=((key, f"no order {asked} under this name"),))


def _spellings(order_id: str) -> tuple[str, ...]:
    bare = re.sub(r"\s+", "", order_id.strip().lstrip("#"))[:_MAX_ID]
    return tuple(dict.fromkeys((bare, bare.upper(), bare.lower(), f"#{bare}", f"#{bare.upper()}")))


def _day(placed_at: object) -> str:
    if isinstance(placed_at, datetime | date):
        return placed_at.isoformat()[:10]
    return str(placed_at or "")[:10]


def _name(title: str) -> str:
    clean = " ".join(title.split()).replace("“", '"').replace("”", '"')
    return clean if len(clean) <= _MAX_TITLE else clean[: _MAX_TITLE - 1].rstrip() + "…"
