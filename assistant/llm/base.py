"""The language-model port: a marked-up prompt and a grammar in, a completion that obeys the grammar out.

A completion is made of words of a small command language, of spans copied from the prompt (by character offset, so
that whatever the shopper typed survives) and of marks that point at whole prompt segments. A model behind the port
never writes free text: it cannot invent a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


KNOWN_KINDS = ("category", "brand", "color", "material", "money", "measure", "number", "code")
"""What plain code can tell of a few words: what the shop calls them, or which kind of figure they are."""


@dataclass(frozen=True, slots=True)
class Known:
    """Characters `start..end` of a segment are of one of `KNOWN_KINDS`: a hint to the model, no command."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a prompt.

    Attributes:
        kind: What it is: `"user"`, `"assistant"`, `"shown"` or `"state"`.
        text: Its words, as typed.
        marks: Words of the command language put before the text (slot, operator, position).
        known: What plain code can tell of its words.
    """

    kind: str
    text: str
    marks: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()


Prompt = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start..end` of segment number `segment`: a copied value."""

    segment: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A whole segment, pointed at by its number."""

    segment: int


Token = str | Span | Mark


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be written next: some words, or a span of some segments, or a mark of some segments.

    Attributes:
        words: Words of the command language.
        spans: Numbers of the segments a span may be copied from.
        marks: Numbers of the segments a mark may point at.
        taken: Spans whose characters no other span may use.
    """

    words: tuple[str, ...] = ()
    spans: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    taken: tuple[Span, ...] = ()


class Grammar(Protocol):
    """Decides what may follow. `end` closes a completion and is always reachable."""

    end: str

    def allowed(self, prompt: Prompt, written: Sequence[Token]) -> Choice:
        """Return what may follow `written`; never an empty choice before `end`."""
        ...


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, without the closing word.

    Attributes:
        probability: The model's probability of the whole completion among those the grammar allows, 0..1; 1 where it
            cannot be had.
        first: Probability of each word that could have come first; empty where a model does not tell.
        answered_by: Name of the model that answered in place of the one asked; "" where that one did.
        excuse: Why the one asked did not; never any shopper text, address or key.
    """

    tokens: tuple[Token, ...]
    probability: float
    first: Mapping[str, float] = field(default_factory=dict, compare=False)
    answered_by: str = ""
    excuse: str = ""


class LanguageModel(Protocol):
    """Completes a prompt within a grammar."""

    name: str

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return the most likely completion the grammar allows.

        Raises:
            ModelError: The model cannot be loaded or does not answer.
        """
        ...
