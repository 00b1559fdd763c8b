"""The one question worth asking: the slot, or else the attribute or price, whose answer splits what was found best."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from assistant.dialogue.lexicon import lexicon
from assistant.dialogue.state import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.dialogue.facts import Choice, Facts, Narrowings
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
    if _wants_none(state):
        return None
    total = n_found if n_found is not None else max((sum(n for _, n in v) for v in facets.values()), default=0)
    if total < MIN_FOUND:
        return None
    open_slots = [s for s in _ORDER if s in facets and _is_open(s, state)]
    split = {slot: _bits(facets[slot], total=total) for slot in open_slots}
    best = max(split, key=lambda slot: split[slot], default=None)
    if best is None or split[best] < MIN_BITS:
        return None
    return Question(text=lexicon().questions[best], slot=best, options=_options(facets[best]))


def worth_asking(facts: Facts, state: DialogueState) -> Question | None:
    """Return the one question worth a turn: about a slot, else about an attribute, else about the price."""
    return best_question(facts.facets, state) or further_question(facts.narrowings, state)


def further_question(narrowings: Narrowings, state: DialogueState) -> Question | None:
    """Return the question that splits the candidates where no slot does; None where nothing else does either.

    Attributes count as the slot `feature`, therefore only one of them is asked about in a conversation.
    """
    total = narrowings.n_found
    if total < MIN_FOUND or not may_go_further(state):
        return None
    asked = lexicon().questions
    if _is_open("feature", state):
        best = max(narrowings.attributes, key=lambda a: _bits_of(narrowings.attributes[a], total), default="")
        values = narrowings.attributes.get(best, ())
        splitting = [c for c in narrowings.features if 1 < c.n < total]
        features = sorted(splitting, key=lambda c: (-_share_bits(c.n, total), c.text))[:MAX_OPTIONS]
        split = _share_bits(features[0].n, total) if len(features) > 1 else 0.0
        if max(split, _bits_of(values, total)) >= MIN_BITS:
            if split >= _bits_of(values, total):
                return _choice("feature", asked["feature"], features)
            return _choice("feature", asked["attribute"].format(name=best), values)
    if _is_open("price", state) and _bits_of(narrowings.prices, total) >= MIN_BITS:
        return _choice("price", asked["price"], narrowings.prices)
    return None


def may_go_further(state: DialogueState) -> bool:
    """Say whether anything may be asked that is about no slot of its own: an attribute or the price."""
    return not _wants_none(state) and (_is_open("feature", state) or _is_open("price", state))


def _is_open(slot: Slot, state: DialogueState) -> bool:
    return slot not in state.asked and not state.of(slot)


def _choice(slot: Slot, text: str, choices: Sequence[Choice]) -> Question:
    offered = choices[:MAX_OPTIONS]
    return Question(text, slot=slot, options=tuple(c.text for c in offered), means=tuple(c.means for c in offered))


def _bits_of(choices: Sequence[Choice], total: int) -> float:
    return _bits([(c.text, c.n) for c in choices], total=total)


def _share_bits(n: int, total: int) -> float:
    """Return the bits that it tells whether something holds that holds of `n` of `total`."""
    shares = [share for share in (n / total, 1 - n / total) if share > 0]
    return -sum(share * log2(share) for share in shares)


def _wants_none(state: DialogueState) -> bool:
    return bool(state.of("sort")) or _was_ignored(state)


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
