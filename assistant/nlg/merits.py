"""Reasons from a product's own figures, alone and beside what is shown with it: price, rating, trade-off."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from assistant.nlg.fields import attributes, availability, field_id, price_ids
from assistant.nlg.matching import MAX_QUOTE, denies, quoted_review
from assistant.nlg.money import money
from assistant.nlg.wording import flat, named, number
from assistant.reply import Claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from retrieval.types import Product, Review

_WORTH_SAYING = 0.1  # a discount or distance from the median smaller than this is noise
_GOOD_RATING, _ENOUGH_RATINGS = 4.0, 5
_MAX_ATTRIBUTE = 40


@dataclass(frozen=True, slots=True)
class Reason:
    """A claim with what orders it: at most one reason of a `kind` is given, stronger ones first."""

    kind: str
    strength: float
    claim: Claim


def of_price(product: Product, shown: Sequence[Product]) -> Iterator[Reason]:
    """Yield what can be said of the price: the reduction, the place among the shown ones, and plainly what it is."""
    offer, currency, ids = product.offer_cents, product.currency, price_ids(product)
    saved = product.price_cents - offer
    if saved >= _WORTH_SAYING * product.price_cents > 0:
        text = f"{money(saved, currency)} off the list price of {money(product.price_cents, currency)}"
        yield Reason("discount", 0.66, Claim(text, ids))
    peers = [p.offer_cents for p in shown if p.currency == currency]
    if len(peers) >= 3:
        middle = round(median(peers))
        share = (middle - offer) / middle if middle else 0.0
        key = f"count:median_price_of_shown={middle}"
        if offer == min(peers) and peers.count(offer) == 1:
            others = tuple(i for p in shown if p.currency == currency and p is not product for i in price_ids(p)[-1:])
            yield Reason("among", 0.58, Claim(f"The lowest price of the {len(peers)} shown", (*ids, *others)))
        elif share >= _WORTH_SAYING:
            text = f"{money(middle - offer, currency)} below the middle price of the {len(peers)} shown"
            yield Reason("among", 0.45, Claim(text, (*ids, key)))
    yield Reason("price", 0.1, Claim(f"Price: {money(offer, currency)}", ids))


def of_rating(product: Product, shown: Sequence[Product]) -> Iterator[Reason]:
    """Yield what buyers' ratings say, where they speak for the product."""
    if product.rating is None or product.n_ratings < _ENOUGH_RATINGS:
        return
    key, rated = field_id(product.product_id, "rating"), number(round(product.rating, 1))
    peers = [p for p in shown if p is not product and p.rating is not None and p.n_ratings >= _ENOUGH_RATINGS]
    best = bool(peers) and all(round(product.rating, 1) > round(p.rating or 0, 1) for p in peers)
    if best and product.rating >= _GOOD_RATING:
        ids = (key, *(field_id(p.product_id, "rating") for p in peers))
        text = f"The best rated shown: {rated} out of 5 by {product.n_ratings} buyers"
        yield Reason("rating", 0.68, Claim(text, ids))
    elif product.rating >= _GOOD_RATING:
        yield Reason("rating", 0.6, Claim(f"Rated {rated} out of 5 by {product.n_ratings} buyers", (key,)))


def of_reviews(reviews: Sequence[Review]) -> Iterator[Reason]:
    """Yield one buyer's praise: a short, whole, affirming sentence of a review of 4 or 5.

    The first sentence of a review mostly says how it came to be; what follows it speaks of the product.
    """
    for review in sorted(reviews, key=lambda r: (-r.rating, r.review_id)):
        told = [flat(part, limit=MAX_QUOTE) for part in review.text.split(".")]
        told = [s for s in told if 12 <= len(s) < MAX_QUOTE and not denies(s)]
        if review.rating >= 4 and told:
            text = f"A buyer who gave {review.rating} out of 5 wrote: “{(told[1:] or told)[0]}”"
            yield Reason("review", 0.5, Claim(text, (f"review:{review.review_id}",)))
            return


def of_wished_review(reviews: Iterable[Review], wish: str, wanted: frozenset[str]) -> Iterator[Reason]:
    """Yield the review that speaks of a wish."""
    found = quoted_review(reviews, wanted)
    if found:
        review, sentence = found
        text = f"On “{flat(wish, limit=60)}” a buyer wrote: “{sentence}”"
        yield Reason("review", 0.62, Claim(text, (f"review:{review.review_id}",)))


def of_attributes(product: Product, shown: Sequence[Product]) -> Iterator[Reason]:
    """Yield the attribute that sets the product apart from the others shown, or else its first short one.

    What the title says already is no news.
    """
    told = flat(product.title, limit=500).casefold()
    own = [f for f in attributes(product) if f.flag is not False and len(f.text) <= _MAX_ATTRIBUTE]
    own = [f for f in own if f.flag is not None or f.text.casefold() not in told]
    taken = {(f.name, f.text) for p in shown if p is not product for f in attributes(p)}
    rare = [f for f in own if (f.name, f.text) not in taken]
    for field in (rare or own)[:1]:
        text = f"{field.label}: {field.text}"
        yield Reason("attribute", 0.4 if rare else 0.2, Claim(text, (field.evidence_id,)))


def of_trade_off(product: Product, shown: Sequence[Product]) -> Iterator[Reason]:
    """Yield what is won and lost against the runner-up: the first other product on the screen."""
    other = next((p for p in shown if p is not product and p.currency == product.currency), None)
    if other is None or product.rating is None or other.rating is None:
        return
    gap, better = product.offer_cents - other.offer_cents, round(product.rating - other.rating, 1)
    if abs(gap) < _WORTH_SAYING * other.offer_cents or abs(better) < 0.2 or (gap > 0) == (better < 0):
        return
    text = (
        f"{money(abs(gap), product.currency)} {'more' if gap > 0 else 'less'} than {named(other.title)}, "
        f"and rated {number(round(product.rating, 1))} against {number(round(other.rating, 1))}"
    )
    ids = (*price_ids(product), *price_ids(other), *(field_id(p.product_id, "rating") for p in (product, other)))
    yield Reason("trade-off", 0.42, Claim(text, ids))


def of_stock(product: Product) -> Iterator[Reason]:
    """Yield what stands in the way of buying it now."""
    if product.availability != "in_stock":
        field = availability(product)
        yield Reason(
            "stock", 0.97, Claim(f"{field.text[:1].upper()}{field.text[1:]} at the moment", (field.evidence_id,))
        )
