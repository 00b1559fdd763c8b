"""Folds what a turn says into the dialogue state: pure, so that replaying the acts gives the live state again.

The rules are those of the annotation book. A parser's training derives its labels by them, therefore every change
here changes what the parser must say:

1. `start_over` clears everything but the turn number and whether a person has taken over.
2. A new product type (an added `category eq` that no current group has) drops every constraint but recipient, occasion
   and a price that covers everything; under `refine` and `relax` it corrects the type and keeps the rest. Several new
   types number the groups 0, 1, 2; types whose groups follow on from the current ones join them.
3. Single-valued: category (a group), price (an op), rating, sort, quantity, order_id. An added value replaces the older
   one. `approx` and `eq` prices replace all prices, a bound replaces those and a bound it contradicts, and any figure
   replaces "cheaper/pricier than these", which itself keeps the bounds that were said.
4. Other values join without duplicates; what contradicts (`red` after `not red`) replaces.
5. A drop removes the slot, or one value of it. Dropping one of several types removes its group.
6. `quantity` lives one turn; `order_id` until the talk turns to products again (`search`, `recommend`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.state import DialogueState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.dialogue.acts import Acts, Drop
    from assistant.dialogue.state import Question, ShownItem
    from retrieval.types import Constraint, Slot

MAX_SEEN = 100
MAX_CONSTRAINTS = 60
SHARED: frozenset[Slot] = frozenset({"recipient", "occasion", "price"})
"""Slots that belong to the request as a whole rather than to one product type."""
_SINGLE: frozenset[Slot] = frozenset({"rating", "sort", "quantity", "order_id"})
_SHOWN_OPS = ("lt", "gt")
_POINT_OPS = ("eq", "approx")
_NEW_TALK = frozenset({"search", "recommend"})


def track(state: DialogueState, acts: Acts) -> DialogueState:
    """Return the state after a turn that says `acts`.

    The question that was open moves to `answering`; what is shown and asked next is recorded by `show` and `ask`.
    """
    if "start_over" in acts.intents:
        state = DialogueState(turn=state.turn, with_person=state.with_person)
    kept = _without_spent(state.constraints, acts)
    for drop in acts.drop:
        kept = _dropped(kept, drop)
    added = _proposed(state, acts) + acts.add
    switching = _starts_new_type(kept, acts)
    carries = state.covers_all or not _categories(kept)
    if switching:
        kept = [c for c in kept if _survives(c, carries=carries)]
        kept = _merged([replace(c, group=0) for c in kept])
    folded = tuple(_renumbered(_added(kept, added))[:MAX_CONSTRAINTS])
    bound = _bound(state, acts, folded)
    changed = folded != state.constraints or bound != (state.bound_cents, state.bound_currency)
    return replace(
        state,
        turn=state.turn + 1,
        constraints=folded,
        page=0 if changed else state.page,
        focus=() if switching else state.focus,
        question=None,
        answering=state.question,
        covers_all=_covers_all(state, acts, folded),
        bound_cents=bound[0],
        bound_currency=bound[1],
    )


def show(state: DialogueState, items: Sequence[ShownItem], *, paging: bool = False) -> DialogueState:
    """Record what this turn puts on the screen: later references resolve to exactly these.

    Args:
        state: The state after `track`.
        items: The cards in screen order.
        paging: The items continue the list shown before, so that `page` grows instead of starting again.
    """
    ids = {item.product_id for item in items}
    older = [item for item in state.seen if item.product_id not in ids]
    return replace(
        state,
        shown=tuple(items),
        seen=tuple([*older, *items][-MAX_SEEN:]),
        page=len(items) + (state.page if paging else 0),
    )


def ask(state: DialogueState, question: Question | None) -> DialogueState:
    """Record the one question that is open now; a slot asked about once is not asked again."""
    slot = question.slot if question else None
    asked = (*state.asked, slot) if slot and slot not in state.asked else state.asked
    return replace(state, question=question, asked=asked)


def same_value(left: str | float, right: str | float) -> bool:
    """Say whether two values are the same wish: letter case and spacing do not matter."""
    return _norm(left) == _norm(right)


def _norm(value: str | float) -> str:
    return " ".join(str(value).casefold().split()) if isinstance(value, str) else f"{float(value):g}"


def _categories(constraints: Iterable[Constraint]) -> set[tuple[str, int]]:
    return {(_norm(c.value), c.group) for c in constraints if c.slot == "category" and c.op == "eq"}


def _proposed(state: DialogueState, acts: Acts) -> tuple[Constraint, ...]:
    question = state.question
    return question.proposes if question and "affirm" in acts.intents else ()


def _without_spent(constraints: tuple[Constraint, ...], acts: Acts) -> list[Constraint]:
    spent: tuple[Slot, ...] = ("quantity", "order_id") if acts.main in _NEW_TALK else ("quantity",)
    return [c for c in constraints if c.slot not in spent]


def _starts_new_type(kept: list[Constraint], acts: Acts) -> bool:
    named = _categories(acts.add)
    if not named or acts.main in {"refine", "relax"}:
        return False
    current = _categories(kept)
    groups = {c.group for c in kept if c.slot == "category"}
    joins = bool(groups) and min(group for _, group in named) > max(groups)
    return not (named & current) and not joins


def _survives(constraint: Constraint, *, carries: bool) -> bool:
    if constraint.slot == "price":
        return carries and constraint.op not in _SHOWN_OPS
    return constraint.slot in SHARED or constraint.slot == "order_id"


def _dropped(constraints: list[Constraint], drop: Drop) -> list[Constraint]:
    hit = [c for c in constraints if _matches(c, drop)]
    kept = [c for c in constraints if not _matches(c, drop)]
    lost = {c.group for c in hit} - {g for _, g in _categories(kept)}
    if drop.slot != "category" or not lost or not _categories(kept):
        return kept
    first = min(g for _, g in _categories(kept))
    kept = [replace(c, group=first) if c.group in lost and c.slot in SHARED else c for c in kept]
    return _renumbered(_merged([c for c in kept if c.group not in lost]))


def _matches(constraint: Constraint, drop: Drop) -> bool:
    return (
        constraint.slot == drop.slot
        and (drop.value is None or same_value(constraint.value, drop.value))
        and (drop.group is None or constraint.group == drop.group)
    )


def _added(kept: list[Constraint], added: tuple[Constraint, ...]) -> list[Constraint]:
    fresh: list[Constraint] = []
    for new in added:
        kept = [old for old in kept if not _replaces(new, old)]
        fresh = [old for old in fresh if not _overrides(new, old)]
        fresh.append(new)
    return _merged(kept + fresh)


def _replaces(new: Constraint, old: Constraint) -> bool:
    """Say whether `new` takes the place of `old`, said in an earlier turn."""
    if new.slot != old.slot or new.group != old.group:
        return False
    if new.slot == "price":
        return _replaces_price(new, old)
    if new.slot == "category" and new.op == old.op == "eq":
        return not same_value(new.value, old.value)
    return new.slot in _SINGLE or _contradicts(new, old)


def _overrides(new: Constraint, old: Constraint) -> bool:
    """Say whether `new` takes the place of `old` within one turn, where "A or B" are two of one slot."""
    if new.slot != old.slot or new.group != old.group:
        return False
    single = new.slot in {"rating", "sort", "quantity", "price"}
    return (single and new.op == old.op) or _contradicts(new, old)


def _contradicts(new: Constraint, old: Constraint) -> bool:
    return {new.op, old.op} == {"eq", "ne"} and same_value(new.value, old.value)


def _replaces_price(new: Constraint, old: Constraint) -> bool:
    if new.op in _SHOWN_OPS or old.op in _SHOWN_OPS:
        return old.op in _SHOWN_OPS
    if new.op in _POINT_OPS or old.op in _POINT_OPS or new.op == old.op:
        return True
    low, high = (new.value, old.value) if new.op == "gte" else (old.value, new.value)
    return isinstance(low, str) or isinstance(high, str) or low > high


def _merged(constraints: list[Constraint]) -> list[Constraint]:
    """Drop repetitions, and what clashes with an earlier one now that groups came together; the first one stays."""
    kept: list[Constraint] = []
    for new in constraints:
        if not any(_same(new, old) or _overrides(new, old) for old in kept):
            kept.append(new)
    return kept


def _same(new: Constraint, old: Constraint) -> bool:
    return (new.slot, new.op, new.group) == (old.slot, old.op, old.group) and same_value(new.value, old.value)


def _renumbered(constraints: list[Constraint]) -> list[Constraint]:
    """Close gaps in the numbering; a group without a type of its own belongs to the request as a whole."""
    groups = sorted({g for _, g in _categories(constraints)}) or [0]
    number = {group: n for n, group in enumerate(groups)}
    return _merged([replace(c, group=number.get(c.group, 0)) for c in constraints])


def _covers_all(state: DialogueState, acts: Acts, folded: tuple[Constraint, ...]) -> bool:
    if not any(c.slot == "price" for c in folded):
        return False
    return state.covers_all or acts.covers_all or not _categories(folded)


def _bound(state: DialogueState, acts: Acts, folded: tuple[Constraint, ...]) -> tuple[int | None, str]:
    """Return the figure that "cheaper" or "pricier" means, and its currency: below all, or above all, that is meant.

    It is fixed in the turn that says it: the list shown next has other prices. Of several currencies the first
    item's counts, for their figures cannot be compared.
    """
    ops = {c.op for c in folded if c.slot == "price" and c.op in _SHOWN_OPS}
    if not ops:
        return None, ""
    meant = [i for i in state.shown if i.position in acts.references] or list(state.shown)
    priced = [item for item in meant if item.price_cents > 0]
    if not priced or not any(c.slot == "price" and c.op in ops for c in acts.add):
        return state.bound_cents, state.bound_currency
    currency = priced[0].currency
    prices = [item.price_cents for item in priced if item.currency == currency]
    return min(prices) if "lt" in ops else max(prices), currency
