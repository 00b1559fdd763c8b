"""What one turn has to say, decided elsewhere: the frozen plan that `responder.respond` puts into words.

The plan carries values, never sentences: which acts were done, what each of them found or did, the cart after it.
One `Step` an act, in the order done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.dialogue.state import Question
    from assistant.dialogue.system import SystemAct
    from assistant.reply import Action, Card, CartLine, Comparison, Handoff
    from assistant.service.base import Answer
    from retrieval.types import Constraint


@dataclass(frozen=True, slots=True)
class Found:
    """What a list act (`search`, `more`, `recommend`, `similar`) found for one group of the request.

    Attributes:
        cards: Exactly the cards drawn for it, in screen order.
        wish: The product type in the shopper's words ("trail running shoe"); "" without one.
        constraints: What was searched with, "cheaper than these" already resolved to a number.
        total: How many products pass in all (`Ranking.total`).
        offset: How many of them were shown on earlier pages.
        relaxed: As `Ranking.relaxed`: given up so that something is left.
        unknown: As `Ranking.unknown`: what the catalogue cannot decide.
        not_carried: As `Ranking.not_carried`; the cards are then the nearest real alternatives.
        cheapest: The cheapest product that meets everything but the price, where a price bound left nothing.
        sizes: The sizes that are really sold on this shelf, where a size wish was given up.
        sizeless: Nothing on this shelf has sizes, so a size does not apply.
        strategy: `Recommended.strategy` for a recommendation.
        anchor: Title of the product that `similar` starts from.
    """

    cards: tuple[Card, ...]
    wish: str = ""
    constraints: tuple[Constraint, ...] = ()
    total: int = 0
    offset: int = 0
    relaxed: tuple[Constraint, ...] = ()
    unknown: tuple[Constraint, ...] = ()
    not_carried: tuple[str, ...] = ()
    cheapest: Card | None = None
    sizes: tuple[str, ...] = ()
    sizeless: bool = False
    strategy: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Handled:
    """What a cart act did, refused or waits for.

    Attributes:
        action: As it goes into the reply; `action.reason` is a sentence fit for the shopper, or "".
        title: Name of the product it is about; "" for the whole cart.
        price_cents: Its unit price.
        size: The chosen size, or the one asked for that does not exist.
        sizes: The real sizes to choose from; empty where there is no choice.
        size_exists: False where `size` was asked for and the product is not made in it.
    """

    action: Action
    title: str = ""
    price_cents: int = 0
    size: str = ""
    sizes: tuple[str, ...] = ()
    size_exists: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One system act and what came of it.

    Attributes:
        act: As decided.
        outcome: By kind: `Found` for the list acts (also `feedback` that brings others), `Handled` for `cart_add
            cart_remove checkout`, `Comparison` for `compare`, `Answer` for `answer_product answer_policy
            order_status order_service`, `Handoff` for `handoff`; None for the rest and where there is nothing.
    """

    act: SystemAct
    outcome: Found | Handled | Comparison | Answer | Handoff | None = None


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """Everything one reply says.

    Attributes:
        turn: Number of this turn, from 1: the evidence id of the shopper's words and the seed of the wording.
        steps: The acts in the order done.
        said: The shopper's utterance; only ever evidence, never repeated as ours.
        cart: The cart after the turn.
        currency: The shop's currency, ISO 4217.
        question: The one question to end with.
        strikes: Turns in a row that were not understood, this one included.
        shop: The shop's name for the greeting; may be "".
        shopper: The signed-in shopper's first name; may be "".
        degraded: Part of the house did not answer, and this reply is what could be said without it.
    """

    turn: int
    steps: tuple[Step, ...] = ()
    said: str = ""
    cart: tuple[CartLine, ...] = ()
    currency: str = "USD"
    question: Question | None = None
    strikes: int = 0
    shop: str = ""
    shopper: str = ""
    degraded: bool = False
