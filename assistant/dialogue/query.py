"""From the dialogue state to what the retriever is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from assistant.dialogue.lexicon import lexicon, words
from assistant.dialogue.state import DialogueState
from assistant.dialogue.tracker import SHARED
from retrieval.filters import whom
from retrieval.types import Constraint, Query, Slot, Sort

if TYPE_CHECKING:
    from assistant.dialogue.system import SystemAct

_NEVER: frozenset[Slot] = frozenset({"quantity", "order_id", "sort"})
_SOFT: frozenset[Slot] = frozenset({"style", "occasion"})
"""Wanted words of these slots only rank; unwanted ones filter like every other "not"."""
_RANKED: frozenset[Slot] = frozenset({"feature", "style", "occasion"})
"""Wanted words of these slots rank; a feature that the catalogue can decide filters as well."""
MAX_EXCLUDED = 300
MAX_VALUE = 200
MAX_TEXT = 1_000
"""The retriever refuses longer words; a shopper who pastes a page is searched for with its beginning."""


def build(state: DialogueState, group: int = 0, *, n: int = 6, more: bool = False, spent_cents: int = 0) -> Query:
    """Return the query for one product type of the request.

    Args:
        state: The state after the policy's decision was recorded.
        group: Which product type. What the request shares (price, recipient, occasion of group 0) holds for all.
        n: How many hits are wanted.
        more: The next page: nothing that was on the screen before comes again.
        spent_cents: What the cart holds already; taken off a budget that covers everything.
    """
    wishes = [_resolved(c, state) for c in _of_group(state, group) if c.slot not in _NEVER]
    held = [c for c in wishes if c is not None]
    if state.covers_all and spent_cents:
        held = [_less(c, spent_cents) for c in held]
    constraints = tuple(replace(_bounded(c), hard=_is_hard(c), group=0) for c in held)
    return Query(
        text=_text(constraints),
        constraints=constraints,
        n=n,
        sort=_sort(state, group),
        exclude=_excluded(state, more=more),
    )


def for_act(state: DialogueState, act: SystemAct, *, n: int = 6, spent_cents: int = 0) -> Query:
    """Return the query of a listing act: `search`, `more`, `similar` or `recommend`.

    An item looked up by its name is searched for by nothing but that name: what was wanted before does not bind it.
    """
    if act.text:
        return Query(text=act.text[:MAX_VALUE], n=n, exclude=state.rejected)
    more = act.kind == "more" or act.reason == "more"
    query = build(state, act.group, n=n, more=more, spent_cents=spent_cents)
    if act.kind == "similar" and act.product_ids:
        return replace(query, similar_to=act.product_ids[0])
    return query


def _of_group(state: DialogueState, group: int) -> list[Constraint]:
    """Return the constraints on one type; what it does not say itself it shares with the request as a whole."""
    own = [c for c in state.constraints if c.group == group]
    if group == 0:
        return own
    said = {c.slot for c in own}
    return own + [c for c in state.constraints if c.group == 0 and c.slot in SHARED and c.slot not in said]


def _resolved(constraint: Constraint, state: DialogueState) -> Constraint | None:
    """Turn "cheaper/pricier than these" into a figure; None where there is nothing to be cheaper than."""
    if constraint.op not in {"lt", "gt"}:
        return constraint
    if state.bound_cents is None:
        return None
    constraint = replace(constraint, currency=state.bound_currency or constraint.currency)
    if constraint.op == "lt":
        return replace(constraint, op="lte", value=max(0, state.bound_cents - 1) / 100)
    return replace(constraint, op="gte", value=(state.bound_cents + 1) / 100)


def _bounded(constraint: Constraint) -> Constraint:
    value = constraint.value
    return replace(constraint, value=value[:MAX_VALUE]) if isinstance(value, str) else constraint


def _less(constraint: Constraint, spent_cents: int) -> Constraint:
    if constraint.slot != "price" or constraint.op != "lte" or isinstance(constraint.value, str):
        return constraint
    return replace(constraint, value=max(0, round(constraint.value * 100) - spent_cents) / 100)


def _is_hard(constraint: Constraint) -> bool:
    if constraint.op == "ne":
        return True
    if constraint.slot == "recipient":
        return bool(lexicon()["shoppers"].intersection(words(str(constraint.value))))
    return constraint.slot not in _SOFT


def _text(constraints: tuple[Constraint, ...]) -> str:
    """Return the words to rank by: the type first, then every wanted soft word, each once."""
    wanted = [c for c in constraints if c.op != "ne"]
    types = [str(c.value) for c in wanted if c.slot == "category"]
    soft = [str(c.value) for c in wanted if c.slot in _RANKED]
    persons = [whom(str(c.value)) for c in wanted if c.slot == "recipient"] if not types else []
    return " ".join(dict.fromkeys(types + soft + persons))[:MAX_TEXT]


def _sort(state: DialogueState, group: int) -> Sort | None:
    """Return the order asked for; "cheaper" without a figure to be cheaper than becomes an order."""
    said = state.of("sort", group=group) or state.of("sort", group=0)
    known: dict[str, Sort] = {sort: sort for sort in get_args(Sort)}
    if said:
        return known.get(str(said[-1].value))
    ops = {c.op for c in state.of("price") if c.op in {"lt", "gt"}}
    if not ops or state.bound_cents is not None:
        return None
    return "price_asc" if "lt" in ops else "price_desc"


def _excluded(state: DialogueState, *, more: bool) -> tuple[str, ...]:
    """Return what must not come: everything turned down, and for a further page everything seen.

    Seen items are left out by key instead of skipped by an offset: turning one down does not shift the pages, and
    another variant of a seen product does not count as new.
    """
    seen = [item.group_key or item.product_id for item in state.seen] if more else []
    return tuple(dict.fromkeys((*state.rejected, *seen)))[-MAX_EXCLUDED:]
