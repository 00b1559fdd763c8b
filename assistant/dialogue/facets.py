"""The one question worth asking: the slot whose answer splits what was found best."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from assistant.dialogue.lexicon import lexicon
from assistant.dialogue.state import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.dialogue.state import DialogueState
    from retrieval.types import Slot

MIN_FOUND = 6
"""With fewer products than this the screen answers faster than a question."""
MIN_BITS = 0.6
MAX_OPTIONS = 4
_ORDER: tuple[Slot, ...] = ("size", "color", "material", "brand", "style", "feature", "recipient", "category")
"""Which slots can be asked about; of two that split equally well the earlier one is asked."""


def best_question(
    facets: Mapping[Slot, Sequence[tuple[str, int]]], state: DialogueState, *, n_found: int | None = None
) -> Question | None:
    """Return the question that splits the candidates best, None where none is worth a turn.

    Args:
        facets: How many of the found products have each value, by slot; products without a value are not counted.
        state: What is constrained or was asked already is not asked: a slot is asked once in a conversation. Who wants
            the cheapest, or has just passed over a question, is not asked at all.
        n_found: How many products were found in all; the largest facet's total where it is not given.
    """
    if state.of("sort") or _was_ignored(state):
        return None
    total = n_found if n_found is not None else max((sum(n for _, n in v) for v in facets.values()), default=0)
    if total < MIN_FOUND:
        return None
    open_slots = [s for s in _ORDER if s in facets and s not in state.asked and not state.of(s)]
    split = {slot: _bits(facets[slot], total=total) for slot in open_slots}
    best = max(split, key=lambda slot: split[slot], default=None)
    if best is None or split[best] < MIN_BITS:
        return None
    return Question(text=lexicon().questions[best], slot=best, options=_options(facets[best]))


def _was_ignored(state: DialogueState) -> bool:
    """Say whether the last question was about a slot and this turn said nothing of it."""
    question = state.answering
    return question is not None and question.slot is not None and not state.of(question.slot)


def _bits(counts: Sequence[tuple[str, int]], *, total: int) -> float:
    """Return the expected bits an answer gives: entropy over the offered options, weighted by how many have a value.

    Only the options that fit on the buttons count, so that a slot with hundreds of rare values does not win.
    """
    offered = [n for _, n in _top(counts)]
    covered = sum(offered)
    if len(offered) < 2 or not covered:
        return 0.0
    entropy = -sum(n / covered * log2(n / covered) for n in offered)
    return entropy * min(1.0, covered / total)


def _top(counts: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    usable = [(value, n) for value, n in counts if n > 0 and value.strip()]
    return sorted(usable, key=lambda pair: (-pair[1], pair[0]))[:MAX_OPTIONS]


def _options(counts: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(value for value, _ in _top(counts))
