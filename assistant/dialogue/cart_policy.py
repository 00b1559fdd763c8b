"""What to do about the cart: nothing goes in without its size, nothing is added that was never shown."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Literal

from assistant.dialogue.lexicon import lexicon, same_size, words
from assistant.dialogue.state import Question
from assistant.dialogue.system import SystemAct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assistant.dialogue.acts import Acts, Intent
    from assistant.dialogue.facts import Facts, Option
    from assistant.dialogue.references import Resolved
    from assistant.dialogue.state import DialogueState

MAX_QUANTITY = 99
MAX_OPTIONS = 4


def add_to_cart(state: DialogueState, acts: Acts, resolved: Resolved, facts: Facts) -> list[SystemAct]:
    """Decide a wish to buy: add, ask for the size or for the item, or look the item up first."""
    ids = resolved.product_ids or _pending_item(state, resolved)
    if ids:
        return [_gated(state, acts, facts, product_id=i) for i in ids]
    if resolved.unresolved or resolved.candidates or "search" in acts.intents:
        return [which_item(state, resolved, intent="add_to_cart")]
    if not resolved.named and not _names_type(acts):
        return [which_item(state, resolved, intent="add_to_cart")]
    return [
        SystemAct(
            "search",
            quantity=quantity(state, product_id=""),
            text="" if _names_type(acts) else resolved.named,
            reason="to_add",
            said=_said_size(state, acts),
            question=Question(text=lexicon().asks["add_found"]),
        )
    ]


def complete(state: DialogueState, acts: Acts, facts: Facts, *, product_id: str) -> SystemAct:
    """Return the act that a size, or a yes, for a pending addition asks for."""
    return _gated(state, acts, facts, product_id=product_id)


def remove_from_cart(resolved: Resolved, facts: Facts) -> list[SystemAct]:
    """Decide a wish to take something out."""
    if not facts.cart:
        return [SystemAct("cart_remove", reason="empty_cart")]
    if resolved.cart_ids:
        return [SystemAct("cart_remove", product_ids=resolved.cart_ids)]
    if not resolved.cart_candidates:
        return [SystemAct("cart_remove", reason="not_in_cart", unresolved=True)]
    titles = {item.product_id: item.title for item in facts.cart}
    question = _which([(titles.get(i, ""), i) for i in resolved.cart_candidates], "remove_from_cart")
    return [SystemAct("clarify", product_ids=resolved.cart_candidates, reason="which_item", question=question)]


def which_item(state: DialogueState, resolved: Resolved, *, intent: Intent) -> SystemAct:
    """Return the question which of the items on the screen is meant; `intent` is what choosing one does."""
    titles = {item.product_id: item.title for item in (*state.seen, *state.shown)}
    ids = resolved.candidates or tuple(item.product_id for item in state.shown)
    question = _which([(titles.get(i, ""), i) for i in ids], intent)
    return SystemAct(
        "clarify", product_ids=ids[:MAX_OPTIONS], unresolved=resolved.unresolved, reason="which_item", question=question
    )


def quantity(state: DialogueState, *, product_id: str) -> int:
    """Return how many are wanted: what was said, else what the pending action on the item says, else one."""
    said = [c.value for c in state.of("quantity") if not isinstance(c.value, str) and isfinite(c.value)]
    pending = state.pending if state.pending and state.pending.product_id in {"", product_id} else None
    wanted = int(said[-1]) if said else (pending.quantity if pending else 1)
    return min(MAX_QUANTITY, max(1, wanted))


def _which(items: Iterable[tuple[str, str]], intent: Intent) -> Question:
    by_title: dict[str, str] = {}
    for title, product_id in items:
        by_title.setdefault(title or product_id, product_id)
    options = list(by_title.items())[:MAX_OPTIONS]
    return Question(
        text=lexicon().asks["which_item"],
        options=tuple(title for title, _ in options),
        option_ids=tuple(product_id for _, product_id in options),
        intent=intent,
    )


def _pending_item(state: DialogueState, resolved: Resolved) -> tuple[str, ...]:
    """Return the item of a pending addition, unless the turn means another one."""
    pending = state.pending
    meant = pending and pending.type == "add_to_cart" and pending.product_id
    other = resolved.unresolved or resolved.candidates or resolved.named
    return (pending.product_id,) if pending and meant and not other else ()


def _names_type(acts: Acts) -> bool:
    return any(c.slot == "category" and c.op == "eq" for c in acts.add)


def _gated(state: DialogueState, acts: Acts, facts: Facts, *, product_id: str) -> SystemAct:
    if acts.exact and product_id in acts.product_ids:
        return SystemAct("cart_add", product_ids=(product_id,), quantity=quantity(state, product_id=product_id))
    options = list(facts.options.get(product_id, ()))
    sizes = _distinct(o.size for o in options if o.size)
    said = _said_size(state, acts)
    if len(sizes) < 2:
        return _without_choice(state, sizes, said, product_id=product_id)
    color = next((o.color for o in options if o.product_id == product_id), "")
    if said:
        return _of_size(state, options, said, product_id=product_id, color=color)
    if _title_says_size(state, options, product_id=product_id):
        return SystemAct("cart_add", product_ids=(product_id,), quantity=quantity(state, product_id=product_id))
    known = _distinct(s for s in sizes if any(same_size(s, str(c.value)) for c in state.of("size") if c.op == "eq"))
    if len(known) == 1:
        return _of_size(state, options, known[0], product_id=product_id, color=color)
    chosen_by_id = product_id in acts.product_ids and not any(item.product_id == product_id for item in state.seen)
    if chosen_by_id:
        return SystemAct("cart_add", product_ids=(product_id,), quantity=quantity(state, product_id=product_id))
    return _ask_size(state, options, product_id=product_id)


def _title_says_size(state: DialogueState, options: list[Option], *, product_id: str) -> bool:
    """Say whether the item was shown under a name that tells its size ("coffee beans, 1 kg"): then it is that one."""
    own = next((o.size for o in options if o.product_id == product_id), "")
    titles = [item.title for item in state.seen if item.product_id == product_id]
    return bool(own and titles) and set(words(own)) <= set(words(titles[-1]))


def _without_choice(state: DialogueState, sizes: list[str], said: str, *, product_id: str) -> SystemAct:
    """Add an item that has no sizes, or only one; a size that does not apply is said, not swallowed."""
    act = SystemAct("cart_add", product_ids=(product_id,), quantity=quantity(state, product_id=product_id))
    if not said or (sizes and same_size(sizes[0], said)):
        return act
    if sizes:
        return _refused(act, said, reason="no_such_size", sizes=sizes)
    return SystemAct(
        "cart_add", product_ids=act.product_ids, quantity=act.quantity, reason="size_does_not_apply", said=said
    )


def _of_size(state: DialogueState, options: list[Option], said: str, *, product_id: str, color: str) -> SystemAct:
    fits = [o for o in options if same_size(o.size, said)]
    act = SystemAct("cart_add", product_ids=(product_id,), quantity=quantity(state, product_id=product_id))
    if not fits:
        return _refused(act, said, reason="no_such_size", sizes=_sizes(options, color))
    in_color = [o for o in fits if o.color == color]
    buyable = [o for o in in_color or fits if o.in_stock]
    if not buyable:
        return _refused(act, said, reason="size_sold_out", sizes=_sizes(options, color))
    exact = next((o for o in buyable if o.product_id == product_id), buyable[0])
    return SystemAct("cart_add", product_ids=(exact.product_id,), quantity=act.quantity)


def _ask_size(state: DialogueState, options: list[Option], *, product_id: str) -> SystemAct:
    color = next((o.color for o in options if o.product_id == product_id), "")
    question = Question(text=lexicon().asks["cart_size"], slot="size", options=tuple(_sizes(options, color)))
    return SystemAct(
        "cart_add",
        product_ids=(product_id,),
        quantity=quantity(state, product_id=product_id),
        missing="size",
        question=question,
    )


def _refused(
    act: SystemAct, said: str, *, reason: Literal["no_such_size", "size_sold_out"], sizes: list[str]
) -> SystemAct:
    question = Question(text=lexicon().asks["cart_size"], slot="size", options=tuple(sizes))
    return SystemAct(
        "cart_add",
        product_ids=act.product_ids,
        quantity=act.quantity,
        missing="size",
        reason=reason,
        said=said,
        question=question,
    )


def _sizes(options: Iterable[Option], color: str) -> list[str]:
    """Return the sizes that can be bought, those of the item's own colour where it has any."""
    buyable = [o for o in options if o.in_stock and o.size]
    return _distinct(o.size for o in [o for o in buyable if o.color == color] or buyable)


def _said_size(state: DialogueState, acts: Acts) -> str:
    said = [str(c.value) for c in acts.add if c.slot == "size" and c.op == "eq"]
    return said[-1] if said else (state.pending.size if state.pending else "")


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
