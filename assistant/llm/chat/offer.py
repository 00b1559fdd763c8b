"""What a grammar lets a chat model say about one prompt, and the JSON schema that says the same.

A chat model never sees the command language. It sees names (intents, slots, operators) and numbers (of wishes and shown
items), all read off the grammar itself, so that a new slot there is offered here without a change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.errors import ModelError
from assistant.llm.chat.phrases import MAX_PHRASE, phrases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.llm.base import Grammar, Prompt

MAX_INTENTS, MAX_ADDS, MAX_POINTERS = 3, 12, 12
"""Longest lists in an answer: what keeps its length bounded."""

DROP, KEEP, REF, COVERS_ALL = "<drop>", "<keep>", "<ref>", "<all>"
SHOWN = "shown"
_WORD = re.compile(r"<(i|add|sort|price|g(?=\d)):?(\w+)(?::(\w+))?>")


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be said about one prompt.

    Attributes:
        intents: Names of intents.
        ops: Operators by slot, for values that are copied.
        sorts: Names of orders.
        bounds: Operators that compare with the price of what is shown: `"lt"`, `"gt"`.
        n_groups: How many product types can be told apart; 1 where nothing can be added.
        covers_all: Whether a budget can be said to cover everything.
        wishes: Segments that hold a numbered wish; number k is `wishes[k - 1]`.
        pointers: Which words may point at a wish: `"<drop>"`, `"<keep>"`.
        shown: Segments that hold a shown item, numbered likewise.
        phrases: The values there are to copy; None where they are too many to list and any text may be tried.
    """

    intents: tuple[str, ...]
    ops: Mapping[str, tuple[str, ...]]
    sorts: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    n_groups: int = 1
    covers_all: bool = False
    wishes: tuple[int, ...] = ()
    pointers: tuple[str, ...] = ()
    shown: tuple[int, ...] = ()
    phrases: tuple[str, ...] | None = None

    @property
    def adds(self) -> bool:
        """Whether anything can be added."""
        return bool(self.ops or self.sorts or self.bounds)


def offer_of(prompt: Prompt, grammar: Grammar) -> Offer:
    """Ask the grammar what may be said about `prompt`.

    Raises:
        ModelError: The grammar does not begin with intents: it is not the one that chat models can write.
    """
    opening = grammar.allowed(prompt, ()).words
    intents = tuple(name for kind, name, _ in _read(opening) if kind == "i")
    if not intents:
        msg = (
            f"chat models write intents first, this grammar begins with {opening[:3]!r}; use the embedded model for it"
        )
        raise ModelError(msg)
    opened = f"<i:{intents[0]}>"
    words = grammar.allowed(prompt, (opened,)).words
    read = _read(words)
    ops: dict[str, tuple[str, ...]] = {}
    for kind, name, op in read:
        if kind == "add":
            ops[name] = (*ops.get(name, ()), op)
    pointers = tuple(word for word in (DROP, KEEP) if word in words)
    return Offer(
        intents=intents,
        ops=ops,
        sorts=tuple(name for kind, name, _ in read if kind == "sort"),
        bounds=tuple(name for kind, name, _ in read if kind == "price"),
        n_groups=max(1, sum(kind == "g" for kind, _, _ in read)),
        covers_all=COVERS_ALL in words,
        wishes=grammar.allowed(prompt, (opened, pointers[0])).marks if pointers else (),
        pointers=pointers,
        shown=grammar.allowed(prompt, (opened, REF)).marks if REF in words else (),
        phrases=phrases(segment.text for segment in prompt if segment.kind in {"user", "assistant"}),
    )


def _read(words: Sequence[str]) -> list[tuple[str, str, str]]:
    found = (_WORD.fullmatch(word) for word in words)
    return [(match[1], match[2], match[3] or "") for match in found if match]


def schema_of(offer: Offer) -> dict[str, Any]:
    """Return the JSON schema of an answer; what cannot be said is no property of it.

    Every property is required and nothing else may be there, so that strict servers take it. Only `type`, `enum`,
    `anyOf`, `items`, `minItems`, `maxItems`, `maxLength` and `$ref` are used: what all engines know.
    """
    properties: dict[str, Any] = {"intents": _list(_one_of(offer.intents), at_least=1, at_most=MAX_INTENTS)}
    for word in offer.pointers:
        properties[word.strip("<>")] = _numbers(offer.wishes)
    if offer.adds:
        properties["add"] = _list({"anyOf": _constraints(offer)}, at_most=MAX_ADDS)
    if offer.covers_all:
        properties["covers_all"] = {"type": "boolean"}
    if offer.shown:
        properties["references"] = _numbers(offer.shown)
    schema = _object(properties)
    return {**schema, "$defs": {"said": _said(offer.phrases)}} if offer.ops else schema


def _constraints(offer: Offer) -> list[dict[str, Any]]:
    """One shape for the slots that share their operators, then the closed ones."""
    shapes: dict[tuple[str, ...], list[str]] = {}
    for slot, ops in offer.ops.items():
        shapes.setdefault(ops, []).append(slot)
    group = {"type": "integer", "enum": list(range(offer.n_groups))}
    kinds = [(slots, ops, {"$ref": "#/$defs/said"}) for ops, slots in shapes.items()]
    kinds += [(["sort"], ("eq",), _one_of(offer.sorts))] if offer.sorts else []
    kinds += [(["price"], offer.bounds, _one_of((SHOWN,)))] if offer.bounds else []
    return [
        _object({"slot": _one_of(slots), "op": _one_of(ops), "value": value, "group": group})
        for slots, ops, value in kinds
    ]


def _said(listed: tuple[str, ...] | None) -> dict[str, Any]:
    return {"type": "string", "maxLength": MAX_PHRASE} if listed is None else _one_of(listed)


def _one_of(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _numbers(segments: Sequence[int]) -> dict[str, Any]:
    return _list({"type": "integer", "enum": list(range(1, len(segments) + 1))}, at_most=MAX_POINTERS)


def _list(items: dict[str, Any], *, at_most: int, at_least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": at_least, "maxItems": at_most}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
