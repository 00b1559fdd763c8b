"""From a prompt of the port to chat messages: rules, examples as an earlier talk, then the turn itself.

Everything before the last message is the same in every turn, so that servers with a prefix cache read it once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import yaml

from assistant.llm.base import Segment
from prompts.loader import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.llm.base import Prompt
    from assistant.llm.chat.offer import Offer

MAX_LINE = 160
"""Characters of a title or a wish that a model is told."""

_OPS = {"ne": "not", "lte": "at most", "gte": "at least", "approx": "about", "lt": "less than", "gt": "more than"}


class Message(TypedDict):
    """One message of a chat, as every chat template and server takes it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One turn with its answer.

    Attributes:
        about: What it is there to show.
        prompt: The turn.
        answer: Properties of the answer that are not empty, as `reading.read` takes them.
    """

    about: str
    prompt: Prompt
    answer: Mapping[str, Any]


def messages_for(prompt: Prompt, offer: Offer) -> list[Message]:
    """Return what a chat model is told: the rules, some answered turns, and `prompt` to answer."""
    names = {"intents": offer.intents, "slots": _slots(offer), "sorts": offer.sorts}
    told: list[Message] = [{"role": "system", "content": load("parse", 2).render(**names)}]
    for example in examples():
        told.append({"role": "user", "content": _turn(example.prompt)})
        told.append({"role": "assistant", "content": json.dumps(full(example), ensure_ascii=False)})
    return [*told, {"role": "user", "content": _turn(prompt)}]


def _slots(offer: Offer) -> tuple[str, ...]:
    return (*offer.ops, *(("sort",) if offer.sorts else ()))


def full(example: Example) -> dict[str, Any]:
    """Return an example's answer with every property that the schema of its turn requires, in the schema's order."""
    kinds = {segment.kind for segment in example.prompt}
    empty: dict[str, Any] = {"intents": []}
    empty |= {"drop": [], "keep": []} if "state" in kinds else {}
    empty |= {"add": [], "covers_all": False}
    empty |= {"references": []} if "shown" in kinds else {}
    return {**empty, **example.answer}


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """Read the answered turns that ship beside this file."""
    source = resources.files("assistant.llm.chat").joinpath("examples.yaml").read_text(encoding="utf-8")
    return tuple(_example(entry) for entry in yaml.safe_load(source))


def _example(entry: Mapping[str, Any]) -> Example:
    answer = dict(entry["answer"])
    if "add" in answer:
        named = (dict(zip(("slot", "op", "value", "group"), (*wish, 0), strict=False)) for wish in answer["add"])
        answer["add"] = list(named)
    wishes = (
        Segment("state", value, ("<has>", f"<s:{slot}>", f"<o:{op}>")) for slot, op, value in entry.get("wishes", ())
    )
    items = (Segment("shown", title, ("<shown>",)) for title in entry.get("shown", ()))
    said = (Segment("user", entry["utterance"]), Segment("assistant", entry.get("assistant", "")))
    return Example(entry["about"], (*said, *items, *wishes), answer)


def _turn(prompt: Prompt) -> str:
    def texts(kind: str) -> str:
        return "\n".join(segment.text for segment in prompt if segment.kind == kind).strip()

    return load("turn", 1).render(
        wishes=_numbered([_wish(segment)[:MAX_LINE] for segment in prompt if segment.kind == "state"]),
        shown=_numbered([_item(segment) for segment in prompt if segment.kind == "shown"]),
        assistant=texts("assistant"),
        utterance=texts("user"),
    )


def _numbered(lines: Sequence[str]) -> list[str]:
    """One line each, whatever is in it: a title with a line break cannot pass for two."""
    return [f"{k}. {' '.join(line.split())}" for k, line in enumerate(lines, start=1)]


def _item(segment: Segment) -> str:
    focus = " (spoken of last)" if "<focus>" in segment.marks else ""
    return segment.text[:MAX_LINE] + focus


def _wish(segment: Segment) -> str:
    """Say a wish in words: `<s:color> <o:ne> <g1>` and "red" become "color not red (group 1)"."""
    slot = next((mark[3:-1] for mark in segment.marks if mark.startswith("<s:")), "")
    op = next((mark[3:-1] for mark in segment.marks if mark.startswith("<o:")), "")
    group = next((mark[2:-1] for mark in segment.marks if mark.startswith("<g")), "")
    words = [slot, _OPS.get(op, ""), segment.text or "shown", f"(group {group})" if group else ""]
    return " ".join(word for word in words if word)
