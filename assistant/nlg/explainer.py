"""Why this product: two to four claims, strongest first, each true by construction and citing its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.history.base import Profile
from assistant.nlg import merits, past
from assistant.nlg.fields import field_id
from assistant.nlg.matching import stem_set
from assistant.nlg.merits import Reason
from assistant.nlg.wishes import judged
from assistant.nlg.wording import flat
from assistant.reply import Claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from assistant.recommender.base import Signal
    from retrieval.types import Constraint, Product, Review

MAX_CLAIMS = 4
_ENOUGH = 2  # further claims must carry some weight
_WEAK = 0.35
_STRANGER = Profile()
_FROM_REVIEWS = ("feature", "style", "occasion", "recipient", "material")


def explain(
    product: Product,
    *,
    constraints: Sequence[Constraint] = (),
    signals: Sequence[Signal] = (),
    reviews: Sequence[Review] = (),
    profile: Profile = _STRANGER,
    others: Sequence[Product] = (),
    names: Mapping[str, str] | None = None,
    turn: int = 1,
) -> tuple[Claim, ...]:
    """Give the reasons to look at `product`, and what speaks against it where a wish was given up.

    Args:
        product: The product; every claim is about it and cites it.
        constraints: The wishes in force, those that were relaxed included: they are judged by the product's data.
        signals: Why the recommender moved it.
        reviews: Its reviews.
        profile: The shopper's.
        others: All products shown with it, in screen order; it may itself be among them.
        names: Titles by product id for the subjects of `signals`.
        turn: Number of the turn that carries the shopper's words.

    Returns:
        One to four claims, strongest first; never none.
    """
    shown = [p for p in others if p.product_id != product.product_id]
    # Everything is compared with everything on the screen, this product in its own place.
    screen = [product if p.product_id == product.product_id else p for p in others] or [product]
    screen = screen if any(p is product for p in screen) else [product, *shown]
    reasons = [
        *_of_wishes(product, constraints, turn),
        *_of_reviews(constraints, reviews),
        *past.of_signals(product, signals, profile, names or {}),
        *merits.of_stock(product),
        *merits.of_price(product, screen),
        *merits.of_rating(product, screen),
        *merits.of_attributes(product, screen),
        *merits.of_trade_off(product, screen),
        *_of_shelf(product),
    ]
    return _strongest(reasons)


def _of_wishes(product: Product, constraints: Iterable[Constraint], turn: int) -> Iterator[Reason]:
    for constraint, verdict in judged(product, constraints):
        strength = verdict.strength if verdict.holds else 0.95
        claim = Claim(verdict.text, (*verdict.evidence, f"turn:{turn}"))
        yield Reason(f"wish:{constraint.slot}:{constraint.op}:{constraint.value}", strength, claim)


def _of_reviews(constraints: Iterable[Constraint], reviews: Sequence[Review]) -> Iterator[Reason]:
    for constraint in constraints:
        if constraint.slot in _FROM_REVIEWS and constraint.op == "eq" and isinstance(constraint.value, str):
            yield from merits.of_wished_review(reviews, constraint.value, stem_set(constraint.value))
    yield from merits.of_reviews(reviews)


def _of_shelf(product: Product) -> Iterator[Reason]:
    if product.shelf:
        ids = (field_id(product.product_id, "product_type"),)
        yield Reason("shelf", 0.15, Claim(f"From our shelf: {flat(product.shelf, limit=60)}", ids))


def _strongest(reasons: Iterable[Reason]) -> tuple[Claim, ...]:
    """Return the best reason of each kind, no text twice, weak ones only where there is little else."""
    chosen: list[Reason] = []
    for reason in sorted(reasons, key=lambda r: -r.strength):
        fresh = all(reason.kind != c.kind and reason.claim.claim != c.claim.claim for c in chosen)
        if fresh and (reason.strength >= _WEAK or len(chosen) < _ENOUGH):
            chosen.append(reason)
    return tuple(r.claim for r in chosen[:MAX_CLAIMS])
