"""The dialogue state: everything later turns may need, as one frozen value that stores as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from retrieval.types import Constraint, Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.dialogue.acts import Intent


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A product on the screen: `position` is 1-based in its turn; looks serve references such as "the black one".

    `group_key` is what its variants share: turning one down turns down all.
    """

    product_id: str
    title: str
    position: int
    turn: int
    price_cents: int = 0
    color: str = ""
    group: int = 0
    group_key: str = ""
    currency: str = ""  # ISO 4217; "" in states stored before it was kept


@dataclass(frozen=True, slots=True)
class Question:
    """The one question the assistant has open.

    Attributes:
        slot: What an answer would constrain; None for a yes/no question.
        text: As it was asked.
        options: The quick replies offered with it.
        proposes: Constraints that a plain "yes" adds.
        option_ids: Where the options are items: their product ids, in the same order.
        intent: What choosing one of those items is for.
        means: What each option asks for, in the same order, where it is not simply `slot` with the option's text.
    """

    text: str
    slot: Slot | None = None
    options: tuple[str, ...] = ()
    proposes: tuple[Constraint, ...] = ()
    option_ids: tuple[str, ...] = ()
    intent: Intent | None = None
    means: tuple[tuple[Constraint, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PendingAction:
    """An action that waits for a yes, or for a missing detail such as the size.

    `product_id` is "" where the shopper named an item that had to be looked up first: it is the first one then shown.
    `size` is what the shopper said already.
    """

    type: Literal["add_to_cart", "remove_from_cart", "checkout", "handoff"]
    product_id: str = ""
    quantity: int = 1
    missing: Slot | None = None
    size: str = ""


@dataclass(frozen=True, slots=True)
class DialogueState:
    """What has been said and shown so far.

    Attributes:
        turn: Number of the last shopper turn, from 1; 0 before the first.
        constraints: The whole state in the contract's sense, in the order said.
        shown: The last shown list (what references resolve to), in screen order.
        seen: Everything shown in this conversation, oldest first, at most 100: for "the black one" turns later.
        focus: Product ids the talk is about now (last referenced or compared).
        rejected: Product ids or group keys the shopper turned down: not shown again.
        page: How many hits of the current search were shown already.
        strikes: Turns in a row that were not understood.
        answering: The question that was open when this turn came: what "yes", "no" or "black" answers.
        asked: Slots already asked about in this conversation: no slot is asked twice.
        listing: What kind of list is on the screen, so that "more" goes on with it.
        like: For a `similar` list, the product id it is like.
        bound_cents: The figure behind a `lt`/`gt` "shown" price, fixed when it was said.
        bound_currency: Which it is in, ISO 4217; "" for the shop's own.
        covers_all: The price constraint covers everything the shopper buys and survives a new product type.
    """

    turn: int = 0
    constraints: tuple[Constraint, ...] = ()
    shown: tuple[ShownItem, ...] = ()
    seen: tuple[ShownItem, ...] = ()
    focus: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    question: Question | None = None
    pending: PendingAction | None = None
    page: int = 0
    strikes: int = 0
    with_person: bool = False
    answering: Question | None = None
    asked: tuple[Slot, ...] = ()
    covers_all: bool = False
    bound_cents: int | None = None
    bound_currency: str = ""
    listing: Literal["search", "recommend", "similar"] = "search"
    like: str = ""

    def of(self, slot: Slot, *, group: int | None = None) -> tuple[Constraint, ...]:
        """Return the constraints on `slot`, of one group where it is given."""
        return tuple(c for c in self.constraints if c.slot == slot and (group is None or c.group == group))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-serialisable dictionary; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DialogueState:
        """Rebuild a state stored by `to_json`."""
        question, pending, answering = data.get("question"), data.get("pending"), data.get("answering")
        return cls(
            turn=data["turn"],
            constraints=tuple(Constraint(**c) for c in data["constraints"]),
            shown=tuple(ShownItem(**s) for s in data["shown"]),
            seen=tuple(ShownItem(**s) for s in data["seen"]),
            focus=tuple(data["focus"]),
            rejected=tuple(data["rejected"]),
            question=_question(question) if question else None,
            pending=PendingAction(**pending) if pending else None,
            page=data["page"],
            strikes=data["strikes"],
            with_person=data["with_person"],
            answering=_question(answering) if answering else None,
            asked=tuple(data.get("asked", ())),
            covers_all=data.get("covers_all", False),
            bound_cents=data.get("bound_cents"),
            bound_currency=data.get("bound_currency", ""),
            listing=data.get("listing", "search"),
            like=data.get("like", ""),
        )


def _question(data: Mapping[str, Any]) -> Question:
    proposes = tuple(Constraint(**c) for c in data["proposes"])
    return Question(
        text=data["text"],
        slot=data["slot"],
        options=tuple(data["options"]),
        proposes=proposes,
        option_ids=tuple(data.get("option_ids", ())),
        intent=data.get("intent"),
        means=tuple(tuple(Constraint(**c) for c in wanted) for wanted in data.get("means", ())),
    )
