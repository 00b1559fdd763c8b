"""Training examples for the parsing model: what it sees of a turn, and the commands it should write.

Authored dialogues carry the whole state after each turn; an example carries what the turn itself says. The
difference is derived with the tracker itself, so that tracking the commands gives the authored state again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from assistant.dialogue.acts import Acts, Drop
from assistant.dialogue.state import DialogueState
from assistant.dialogue.tracker import track
from assistant.llm.base import Mark, Prompt, Span, Token
from assistant.nlu import language
from retrieval.types import SHOWN, Constraint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assistant.dialogue.acts import Intent
    from assistant.llm.base import Known


@dataclass(frozen=True, slots=True)
class Wish:
    """A constraint that a turn adds, and the characters it was read from.

    Attributes:
        start: First character of the value in the text of `source`; -1 for closed values (sort, cheaper).
        source: `"user"` or `"assistant"`.
    """

    constraint: Constraint
    start: int = -1
    end: int = -1
    source: str = "user"


@dataclass(frozen=True, slots=True)
class Example:
    """One turn as a model should read it. `drops` and `keeps` index `state`, `references` and `focus` count from 1."""

    text: str
    intents: tuple[Intent, ...]
    assistant_text: str = ""
    shown: tuple[str, ...] = ()
    state: tuple[Constraint, ...] = ()
    adds: tuple[Wish, ...] = ()
    drops: tuple[int, ...] = ()
    keeps: tuple[int, ...] = ()
    references: tuple[int, ...] = ()
    covers_all: bool = False
    focus: tuple[int, ...] = ()
    known: tuple[Known, ...] = ()
    origin: str = field(default="", compare=False)

    def prompt(self) -> Prompt:
        """Return what the model reads."""
        return language.present(
            self.text, self.assistant_text, shown=self.shown, state=self.state, focus=self.focus, known=self.known
        )

    def tokens(self) -> tuple[Token, ...]:
        """Return what the model should write, closing word included."""
        items = len(self.shown[: language.N_POSITIONS])
        out: list[Token] = [f"<i:{name}>" for name in self.intents[: language.MAX_INTENTS]]
        for word, indices in ((language.DROP, self.drops), (language.KEEP, self.keeps)):
            for k in sorted(k for k in indices if k < language.N_WISHES):
                out += [word, Mark(2 + items + k)]
        out += self._added_tokens()
        for position in self.references:
            if position <= items:
                out += [language.REF, Mark(1 + position)]
        return (*out, language.END)

    def _added_tokens(self) -> list[Token]:
        out: list[Token] = []
        group = 0
        for wish in sorted(self.adds, key=_place):
            c = wish.constraint
            if c.group != group:
                group = c.group
                out.append(language.GROUP_WORDS[min(group, language.N_GROUPS - 1)])
            if wish.start < 0:
                out.append(f"<sort:{c.value}>" if c.slot == "sort" else f"<price:{c.op}>")
            else:
                out += [f"<add:{c.slot}:{c.op}>", Span(int(wish.source == "assistant"), wish.start, wish.end)]
        return [*out, language.COVERS_ALL] if self.covers_all else out


def _place(wish: Wish) -> tuple[int, int, int]:
    return wish.constraint.group, wish.source == "user", wish.start if wish.start >= 0 else 10_000


def read_book(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the authored dialogues of every `*.jsonl` file in `folder` (or of one file), in the order of file names."""
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else [folder]:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def examples_of(dialogue: dict[str, Any]) -> Iterator[Example]:
    """Yield one example for every labelled user turn of an authored dialogue."""
    state, assistant_text = DialogueState(), ""
    shown: tuple[str, ...] = ()
    focus: tuple[int, ...] = ()
    turns = dialogue["dialogue"]
    for number, turn in enumerate(turns):
        if turn["role"] == "assistant":
            assistant_text = turn["text"]
            shown, focus = (tuple(turn["shown"]), ()) if "shown" in turn else (shown, focus)
            continue
        gold = tuple(constraint_of(c) for c in turn["constraints"])
        texts = {_key(constraint_of(c)): c.get("text", "") for c in turn["constraints"]}
        intents = tuple(cast("Intent", i if isinstance(i, str) else i[0]) for i in turn["intents"])
        before = Example(turn["text"], intents, assistant_text, shown, state.constraints, focus=focus)
        covers_all = _covers_all(turns[number + 1 :], gold)
        example, state = _derived(before, state, gold=gold, texts=texts, covers_all=covers_all)
        yield replace(example, references=tuple(turn["references"]), origin=dialogue["id"])
        state = replace(state, constraints=gold)
        focus = tuple(turn["references"]) or focus


