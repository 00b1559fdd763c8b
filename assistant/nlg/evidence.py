"""What may be said this turn: an ordered map from evidence id to fact, gathered from the plan and what was looked up.

A reply is checked against it afterwards (`grounding`), so a fact that is not in here is not said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.nlg.fields import availability, field_id, fields
from assistant.nlg.money import amounts, money
from assistant.nlg.plan import Found, Handled, ReplyPlan
from assistant.nlg.wording import bound, flat, named, number
from assistant.reply import Card, Comparison, Handoff
from assistant.service.base import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assistant.dialogue.events import Event
    from assistant.nlg.plan import Step
    from assistant.reply import CartLine
    from retrieval.types import Constraint, Product, Review

_MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: `text` as it may be said or quoted; `about` is the product it belongs to, "" for none."""

    evidence_id: str
    text: str
    about: str = ""

    @property
    def cents(self) -> tuple[int, ...]:
        """The amounts of money in it."""
        return tuple(a.cents for a in amounts(self.text))

    @property
    def by_shopper(self) -> bool:
        """Whether these are the shopper's own words, which prove a wish and never a product's price or size."""
        return self.evidence_id.startswith("turn:")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of one turn, in the order they were found; an id may carry several texts."""

    facts: tuple[Fact, ...] = ()
    _ids: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Evidence:
        """Keep each different fact once, empty ones not at all."""
        kept = tuple(dict.fromkeys(f for f in facts if f.text))
        return cls(kept, frozenset(f.evidence_id for f in kept))

    def __contains__(self, evidence_id: str) -> bool:
        return evidence_id in self._ids

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def get(self, evidence_id: str) -> tuple[str, ...]:
        """Return what is known under an id."""
        return tuple(f.text for f in self.facts if f.evidence_id == evidence_id)

    def plus(self, facts: Iterable[Fact]) -> Evidence:
        """Return this and more."""
        return Evidence.of((*self.facts, *facts))


def gather(
    plan: ReplyPlan,
    *,
    products: Iterable[Product] = (),
    reviews: Iterable[Review] = (),
    events: Iterable[Event] = (),
    names: Mapping[str, str] | None = None,
) -> Evidence:
    """Collect everything a reply to `plan` may say.

    Args:
        plan: What was decided and done; its cards, cart, actions and answers are facts.
        products: Products looked at this turn, with all their fields.
        reviews: Reviews read this turn.
        events: The shopper's events that reasons may cite.
        names: Titles by product id, for events about products that are not among `products`.
    """
    facts: list[Fact] = list(_said_facts(plan))
    for i, step in enumerate(plan.steps):
        facts += _step_facts(step, i, plan)
    facts += _cart_facts(plan.cart, plan.currency)
    for product in products:
        facts += product_facts(product)
    facts += [review_fact(review) for review in reviews]
    facts += [_event_fact(event, names or {}) for event in events]
    return Evidence.of(facts)


def product_facts(product: Product) -> list[Fact]:
    """Return every field of a product as a fact."""
    pid = product.product_id
    out = [Fact(field_id(pid, "title"), flat(product.title, limit=_MAX_TEXT), pid)]
    out += [Fact(f.evidence_id, f"{f.label}: {f.text}", pid) for f in (*fields(product), availability(product))]
    if product.sale_price_cents is not None:
        sale = money(product.sale_price_cents, product.currency)
        out.append(Fact(field_id(pid, "sale_price"), f"Sale price: {sale}", pid))
    out.append(Fact(field_id(pid, "popularity"), f"Popularity: {number(product.popularity)}", pid))
    out.append(Fact(field_id(pid, "product_type"), flat(product.product_type), pid))
    out.append(Fact(field_id(pid, "description"), flat(product.description, limit=_MAX_TEXT), pid))
    return out


def review_fact(review: Review) -> Fact:
    """Return a review with its rating as a fact."""
    text = flat(f"{review.rating} out of 5: {review.text}", limit=_MAX_TEXT)
    return Fact(f"review:{review.review_id}", text, review.product_id)


def card_facts(card: Card) -> list[Fact]:
    """Return what a card shows as facts; the words of its reasons stand for whatever else they cite."""
    pid = card.product_id
    shown = {
        "title": flat(card.title, limit=_MAX_TEXT),
        "price": f"Price: {money(card.price_cents, card.currency)}",
        "list_price": f"List price: {money(card.list_price_cents, card.currency)}" if card.list_price_cents else "",
        "brand": flat(card.brand),
        "color": flat(card.color),
        "size": f"Size: {flat(card.size)}" if card.size else "",
        "rating": "" if card.rating is None else f"{number(round(card.rating, 1))} out of 5 by {card.n_ratings} buyers",
        "availability": "in stock" if card.in_stock else "out of stock",
    }
    out = [Fact(field_id(pid, name), text, pid) for name, text in shown.items()]
    out += [Fact(field_id(other, "size"), f"Size: {flat(label)}", pid) for other, label, _ in card.options]
    out += [Fact(i, why.claim, pid) for why in card.why for i in why.evidence if not i.startswith("turn:")]
    return out


def _said_facts(plan: ReplyPlan) -> Iterator[Fact]:
    key = f"turn:{plan.turn}"
    yield Fact(key, flat(plan.said, limit=_MAX_TEXT))
    yield Fact("count:shop", flat(plan.shop))
    yield Fact("count:shopper", flat(plan.shopper))
    for step in plan.steps:
        outcome = step.outcome
        if isinstance(outcome, Found):
            wishes = (*outcome.constraints, *outcome.relaxed, *outcome.unknown)
            yield from (Fact(key, _constraint_text(c, plan.currency)) for c in wishes)
            yield from (Fact(key, flat(word)) for word in (outcome.wish, *outcome.not_carried))
        elif isinstance(outcome, Handled) and outcome.size:
            yield Fact(key, f"Size: {flat(outcome.size)}")


def _constraint_text(constraint: Constraint, currency: str) -> str:
    value = constraint.value
    if constraint.slot == "price":
        return bound(constraint, currency)
    text = flat(value, limit=80) if isinstance(value, str) else number(value)
    return f"Size: {text}" if constraint.slot == "size" else text


def _step_facts(step: Step, index: int, plan: ReplyPlan) -> list[Fact]:
    outcome = step.outcome
    if isinstance(outcome, Found):
        return _found_facts(outcome, index)
    if isinstance(outcome, Handled):
        return _handled_facts(outcome, index, plan.currency)
    if isinstance(outcome, Comparison):
        return _comparison_facts(outcome)
    if isinstance(outcome, Answer):
        return [Fact(key, flat(text, limit=_MAX_TEXT), _about(key)) for key, text in outcome.facts]
    if isinstance(outcome, Handoff):
        return [Fact("count:handoff", flat(outcome.reason))]
    return []


def _found_facts(found: Found, index: int) -> list[Fact]:
    out = [fact for card in found.cards for fact in card_facts(card)]
    out += card_facts(found.cheapest) if found.cheapest else []
    out.append(Fact(f"count:total:{index}={found.total}", str(found.total)))
    out.append(Fact(f"count:shown:{index}={len(found.cards)}", str(len(found.cards))))
    out.append(Fact(f"count:left:{index}", str(max(0, found.total - found.offset - len(found.cards)))))
    out += [Fact(f"count:sizes:{index}", f"Size: {flat(size)}") for size in found.sizes]
    out += [Fact(f"count:anchor:{index}", flat(found.anchor, limit=_MAX_TEXT))]
    lost = (*found.relaxed, *found.unknown)
    held = [c for c in found.constraints if c.slot == "size" and c.hard and c not in lost]
    out += [Fact(f"count:filter:{index}:size", f"Size: {c.value}") for c in held]  # every hit passed it
    return out


def _handled_facts(done: Handled, index: int, currency: str) -> list[Fact]:
    pid = done.action.product_id
    out = [Fact(field_id(pid, "title"), flat(done.title, limit=_MAX_TEXT), pid)]
    out.append(Fact(field_id(pid, "price"), f"Price: {money(done.price_cents, currency)}", pid))
    out.append(Fact(f"count:quantity:{index}", str(done.action.quantity), pid))
    out.append(Fact(f"count:reason:{index}", flat(done.action.reason)))
    out += [Fact(field_id(pid, "sizes"), f"Size: {flat(size)}", pid) for size in done.sizes]
    if done.size and done.size_exists:
        out.append(Fact(field_id(pid, "size"), f"Size: {flat(done.size)}", pid))
    return out


def _comparison_facts(table: Comparison) -> list[Fact]:
    out: list[Fact] = []
    for i, pid in enumerate(table.product_ids):
        out.append(Fact(field_id(pid, "title"), flat(table.titles[i], limit=_MAX_TEXT), pid))
        out += [Fact(field_id(pid, row.lower()), f"{row}: {values[i]}", pid) for row, values in table.rows]
    return out


def _cart_facts(cart: tuple[CartLine, ...], currency: str) -> list[Fact]:
    out: list[Fact] = []
    for line in cart:
        pid, price = line.product_id, money(line.price_cents, line.currency)
        out.append(Fact(field_id(pid, "title"), flat(line.title, limit=_MAX_TEXT), pid))
        out.append(Fact(field_id(pid, "price"), f"Price: {price}, quantity {line.quantity}", pid))
        out.append(Fact(f"count:cart:{pid}", money(line.price_cents * line.quantity, line.currency), pid))
    total = sum(line.price_cents * line.quantity for line in cart)
    code = cart[0].currency if cart else currency
    n = sum(line.quantity for line in cart)
    return [*out, Fact(f"count:cart_total={total}", money(total, code)), Fact(f"count:cart_items={n}", str(n))]


def _event_fact(event: Event, names: Mapping[str, str]) -> Fact:
    title = names.get(event.product_id, "")
    what = event.name.replace("_", " ")
    price = event.detail.get("price_cents")
    paid = f" at {money(price)}" if isinstance(price, int) else ""
    return Fact(f"event:{event.event_id}", f"{what} {named(title) if title else event.product_id}{paid}")


def _about(evidence_id: str) -> str:
    """Return the product id inside `product:ID:field`; "" for any other evidence id."""
    return evidence_id[len("product:") :].rpartition(":")[0] if evidence_id.startswith("product:") else ""
