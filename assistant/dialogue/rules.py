"""One rule for each intent: what the assistant does about it. `policy.decide` puts the answers together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue import cart_policy
from assistant.dialogue.facets import worth_asking
from assistant.dialogue.lexicon import lexicon
from assistant.dialogue.state import Question
from assistant.dialogue.system import SystemAct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assistant.dialogue.acts import Intent
    from assistant.dialogue.situation import Turn

MAX_COMPARED = 4


def search(turn: Turn) -> list[SystemAct]:
    """Search each product type of the request; "more" where nothing new was said; ask where nothing is known."""
    state, acts = turn.state, turn.acts
    if turn.only_points:
        return RULES[state.answering.intent if state.answering and state.answering.intent else "ask_product"](turn)
    if turn.asks_about_item:
        return [SystemAct("answer_product", product_ids=turn.resolved.product_ids)]
    if not turn.changes and turn.shown and acts.main == "refine":
        return more(turn)
    if turn.keeps_to_ideas:
        return recommend(turn)
    if not state.constraints and acts.main != "relax":
        return [_what_kind()]
    groups = turn.touched_groups
    question = worth_asking(turn.facts, state) if len(groups) == 1 else None
    return [SystemAct("search", group=g, question=question) for g in groups]


def more(turn: Turn) -> list[SystemAct]:
    """Go on with the list on the screen, whatever kind of list it is."""
    state = turn.state
    if state.listing == "recommend":
        return [SystemAct("recommend", reason="more")]
    if state.listing == "similar" and state.like:
        return [SystemAct("similar", product_ids=(state.like,), reason="more")]
    return [SystemAct("more", group=g) for g in turn.groups]


def recommend(turn: Turn) -> list[SystemAct]:
    """Offer ideas, within whatever is constrained."""
    return [SystemAct("recommend")]


def similar(turn: Turn) -> list[SystemAct]:
    """Show what is like an item: the one pointed at, else the one talked about, else the only one shown."""
    ids = turn.resolved.product_ids or turn.state.focus or (turn.shown if len(turn.shown) == 1 else ())
    if ids:
        return [SystemAct("similar", product_ids=ids[:1])]
    return [cart_policy.which_item(turn.state, turn.resolved, intent="more_like_this")] if turn.shown else search(turn)


def compare(turn: Turn) -> list[SystemAct]:
    """Put items side by side; one item meets the one talked about before, none at all the first two."""
    pointed = turn.resolved.product_ids
    if turn.resolved.unresolved:
        return [cart_policy.which_item(turn.state, turn.resolved, intent="compare")]
    if not pointed and (turn.names_type or not turn.shown):
        found = search(turn)
        if found[0].kind != "search":
            return found
        return [*(replace(act, question=None) for act in found), SystemAct("compare", reason="to_compare")]
    pool = pointed if len(pointed) > 1 else (*pointed, *turn.state.focus, *turn.shown)
    ids = tuple(dict.fromkeys(pool))
    if len(ids) < 2:
        return [cart_policy.which_item(turn.state, turn.resolved, intent="compare")]
    return [SystemAct("compare", product_ids=ids[: MAX_COMPARED if len(pointed) > 1 else 2])]


def ask_product(turn: Turn) -> list[SystemAct]:
    """Answer about the item meant; where none was shown yet, show some first."""
    if turn.resolved.product_ids:
        return [SystemAct("answer_product", product_ids=turn.resolved.product_ids[:MAX_COMPARED])]
    if turn.names_type or (not turn.shown and turn.state.constraints):
        return search(turn)
    return [cart_policy.which_item(turn.state, turn.resolved, intent="ask_product")] if turn.shown else [_what_kind()]


def add_to_cart(turn: Turn) -> list[SystemAct]:
    """Put items in the cart, through the size gate."""
    return cart_policy.add_to_cart(turn.state, turn.acts, turn.resolved, turn.facts)


def remove_from_cart(turn: Turn) -> list[SystemAct]:
    """Take items out of the cart."""
    return cart_policy.remove_from_cart(turn.resolved, turn.facts)


def checkout(turn: Turn) -> list[SystemAct]:
    """Go to pay, if there is anything to pay for."""
    return [SystemAct("checkout", reason="" if turn.facts.cart else "empty_cart")]


def like(turn: Turn) -> list[SystemAct]:
    """Note a liking; where it is of one item and nothing else was wished, offer to add it."""
    ids = turn.resolved.product_ids
    offer = len(ids) == 1 and not turn.changes and set(turn.acts.intents) <= {"feedback_positive", "thank", "greet"}
    question = Question(lexicon().asks["add_it"], options=lexicon().yes_no) if offer else None
    return [SystemAct("feedback", product_ids=ids, question=question)]


def dislike(turn: Turn) -> list[SystemAct]:
    """Note what was turned down, all that is shown where nothing was pointed at, and show something else."""
    ids = turn.resolved.product_ids or turn.shown
    noted = [SystemAct("feedback", product_ids=ids, liked=False)]
    if turn.lists_anyway or {"add_to_cart", "remove_from_cart"}.intersection(turn.acts.intents):
        return noted
    if not ids and not turn.state.constraints:
        return [*noted, _what_kind()]
    return noted + (search(turn) if turn.changes else more(turn))


def affirm(turn: Turn) -> list[SystemAct]:
    """Act on a yes: search with what was proposed, or ask again what a yes cannot answer."""
    if (turn.changes or turn.only_points) and not turn.lists_anyway:
        return search(turn)
    question = turn.state.answering
    if question and question.slot:
        return [SystemAct("clarify", reason="anything_else", question=question)]
    return [SystemAct("clarify", reason="anything_else")]


def deny(turn: Turn) -> list[SystemAct]:
    """Act on a no: nothing is done; search where it says what is wanted instead."""
    if turn.changes and not turn.lists_anyway:
        return search(turn)
    return [SystemAct("clarify", reason="anything_else")]


def start_over(turn: Turn) -> list[SystemAct]:
    """Begin again, with a search where the turn already says for what."""
    if turn.lists_anyway:
        return [SystemAct("start_over")]
    if turn.state.constraints:
        return [SystemAct("start_over"), *search(turn)]
    return [SystemAct("start_over", question=Question(lexicon().asks["what_kind"]))]


def order_status(turn: Turn) -> list[SystemAct]:
    """Read the shopper's own orders."""
    return [SystemAct("order_status", reason="" if turn.facts.signed_in else "sign_in")]


