"""The history port and what events imply: `EventStore`, `Profile`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assistant.dialogue.events import Event


@dataclass(frozen=True, slots=True)
class Liking:
    """How much events speak for (positive) or against (negative) one value, and which events say so."""

    value: str
    weight: float
    event_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Touch:
    """What a shopper had to do with one product, over all their events that count.

    Attributes:
        name: The strongest event: `purchase`, `add_to_cart`, `add_to_wishlist`, `view_item` or `feedback`.
        weight: Recency-weighted strength; negative where the shopper turned the product down.
        when: Unix time of the latest event.
        event_ids: The events, strongest first.
    """

    product_id: str
    name: str
    weight: float
    when: float
    event_ids: tuple[int, ...]
    group_key: str = ""
    shelf: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a shopper's events imply, recency-weighted. Empty for a stranger.

    Attributes:
        likings: By slot (`category brand color material style size`), strongest first.
        price_bands: Usual (low, high) offer price in cents by shelf.
        recent: Product ids of the last purchases, carts and views, newest first.
        purchased: Product ids ever bought.
        touches: One entry a product the shopper dealt with, latest first; gifts left out.
    """

    user_id: str = ""
    likings: Mapping[str, tuple[Liking, ...]] = field(default_factory=dict)
    price_bands: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    recent: tuple[str, ...] = ()
    purchased: frozenset[str] = frozenset()
    n_events: int = 0
    touches: tuple[Touch, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to lean on."""
        return self.n_events > 0


class EventStore(Protocol):
    """Keeps events; the only way to learn about a shopper."""

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Store events and return them with their ids."""
        ...

    def events(self, user_id: str, *, limit: int = 1000) -> list[Event]:
        """Return a shopper's events, oldest first, the latest `limit`."""
        ...

    def purchases(self) -> Sequence[tuple[str, str, float]]:
        """Return (user id, product id, unix time) of every purchase of every shopper, by user then time."""
        ...

    def export(self, user_id: str) -> dict[str, Any]:
        """Return everything held about a shopper as JSON."""
        ...

    def erase(self, user_id: str) -> int:
        """Remove everything held about a shopper; return how many rows went."""
        ...
