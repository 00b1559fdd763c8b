"""Parses whole dialogues by replaying their turns: section 3 of the contract, `shoptalk parse`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant.dialogue.acts import Acts
from assistant.dialogue.state import DialogueState, ShownItem
from assistant.dialogue.tracker import show, track
from assistant.errors import ParseError
from assistant.nlu.base import Turn
from assistant.nlu.spelling import MENDED_SLOTS, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.nlu.base import Parser
    from retrieval.types import Constraint

MAX_TURNS = 400


def parse_dialogue(parser: Parser, dialogue: Mapping[str, Any]) -> dict[str, Any]:
    """Return intents, constraints and references after the last turn of `dialogue`.

    Args:
        parser: Reads each shopper turn.
        dialogue: `{"id": ..., "dialogue": [{"role": "user", "text": ...}, {"role": "assistant", "text": ...,
            "shown": [...]}, ...]}`; the last entry is the shopper's.

    Returns:
        `{"id", "intents", "constraints", "references", "confidence", "elapsed_ms"}`: `confidence` is the parser's own
        probability that it read the last turn right, `elapsed_ms` the wall time of that turn.

    Raises:
        ParseError: The dialogue has another shape, or the parser cannot answer.
    """
    turns = _checked(dialogue)
    state, acts, elapsed_ms = DialogueState(), Acts(intents=("out_of_scope",)), 0.0
    assistant_text = previous_text = ""
    for turn in turns:
        if turn["role"] == "assistant":
            assistant_text = turn["text"]
            if "shown" in turn:
                state = show(state, _items(turn["shown"], state.turn))
            continue
        started = time.perf_counter()
        heard = Turn(turn["text"], state, assistant_text=assistant_text, previous_text=previous_text)
        acts = parser.parse(heard)
        state = _pointed(track(state, acts), acts)
        elapsed_ms = 1000 * (time.perf_counter() - started)
        previous_text = turn["text"]
    return {
        "id": dialogue.get("id"),
        "intents": list(acts.intents),
        "constraints": [_mended(c).to_json() for c in state.constraints],
        "references": list(acts.references),
        "confidence": round(acts.confidence, 4),
        "elapsed_ms": round(elapsed_ms, 2),
    }


def _pointed(state: DialogueState, acts: Acts) -> DialogueState:
    """Return `state` with its focus on what `acts` points at, where it points."""
    ids = tuple(item.product_id for item in state.shown if item.position in acts.references)
    return replace(state, focus=ids) if ids else state


def _mended(constraint: Constraint) -> Constraint:
    if constraint.slot not in MENDED_SLOTS or not isinstance(constraint.value, str):
        return constraint
    return replace(constraint, value=shipped().mend(constraint.value))


def _items(titles: list[str], turn: int) -> tuple[ShownItem, ...]:
    return tuple(
        ShownItem(product_id=f"shown-{turn}-{k}", title=title, position=k, turn=turn)
        for k, title in enumerate(titles, start=1)
    )


def _checked(dialogue: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    turns = dialogue.get("dialogue") if hasattr(dialogue, "get") else None
    if not isinstance(turns, list) or not turns or len(turns) > MAX_TURNS:
        msg = f"a dialogue needs a list of 1 to {MAX_TURNS} turns under 'dialogue', got {str(turns)[:60]!r}"
        raise ParseError(msg)
    for number, turn in enumerate(turns, start=1):
        _check_turn(turn, number)
    if turns[-1]["role"] != "user":
        msg = f"the last turn of a dialogue must have the role 'user', not {turns[-1]['role']!r}"
        raise ParseError(msg)
    return turns


def _check_turn(turn: object, number: int) -> None:
    if not isinstance(turn, dict) or turn.get("role") not in {"user", "assistant"}:
        msg = f"turn {number} needs a 'role' of 'user' or 'assistant', got {str(turn)[:60]!r}"
        raise ParseError(msg)
    if not isinstance(turn.get("text"), str):
        msg = f"turn {number} needs a string under 'text', got {str(turn.get('text'))[:60]!r}"
        raise ParseError(msg)
    shown = turn.get("shown", [])
    if not isinstance(shown, list) or not all(isinstance(title, str) for title in shown):
        msg = f"'shown' of turn {number} must be a list of titles, got {str(shown)[:60]!r}"
        raise ParseError(msg)
