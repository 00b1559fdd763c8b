"""From words to acts: what takes the place of what."""

from __future__ import annotations

import pytest

from assistant.dialogue.acts import Acts
from assistant.dialogue.state import DialogueState
from assistant.turn.understand import _exclusive
from retrieval.types import Constraint

STATE = DialogueState(
    constraints=(
        Constraint("category", "eq", "sandal"),
        Constraint("size", "eq", "9"),
        Constraint("size", "eq", "2 litre"),
        Constraint("color", "eq", "red"),
    )
)


@pytest.mark.parametrize(
    ("message", "adds", "gone"),
    [
        ("ok size 8", [Constraint("size", "eq", "8")], {("size", "9")}),
        ("or size 8", [Constraint("size", "eq", "8")], set()),
        ("3 litres", [Constraint("size", "eq", "3 litre")], set()),
        ("in blue", [Constraint("color", "eq", "blue")], set()),
        ("only the blue ones", [Constraint("color", "eq", "blue")], {("color", "red")}),
        ("no size 8", [Constraint("size", "ne", "8")], set()),
    ],
)
def test_only_and_another_size_replace(message: str, adds: list[Constraint], gone: set[tuple[str, str]]) -> None:
    acts = _exclusive(Acts(("refine",), add=tuple(adds)), STATE, message)
    assert {(drop.slot, drop.value) for drop in acts.drop} == gone