def constraint_of(data: dict[str, Any]) -> Constraint:
    """Read a constraint from the contract's JSON shape; of alternatives (`feature|style`) the first one."""
    value = data["value"]
    value = value.split("|")[0] if isinstance(value, str) else float(value)
    return Constraint(
        slot=data["slot"].split("|")[0],
        op=data["op"].split("|")[0],
        value=value,
        currency=data.get("currency"),
        group=data.get("group", 0),
    )


def _key(c: Constraint) -> tuple[str, str, str, int]:
    return c.slot, c.op, str(c.value).casefold(), c.group


def _covers_all(later: Sequence[dict[str, Any]], gold: tuple[Constraint, ...]) -> bool:
    """Whether the budget of this turn outlives the product types of this turn."""
    prices = {_key(c) for c in gold if c.slot == "price" and c.value != SHOWN}
    types = {c.value for c in gold if c.slot == "category" and c.op == "eq"}
    for turn in later:
        if turn["role"] == "user":
            after = [constraint_of(c) for c in turn["constraints"]]
            if not prices & {_key(c) for c in after}:
                return False
            now = {c.value for c in after if c.slot == "category" and c.op == "eq"}
            if types and now and not (types & now):
                return True
    return False


def _derived(
    before: Example, state: DialogueState, *, gold: tuple[Constraint, ...], texts: dict[Any, str], covers_all: bool
) -> tuple[Example, DialogueState]:
    """Complete `before` with the least commands after which the tracker holds `gold`."""
    old = {_key(c) for c in state.constraints}
    new = [c for c in gold if _key(c) not in old]
    covers_all = covers_all and any(c.slot == "price" for c in new)
    acts = Acts(intents=before.intents, add=tuple(new), covers_all=covers_all)
    after = {_key(c) for c in track(state, acts).constraints}
    wanted = {_key(c) for c in gold}
    keeps = tuple(k for k, c in enumerate(state.constraints) if _key(c) in wanted - after)
    drops = tuple(k for k, c in enumerate(state.constraints) if _key(c) in after - wanted)
    wishes = tuple(w for c in new if (w := _located(c, texts[_key(c)], before)) is not None)
    done = replace(before, adds=wishes, drops=drops, keeps=keeps, covers_all=covers_all)
    return done, track(state, acts_of(done))


def acts_of(example: Example) -> Acts:
    """Return the acts an example stands for, with the authored values."""
    kept = tuple(example.state[k] for k in example.keeps)
    dropped = (example.state[k] for k in example.drops)
    return Acts(
        intents=example.intents,
        add=(*kept, *(w.constraint for w in example.adds)),
        drop=tuple(Drop(c.slot, c.value, c.group) for c in dropped),
        references=example.references,
        covers_all=example.covers_all,
    )


def _located(constraint: Constraint, text: str, example: Example) -> Wish | None:
    if constraint.slot == "sort" or constraint.value == SHOWN:
        return Wish(constraint)
    for source, whole in (("user", example.text), ("assistant", example.assistant_text)):
        start = _find(whole, text)
        if start >= 0:
            return Wish(constraint, start, start + len(text), source)
    return None


def _find(whole: str, part: str) -> int:
    """Return the last place where `part` stands as whole words, else anywhere, else -1.

    The last one, because a correction ("slate, no, forest green") ends with what holds.
    """
    at = whole.rfind(part)
    while at >= 0:
        left = at == 0 or not whole[at - 1].isalnum()
        right = at + len(part) == len(whole) or not whole[at + len(part)].isalnum()
        if left and right:
            return at
        at = whole.rfind(part, 0, at + len(part) - 1) if at else -1
    return whole.find(part)
