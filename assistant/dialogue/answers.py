"""Answers that need no parser: a text that is exactly one of the quick replies means what that reply says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.dialogue.acts import Acts, Drop
from assistant.dialogue.lexicon import lexicon, same_size, words
from retrieval.types import Constraint

if TYPE_CHECKING:
    from assistant.dialogue.state import DialogueState, Question


def answered(state: DialogueState, text: str) -> Acts | None:
    """Return the acts of a text that is exactly an answer offered with the open question, or a fixed phrase.

    This needs no parser: a quick reply means what it says. None for any other text.
    """
    question = state.question
    said = _flat(text)
    if state.shown and said in lexicon()["more"]:
        return Acts(intents=("refine",))
    if said in lexicon().commands:
        return Acts(intents=(lexicon().commands[said],))
    if question is None or not said:
        return None
    if question.option_ids:
        return _item(question, said)
    return _option(state, question, text, said) if question.slot and not question.proposes else _yes_or_no(said)


def _option(state: DialogueState, question: Question, text: str, said: str) -> Acts | None:
    """Return the constraints that an option stands for; a size chosen for the cart ends the one that was refused."""
    for place, option in enumerate(question.options):
        same = said == _flat(option) or (question.slot == "size" and same_size(option, text))
        if same and question.slot is not None:
            waits = state.pending is not None and state.pending.missing == question.slot
            drop = (Drop(question.slot),) if waits else ()
            wanted = question.means[place] if question.means else (Constraint(question.slot, "eq", option),)
            return Acts(intents=("refine",), add=wanted, drop=drop)
    return None


def _item(question: Question, said: str) -> Acts | None:
    named = (i for option, i in zip(question.options, question.option_ids, strict=False) if said == _flat(option))
    product_id = next(named, None)
    return Acts(intents=(question.intent or "ask_product",), product_ids=(product_id,)) if product_id else None


def _yes_or_no(said: str) -> Acts | None:
    known = lexicon()
    if said in known["yes"]:
        return Acts(intents=("affirm",))
    return Acts(intents=("deny",)) if said in known["no"] else None


def _flat(text: str) -> str:
    return " ".join(words(text))
