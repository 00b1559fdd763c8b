"""Generates the sample store's products, deterministically: the same seed gives the same rows.

Each shelf has a random stream of its own, so that a new shelf leaves the others as they are. Within a shelf the
products are spread over price, brands, people and features by quota rather than by chance: every filter that a
shopper is likely to set leaves something.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from assistant.sample import wording
from assistant.sample.shelf import Shelf, shelves, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["END_DATE", "Shelf", "colors", "generate_products", "palettes", "shelves", "size_systems", "tiers"]

END_DATE = date(2026, 11, 20)
"""The sample store's last day; every other date is relative to it."""

_AGE_DAYS = 3 * 365
_ON_SALE = 0.2
_OUT_OF_STOCK = 0.05
_CUTS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
_MAX_SHADES = 3
_STRETCH = 6  # neighbours in price among which a feature is spread
_TIERS = ("budget", "mid", "premium")
_TIDY = ((20.0, 0.5), (100.0, 1.0), (400.0, 5.0), (math.inf, 10.0))  # below this price, rounded to that step


@dataclass(frozen=True, slots=True)
class _Group:
    """One product before it is split into variants; `at` is its place in the shelf's price range, 0..1."""

    shelf: Shelf
    group_id: str
    at: float
    brand: str
    who: str
    facts: Mapping[str, str | bool]
    shades: tuple[str, ...]


def generate_products(seed: int, scale: float = 1.0) -> Iterator[dict[str, Any]]:
    """Yield product rows with Google Merchant field names, shelf by shelf, variants together.

    Args:
        seed: Same seed and scale, same rows.
        scale: Share of the full number of products, for quick trials; every shelf keeps at least two.
    """
    n_groups = 0
    for shelf in shelves():
        rng = random.Random(f"{seed}:{shelf.path}")
        for group in _groups(shelf, rng, scale=scale, first=n_groups + 1):
            n_groups += 1
            yield from _variants(group, rng)


@cache
def colors() -> dict[str, tuple[str, str]]:
    """Return shop colour name -> (family, hex)."""
    return {str(name): (str(told[0]), str(told[1])) for name, told in table("colors")["colors"].items()}


