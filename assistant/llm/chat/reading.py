"""From a chat model's JSON back to a completion that the grammar allows.

Nothing is taken on trust: a value that was not said, a number that points nowhere, a slot that takes no such operator
is left out, alone; the rest is replayed through the grammar word by word.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from assistant.errors import ModelError
from assistant.llm.base import Completion, Mark, Span
from assistant.llm.chat.offer import COVERS_ALL, MAX_ADDS, MAX_INTENTS, MAX_POINTERS, REF, SHOWN
from assistant.llm.chat.phrases import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from assistant.llm.base import Choice, Grammar, Prompt, Token
    from assistant.llm.chat.offer import Offer

_GROUP = re.compile(r"<g\d+>")

Command = tuple["Token", ...]
"""Tokens that belong together: a word with its span or mark."""


def read(text: str, prompt: Prompt, grammar: Grammar, *, offer: Offer, probability: float = 1.0) -> Completion:
    """Return the completion that a chat model's answer means.

    Args:
        text: What the model wrote: one JSON object, perhaps cut short, perhaps with talk around it.
        prompt: What it was asked about.
        grammar: What the completion must obey, and does.
        offer: What the model was offered for this prompt.
        probability: The model's own, of the whole answer; 1.0 where it does not say.

    Raises:
        ModelError: There is no JSON object in `text`, or it names no intent.
    """
    answer = parse(text)
    intents = [(f"<i:{name}>",) for name in _items(answer, "intents", MAX_INTENTS) if name in offer.intents]
    if not intents:
        msg = "the model's answer names no intent; use a larger model, or a server that follows a JSON schema"
        raise ModelError(msg)
    commands: list[Command] = [*intents]
    for word in offer.pointers:
        commands += _pointed(word, _items(answer, word.strip("<>"), MAX_POINTERS), offer.wishes)
    commands += _in_groups(_added(answer, prompt, offer))
    commands += _pointed(REF, _items(answer, "references", MAX_POINTERS), offer.shown)
    return Completion(replay(commands, prompt, grammar), probability)


def parse(text: str) -> dict[str, Any]:
    """Return the first JSON object in `text`; what a cut-off one says up to the cut.

    Raises:
        ModelError: There is none.
    """
    _, _, thought_out = text.rpartition("</think>")
    start = thought_out.find("{")
    body = thought_out[start:] if start >= 0 else ""
    try:
        # Not strict: some engines let control characters stand in a string as they are.
        found = json.JSONDecoder(strict=False).raw_decode(body)[0]
    except (ValueError, RecursionError):
        found = _cut_off(body)
    if not isinstance(found, dict):
        msg = "the model's answer is not a JSON object; use a larger model, or a server that follows a JSON schema"
        raise ModelError(msg)
    return found


def _cut_off(body: str) -> object:
    """Return what was whole before the cut: a number at the end may lack digits, a constraint there its group."""
    whole = body.rstrip("0123456789.-")
    try:
        found = from_json(whole, allow_partial=True) if whole else None
    except ValueError:
        return None
    added = found.get("add") if isinstance(found, dict) else None
    if isinstance(added, list) and added and not _is_whole(added[-1]):
        added.pop()
    return found


def _is_whole(wish: object) -> bool:
    return isinstance(wish, dict) and {"slot", "op", "value", "group"} <= wish.keys()


def replay(commands: Iterable[Command], prompt: Prompt, grammar: Grammar) -> tuple[Token, ...]:
    """Write `commands` one after the other; one that the grammar does not allow where it stands is left out whole."""
    written: list[Token] = []
    group: Token = ""
    for command in commands:
        tried = list(written)
        for token in command[1:] if command[0] == group else command:
            if not _fits(token, grammar.allowed(prompt, tried)):
                break
            tried.append(token)
        else:
            written = tried
            group = command[0] if len(command) > 1 and _GROUP.fullmatch(str(command[0])) else group
    return tuple(written)


def _fits(token: Token, choice: Choice) -> bool:
    if isinstance(token, Span):
        return token.segment in choice.spans and not any(_share(token, other) for other in choice.taken)
    return token.segment in choice.marks if isinstance(token, Mark) else token in choice.words


def _share(one: Span, other: Span) -> bool:
    return one.segment == other.segment and one.start < other.end and other.start < one.end


def _items(answer: Mapping[str, Any], name: str, n: int) -> list[Any]:
    found = answer.get(name)
    return found[:n] if isinstance(found, list) else []


def _pointed(word: str, numbers: Iterable[object], segments: tuple[int, ...]) -> Iterator[Command]:
    for number in numbers:
        if type(number) is int and 1 <= number <= len(segments):
            yield word, Mark(segments[number - 1])


@dataclass(frozen=True, slots=True)
class _Addition:
    """One constraint to write: by group, then left to right, closed words last."""

    group: int
    segment: int
    start: int
    command: Command


def _added(answer: Mapping[str, Any], prompt: Prompt, offer: Offer) -> list[_Addition]:
    spent: list[Span] = []
    found: list[_Addition] = []
    for wish in _items(answer, "add", MAX_ADDS):
        if isinstance(wish, dict):
            command = _closed(wish, offer) or _copied(wish, prompt, offer=offer, spent=spent)
            if command:
                found.append(_placed(command, wish.get("group"), prompt, offer))
    priced = [a.group for a in found if str(a.command[0]).startswith(("<add:price:", "<price:"))]
    if answer.get("covers_all") is True and offer.covers_all and priced:
        found.append(_Addition(min(priced), len(prompt), 1, (COVERS_ALL,)))
    return sorted(found, key=lambda a: (a.group, a.segment, a.start))


def _placed(command: Command, group: object, prompt: Prompt, offer: Offer) -> _Addition:
    number = group if type(group) is int and 0 <= group < offer.n_groups else 0
    span = command[-1]
    return _Addition(number, *((span.segment, span.start) if isinstance(span, Span) else (len(prompt), 0)), command)


def _closed(wish: Mapping[str, Any], offer: Offer) -> Command | None:
    slot, op, value = (wish.get(name) for name in ("slot", "op", "value"))
    if slot == "sort" and value in offer.sorts:
        return (f"<sort:{value}>",)
    if slot == "price" and op in offer.bounds and value == SHOWN:
        return (f"<price:{op}>",)
    return None


def _copied(wish: Mapping[str, Any], prompt: Prompt, *, offer: Offer, spent: list[Span]) -> Command | None:
    slot, op, value = (wish.get(name) for name in ("slot", "op", "value"))
    if not isinstance(slot, str) or op not in offer.ops.get(slot, ()):
        return None
    span = find(f"{value:g}" if type(value) in {int, float} else value, prompt, spent=spent)
    if span is None:
        return None
    spent.append(span)
    return f"<add:{slot}:{op}>", span


def find(value: object, prompt: Prompt, *, spent: Sequence[Span] = ()) -> Span | None:
    """Return where `value` was said, word for word, in what the shopper or else the assistant said; None if nowhere.

    Args:
        value: A value as the model wrote it.
        prompt: Where it may stand.
        spent: Where earlier values stand: the second "red" is the second one that was said, if any.
    """
    if not isinstance(value, str):
        return None
    found = [
        Span(k, start, end)
        for kind in ("user", "assistant")
        for k, segment in enumerate(prompt)
        if segment.kind == kind
        for start, end in places(value, segment.text)
    ]
    free = (span for span in found if not any(_share(span, other) for other in spent))
    return next(free, found[0] if found else None)


def _in_groups(additions: Iterable[_Addition]) -> Iterator[Command]:
    """Put the word of its group before each addition; group 0 needs none. `replay` writes each of them once."""
    for addition in additions:
        head: Command = (f"<g{addition.group}>",) if addition.group else ()
        yield (*head, *addition.command)
