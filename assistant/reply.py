"""The reply: CONTRACT section 4 as frozen values. What is shown = what is named = what is logged."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.dialogue.acts import Intent
    from retrieval.types import Constraint


@dataclass(frozen=True, slots=True)
class Claim:
    """One reason in words with the ids of what proves it: `product:ID:field`, `event:N`, `review:N`, `turn:N`,
    `policy:ID#section`, `count:...` (a figure computed over the catalogue this turn).
    """  # noqa: D205

    claim: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One product as it is drawn. Prices in integer cents; `to_json` gives decimal major units.

    Attributes:
        label: "" or what sets it apart: "nearest alternative", "cheapest", "out of stock".
        role: Which group of the request it answers, from 0.
        options: Sizes (or else colours) of the group that can be chosen: (product id, label, in stock).
    """

    product_id: str
    title: str
    price_cents: int
    currency: str
    list_price_cents: int | None = None
    why: tuple[Claim, ...] = ()
    image: str = ""
    brand: str = ""
    color: str = ""
    size: str = ""
    rating: float | None = None
    n_ratings: int = 0
    in_stock: bool = True
    label: str = ""
    role: int = 0
    options: tuple[tuple[str, str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """Something done, refused, or waiting for a yes."""

    type: str
    status: Literal["done", "needs_confirmation", "refused"]
    product_id: str = ""
    quantity: int = 1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of the cart; price is the unit price in cents."""

    product_id: str
    quantity: int
    price_cents: int
    currency: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table: column heads are product ids and titles; rows are (field, one value a product), differences first."""

    product_ids: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Handoff:
    """A conversation passed to a person: why, and a brief for the agent."""

    reason: str
    summary: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the assistant, CONTRACT section 4 with a few fields added (`comparison`, `conversation_id`).

    Attributes:
        trace: Wall milliseconds by stage.
        notes: What was out of the ordinary, by what it is about: `model` where another one than asked for answered.
    """

    turn: int
    text: str
    conversation_id: str = ""
    intents: tuple[Intent, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    products: tuple[Card, ...] = ()
    relaxed: tuple[Constraint, ...] = ()
    question: str | None = None
    quick_replies: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    cart: tuple[CartLine, ...] = ()
    comparison: Comparison | None = None
    handoff: Handoff | None = None
    elapsed_ms: float = 0.0
    trace: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    degraded: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON shape, prices as decimal numbers in major units."""
        return {
            "turn": self.turn,
            "text": self.text,
            "conversation_id": self.conversation_id,
            "intents": list(self.intents),
            "constraints": [c.to_json() for c in self.constraints],
            "products": [_card_json(card) for card in self.products],
            "relaxed": [{"slot": c.slot, "op": c.op, "value": c.value} for c in self.relaxed],
            "question": self.question,
            "quick_replies": list(self.quick_replies),
            "actions": [asdict(a) for a in self.actions],
            "cart": [_line_json(line) for line in self.cart],
            "comparison": asdict(self.comparison) if self.comparison else None,
            "handoff": asdict(self.handoff) if self.handoff else None,
            "elapsed_ms": round(self.elapsed_ms, 2),
            "trace": {k: round(v, 2) for k, v in self.trace.items()},
            "notes": dict(self.notes),
            "degraded": self.degraded,
        }


def _card_json(card: Card) -> dict[str, Any]:
    out = asdict(card)
    out["price"] = out.pop("price_cents") / 100
    was = out.pop("list_price_cents")
    out["list_price"] = None if was is None else was / 100
    out["options"] = [{"product_id": i, "label": label, "in_stock": ok} for i, label, ok in card.options]
    return out


def _line_json(line: CartLine) -> dict[str, Any]:
    out = asdict(line)
    out["price"] = out.pop("price_cents") / 100
    return out
