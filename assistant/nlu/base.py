"""The parser port: a dialogue so far and one utterance in, acts out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from assistant.dialogue.state import DialogueState

if TYPE_CHECKING:
    from assistant.dialogue.acts import Acts
    from assistant.llm.base import Known


@dataclass(frozen=True, slots=True)
class Turn:
    """What a parser reads.

    Attributes:
        text: The shopper's utterance, as typed.
        state: The state before it (constraints, shown list, open question).
        assistant_text: What the assistant said last; "" at the beginning.
        previous_text: What the shopper said before that; "" at the beginning.
        known: Words of `text` that the shop's catalogue knows; () where the shop is not known.
    """

    text: str
    state: DialogueState = field(default_factory=DialogueState)
    assistant_text: str = ""
    previous_text: str = ""
    known: tuple[Known, ...] = ()


class Parser(Protocol):
    """Understands one turn."""

    name: str

    def parse(self, turn: Turn) -> Acts:
        """Return what `turn.text` says; always valid acts, whatever the text.

        Raises:
            ParseError: The model behind the parser cannot answer at all.
        """
        ...
