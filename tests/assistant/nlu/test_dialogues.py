"""Whole dialogues: section 3 of the contract."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.errors import ParseError
from assistant.llm.base import Mark, Span, Token
from assistant.llm.scripted import ScriptedModel
from assistant.nlu import language
from assistant.nlu.dialogues import parse_dialogue
from assistant.nlu.parser import ModelParser

SCRIPT: dict[str, tuple[Token, ...]] = {
    "red kettle": ("<i:search>", "<add:color:eq>", Span(0, 0, 3), "<add:category:eq>", Span(0, 4, 10)),
    "the second one": ("<i:add_to_cart>", language.REF, Mark(3)),
}
DIALOGUE: dict[str, Any] = {
    "id": "d1",
    "dialogue": [
        {"role": "user", "text": "red kettle"},
        {"role": "assistant", "text": "Two of them.", "shown": ["A", "B"]},
        {"role": "user", "text": "the second one"},
    ],
}


def test_state_and_shown_lists_are_replayed() -> None:
    found = parse_dialogue(ModelParser(ScriptedModel(SCRIPT)), DIALOGUE)
    assert found.pop("elapsed_ms") >= 0
    assert found == {
        "id": "d1",
        "intents": ["add_to_cart"],
        "constraints": [
            {"slot": "color", "op": "eq", "value": "red", "group": 0},
            {"slot": "category", "op": "eq", "value": "kettle", "group": 0},
        ],
        "references": [2],
        "confidence": 1.0,
    }


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({}, "list of 1 to"),
        ({"dialogue": []}, "list of 1 to"),
        ({"dialogue": ["hello"]}, "'role'"),
        ({"dialogue": [{"role": "bot", "text": "x"}]}, "'role'"),
        ({"dialogue": [{"role": "user"}]}, "'text'"),
        ({"dialogue": [{"role": "assistant", "text": "hello"}]}, "last turn"),
        ({"dialogue": [{"role": "assistant", "text": "x", "shown": "A"}, {"role": "user", "text": "x"}]}, "'shown'"),
        (["dialogue"], "list of 1 to"),
    ],
)
def test_other_shapes_are_refused_with_a_reason(broken: Any, says: str) -> None:  # noqa: ANN401
    with pytest.raises(ParseError, match=says):
        parse_dialogue(ModelParser(ScriptedModel()), broken)
