"""What buyers wrote: reviews whose aspects fit the product's type and whose tone fits the rating."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from assistant.sample.goods import END_DATE, shelves
from assistant.sample.shelf import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assistant.sample.shelf import Shelf

N_REVIEWS = 21_000
_FILES = ("wearing", "using", "living")
_DAYS = 540
_ASPECTS = {"good": (1, 3), "mixed": (2, 2), "bad": (1, 2)}


@cache
def phrases() -> dict[str, Mapping[str, Sequence[str]]]:
    """Return aspect -> tone ("good", "bad") -> sentences."""
    return {aspect: tones for name in _FILES for aspect, tones in table(f"aspects/{name}").items()}


def generate_reviews(
    products: Sequence[Mapping[str, Any]], *, seed: int, scale: float = 1.0
) -> Iterator[dict[str, Any]]:
    """Yield about 21,000 reviews (times `scale`), product by product, as fields of `retrieval.types.Review`.

    Products with more ratings have more of them; each is about one variant of its group.
    """
    rng = random.Random(f"{seed}:reviews")
    kinds = {shelf.path: shelf for shelf in shelves()}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for product in products:
        groups.setdefault(product.get("item_group_id", product["id"]), []).append(product)
    rated = [group for group in groups.values() if group[0].get("rating_count", 0) > 0]
    weight = sum(_pull(group) for group in rated) or 1.0
    number = 0
    for group in rated:
        exact = N_REVIEWS * scale * _pull(group) / weight
        for _ in range(int(exact) + (rng.random() < exact % 1)):
            number += 1
            yield _review(rng.choice(group), kinds[group[0]["product_type"]], rng, number=number)


def _pull(group: Sequence[Mapping[str, Any]]) -> float:
    return math.sqrt(group[0]["rating_count"]) + 1


def _review(product: Mapping[str, Any], shelf: Shelf, rng: random.Random, *, number: int) -> dict[str, Any]:
    rating = min(5, max(1, round(rng.gauss(product["rating"], 0.9))))
    tone = "good" if rating >= 4 else "mixed" if rating == 3 else "bad"
    words = table("reviewing")
    written = END_DATE - timedelta(days=int(rng.random() ** 1.5 * _DAYS))
    names = table("names")
    return {
        "review_id": f"R{number:05d}",
        "product_id": product["id"],
        "rating": rating,
        "title": rng.choice(words["titles"][tone]),
        "text": _text(shelf, tone, rng),
        "author": f"{rng.choice(names['first'])} {rng.choice(names['last'])[0]}.",
        "written": written.isoformat(),
    }


def _text(shelf: Shelf, tone: str, rng: random.Random) -> str:
    words = table("reviewing")
    opener = rng.choice(words["openers"][tone]).format(noun=shelf.noun, months=rng.randint(2, 14))
    body = _body(shelf, tone, rng)
    closer = rng.choice(words["closers"][tone])
    return " ".join(part for part in (opener, body, closer) if part)


def _body(shelf: Shelf, tone: str, rng: random.Random) -> str:
    """Return sentences about some of the shelf's aspects: praise and blame for a mixed one, else of one kind mostly."""
    words = table("reviewing")
    low, high = _ASPECTS[tone]
    known = [aspect for aspect in shelf.aspects if aspect in phrases()]
    chosen = rng.sample(known, min(len(known), rng.randint(low, high)))
    tones = ["good", "bad"] if tone == "mixed" else [tone] * len(chosen)
    said = [rng.choice(phrases()[aspect][kind]) for aspect, kind in zip(chosen, tones, strict=False)]
    if tone == "mixed" and len(said) > 1:
        return f"{said[0]} {rng.choice(words['but'])}{said[1][0].lower()}{said[1][1:]}"
    rest = [aspect for aspect in known if aspect not in chosen]
    if tone == "good" and rest and rng.random() < 0.15:
        flaw = rng.choice(phrases()[rng.choice(rest)]["bad"])
        return f"{' '.join(said)} {rng.choice(words['but'])}{flaw[0].lower()}{flaw[1:]}"
    return " ".join(said)
