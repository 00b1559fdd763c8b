"""Carries out what the policy decided: one plan step for each system act, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.nlg.brief import brief
from assistant.nlg.plan import Step
from assistant.reply import Handoff
from assistant.turn import answering, buying, finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.dialogue.system import SystemAct
    from assistant.turn.house import House, Turn

_LISTS = frozenset({"search", "more", "recommend", "similar"})
_FEWER = 3
"""Products for each product type where several were asked for."""


def perform(house: House, turn: Turn, acts: Sequence[SystemAct]) -> tuple[Step, ...]:
    """Carry out `acts`; the turn's cart and desk change on the way."""
    lists = sum(act.kind in _LISTS for act in acts)
    n = house.settings.n_products if lists < 2 else _FEWER
    steps = [_step(house, turn, act, n=n, key=f"{turn.number}:{i}", lists=lists) for i, act in enumerate(acts)]
    return tuple(step for step in steps if step is not None)


def _step(house: House, turn: Turn, act: SystemAct, *, n: int, key: str, lists: int) -> Step | None:
    if act.kind in _LISTS:
        found = finding.find(house, turn, act, n=n, among_others=lists > 1)
        if found.not_carried and act.question and act.reason != "to_add":  # nothing to narrow down
            act, turn.state = replace(act, question=None), replace(turn.state, question=None)
        return Step(act, found)
    if act.reason == "to_compare" and any(card.label == finding.ALTERNATIVE for card in turn.desk.cards):
        return None  # what was to be compared is not sold: alternatives are shown, not weighed
    with turn.trace.stage("act"):
        return _cart_step(house, turn, act, key=key) or _answer_step(house, turn, act) or Step(act)


def _cart_step(house: House, turn: Turn, act: SystemAct, *, key: str) -> Step | None:
    if act.kind == "cart_add":
        return Step(act, buying.add(house, turn, act, key=key))
    if act.kind == "cart_remove":
        return Step(act, buying.remove(house, turn, act, key=key))
    return Step(act, buying.checkout(turn, act)) if act.kind == "checkout" else None


def _answer_step(house: House, turn: Turn, act: SystemAct) -> Step | None:
    if act.kind == "compare":
        return Step(act, answering.compare(house, turn, act))
    if act.kind == "answer_product":
        return Step(act, answering.about_product(house, turn, act))
    if act.kind == "answer_policy":
        return Step(act, answering.about_policy(house, turn))
    if act.kind in {"order_status", "order_service"}:
        return Step(act, answering.about_order(house, turn, act))
    return Step(act, _handoff(house, turn)) if act.kind == "handoff" else None


def _handoff(house: House, turn: Turn) -> Handoff:
    conversation = turn.conversation
    talk = house.conversations.transcript(conversation.conversation_id, user_id=conversation.user_id)
    reason = _reason(turn)
    summary = brief(
        reason,
        said=[*(message.text for message in talk if message.role == "user"), turn.message],
        constraints=turn.state.constraints,
        shown=[item.title for item in turn.state.shown],
        cart=turn.cart.lines,
        order_ids=[str(c.value) for c in turn.state.of("order_id")],
        shopper=turn.user_id,
        currency=house.store.currency,
    )
    return Handoff(reason, summary)


def _reason(turn: Turn) -> str:
    if "human_agent" in turn.acts.intents:
        return "asked"
    return "order_change" if turn.state.of("order_id") else "not_understood"
