"""The JSON shapes that the command line and REST share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retrieval.types import Ranking


def ranking_json(ranking: Ranking) -> dict[str, Any]:
    """Return the contract's JSON shape of a search."""
    hits = [
        {
            "product_id": hit.product.product_id,
            "title": hit.product.title,
            "price": hit.product.offer_cents / 100,
            "currency": hit.product.currency,
            "score": round(hit.score, 4),
        }
        for hit in ranking.hits
    ]
    return {
        "hits": hits,
        "total": ranking.total,
        "relaxed": [c.to_json() for c in ranking.relaxed],
        "unknown": [c.to_json() for c in ranking.unknown],
        "not_carried": list(ranking.not_carried),
        "elapsed_ms": round(ranking.elapsed_ms, 2),
    }
