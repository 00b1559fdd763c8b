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

Reason = Literal[
    "",
    "not_understood", "offer_person",     # clarify: first and second strike
    "did_you_mean",                       # clarify: read with little confidence; the question proposes what was read
    "what_kind",                          # clarify: nothing to go by yet
    "which_item",                         # clarify: an item is meant, but which one of those shown is open
    "anything_else",                      # clarify: a plain "no", or a "yes" to nothing
    "no_such_size", "size_sold_out", "size_does_not_apply",   # cart_add: `said` is the size
    "to_add",                             # search: for an item to be put in the cart after a yes
    "to_compare",                         # compare: the first two that the search beside it finds
    "more",                               # recommend, similar: go on with the list, nothing twice
    "empty_cart", "not_in_cart",          # cart_remove, checkout
    "sign_in",                            # order_status, order_service: whose orders is not known
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
        reason: Why it is so, where the reply must differ; see `Reason`.
        said: The word behind the reason, e.g. the size that does not exist; "cancel" or "return" for order_service.
        text: Free words to search by beside the constraints: the name of an item that was never shown.
        question: The one question to ask beside it.
    """

    kind: SystemActKind
    product_ids: tuple[str, ...] = ()
    group: int = 0
    quantity: int = 1
    missing: str = ""
    liked: bool = True
    unresolved: bool = False
    reason: Reason = ""
    said: str = ""
    text: str = ""
    question: Question | None = None
