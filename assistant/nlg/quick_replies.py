"""Next steps to offer as buttons: at most four short texts, each an utterance that the assistant understands.

They are plain text: whoever draws them escapes them, as everything else on the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.nlg.phrasebook import next_steps
from assistant.nlg.plan import Found, Handled
from assistant.nlg.wording import flat
from assistant.reply import Comparison
from assistant.service.base import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assistant.nlg.plan import ReplyPlan, Step

MAX_REPLIES = 4
MAX_LENGTH = 40


def quick_replies(plan: ReplyPlan) -> tuple[str, ...]:
    """Return what to offer after a reply: the options of an open question first, then steps that fit what was done."""
    question = plan.question or next((s.act.question for s in plan.steps if s.act.question), None)
    options = question.options if question else ()
    if options:
        return _tidy(options)
    waiting = [s for s in plan.steps if isinstance(s.outcome, Handled) and s.outcome.action.status != "done"]
    sizes = next((s.outcome.sizes for s in waiting if isinstance(s.outcome, Handled) and s.outcome.sizes), ())
    if sizes:
        return _tidy(sizes)
    situation = next((s for step in reversed(plan.steps) if (s := _situation(step, plan))), "none")
    return _tidy(next_steps(situation))


def _situation(step: Step, plan: ReplyPlan) -> str:
    kind, outcome = step.act.kind, step.outcome
    if isinstance(outcome, Found):
        return _after_list(outcome)
    if isinstance(outcome, Comparison):
        return "compare"
    if isinstance(outcome, Answer):
        return _after_answer(step, outcome)
    if isinstance(outcome, Handled) and outcome.action.status == "needs_confirmation":
        return "confirm"
    if kind in ("cart_add", "cart_remove", "cart_view", "checkout"):
        return _after_cart(step) if plan.cart else "cart_empty"
    return {"clarify": "unknown", "handoff": "silent", "goodbye": "silent"}.get(kind, "greet")


def _after_cart(step: Step) -> str:
    return step.act.kind if step.act.kind in ("cart_view", "checkout") else "cart"


def _after_list(found: Found) -> str:
    if not found.cards:
        return "none"
    if len(found.cards) == 1:
        return "single"
    more = found.total > found.offset + len(found.cards)
    cheapest = any(c.slot == "sort" and c.value == "price_asc" for c in found.constraints)
    return ("list" if more else "last") + ("_cheapest" if cheapest else "")


def _after_answer(step: Step, answer: Answer) -> str:
    if not answer.known:
        return "unknown"
    return {"answer_product": "answer", "answer_policy": "policy"}.get(step.act.kind, "service")


def _tidy(texts: Iterable[str]) -> tuple[str, ...]:
    clean = (flat(text, limit=MAX_LENGTH) for text in texts)
    return tuple(dict.fromkeys(text for text in clean if text))[:MAX_REPLIES]
