"""Sentences about the cart and the way to the checkout. What they count, they count in integer cents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.nlg.money import money
from assistant.nlg.phrasebook import say
from assistant.nlg.plan import Handled
from assistant.nlg.wording import flat, listed, measured, named
from assistant.service.terms import words

if TYPE_CHECKING:
    from assistant.nlg.plan import ReplyPlan, Step

_MAX_LINES, _MAX_SIZES = 6, 14
_WRONG_SIZE = ("no_such_size", "size_sold_out", "size_does_not_apply")


def cart_sentences(step: Step, plan: ReplyPlan, *, seed: int) -> list[str]:
    """Put one cart act into words; a question that the turn does not bring itself is asked last."""
    kind = step.act.kind
    if kind == "cart_view":
        return [_view(plan, seed)]
    if kind == "checkout":
        return _checkout(step, plan, seed)
    done = step.outcome if isinstance(step.outcome, Handled) else None
    if kind == "cart_remove":
        return _removed(step, done, plan, seed)
    return _added(step, done, plan, seed) if done else [say("unresolved", seed), say("ask_item", seed)]


def totals(plan: ReplyPlan) -> tuple[str, str]:
    """Return the cart's number of items and its total, as they are said: ("3 items", "$150.00")."""
    n = sum(line.quantity for line in plan.cart)
    cents = sum(line.quantity * line.price_cents for line in plan.cart)
    currency = plan.cart[0].currency if plan.cart else plan.currency
    return f"{n} item{'' if n == 1 else 's'}", money(cents, currency)


def _now(plan: ReplyPlan, seed: int) -> str:
    items, total = totals(plan)
    return say("cart_total", seed, items=items, total=total) if plan.cart else say("cart_now_empty", seed)


def _view(plan: ReplyPlan, seed: int) -> str:
    if not plan.cart:
        return say("cart_empty", seed)
    lines = [f"{c.quantity} x {named(c.title)} at {money(c.price_cents, c.currency)}" for c in plan.cart[:_MAX_LINES]]
    lines += ["more"] if len(plan.cart) > _MAX_LINES else []
    return say("cart_lines", seed, lines=listed(lines), total=totals(plan)[1])


def _checkout(step: Step, plan: ReplyPlan, seed: int) -> list[str]:
    done = step.outcome if isinstance(step.outcome, Handled) else None
    if step.act.reason == "empty_cart" or not plan.cart:
        return [say("checkout_empty", seed)]
    items, total = totals(plan)
    if done and done.action.status == "refused":
        return [say("checkout_refused", seed, reason=flat(done.action.reason)).strip()]
    if done and done.action.status == "needs_confirmation":
        return [say("checkout_confirm", seed, items=items, total=total), say("ask_checkout", seed)]
    return [say("checkout", seed, items=items, total=total)]


def _removed(step: Step, done: Handled | None, plan: ReplyPlan, seed: int) -> list[str]:
    if done is None or done.action.status == "refused":
        if step.act.reason == "empty_cart":
            return [say("cart_empty", seed)]
        return [say("cart_not_there", seed, reason=flat(done.action.reason) if done else "").strip()]
    if done.action.status == "needs_confirmation":
        return [say("cart_confirm_remove", seed, name=named(done.title)), say("ask_remove", seed)]
    return [say("cart_removed", seed, name=named(done.title), cart=_now(plan, seed))]


def _added(step: Step, done: Handled, plan: ReplyPlan, seed: int) -> list[str]:
    name, price = named(done.title), money(done.price_cents, plan.currency)
    told = bool(done.size) and words(done.size) == words(done.title)[-len(words(done.size)) :]
    size = f" ({_in_size(done.size)})" if done.size and done.size_exists and not told else ""
    values: dict[str, object] = {"name": name, "price": price, "size": size, "quantity": done.action.quantity}
    if step.act.reason in _WRONG_SIZE or not done.size_exists:
        values["size"] = ""
        return _wrong_size(step, done, seed) + ([_added_plain(values, plan, seed)] if _is_done(done) else [])
    if _is_done(done):
        return [_added_plain(values, plan, seed)]
    if done.action.status == "refused":
        return [say("cart_refused", seed, name=name, reason=flat(done.action.reason)).strip()]
    if step.act.missing == "size" or (done.sizes and not step.act.missing):
        return [say("cart_ask_size", seed, name=name, sizes=_sizes(done)), say("ask_size", seed)]
    if step.act.missing:
        key = "cart_ask_color" if done.sizes else "cart_ask_detail"
        return [say(key, seed, name=name, sizes=_sizes(done), missing=step.act.missing), say("ask_detail", seed)]
    return [say("cart_confirm", seed, **values), say("ask_add", seed)]


def _is_done(done: Handled) -> bool:
    return done.action.status == "done"


def _added_plain(values: dict[str, object], plan: ReplyPlan, seed: int) -> str:
    return say("cart_added", seed, **values, cart=_now(plan, seed))


def _wrong_size(step: Step, done: Handled, seed: int) -> list[str]:
    """Say honestly that a size is not made or sold out, with the real ones; without any, that size does not apply."""
    said = flat(step.act.said or done.size, limit=40)
    name, ask = named(done.title), [say("ask_size", seed)] if done.sizes and not _is_done(done) else []
    if step.act.reason == "size_sold_out":
        key = "cart_size_sold_out" if done.sizes else "cart_size_gone"
    else:
        key = "cart_no_size" if done.sizes else "cart_no_size_plain"
    prefix = "" if key == "cart_no_size_plain" else "in "
    return [say(key, seed, name=name, size=prefix + _in_size(said), sizes=_sizes(done)), *ask]


def _in_size(size: str) -> str:
    return size if measured(size) or size.lower().startswith("size") else f"size {size}"


def _sizes(done: Handled) -> str:
    more = ["more"] if len(done.sizes) > _MAX_SIZES else []
    return listed([*(flat(s, limit=40) for s in done.sizes[:_MAX_SIZES]), *more])
