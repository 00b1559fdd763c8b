"""Fixed phrases mean one thing wherever they are said; everything else is left to the parser."""

from __future__ import annotations

import pytest

from assistant.dialogue.answers import answered
from assistant.dialogue.state import DialogueState


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("Checkout", "checkout"),
        ("show my cart!", "view_cart"),
        ("Start over", "start_over"),
        ("Talk to a person", "human_agent"),
        ("What would you recommend me?", "recommend"),
        ("where is my order?", "order_status"),
    ],
)
def test_a_fixed_phrase_needs_no_parser(said: str, intent: str) -> None:
    acts = answered(DialogueState(), said)
    assert acts is not None
    assert acts.intents == (intent,)
    assert not acts.add


@pytest.mark.parametrize("said", ["checkout tables", "a cart for the garden", "reset my router", ""])
def test_longer_talk_is_parsed(said: str) -> None:
    assert answered(DialogueState(), said) is None
