"""The parser: a language model writes commands, plain code reads them as acts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from assistant.dialogue.acts import Acts, Drop, Intent
from assistant.errors import ModelError, ParseError
from assistant.llm.base import Mark, Span
from assistant.nlu import language
from assistant.nlu.bounds import range_floor, read_bound, says_stars, says_total
from assistant.nlu.values import read_value, whole_words
from assistant.tracing import note
from retrieval.types import SHOWN, Constraint, Op, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assistant.llm.base import LanguageModel, Prompt, Token
    from assistant.nlu.base import Turn

MAX_TEXT = 4_000
"""Characters of an utterance that are read; more is no shopping talk."""


class ModelParser:
    """Parses with any language model behind the port."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model
        self.name = model.name
        self._grammar = language.CommandGrammar()

    def parse(self, turn: Turn) -> Acts:
        """Return what `turn.text` says.

        Raises:
            ParseError: The model cannot answer.
        """
        shown = [item.title for item in turn.state.shown]
        text, said = turn.text[:MAX_TEXT], turn.assistant_text[-MAX_TEXT:]
        focus = {item.position for item in turn.state.shown if item.product_id in turn.state.focus}
        prompt = language.present(text, said, shown=shown, state=turn.state.constraints, focus=focus, known=turn.known)
        try:
            completion = self.model.complete(prompt, self._grammar)
        except ModelError as error:
            msg = f"the model {self.name!r} cannot parse: {error}"
            raise ParseError(msg) from error
        if completion.answered_by:
            note("model", f"{completion.answered_by} answered: {completion.excuse}")
        acts = acts_from(completion.tokens, prompt, state=turn.state.constraints, confidence=completion.probability)
        return _with_cues(acts, text)


def acts_from(tokens: Sequence[Token], prompt: Prompt, *, state: Sequence[Constraint], confidence: float = 1.0) -> Acts:
    """Read commands as acts; a value that plain code cannot read is left out.

    Args:
        tokens: What a model wrote within the grammar.
        prompt: What it read.
        state: The constraints so far, as they stand in the prompt.
        confidence: The model's probability of the whole.
    """
    items = [k for k, segment in enumerate(prompt) if segment.kind == "state"]
    first_item = items[0] if items else 0
    first_shown = next((k for k, segment in enumerate(prompt) if segment.kind == "shown"), 0)
    marked = {word: [mark.segment for w, mark in _pairs(tokens) if w == word] for word in language.MARK_KIND}
    kept = [state[k - first_item] for k in marked[language.KEEP]]
    dropped = [state[k - first_item] for k in marked[language.DROP]]
    added = list(_added(tokens, prompt, state))
    intents = tuple(
        cast("Intent", word[3:-1]) for word in tokens if isinstance(word, str) and word in language.INTENT_SET
    )
    return Acts(
        intents=intents if added or kept or dropped else _without_empty_refine(intents),
        add=tuple(dict.fromkeys([*kept, *added])),
        drop=tuple(Drop(c.slot, c.value, c.group) for c in dropped),
        references=tuple(k - first_shown + 1 for k in marked[language.REF]),
        confidence=min(max(confidence, 0.0), 1.0),
        covers_all=language.COVERS_ALL in tokens and any(c.slot == "price" for c in added),
    )


def _without_empty_refine(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Return `intents` without a refinement that changes nothing, where something else is meant too."""
    return tuple(intent for intent in intents if intent != "refine") or intents


def _with_cues(acts: Acts, text: str) -> Acts:
    """Add what plain cues say beside the model's reading: the lower end of a range, a budget for everything."""
    prices = [c for c in acts.add if c.slot == "price"]
    if len(prices) == 1 and prices[0].op in {"lte", "approx"} and not isinstance(prices[0].value, str):
        low = range_floor(text, prices[0].value)
        if low is not None:
            rest = tuple(c for c in acts.add if c.slot != "price")
            both = (replace(prices[0], op="gte", value=low), replace(prices[0], op="lte"))
            acts = replace(acts, add=(*rest, *both))
    return replace(acts, covers_all=True) if prices and says_total(text) else acts


def _pairs(tokens: Sequence[Token]) -> Iterator[tuple[str, Mark]]:
    for word, mark in pairwise(tokens):
        if isinstance(word, str) and isinstance(mark, Mark):
            yield word, mark


def _added(tokens: Sequence[Token], prompt: Prompt, state: Sequence[Constraint]) -> Iterator[Constraint]:
    group = 0
    for at, word in enumerate(tokens):
        if not isinstance(word, str):
            continue
        if word in language.GROUP_WORDS:
            group = language.GROUP_WORDS.index(word)
        elif word in language.CLOSED_SET and word != language.COVERS_ALL:
            yield _closed(word, group)
        elif word in language.ADD_SET:
            found = _copied(word, cast("Span", tokens[at + 1]), prompt=prompt, group=group, state=state)
            if found is not None:
                yield found


def _closed(word: str, group: int) -> Constraint:
    slot, value = word.strip("<>").split(":")
    if slot == "sort":
        return Constraint("sort", "eq", value, group=group, hard=False)
    return Constraint("price", cast("Op", value), SHOWN, group=group)


def _copied(word: str, span: Span, *, prompt: Prompt, group: int, state: Sequence[Constraint]) -> Constraint | None:
    _, name, op = word.strip("<>").split(":")
    slot = cast("Slot", name)
    text = prompt[span.segment].text
    start, end = whole_words(text, span.start, span.end)
    said, before, after = text[start:end], text[:start], text[end:]
    if slot == "price":
        if says_stars(said, after):
            slot, op = "rating", "gte"
        op = read_bound(said, before, after) or op if slot == "price" else op
    read = read_value(slot, said, before=before, after=after)
    if read is None or read[0] == slot:  # "which material?" is no material
        return None
    value, currency = read
    if slot == "price" and currency is None:
        currency = next((c.currency for c in reversed(state) if c.slot == "price" and c.currency), None)
    return Constraint(slot, cast("Op", op), value, currency=currency, group=group)
