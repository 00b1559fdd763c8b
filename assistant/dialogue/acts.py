"""What a turn says, as commands: intents, constraints added, constraints dropped, items pointed at.

A parser writes `Acts`; `tracker.track` folds them into the `DialogueState`. User-interface buttons write the same
`Acts` without a parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from retrieval.types import Constraint, Slot

Intent = Literal[
    "search", "refine", "relax", "recommend", "more_like_this", "compare", "ask_product", "ask_policy", "add_to_cart",
    "remove_from_cart", "view_cart", "checkout", "order_status", "cancel_order", "return_or_refund",
    "feedback_positive", "feedback_negative", "affirm", "deny", "greet", "thank", "goodbye", "start_over",
    "human_agent", "out_of_scope",
]  # fmt: skip
INTENTS: tuple[Intent, ...] = get_args(Intent)
SLOTS: tuple[Slot, ...] = get_args(Slot)


@dataclass(frozen=True, slots=True)
class Drop:
    """Give up constraints on `slot`; only those whose value equals `value` where one is given."""

    slot: Slot
    value: str | float | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Acts:
    """One turn, understood.

    Attributes:
        intents: Main one first, never empty.
        add: Constraints this turn adds. Whether one replaces or joins an older one is the tracker's rule.
        drop: Constraints this turn gives up (also the old value of a correction).
        references: 1-based positions in the last shown list.
        product_ids: Items pointed at by id: only buttons know ids, a parser never does.
        covers_all: The price this turn adds was said to cover everything the shopper is buying, not this type alone.
        exact: `product_ids` are the very variants meant: the size was chosen on the screen and is not asked for again.
        confidence: The parser's own probability of the whole reading, 0..1; buttons are certain.
        guess: What a turn that was read with too little confidence may have asked for: to be confirmed, not acted on.
    """

    intents: tuple[Intent, ...]
    add: tuple[Constraint, ...] = ()
    drop: tuple[Drop, ...] = ()
    references: tuple[int, ...] = ()
    product_ids: tuple[str, ...] = ()
    confidence: float = 1.0
    guess: tuple[Constraint, ...] = ()
    covers_all: bool = False
    exact: bool = False

    @property
    def main(self) -> Intent:
        """The intent that decides what happens."""
        return self.intents[0]