def _groups(shelf: Shelf, rng: random.Random, *, scale: float, first: int) -> Iterator[_Group]:
    n = max(2, round(shelf.groups * scale))
    places = [(i + rng.random()) / n for i in range(n)]
    brands = _brands(shelf, rng, places)
    facts = _facts(shelf, rng, places)
    names = _names(shelf, rng, n)
    who = [shelf.who[(i + i // len(shelf.who)) % len(shelf.who)] if shelf.who else "" for i in range(n)]
    order = rng.sample(range(n), n)
    for position, i in enumerate(order):
        known = {**facts[i], "name": names[i]}
        yield _Group(
            shelf, f"SKU{first + position:05d}", places[i], brands[i], who[i], known, _shades(shelf, rng, who[i], known)
        )


def _names(shelf: Shelf, rng: random.Random, n: int) -> list[str]:
    """Return `n` series names, none twice while there are enough of them."""
    names = rng.sample(shelf.names, len(shelf.names))
    return [names[i % len(names)] + (" II" if i >= len(names) else "") for i in range(n)]


def _brands(shelf: Shelf, rng: random.Random, places: Sequence[float]) -> list[str]:
    """Return a brand for each place of the price range: of a tier that sells there, the least used first."""
    used = dict.fromkeys(rng.sample(shelf.brands, len(shelf.brands)), 0)
    chosen: list[str] = []
    for at in places:
        fitting = [b for b in used if abs(_TIERS.index(tiers()[b]) / 2 - at) <= 0.5]
        brand = min(fitting or used, key=lambda b: used[b])
        used[brand] += 1
        chosen.append(brand)
    return chosen


@cache
def tiers() -> dict[str, str]:
    """Return brand -> "budget", "mid" or "premium"."""
    return {str(brand): tier for tier, brands in table("brands")["tiers"].items() for brand in brands}


def _facts(shelf: Shelf, rng: random.Random, places: Sequence[float]) -> list[dict[str, str | bool]]:
    n = len(places)
    found: list[dict[str, str | bool]] = [{} for _ in places]
    if shelf.materials:
        for known, material in zip(found, _dealt(shelf.materials, rng, n), strict=True):
            known["material"] = material
    for feature in shelf.features:
        if not feature.values:
            having = _having(feature.chance, rng, n)
            dealt: Sequence[str | bool] = [i in having for i in range(n)]
        elif feature.rising:
            dealt = [_risen(feature.values, rng, at) for at in places]
        else:
            dealt = _dealt(feature.values, rng, n)
        for known, value in zip(found, dealt, strict=True):
            known[feature.name] = value
    for known in found:
        _exclude(known)
    return found


def _having(chance: float, rng: random.Random, n: int) -> set[int]:
    """Return which of `n` places, cheapest first, have a feature: its share of every stretch, and at least one."""
    chosen: set[int] = set()
    for start in range(0, n, _STRETCH):
        stretch = range(start, min(start + _STRETCH, n))
        due = round(chance * stretch.stop) - len(chosen)
        chosen |= set(rng.sample(stretch, min(max(due, 0), len(stretch))))
    return chosen or {rng.randrange(n)}


def _dealt(values: Sequence[str], rng: random.Random, n: int) -> list[str]:
    """Deal out values like cards: all of them about equally often."""
    cards: list[str] = []
    while len(cards) < n:
        cards += rng.sample(values, len(values))
    return cards[:n]


def _risen(values: Sequence[str], rng: random.Random, at: float) -> str:
    place = at * len(values) + rng.uniform(-0.6, 0.6)
    return values[min(max(int(place), 0), len(values) - 1)]


def _exclude(known: dict[str, str | bool]) -> None:
    for rule in _rules():
        value = str(known.get(rule["column"], "")).casefold()
        if known.get(rule["flag"]) is True and any(word in value for word in rule["words"] if _not_faux(value, word)):
            known[rule["flag"]] = False


def _not_faux(value: str, word: str) -> bool:
    return not any(f"{pretended} {word}" in value for pretended in ("synthetic", "faux", "vegan"))


@cache
def _rules() -> tuple[Mapping[str, Any], ...]:
    return tuple(table("rules")["exclusive"])


def _shades(shelf: Shelf, rng: random.Random, who: str, known: Mapping[str, str | bool]) -> tuple[str, ...]:
    if not shelf.colors:
        return ("",)
    for_children = who in {"kids", "girls", "boys"} and shelf.colors == "wardrobe"
    palette = palettes()["kids" if for_children else shelf.colors]
    looks = table("colors")["by_material"].get(str(known.get("material", "")), ())
    fitting = [color for color in palette if color in looks] or palette
    weights = (8, 2, 0) if isinstance(shelf.sizes, str) and shelf.sizes else (5, 5, 1)
    n = rng.choices(range(1, _MAX_SHADES + 1), weights)[0]
    return tuple(rng.sample(fitting, min(n, len(fitting))))


@cache
def palettes() -> Mapping[str, Sequence[str]]:
    """Return palette name -> shop color names."""
    told: Mapping[str, Sequence[str]] = table("colors")["palettes"]
    return told


def _sizes(group: _Group) -> list[tuple[str, float]]:
    """Return (size, price factor) of every size the group comes in."""
    sizes = group.shelf.sizes
    if not sizes:
        return [("", 1.0)]
    if not isinstance(sizes, str):
        return list(sizes.items())
    run = size_systems()[sizes]
    return [(str(size), 1.0) for size in run.get(group.who) or run["any"]]


@cache
def size_systems() -> Mapping[str, Mapping[str, Sequence[str | int | float]]]:
    """Return size system -> who -> sizes, smallest first."""
    systems: Mapping[str, Mapping[str, Sequence[str | int | float]]] = table("sizes")
    return systems


def _variants(group: _Group, rng: random.Random) -> Iterator[dict[str, Any]]:
    shelf, facts = group.shelf, group.facts
    common = _common(group, rng)
    base = shelf.price_low * (shelf.price_high / shelf.price_low) ** group.at
    base *= wording.people(group.who)["price"] if group.who else 1.0
    cut = rng.choice(_CUTS) if rng.random() < _ON_SALE else 0.0
    number = 0
    for shade in group.shades:
        for size, factor in _sizes(group):
            number += 1
            row = dict(common)
            price = _tidy(base * factor)
            row |= {"id": f"{group.group_id}-{number}", "price": _usd(price)}
            if cut:
                row["sale_price"] = _usd(min(_tidy(price * (1 - cut)), price - 0.5))
            row |= _variant_words(shelf, str(common["title"]), shade=shade, size=size)
            row |= _stock(row["id"], rng, popularity=common["popularity"])
            yield {key: row[key] for key in _COLUMNS if key in row} | {
                k: v for k, v in facts.items() if k not in {"material", "name"}
            }


_COLUMNS = (
    "id", "title", "description", "link", "image_link", "availability", "price", "sale_price", "brand", "gtin",
    "google_product_category", "product_type", "color", "size", "material", "gender", "age_group", "item_group_id",
    "condition", "rating", "rating_count", "popularity", "release_date",
)  # fmt: skip


def _common(group: _Group, rng: random.Random) -> dict[str, Any]:
    """Return what all variants of a group share."""
    shelf, tier = group.shelf, tiers()[group.brand]
    age = int(_AGE_DAYS * rng.random() ** 1.3)
    n_ratings = int(min(rng.lognormvariate(4.2, 1.2), 6000) * min(1.0, 0.15 + age / 400))
    rating = min(max(rng.gauss(4.15 + 0.3 * (group.at - 0.5), 0.38), 2.8), 5.0)
    row: dict[str, Any] = {
        "title": wording.title(shelf, group.facts, brand=group.brand, name=str(group.facts["name"]), who=group.who),
        "description": wording.description(shelf, group.facts, rng, brand=group.brand, tier=tier),
        "brand": group.brand,
        "google_product_category": shelf.google,
        "product_type": shelf.path,
        "item_group_id": group.group_id,
        "condition": "new",
        "popularity": round(n_ratings * rng.uniform(2.0, 7.0) + rng.paretovariate(1.2), 1),
        "release_date": (END_DATE - timedelta(days=age)).isoformat(),
    }
    if n_ratings:
        row |= {"rating": round(rating, 1), "rating_count": n_ratings}
    if group.facts.get("material"):
        row["material"] = group.facts["material"]
    if group.who:
        told = wording.people(group.who)
        row |= {"gender": told["gender"], "age_group": told["age_group"]}
    return row


def _variant_words(shelf: Shelf, title: str, *, shade: str, size: str) -> dict[str, str]:
    """Return colour, size and a title that names the colour, and the size where it changes the price."""
    told_size = size if not isinstance(shelf.sizes, str) else ""
    row = {"title": ", ".join(part for part in (title, told_size, shade) if part)}
    return row | {key: value for key, value in (("color", shade), ("size", size)) if value}


def _stock(product_id: str, rng: random.Random, *, popularity: float) -> dict[str, Any]:
    return {
        "link": f"/api/products/{product_id}",
        "image_link": f"/pictures/{product_id}.svg",
        "availability": "out_of_stock" if rng.random() < _OUT_OF_STOCK else "in_stock",
        "gtin": _gtin(rng),
        "popularity": round(popularity * rng.uniform(0.1, 1.0), 1),
    }


def _gtin(rng: random.Random) -> str:
    """Return an EAN-13 from the range that is kept free for use inside a shop, with a valid check digit."""
    digits = f"20{rng.randrange(10**10):010d}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"


def _tidy(price: float) -> float:
    """Return a price as shops write it: 12.49, 34.99, 149.99 (USD)."""
    step = next(step for limit, step in _TIDY if price < limit)
    return round(max(round(price / step) * step, step) - 0.01, 2)


def _usd(price: float) -> str:
    return f"{price:.2f} USD"
