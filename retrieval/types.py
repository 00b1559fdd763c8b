"""The words that `retrieval` speaks: products, constraints, queries, hits and rankings.

All of them are frozen values. Money is in integer cents of `currency`; catalogue fields carry the names of the
Google Merchant product specification (https://support.google.com/merchants/answer/7052112).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Slot = Literal[
    "category", "brand", "color", "size", "material", "style", "feature", "occasion", "recipient",
    "price", "rating", "quantity", "order_id", "sort",
]  # fmt: skip
Op = Literal["eq", "ne", "lte", "gte", "approx", "lt", "gt"]
Sort = Literal["price_asc", "price_desc", "rating_desc", "newest", "popular"]
Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder"]

SHOWN = "shown"
"""The value of a `lt`/`gt` price constraint: "cheaper than these"."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One wish: `slot op value`. ANNOTATION of the contract, section 3.

    Attributes:
        slot: What it is about.
        op: How `value` is compared; `lt`/`gt` only with the value `"shown"`.
        value: The shopper's words (spelling mended) or a number (price in major units, rating out of 5, quantity).
        hard: A hard constraint is never violated without saying so; a soft one only ranks.
        currency: ISO 4217 code beside a price, where it was said.
        group: Numbers the product types asked for together, from 0.
    """

    slot: Slot
    op: Op
    value: str | float
    hard: bool = True
    currency: str | None = None
    group: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        out: dict[str, Any] = {"slot": self.slot, "op": self.op, "value": self.value, "group": self.group}
        if self.currency:
            out["currency"] = self.currency
        return out


@dataclass(frozen=True, slots=True)
class Product:
    """One sellable offer: a variant where the product has variants.

    Attributes:
        price_cents: List price; None where the feed has none (such a row is quarantined at ingest).
        sale_price_cents: Reduced price where there is one, always below `price_cents`.
        product_type: The shop's own shelf, a path such as `"Clothing > Shoes > Trail running shoes"`.
        popularity: Any non-negative number, larger is more sold; 0 where unknown.
        released: ISO date or "".
        attributes: Further facts by name, e.g. `{"waterproof": True, "screen size": "15.6 in"}`.
    """

    product_id: str
    title: str
    price_cents: int
    currency: str
    sale_price_cents: int | None = None
    description: str = ""
    link: str = ""
    image_link: str = ""
    availability: Availability = "in_stock"
    brand: str = ""
    gtin: str = ""
    google_product_category: str = ""
    product_type: str = ""
    color: str = ""
    size: str = ""
    material: str = ""
    gender: str = ""
    age_group: str = ""
    item_group_id: str = ""
    condition: str = "new"
    rating: float | None = None
    n_ratings: int = 0
    popularity: float = 0.0
    released: str = ""
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)

    @property
    def offer_cents(self) -> int:
        """What the shopper pays now, in cents."""
        return self.price_cents if self.sale_price_cents is None else self.sale_price_cents

    @property
    def shelf(self) -> str:
        """The last step of `product_type`: "Trail running shoes"."""
        return self.product_type.rsplit(">", 1)[-1].strip()

    @property
    def group_key(self) -> str:
        """What variants of one product share; the product's own id where it has no group."""
        return self.item_group_id or self.product_id


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for.

    Attributes:
        text: Free text for the lexical and dense indexes: category, features and other soft words; may be "".
        constraints: Hard ones filter exactly before anything is ranked; soft ones only rank.
        n: How many hits to return after collapsing variants, 1..200.
        offset: How many collapsed hits to skip: paging is stable.
        sort: Overrides relevance; computed over everything that passes the filters, never over a top k. Beside
            `similar_to` over what is like it: the 50 nearest (variants as one) on its shelf, else of all that passes.
        exclude: Product ids (or group keys) never to return.
        similar_to: Rank by likeness to this product id instead of `text` (both may be given).
        relax: Whether constraints may be dropped, one by one and named, when nothing passes.
    """

    text: str = ""
    constraints: tuple[Constraint, ...] = ()
    n: int = 10
    offset: int = 0
    sort: Sort | None = None
    exclude: tuple[str, ...] = ()
    similar_to: str | None = None
    relax: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One product found. Scores are comparable within one ranking only, higher is better."""

    product: Product
    score: float
    lexical: float = 0.0  # min-max normalised share, 0..1
    dense: float = 0.0  # min-max normalised share, 0..1
    group_size: int = 1  # how many variants of the group passed the filters


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a search found, best first, one hit a variant group.

    Attributes:
        total: How many products (collapsed) pass the filters in all, before `n` and `offset`.
        relaxed: The constraints that were given up so that something is left, in that order.
        unknown: Constraints the catalogue cannot decide (a word it does not know); they ranked as text instead.
        not_carried: The asked category words where no shelf of this shop matches them; the hits are then the
            nearest real alternatives and must be labelled so.
    """

    hits: tuple[Hit, ...]
    total: int
    relaxed: tuple[Constraint, ...] = ()
    unknown: tuple[Constraint, ...] = ()
    not_carried: tuple[str, ...] = ()
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Review:
    """What one buyer wrote of a product; `rating` 1..5, `written` an ISO date or ""."""

    review_id: str
    product_id: str
    rating: int
    text: str
    title: str = ""
    author: str = ""
    written: str = ""
