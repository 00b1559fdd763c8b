"""The whole reply in words, from a frozen plan: short plain English, no figure that the plan does not carry."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from assistant.nlg.carts import cart_sentences
from assistant.nlg.grounding import check
from assistant.nlg.lists import list_sentences
from assistant.nlg.phrasebook import say
from assistant.nlg.plan import Found
from assistant.nlg.wording import described, flat, listed
from assistant.reply import Comparison
from assistant.service.base import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assistant.dialogue.state import Question
    from assistant.dialogue.system import SystemActKind
    from assistant.nlg.evidence import Evidence
    from assistant.nlg.plan import ReplyPlan, Step
    from retrieval.types import Constraint

_QUOTED = re.compile(r"“[^”]*”")
_COURTESY = frozenset({"greet", "thank", "goodbye"})


def respond(plan: ReplyPlan) -> str:
    """Put a plan into words: a line an act, at most one question, last.

    The same plan always gives the same text; the wording varies with the turn number.
    """
    lines = [say("degraded", plan.turn)] if plan.degraded else []
    for place, step in enumerate(_ordered(plan)):
        sentences = [s for s in _SAYS[step.act.kind](step, plan, plan.turn + place) if s]
        lines += [" ".join(sentences)] if sentences else []
    return _one_question([line for line in lines if line], _question(plan)) or say("fallback", plan.turn)


def speak(plan: ReplyPlan, evidence: Evidence) -> tuple[str, tuple[str, ...]]:
    """Return the reply to `plan` as far as `evidence` holds it, never empty, and the pieces that had to go."""
    text, dropped = check(respond(plan), evidence)
    return text or say("fallback", plan.turn), dropped


def _ordered(plan: ReplyPlan) -> list[Step]:
    """Return the steps, a greeting or thanks beside a request first and short."""
    first = [s for s in plan.steps if s.act.kind in ("greet", "thank")]
    last = [s for s in plan.steps if s.act.kind == "goodbye"]
    return [*first, *(s for s in plan.steps if s.act.kind not in _COURTESY), *last]


def _question(plan: ReplyPlan) -> Question | None:
    return plan.question or next((s.act.question for s in plan.steps if s.act.question), None)


def _one_question(lines: list[str], question: Question | None) -> str:
    """Join the lines and keep one question: the turn's own where it brings one, else the last one asked."""
    said = " ".join(lines).strip()
    own = flat(question.text, limit=300) if question else ""
    kept = [_without_questions(line) if own else line for line in lines]
    if not own and _asks(said) > 1:
        kept = [*map(_without_questions, lines[:-1]), lines[-1]]
    body = "\n".join(line for line in kept if line)
    return f"{body} {own}".strip()


def _asks(text: str) -> int:
    return _QUOTED.sub("", text).count("?")


def _without_questions(line: str) -> str:
    masked = _QUOTED.sub(lambda m: "\0" * len(m.group()), line)
    cuts = [0, *(m.end() for m in re.finditer(r"[.!?]\s+", masked)), len(line)]
    return "".join(line[a:b] for a, b in pairwise(cuts) if not masked[a:b].rstrip().endswith("?")).strip()


def _list(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    if isinstance(step.outcome, Found):
        return list_sentences(step.outcome, step.act.kind, seed=seed, currency=plan.currency)
    return [say("unresolved", seed), say("ask_item", seed)] if step.act.unresolved else [say("ask_kind", seed)]


def _compare(step: Step, _: ReplyPlan, seed: int) -> list[str]:
    table = step.outcome
    if not isinstance(table, Comparison) or len(table.product_ids) < 2:
        return [say("compare_too_few", seed), say("ask_item", seed)]
    return [say("compare", seed, verdict=table.verdict).strip()]


def _answer(step: Step, _: ReplyPlan, seed: int) -> list[str]:
    if isinstance(step.outcome, Answer) and step.outcome.text:
        return [step.outcome.text]
    if step.act.unresolved or (step.act.kind == "answer_product" and not step.act.product_ids):
        return [say("unresolved", seed), say("ask_item", seed)]
    keys = {"answer_policy": "policy_unknown", "answer_product": "answer_unknown"}
    key = "sign_in" if step.act.reason == "sign_in" else keys.get(step.act.kind, "order_unavailable")
    return [say(key, seed)]


def _feedback(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    note = say("liked" if step.act.liked else "disliked", seed)
    if isinstance(step.outcome, Found):
        return [note, *list_sentences(step.outcome, "more", seed=seed, currency=plan.currency)]
    return [note]


def _clarify(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    """Say why something is asked; the question comes with the act, or else a fitting one is asked."""
    reason, question = step.act.reason, step.act.question
    if reason == "what_kind":
        return [say("ask_kind", seed)]
    if reason == "anything_else":
        return [say("clarify_open", seed), say("ask_else", seed)]
    if reason == "which_item" and question is not None and question.intent == "compare" and len(question.options) == 1:
        return [say("compare_one", seed)]
    if reason == "did_you_mean" and question is not None:
        return [say("did_you_mean", seed, wish=_guessed(question.proposes, plan.currency))]
    if reason == "which_item" or step.act.unresolved:
        return [say("unresolved" if step.act.unresolved else "which_item", seed), say("ask_item", seed)]
    if reason == "offer_person" or plan.strikes > 1:
        return [say("clarify_again", seed), say("ask_person", seed)]
    return [say("clarify", seed), say("ask_kind", seed)]


def _guessed(constraints: Sequence[Constraint], currency: str) -> str:
    """Say what a turn may have asked for: its product types, then its wishes."""
    kinds = listed([str(c.value) for c in constraints if c.slot == "category" and c.op == "eq"])
    rest = described([c for c in constraints if c.slot != "category"], currency)
    return flat(f"{kinds or 'something'} {rest}".strip(), limit=200)


def _greet(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    shopper = f", {flat(plan.shopper, limit=40)}" if plan.shopper else ""
    if any(s.act.kind not in _COURTESY for s in plan.steps):
        return [say("greet_beside", seed, shopper=shopper)]
    shop = f" to {flat(plan.shop, limit=60)}" if plan.shop else ""
    return [say("greet", seed, shopper=shopper, shop=shop), say("ask_kind", seed)]


def _start_over(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    alone = all(s.act.kind in ("start_over", *_COURTESY) for s in plan.steps)
    return [say("start_over", seed), *([say("ask_kind", seed)] if alone else [])]


def _thank(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    alone = all(s.act.kind in _COURTESY for s in plan.steps) and not any(s.act.kind == "goodbye" for s in plan.steps)
    return [say("thank", seed), *([say("ask_else", seed)] if alone else [])]


def _fixed(key: str) -> Callable[[Step, ReplyPlan, int], list[str]]:
    return lambda _step, _plan, seed: [say(key, seed)]


def _cart(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    return cart_sentences(step, plan, seed=seed)


_SAYS: Mapping[SystemActKind, Callable[[Step, ReplyPlan, int], list[str]]] = {
    "search": _list,
    "more": _list,
    "recommend": _list,
    "similar": _list,
    "compare": _compare,
    "answer_product": _answer,
    "answer_policy": _answer,
    "cart_add": _cart,
    "cart_remove": _cart,
    "cart_view": _cart,
    "checkout": _cart,
    "order_status": _answer,
    "order_service": _answer,
    "feedback": _feedback,
    "greet": _greet,
    "thank": _thank,
    "goodbye": _fixed("goodbye"),
    "start_over": _start_over,
    "clarify": _clarify,
    "handoff": _fixed("handoff"),
    "out_of_scope": _fixed("out_of_scope"),
}
