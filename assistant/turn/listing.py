"""Products as JSON for programs: with reasons, with variants, with what buyers say."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.nlg.explainer import explain

if TYPE_CHECKING:
    from assistant.history.base import Profile
    from assistant.recommender.base import Recommended
    from assistant.turn.house import House
    from retrieval.types import Product

_MAX_REVIEWS = 20
_QUOTED_REVIEWS = 5


def reasoned(house: House, chosen: Recommended, *, profile: Profile) -> list[dict[str, Any]]:
    """Return recommendations with reasons in the contract's shape."""
    products = [item.product for item in chosen.items]
    subjects = [signal.subject for item in chosen.items for signal in item.signals if signal.subject]
    names = {p.product_id: p.title for p in [*products, *house.store.catalogue.get(list(dict.fromkeys(subjects)))]}
    items = []
    for item in chosen.items:
        why = explain(
            item.product,
            signals=item.signals,
            reviews=house.store.catalogue.reviews(item.product.product_id, n=_MAX_REVIEWS),
            profile=profile,
            others=products,
            names=names,
        )
        items.append(
            {
                "product_id": item.product.product_id,
                "title": item.product.title,
                "price": item.product.offer_cents / 100,
                "currency": item.product.currency,
                "score": round(item.score, 4),
                "why": [asdict(claim) for claim in why],
            }
        )
    return items


def product_json(house: House, product: Product) -> dict[str, Any]:
    """Return one product in Merchant field names, prices in major units."""
    out = asdict(product)
    out["attributes"] = dict(product.attributes)
    out["price"], sale = out.pop("price_cents") / 100, out.pop("sale_price_cents")
    out["sale_price"] = None if sale is None else sale / 100
    out["variants"] = [_variant(v) for v in house.store.catalogue.variants(product.group_key)]
    reviews = house.store.catalogue.reviews(product.product_id, n=_MAX_REVIEWS)
    out["reviews"] = {
        "n": len(reviews),
        "by_rating": dict(sorted(Counter(review.rating for review in reviews).items())),
        "latest": [asdict(review) for review in reviews[:_QUOTED_REVIEWS]],
    }
    return out


def _variant(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.product_id,
        "color": product.color,
        "size": product.size,
        "price": product.offer_cents / 100,
        "availability": product.availability,
    }
