"""Puts a reply together: the plan for the wording, the grounding check, the state as shown, the reply itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.state import ShownItem
from assistant.dialogue.tracker import show
from assistant.nlg.evidence import gather
from assistant.nlg.plan import Found, Handled, ReplyPlan
from assistant.nlg.quick_replies import quick_replies
from assistant.nlg.responder import respond, speak
from assistant.reply import Comparison, Handoff, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.dialogue.events import Event
    from assistant.dialogue.state import DialogueState
    from assistant.history.conversations import Conversation
    from assistant.nlg.plan import Step
    from assistant.reply import Card
    from assistant.turn.house import House, Turn

_LOG = logging.getLogger(__name__)


def plan(house: House, turn: Turn, steps: Sequence[Step]) -> ReplyPlan:
    """Return what the reply has to say."""
    question = next((step.act.question for step in steps if step.act.question), None)
    return ReplyPlan(
        turn=turn.number,
        steps=tuple(steps),
        said=turn.message,
        cart=turn.cart.lines,
        currency=house.store.currency,
        question=question,
        strikes=turn.state.strikes,
        shop=house.name,
        shopper=_first_name(house, turn.user_id),
    )


def _first_name(house: House, user_id: str) -> str:
    return house.users.get(user_id).name.split(" ")[0] if user_id else ""


def words(house: House, turn: Turn, reply_plan: ReplyPlan) -> str:
    """Put the plan into words, without what this turn's evidence does not hold."""
    evidence = gather(
        reply_plan,
        products=turn.desk.products.values(),
        reviews=turn.desk.reviews.values(),
        events=_cited_events(house, turn),
        names=turn.desk.names,
    )
    text, dropped = speak(reply_plan, evidence)
    if dropped:
        _LOG.warning("grounding took %d piece(s) out of the reply", len(dropped))
        _LOG.debug("taken out: %s", dropped)
    return text


def _cited_events(house: House, turn: Turn) -> list[Event]:
    cited = {ref for card in turn.desk.cards for claim in card.why for ref in claim.evidence}
    if not any(ref.startswith("event:") for ref in cited):
        return []
    return [event for event in house.events.events(turn.owner) if f"event:{event.event_id}" in cited]


def cards_of(steps: Sequence[Step]) -> tuple[Card, ...]:
    """Return everything drawn, in screen order, each product once."""
    drawn = {card.product_id: card for step in reversed(steps) for card in _found(step)}
    order = dict.fromkeys(card.product_id for step in steps for card in _found(step))
    return tuple(drawn[product_id] for product_id in order)


def _found(step: Step) -> tuple[Card, ...]:
    return step.outcome.cards if isinstance(step.outcome, Found) else ()


def shown(house: House, turn: Turn, steps: Sequence[Step]) -> DialogueState:
    """Return the state with this turn's cards as what later references point at."""
    drawn = cards_of(steps)
    if not drawn:
        return turn.state
    products = {p.product_id: p for p in house.store.catalogue.get([card.product_id for card in drawn])}
    items = [
        ShownItem(
            product_id=card.product_id,
            title=card.title,
            position=position,
            turn=turn.number,
            price_cents=card.price_cents,
            currency=card.currency,
            color=card.color,
            group=card.role,
            group_key=products[card.product_id].group_key if card.product_id in products else card.product_id,
        )
        for position, card in enumerate(drawn, start=1)
    ]
    paging = any(step.act.kind == "more" or step.act.reason == "more" for step in steps)
    return show(turn.state, items, paging=paging)


def reply(turn: Turn, steps: Sequence[Step], *, said: ReplyPlan, text: str, state: DialogueState) -> Reply:
    """Return the reply; what is shown is what is named is what later turns point at."""
    outcomes = [step.outcome for step in steps]
    return Reply(
        turn=turn.number,
        text=text,
        conversation_id=turn.conversation.conversation_id,
        intents=turn.acts.intents,
        constraints=state.constraints,
        products=cards_of(steps),
        relaxed=tuple(c for outcome in outcomes if isinstance(outcome, Found) for c in outcome.relaxed),
        question=state.question.text if state.question else None,
        quick_replies=quick_replies(said),
        actions=tuple(outcome.action for outcome in outcomes if isinstance(outcome, Handled)),
        cart=turn.cart.lines,
        comparison=next((outcome for outcome in outcomes if isinstance(outcome, Comparison)), None),
        handoff=next((outcome for outcome in outcomes if isinstance(outcome, Handoff)), None),
        elapsed_ms=turn.trace.elapsed_ms,
        trace=dict(turn.trace.stages),
        notes=dict(turn.trace.notes),
    )


def degraded(house: House, conversation: Conversation) -> Reply:
    """Return an honest answer where part of the house does not answer; nothing is stored: it can be repeated."""
    number = conversation.turn + 1
    text = respond(ReplyPlan(turn=number, currency=house.store.currency, degraded=True))
    cart = house.carts.load(conversation.cart_id).lines
    return replace(
        Reply(turn=number, text=text, conversation_id=conversation.conversation_id, cart=cart, degraded=True),
        constraints=conversation.state.constraints,
        quick_replies=("Try again", "Start over"),
    )
