"""The recommender port: who, what is asked, what was found in; recommendations with their reasons' sources out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from assistant.history.base import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.types import Product, Ranking


@dataclass(frozen=True, slots=True)
class Signal:
    """Why a recommender moved a product: `kind` is `bought_with`, `brand`, `category`, `color`, `price_band`,
    `popular`, `relevance` or `similar`; `subject` the value or the product id behind it; `event_ids` the proof.
    """  # noqa: D205

    kind: str
    weight: float
    subject: str = ""
    event_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One product to show, with a score comparable within its list and what moved it, strongest first."""

    product: Product
    score: float
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommended:
    """A list and how it came about: `strategy` is `relevance`, `personal`, `popular` or `similar`."""

    items: tuple[Recommendation, ...]
    strategy: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a recommender.

    Attributes:
        ranking: Candidates that already meet the hard constraints; None to recommend from the whole shop.
        exclude: Product ids or group keys never to return.
        gift: For somebody else: the shopper's own tastes do not count.
        reach: How many places a perfectly fitting product of `ranking` may rise. A specific search keeps it small,
            an open "recommend me shoes" can afford more: every candidate meets the constraints anyway.
        keep_order: The shopper asked for this order (a sort): explain it, do not touch it.
    """

    profile: Profile = field(default_factory=Profile)
    ranking: Ranking | None = None
    n: int = 6
    exclude: tuple[str, ...] = ()
    gift: bool = False
    reach: float = 3.0
    keep_order: bool = False


class Recommender(Protocol):
    """Reorders candidates for a shopper, or fills a list from the whole shop."""

    name: str

    def recommend(self, wish: Wish) -> Recommended:
        """Return at most `wish.n` recommendations, one a variant group, in stock first."""
        ...


class ProductSource(Protocol):
    """Where products come from: the catalogue, or a double."""

    def get(self, product_ids: Sequence[str]) -> list[Product]:
        """Return the products that exist, in the order asked."""
        ...
