"""Products side by side: what differs first, and a verdict that counts and never prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.nlg.fields import Field, availability, fields
from assistant.nlg.money import money
from assistant.nlg.wishes import judge, judged
from assistant.nlg.wording import flat, listed, named, number
from assistant.reply import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retrieval.types import Constraint, Product, Review

MAX_PRODUCTS = 4
MAX_ROWS = 14
_MISSING = "–"  # noqa: RUF001  (a dash in a table cell)
_FIRST = ("price", "list_price", "rating", "brand", "availability", "color", "size", "material")


def compare(
    products: Sequence[Product],
    *,
    constraints: Sequence[Constraint] = (),
    reviews: Mapping[str, Sequence[Review]] | None = None,
) -> Comparison:
    """Put two to four products side by side.

    Args:
        products: In screen order; more than four are cut.
        constraints: The shopper's wishes: they come first among the rows, and the verdict counts them.
        reviews: By product id, for a row on what buyers say.

    Returns:
        The table, rows that differ first, at most 14; the verdict says who is cheapest, best rated and meets more of
        the wishes, as far as the data tells.
    """
    chosen = tuple(products[:MAX_PRODUCTS])
    rows = [row for row in _rows(chosen, constraints, reviews or {}) if any(v != _MISSING for v in row[1])]
    rows.sort(key=lambda row: len(set(row[1])) == 1)
    titles = tuple(flat(p.title) for p in chosen)
    return Comparison(
        tuple(p.product_id for p in chosen), titles, tuple(rows[:MAX_ROWS]), _verdict(chosen, constraints)
    )


Row = tuple[str, tuple[str, ...]]


def _rows(
    products: Sequence[Product], constraints: Sequence[Constraint], reviews: Mapping[str, Sequence[Review]]
) -> list[Row]:
    known = [{f.name: f for f in (*fields(p), availability(p))} for p in products]
    names = dict.fromkeys([*_FIRST, *(n for k in known for n in k)])
    wanted = {n for c in constraints if isinstance(c.value, str) for n in _cited(products, c)}
    order = sorted(names, key=lambda n: (n != "price", n not in wanted))
    rows = [(_label(n, known), tuple(k[n].text if n in k else _MISSING for k in known)) for n in order]
    praise = tuple(_praise(reviews.get(p.product_id, ())) for p in products)
    return [*rows, ("Reviews of 4 or 5", praise)]


def _cited(products: Iterable[Product], constraint: Constraint) -> Iterable[str]:
    verdicts = (judge(p, constraint) for p in products)
    return (i.rpartition(":")[2] for v in verdicts if v is not None for i in v.evidence)


def _label(name: str, known: Sequence[Mapping[str, Field]]) -> str:
    return next((k[name].label for k in known if name in k), name)


def _praise(reviews: Sequence[Review]) -> str:
    return f"{sum(r.rating >= 4 for r in reviews)} of {len(reviews)}" if reviews else _MISSING


def _verdict(products: Sequence[Product], constraints: Sequence[Constraint]) -> str:
    if len(products) < 2:
        return ""
    parts = [_on_wishes(products, constraints), _on_price(products), _on_rating(products)]
    if any(c.slot == "sort" and c.value == "rating_desc" for c in constraints):
        parts = [parts[2], parts[0], parts[1]]
    elif any(c.slot == "sort" and c.value == "price_asc" for c in constraints):
        parts = [parts[1], parts[0], parts[2]]
    return " ".join(p for p in parts if p)


def _on_price(products: Sequence[Product]) -> str:
    if len({p.currency for p in products}) > 1:
        return ""
    ranked = sorted(products, key=lambda p: p.offer_cents)
    low, second, high = ranked[0], ranked[1], ranked[-1]
    price = money(low.offer_cents, low.currency)
    if low.offer_cents == high.offer_cents:
        return f"They cost the same: {price}."
    if low.offer_cents == second.offer_cents:
        tied = [named(p.title) for p in ranked if p.offer_cents == low.offer_cents]
        return f"{listed(tied)} are the cheapest at {price}."
    against = money(second.offer_cents, low.currency)
    return f"{named(low.title)} is the cheapest at {price}; {named(second.title)} costs {against}."


def _on_rating(products: Sequence[Product]) -> str:
    rated = sorted((p for p in products if p.rating is not None and p.n_ratings), key=lambda p: -(p.rating or 0))
    if len(rated) < 2:
        return ""
    first, second = (number(round(p.rating or 0, 1)) for p in rated[:2])
    if first == second:
        tied = [named(p.title) for p in rated if number(round(p.rating or 0, 1)) == first]
        return f"{listed(tied)} are rated alike, {first} out of 5."
    return (
        f"{named(rated[0].title)} is rated highest, {first} out of 5 by {rated[0].n_ratings} buyers; "
        f"{named(rated[1].title)} has {second}."
    )


def _on_wishes(products: Sequence[Product], constraints: Sequence[Constraint]) -> str:
    """Say who meets more of what was asked; nothing where the data tells them not apart."""
    met = {p.product_id: [c for c, verdict in judged(p, constraints) if verdict.holds] for p in products}
    counts = sorted({len(found) for found in met.values()}, reverse=True)
    best = [p for p in products if len(met[p.product_id]) == counts[0]]
    if len(counts) < 2 or len(best) != 1:
        return ""
    return f"{named(best[0].title)} meets more of what you asked for."