def change_order(turn: Turn) -> list[SystemAct]:
    """Say what the policy is and offer a person, who alone may change an order."""
    said = "cancel" if "cancel_order" in turn.acts.intents else "return"
    question = Question(lexicon().asks["person"], options=lexicon().yes_no)
    act = SystemAct("order_service", said=said, question=question)
    return [act if turn.facts.signed_in else replace(act, reason="sign_in")]


def _what_kind() -> SystemAct:
    return SystemAct("clarify", reason="what_kind", question=Question(lexicon().asks["what_kind"]))


RULES: Mapping[Intent, Callable[[Turn], list[SystemAct]]] = {
    "search": search,
    "refine": search,
    "relax": search,
    "recommend": recommend,
    "more_like_this": similar,
    "compare": compare,
    "ask_product": ask_product,
    "ask_policy": lambda _: [SystemAct("answer_policy")],
    "add_to_cart": add_to_cart,
    "remove_from_cart": remove_from_cart,
    "view_cart": lambda _: [SystemAct("cart_view")],
    "checkout": checkout,
    "order_status": order_status,
    "cancel_order": change_order,
    "return_or_refund": change_order,
    "feedback_positive": like,
    "feedback_negative": dislike,
    "affirm": affirm,
    "deny": deny,
    "greet": lambda _: [SystemAct("greet")],
    "thank": lambda _: [SystemAct("thank")],
    "goodbye": lambda _: [SystemAct("goodbye")],
    "start_over": start_over,
    "human_agent": lambda _: [SystemAct("handoff")],
    "out_of_scope": lambda _: [SystemAct("out_of_scope")],
}
"""The rule of every intent."""
