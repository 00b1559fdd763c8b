"""What the policy needs to know of the shop this turn; the caller looks it up, the policy only reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retrieval.types import Constraint, Slot


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that a question may offer: its text, what it asks for, how many of the found products it leaves."""

    text: str
    means: tuple[Constraint, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Narrowings:
    """What else the found products can be told apart by, where no slot does; may be empty.

    Attributes:
        n_found: How many products were found in all, variants counted once.
        attributes: Values by the name of an attribute ("capacity"), most products first.
        features: Attributes that a product has or has not ("waterproof").
        prices: Bands of price, lowest first.
    """

    n_found: int = 0
    attributes: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    features: Sequence[Choice] = ()
    prices: Sequence[Choice] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One variant of a product's group: what a size is called and whether it can be bought."""

    product_id: str
    size: str = ""
    color: str = ""
    in_stock: bool = True


@dataclass(frozen=True, slots=True)
class CartItem:
    """One line of the cart, enough to be named: "take the black boots out". `group_key` as in `ShownItem`."""

    product_id: str
    title: str = ""
    color: str = ""
    quantity: int = 1
    group_key: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The shop as far as this decision needs it.

    Attributes:
        options: By product id, every variant of its group. Wanted for the items the turn points at and for the
            item of a pending action; an item that is missing here has no sizes to choose from.
        cart: The cart's lines, in the order added.
        signed_in: Whether the shop knows whose orders may be read.
        facets: Counts of values by slot over everything the search of group 0 finds; may be empty.
        narrowings: What else that search can be narrowed by.
        min_confidence: Readings the parser trusts less than this are asked about instead of acted on, 0..1.
    """

    options: Mapping[str, Sequence[Option]] = field(default_factory=dict)
    cart: Sequence[CartItem] = ()
    signed_in: bool = False
    facets: Mapping[Slot, Sequence[tuple[str, int]]] = field(default_factory=dict)
    narrowings: Narrowings = field(default_factory=Narrowings)
    min_confidence: float = 0.2
