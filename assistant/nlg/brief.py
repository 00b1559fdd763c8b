"""What a colleague reads first when a conversation is handed over: a few lines, facts only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.nlg.money import money
from assistant.nlg.wording import described, flat, listed, plural, wished

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.reply import CartLine
    from retrieval.types import Constraint

MAX_BRIEF = 1_200
_REASONS = {
    "asked": "The shopper asked for a person.",
    "not_understood": "The assistant did not understand the shopper several times in a row.",
    "order_change": "An order is to be changed, which the assistant may not do.",
    "unknown": "The shop's data does not answer the question.",
}
_MAX_SAID, _MAX_SHOWN, _MAX_LINES = 3, 5, 6


def brief(
    reason: str,
    *,
    said: Sequence[str] = (),
    constraints: Sequence[Constraint] = (),
    shown: Sequence[str] = (),
    cart: Iterable[CartLine] = (),
    order_ids: Sequence[str] = (),
    shopper: str = "",
    currency: str = "USD",
) -> str:
    """Summarise a conversation for the person who takes over; plain text, a fact a line, at most 1,200 characters.

    Args:
        reason: `asked`, `not_understood`, `order_change`, `unknown`, or a sentence of its own.
        said: The shopper's utterances, oldest first; the last three are quoted.
        constraints: What is being looked for.
        shown: Titles of the last shown list.
        cart: The cart's lines.
        order_ids: Order numbers that were mentioned.
        shopper: Name or id of the signed-in shopper.
        currency: The shop's currency, ISO 4217.
    """
    lines = [f"Why: {_REASONS.get(reason) or flat(reason)}"]
    lines += [f"Shopper: {flat(shopper, limit=80)}"] if shopper else ["Shopper: not signed in."]
    lines += [f"Orders mentioned: {listed(flat(i, limit=40) for i in order_ids[:_MAX_LINES])}"] if order_ids else []
    lines += _looking(constraints, currency)
    if shown:
        lines.append(f"Last shown: {'; '.join(flat(t, limit=70) for t in shown[:_MAX_SHOWN])}")
    lines += _cart(tuple(cart))
    lines += [f"Said: “{flat(text, limit=160)}”" for text in said[-_MAX_SAID:]]
    return "\n".join(lines)[:MAX_BRIEF]


def _looking(constraints: Sequence[Constraint], currency: str) -> list[str]:
    out = []
    for group in sorted({c.group for c in constraints}):
        own = [c for c in constraints if c.group == group]
        nouns = listed(plural(flat(str(c.value), limit=60)) for c in own if c.slot == "category" and c.op == "eq")
        wishes = described([c for c in own if wished(c, currency)], currency)
        if nouns or wishes:
            out.append(f"Looking for: {' '.join(p for p in (nouns or 'anything', wishes) if p)}")
    return out


def _cart(cart: Sequence[CartLine]) -> list[str]:
    if not cart:
        return ["Cart: empty"]
    rows = [f"{line.quantity} x {flat(line.title or line.product_id, limit=70)}" for line in cart[:_MAX_LINES]]
    total = money(sum(line.quantity * line.price_cents for line in cart), cart[0].currency)
    more = f" and {len(cart) - _MAX_LINES} more" if len(cart) > _MAX_LINES else ""
    return [f"Cart: {', '.join(rows)}{more}; {total} in all"]
