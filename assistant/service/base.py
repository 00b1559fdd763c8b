"""What the service side hands to the wording: answers with their evidence, and the port for orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in words with the ids of what proves it.

    Attributes:
        text: Whole sentences, plain text, bounded; everything in it stands in the evidence.
        evidence: `product:ID:field`, `review:N`, `policy:DOC#N`, `order:ID`.
        known: False where the honest answer is that the shop's data does not say.
        facts: The cited facts themselves, (evidence id, text): what grounding compares the words with.
    """

    text: str
    evidence: tuple[str, ...] = ()
    known: bool = True
    facts: tuple[tuple[str, str], ...] = ()

    def plus(self, other: Answer) -> Answer:
        """Return both answers as one: about two products, or an order and the rule for it."""
        text = f"{self.text} {other.text}".strip()
        evidence = tuple(dict.fromkeys(self.evidence + other.evidence))
        return Answer(text, evidence, self.known or other.known, self.facts + other.facts)


class OrderItemLike(Protocol):
    """One line of an order, as `assistant.commerce.orders` keeps it."""

    @property
    def product_id(self) -> str:
        """Which product."""
        ...

    @property
    def title(self) -> str:
        """Its name when it was bought."""
        ...

    @property
    def quantity(self) -> int:
        """How many."""
        ...

    @property
    def price_cents(self) -> int:
        """Unit price in cents."""
        ...


class OrderLike(Protocol):
    """One order, as `assistant.commerce.orders` keeps it."""

    @property
    def order_id(self) -> str:
        """The number that the shopper knows."""
        ...

    @property
    def user_id(self) -> str:
        """Whose order it is."""
        ...

    @property
    def status(self) -> str:
        """`pending processed shipped delivered cancelled returned exchanged`."""
        ...

    @property
    def placed_at(self) -> object:
        """When it was placed: a date, a datetime or an ISO string."""
        ...

    @property
    def items(self) -> Sequence[OrderItemLike]:
        """What was bought."""
        ...

    @property
    def total_cents(self) -> int:
        """What it cost in all, in cents."""
        ...

    @property
    def currency(self) -> str:
        """ISO 4217 code."""
        ...


class OrderSource(Protocol):
    """Where orders are read from."""

    def orders(self, user_id: str) -> Sequence[OrderLike]:
        """Return a shopper's own orders, any order."""
        ...

    def order(self, order_id: str) -> OrderLike | None:
        """Return the order with this number, whoever it belongs to."""
        ...
