"""The sample store's orders: purchases of the events gathered into parcels, in every state an order can be in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assistant.sample.goods import END_DATE, shelves
from assistant.sample.shoppers import cents

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from assistant.sample.shoppers import Shopper

N_ORDERS = 500
_FIRST_NUMBER = 10_001
_FREE_FROM_CENTS = 5_000
_SHIPPING_CENTS = 595
_SOON = ("pending", "processed", "shipped")
_LATE = ("delivered", "cancelled", "returned", "exchanged")
_LATE_SHARES = (80, 7, 9, 4)
_ALONG = 0.4
"""How often a parcel holds something else too."""
_OPEN_DAYS = 12
"""Younger orders are still open."""


def orders(
    events: Iterable[Mapping[str, Any]],
    products: Mapping[str, Mapping[str, Any]],
    shoppers: Sequence[Shopper],
    *,
    rng: random.Random,
    n: int = N_ORDERS,
) -> list[dict[str, Any]]:
    """Return `n` orders, oldest first: the named shoppers' latest, then everybody's latest purchases.

    Args:
        events: Of all shoppers.
        products: Feed rows by id.
        shoppers: Who they are.
        rng: Decides states and quantities.
        n: How many.
    """
    people = {shopper.user_id: shopper for shopper in shoppers}
    bought = sorted((e for e in events if e["name"] == "purchase"), key=lambda e: (-e["at"], e["user_id"]))
    named = [e for e in bought if people[e["user_id"]].card]
    chosen = [*named, *(e for e in bought if not people[e["user_id"]].card)][:n]
    stocked = _stocked(bought, products)
    placed: dict[str, int] = {}
    made = []
    for event in chosen:
        age = placed[event["user_id"]] = placed.get(event["user_id"], -1) + 1
        lines = [products[event["product_id"]], *_along(event, stocked, products, rng)]
        made.append(_order(event, lines, people[event["user_id"]], age=age, rng=rng))
    made.sort(key=lambda order: (order["placed_at"], order["user_id"]))
    for number, order in enumerate(made, start=_FIRST_NUMBER):
        order["order_id"] = f"ST-{number}"
        if order["status"] not in {"pending", "processed", "cancelled"}:
            order["tracking"] = f"1Z{number}{rng.randint(10**9, 10**10 - 1)}"
    return made


def _stocked(
    bought: Iterable[Mapping[str, Any]], products: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[tuple[int, str]]]:
    """Return by shopper what they bought that is used up, with when: the same is put into later parcels again."""
    lasting = {shelf.name for shelf in shelves() if shelf.durable}
    stocked: dict[str, list[tuple[int, str]]] = {}
    for event in bought:
        if _shelf(products[event["product_id"]]) not in lasting:
            stocked.setdefault(event["user_id"], []).append((event["at"], event["product_id"]))
    return stocked


def _along(
    event: Mapping[str, Any],
    stocked: Mapping[str, Iterable[tuple[int, str]]],
    products: Mapping[str, Mapping[str, Any]],
    rng: random.Random,
) -> list[Mapping[str, Any]]:
    """Return what comes along in the parcel: mostly nothing, else something the shopper has bought before."""
    if rng.random() >= _ALONG:
        return []
    earlier = (found for at, found in stocked.get(event["user_id"], ()) if at < event["at"])
    known = sorted({found for found in earlier if found != event["product_id"]})
    return [products[rng.choice(known)]] if known else []


def _order(
    event: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    shopper: Shopper,
    *,
    age: int,
    rng: random.Random,
) -> dict[str, Any]:
    first, *along = lines
    items = [_item(first, rng.choices((1, 2), (9, 1))[0]), *(_item(product, 1) for product in along)]
    total = sum(item["quantity"] * item["price_cents"] for item in items)
    return {
        "order_id": "",
        "user_id": shopper.user_id,
        "status": _status(event["at"], shopper, age, rng),
        "placed_at": datetime.fromtimestamp(event["at"], tz=UTC).isoformat(),
        "items": items,
        "currency": "USD",
        "total_cents": total + (0 if total >= _FREE_FROM_CENTS else _SHIPPING_CENTS),
        "shipping": dict(shopper.address),
    }


def _item(product: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    return {"product_id": product["id"], "title": _title(product), "quantity": quantity, "price_cents": cents(product)}


def _title(product: Mapping[str, Any]) -> str:
    """Return the title with the size, unless it says the size already ("pasta, 500 g")."""
    title, size = str(product["title"]), str(product.get("size", ""))
    return title if not size or size in title.split(", ") else f"{title}, size {size}"


def _shelf(product: Mapping[str, Any]) -> str:
    return str(product["product_type"]).rsplit(" > ", 1)[-1]


def _status(at: int, shopper: Shopper, age: int, rng: random.Random) -> str:
    """Return a state that fits the order's age; the named shoppers' latest three are open, in every open state."""
    if shopper.card and age < len(_SOON):
        return _SOON[age]
    end = datetime(END_DATE.year, END_DATE.month, END_DATE.day, tzinfo=UTC).timestamp()
    if end - at < _OPEN_DAYS * 86_400:
        return rng.choice(_SOON)
    return rng.choices(_LATE, _LATE_SHARES)[0]
