"""Events: dated facts about a shopper, never edited. Names as in GA4 e-commerce where GA4 has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EventName = Literal[
    "view_item", "add_to_cart", "remove_from_cart", "add_to_wishlist", "begin_checkout", "purchase",
    "search", "constraint", "feedback",
]  # fmt: skip
EVENT_NAMES: tuple[EventName, ...] = get_args(EventName)


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `event_id` is 0 until it is stored; `when` is timezone-aware UTC.

    `detail` is small JSON: `{"quantity": 1, "price_cents": 4999}`, `{"query": "..."}`, `{"liked": true}`,
    `{"slot": "color", "op": "ne", "value": "red"}`, `{"gift": true}`.
    """

    user_id: str
    name: EventName
    when: datetime
    product_id: str = ""
    conversation_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    event_id: int = 0
