"""What the assistant decides to do: system acts. One turn gives one or more, done in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.dialogue.state import Question

SystemActKind = Literal[
    "search",            # find products for the constraints of `group`
    "more",              # the next page of the current search
    "recommend",         # ideas from the profile, within the constraints
    "similar",           # more like product_ids[0], within the constraints
    "compare",           # product_ids side by side
    "answer_product",    # a question about product_ids from their fields and reviews
    "answer_policy",     # a question about the shop from its documents
    "cart_add", "cart_remove", "cart_view", "checkout",
    "order_status", "order_service",   # read own orders; changes to orders go to a person in this version
    "feedback", "greet", "thank", "goodbye", "start_over",
    "clarify",           # not understood, or nothing to go by: ask
    "handoff",           # to a person
    "out_of_scope",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SystemAct:
    """One thing to do.

    Attributes:
        kind: What.
        product_ids: The items it is about, resolved from references.
        group: Which product type of the request, for "search".
        quantity: For the cart.
        missing: The slot that must be asked before it can be done ("size").
        liked: For feedback.
        unresolved: The turn pointed at an item that cannot be found among what was shown.
        question: The one question to ask beside it.
    """

    kind: SystemActKind
    product_ids: tuple[str, ...] = ()
    group: int = 0
    quantity: int = 1
    missing: str = ""
    liked: bool = True
    unresolved: bool = False
    question: Question | None = None
