"""What to do about a turn: from state, acts, resolved items and facts to system acts, done in order.

`decide` chooses, `apply` records in the state what was chosen; both are pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue import cart_policy
from assistant.dialogue.lexicon import lexicon
from assistant.dialogue.rules import RULES, checkout
from assistant.dialogue.situation import Turn
from assistant.dialogue.state import PendingAction, Question
from assistant.dialogue.system import SystemAct
from assistant.dialogue.tracker import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.dialogue.acts import Acts, Intent
    from assistant.dialogue.facts import Facts
    from assistant.dialogue.references import Resolved
    from assistant.dialogue.state import DialogueState
    from assistant.dialogue.system import SystemActKind
    from retrieval.types import Constraint

MAX_REJECTED = 200
_ORDER: tuple[Intent, ...] = (
    "human_agent", "start_over", "deny", "affirm", "feedback_positive", "feedback_negative", "remove_from_cart",
    "add_to_cart", "order_status", "cancel_order", "return_or_refund", "ask_policy", "ask_product", "compare",
    "more_like_this", "recommend", "search", "refine", "relax", "view_cart", "checkout", "out_of_scope", "greet",
    "thank", "goodbye",
)  # fmt: skip
"""The order in which the wishes of one turn are done: what changes things first, lists later, courtesies last."""
_COURTESIES: frozenset[SystemActKind] = frozenset({"greet", "thank", "goodbye"})
_LISTING: frozenset[SystemActKind] = frozenset({"search", "more", "recommend", "similar"})
_ITEM_ACTS: frozenset[SystemActKind] = frozenset({"answer_product", "compare", "cart_add", "similar", "feedback"})
_KEEPS_PENDING: frozenset[SystemActKind] = frozenset(
    {"answer_product", "answer_policy", "order_status", "cart_view", "out_of_scope", "greet", "thank"}
)
_UNCLEAR = frozenset({"not_understood", "did_you_mean", "offer_person"})
_GUESSABLE: frozenset[Intent] = frozenset({"search", "refine", "recommend"})


def decide(state: DialogueState, acts: Acts, resolved: Resolved, facts: Facts) -> tuple[SystemAct, ...]:
    """Return what to do about this turn, in order; never empty, with at most one question.

    Args:
        state: The state after `tracker.track`: `answering` is the question that was open.
        acts: The turn.
        resolved: What `references.resolve` made of the items it points at.
        facts: The shop as far as it matters here.
    """
    turn = Turn(state, acts, resolved, facts)
    if acts.confidence < facts.min_confidence and "human_agent" not in acts.intents:
        return (_not_understood(state, acts.guess),)
    if _completes_pending(turn):
        return _tidy(_completed(turn))
    done: list[SystemAct] = []
    for intent in _ORDER:
        if intent in acts.intents:
            done += RULES[intent](turn)
    return _tidy(done) or (_not_understood(state),)


def apply(state: DialogueState, acts: Sequence[SystemAct]) -> DialogueState:
    """Return the state after the decision: focus, pending action, items turned down, the open question, strikes.

    Call it before the searches: what was just turned down must not come back in them.
    """
    kinds = {act.kind for act in acts}
    for act in acts:
        state = _with_list(_with_items(state, act), act)
    state = replace(
        state,
        pending=_pending(state, acts),
        focus=() if kinds & _LISTING and not kinds & _ITEM_ACTS else state.focus,
        with_person=state.with_person or "handoff" in kinds,
        strikes=state.strikes + 1 if any(act.reason in _UNCLEAR for act in acts) else 0,
    )
    return ask(state, next((act.question for act in acts if act.question), None))


def doubt(acts: Acts, *, recognised: float, least: float = 0.34) -> Acts:
    """Return `acts`, emptied and without confidence where too few of the turn's words are known: gibberish.

    Call it before `tracker.track`: what was not understood must not change the state.

    Args:
        acts: The parser's reading.
        recognised: Share of the turn's words that the shop's catalogue or the language knows, 0..1.
        least: Below this share the reading is not believed.
    """
    if recognised >= least or "human_agent" in acts.intents:
        return acts
    return replace(acts, intents=("out_of_scope",), add=(), drop=(), references=(), confidence=0.0)


def unsure(acts: Acts) -> Acts:
    """Return `acts` emptied, what it would have searched for kept as a guess that one question can confirm.

    Call it before `tracker.track`, for a reading with too little confidence.
    """
    guess = acts.add if acts.main in _GUESSABLE and not acts.drop else ()
    return replace(acts, intents=("out_of_scope",), add=(), drop=(), references=(), guess=guess)


def _with_items(state: DialogueState, act: SystemAct) -> DialogueState:
    """Record what an act says about items: turned down, or talked about now."""
    if act.kind not in _ITEM_ACTS or not act.product_ids:
        return state
    if act.kind != "feedback" or act.liked:
        return replace(state, focus=act.product_ids)
    keys = {item.product_id: item.group_key or item.product_id for item in state.seen}
    turned_down = [keys.get(i, i) for i in act.product_ids]
    return replace(
        state,
        rejected=tuple(dict.fromkeys((*state.rejected, *turned_down)))[-MAX_REJECTED:],
        focus=tuple(i for i in state.focus if i not in act.product_ids),
    )


def _with_list(state: DialogueState, act: SystemAct) -> DialogueState:
    """Record what kind of list is shown."""
    if act.kind in {"search", "more"}:
        return replace(state, listing="search", like="")
    if act.kind == "recommend":
        return replace(state, listing="recommend", like="")
    if act.kind == "similar" and act.product_ids:
        return replace(state, listing="similar", like=act.product_ids[0])
    return state


def _pending(state: DialogueState, acts: Sequence[SystemAct]) -> PendingAction | None:
    """Return the action that waits after this turn: a new one, or the old one where the turn only asked something."""
    new = next((p for p in map(_waits, acts) if p), None)
    keeps = new is None and all(act.kind in _KEEPS_PENDING for act in acts)
    return state.pending if keeps else new


def _waits(act: SystemAct) -> PendingAction | None:
    product_id = act.product_ids[0] if act.product_ids else ""
    if act.kind == "cart_add" and act.missing:
        return PendingAction("add_to_cart", product_id, act.quantity, missing="size")
    if act.kind == "search" and act.reason == "to_add":
        return PendingAction("add_to_cart", quantity=act.quantity, size=act.said)
    if act.kind == "feedback" and act.question:
        return PendingAction("add_to_cart", product_id)
    if act.question and (act.kind == "order_service" or act.reason == "offer_person"):
        return PendingAction("handoff")
    return None


def _tidy(acts: Sequence[SystemAct]) -> tuple[SystemAct, ...]:
    """Keep one question a turn, each act once, and no "nothing to go by" beside something that is done."""
    acts = [act for n, act in enumerate(acts) if act not in acts[:n]]
    if any(act.kind not in _COURTESIES and act.kind != "clarify" for act in acts):
        acts = [act for act in acts if act.kind != "clarify" or act.reason == "which_item"]
    asking = next((n for n, act in enumerate(acts) if act.question), -1)
    return tuple(act if n == asking else replace(act, question=None) for n, act in enumerate(acts))


def _not_understood(state: DialogueState, guess: tuple[Constraint, ...] = ()) -> SystemAct:
    if state.strikes == 0 and guess:
        question = Question(lexicon().asks["did_you_mean"], options=lexicon().yes_no, proposes=guess)
        return SystemAct("clarify", reason="did_you_mean", question=question)
    if state.strikes == 0:
        return SystemAct("clarify", reason="not_understood")
    question = Question(lexicon().asks["person"], options=lexicon().yes_no)
    return SystemAct("clarify", reason="offer_person", question=question)


def _completes_pending(turn: Turn) -> bool:
    """Say whether the turn does nothing but give the pending action its yes or its missing size."""
    pending, acts = turn.state.pending, turn.acts
    if pending is None or acts.main in {"deny", "start_over"} or acts.product_ids:
        return False
    if pending.type != "add_to_cart":
        return acts.main == "affirm"
    touched = {c.slot for c in acts.add} | {d.slot for d in acts.drop}
    if touched - {"size", "quantity"}:
        return False
    if pending.missing == "size":
        return any(c.slot == "size" for c in acts.add) and acts.main in {"refine", "affirm", "add_to_cart", "search"}
    picks = not pending.product_id and acts.main == "refine" and bool(turn.resolved.product_ids)
    return picks or acts.main == "affirm"


def _completed(turn: Turn) -> list[SystemAct]:
    pending, state = turn.state.pending, turn.state
    if pending is None or pending.type == "handoff":
        return [SystemAct("handoff")]
    if pending.type == "checkout":
        return checkout(turn)
    waiting = (pending.product_id,) if pending.product_id else turn.shown[:1]
    ids = turn.resolved.product_ids or waiting
    if not ids:
        return [cart_policy.which_item(state, turn.resolved, intent="add_to_cart")]
    return [cart_policy.complete(state, turn.acts, turn.facts, product_id=i) for i in ids]
