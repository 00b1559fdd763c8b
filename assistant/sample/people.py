"""Writes who shops in the sample store: shoppers, what they did, what they ordered, what they wrote."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from assistant.sample.events import Shop, events
from assistant.sample.lines import write_lines
from assistant.sample.orders import N_ORDERS, orders
from assistant.sample.reviews import generate_reviews
from assistant.sample.shoppers import N_SHOPPERS, shoppers

if TYPE_CHECKING:
    from pathlib import Path


def write(out: Path, products: list[dict[str, Any]], *, seed: int, scale: float = 1.0) -> None:
    """Write users, events, orders and reviews to `out`; the same products, seed and scale give the same bytes.

    Args:
        out: Directory to write to.
        products: The feed rows that everything speaks of.
        seed: Of every draw.
        scale: Share of the full size, for trials; the named shoppers are always there.
    """
    people = shoppers(random.Random(f"{seed}:people"), max(10, round(N_SHOPPERS * scale)))
    shop = Shop.of(products)
    done = [e for person in people for e in events(person, shop, random.Random(f"{seed}:{person.user_id}"))]
    by_id = {product["id"]: product for product in products}
    n = max(10, round(N_ORDERS * scale))
    write_lines(out / "users.jsonl.gz", (person.to_json() for person in people))
    write_lines(out / "events.jsonl.gz", done)
    write_lines(out / "orders.jsonl.gz", orders(done, by_id, people, rng=random.Random(f"{seed}:orders"), n=n))
    write_lines(out / "reviews.jsonl.gz", generate_reviews(products, seed=seed, scale=scale))
