"""Who shops in the sample store, and how much they like what it sells."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant.sample.goods import shelves, tiers
from assistant.sample.shelf import table

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

N_SHOPPERS = 200
HISTORY_DAYS = 18 * 30
_TIERS = ("budget", "mid", "premium")


@dataclass(frozen=True, slots=True)
class Shopper:
    """One shopper: what they look for by shelf (weights), and what they choose there.

    Attributes:
        shelves: Shelf name -> how often they look there.
        who: The people they buy clothes for; "" for anybody.
        sizes: Their sizes, where a product has sizes.
        colors: Colours they like.
        brands: Brands they come back to.
        needs: Words that speak for a product.
        avoids: Words that rule it out.
        facts: Shelf name, or "any" -> attribute -> the values they take, where a product states it.
        tier: What they can afford: budget, mid, premium.
        max_price: The most they spend on one thing, in USD.
        since_days: How long ago they first came, in days.
    """

    user_id: str
    name: str
    shelves: Mapping[str, float]
    blurb: str = ""
    card: tuple[str, ...] = ()
    who: str = ""
    sizes: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    tier: str = "mid"
    max_price: float = math.inf
    since_days: int = HISTORY_DAYS
    address: Mapping[str, str] = field(default_factory=dict)

    def liking(self, product: Mapping[str, Any]) -> float:
        """Return how much they like a product, 0 for not at all."""
        text = f"{product['title']} {product.get('material', '')} {product['description']}".casefold()
        if any(word in text for word in self.avoids) or not self._suits(product):
            return 0.0
        score: float = 1.0 + product["popularity"] / 200
        score *= 3.0 if product.get("color") in self.colors else 1.0
        score *= 3.0 if product.get("brand") in self.brands else 1.0
        score *= 2.0 if any(word in text for word in self.needs) else 1.0
        return score * _affordable(self.tier, tiers().get(product.get("brand", ""), "mid"))

    def _suits(self, product: Mapping[str, Any]) -> bool:
        size, gender = product.get("size", ""), product.get("gender", "")
        if gender and self.who in {"men", "women"} and gender not in {_GENDER[self.who], "unisex"}:
            return False
        if size and self.sizes and gender and size not in self.sizes:
            return False
        if cents(product) > self.max_price * 100:
            return False
        shelf = product["product_type"].rsplit(" > ", 1)[-1]
        taken = {**self.facts.get("any", {}), **self.facts.get(shelf, {})}
        return all(product[name] in values for name, values in taken.items() if name in product)

    def to_json(self) -> dict[str, Any]:
        """Return the row of `users.jsonl.gz`."""
        named = {"user_id": self.user_id, "name": self.name}
        return {**named, "blurb": self.blurb, "card": list(self.card), "persona": bool(self.card)}


_GENDER = {"men": "male", "women": "female"}


def cents(product: Mapping[str, Any]) -> int:
    """Return what a product costs now, from a feed row such as `"49.99 USD"`."""
    amount = str(product.get("sale_price") or product["price"]).split(" ", 1)[0]
    whole, _, rest = amount.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0")[:2] or 0)


def _affordable(own: str, brand: str) -> float:
    return (1.0, 0.3, 0.08)[abs(_TIERS.index(own) - _TIERS.index(brand))]


def shoppers(rng: random.Random, n: int = N_SHOPPERS) -> list[Shopper]:
    """Return the personas, then shoppers drawn from kinds of taste, `n` in all."""
    named = [_persona(row, rng) for row in table("personas")["shoppers"]]
    return named + [_stranger(number, rng) for number in range(1, n - len(named) + 1)]


def _persona(row: Mapping[str, Any], rng: random.Random) -> Shopper:
    lists: dict[str, Any] = {key: tuple(row.get(key, ())) for key in ("card", "sizes", "colors", "needs", "avoids")}
    rest: dict[str, Any] = {key: row[key] for key in ("user_id", "name", "blurb", "shelves", "tier")}
    brands = _favourites(row["shelves"], row["tier"], rng)
    rest |= {key: row[key] for key in ("facts", "max_price", "since_days") if key in row}
    return Shopper(**rest, **lists, who=row.get("who", ""), brands=brands, address=_address(row["name"], rng))


def _stranger(number: int, rng: random.Random) -> Shopper:
    kind = rng.choice(table("tastes")["kinds"])
    names, tier = table("names"), rng.choices(_TIERS, (3, 5, 2))[0]
    name = f"{rng.choice(names['first'])} {rng.choice(names['last'])}"
    weights: dict[str, float] = {}
    for shelf in shelves():
        share = kind["departments"].get(shelf.department, 0)
        if share and rng.random() < 0.35:
            weights[shelf.name] = share * rng.uniform(0.3, 2.0)
    palette = ("black", "white", "navy", "gray", "red", "green", "beige", "pink", "teal", "brown")
    return Shopper(
        user_id=f"shopper-{number:03d}",
        name=name,
        shelves=weights or {shelves()[number % len(shelves())].name: 1.0},
        who=kind.get("who", ""),
        sizes=rng.choice((("S", "7"), ("M", "8"), ("L", "10"), ("XL", "11"))),
        colors=tuple(rng.sample(palette, 2)),
        brands=_favourites(weights, tier, rng),
        tier=tier,
        address=_address(name, rng),
    )


def _favourites(weights: Mapping[str, float], tier: str, rng: random.Random) -> tuple[str, ...]:
    """Return up to four brands of their shelves that they can afford."""
    sold = sorted({b for s in shelves() if s.name in weights for b in s.brands if tiers().get(b, "mid") == tier})
    return tuple(rng.sample(sold, min(4, len(sold))))


def _address(name: str, rng: random.Random) -> dict[str, str]:
    names: dict[str, Sequence[Any]] = table("names")
    city, code = rng.choice(names["city"])
    return {"name": name, "address": f"{rng.randint(1, 980)} {rng.choice(names['street'])}, {city} {code}"}
