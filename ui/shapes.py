"""The JSON shapes that the command line and REST share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retrieval.facets import Facet, Facets
    from retrieval.types import Ranking


def facets_json(facets: Facets) -> dict[str, Any]:
    """Return what a search adds where facets are asked for.

    `filter` of a value are the constraints that get what it counts. Where the text names a category,
    `facets_within` has the constraint that the counts are within; it goes with the others.
    """
    return {
        "facets": [_facet_json(facet) for facet in facets.facets],
        "facets_within": [c.to_json() for c in facets.within],
    }


def _facet_json(facet: Facet) -> dict[str, Any]:
    values = []
    for value in facet.values:
        ends = {"low": value.low, "high": value.high} if facet.kind == "range" else {}
        wanted = [c.to_json() for c in value.constraints]
        values.append({"value": value.value, **ends, "count": value.count, "filter": wanted})
    currency = {"currency": facet.currency} if facet.currency else {}
    return {"name": facet.name, "kind": facet.kind, **currency, "values": values}


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
