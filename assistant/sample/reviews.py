"""What buyers wrote: reviews whose aspects fit the product's type and whose tone fits the rating.

The phrases are in `lexicon/aspects/*.yaml`, the words around them in `lexicon/reviewing.yaml`.
"""

from __future__ import annotations

import math
import random
import re
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from assistant.sample.goods import END_DATE, shelves
from assistant.sample.shelf import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assistant.sample.shelf import Shelf

__all__ = ["MAX_TEXT", "MIN_TEXT", "N_REVIEWS", "generate_reviews", "phrases"]

N_REVIEWS = 22_000
MIN_TEXT, MAX_TEXT = 40, 220  # characters
_AGREEMENT = 5.0  # of buyers about a product: the higher, the closer are ratings to their mean
_N_ASPECTS = ((1, 2, 3), (2, 5, 3))
_OPENED, _CLOSED = 0.6, 0.4  # share of reviews with a first and a last word
_BRIEF = 60  # characters; below it something is said first
_DAYS_TO_TRY = 5
_FIRST_PERSON = re.compile(r"\b(?:my|me|I|our|we)\b")
_TURNED = re.compile(r"\b(?:but|though|apart)\b")


def generate_reviews(
    products: Sequence[Mapping[str, Any]], *, seed: int, scale: float = 1.0
) -> Iterator[dict[str, Any]]:
    """Yield about 22,000 reviews (times `scale`), product by product, as fields of `retrieval.types.Review`.

    Only rated products have any, and those with more ratings have more; the variants of a group share them. What
    buyers praise and blame differs between products and is the same for all reviews of one.

    Args:
        products: Feed rows with the `product_type` of one of the `shelves()`; those of others are passed over.
        seed: Same seed and products, same reviews.
        scale: Share of the full number.
    """
    kinds = {shelf.path: shelf for shelf in shelves()}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for product in products:
        if product.get("rating_count", 0) > 0 and product.get("product_type") in kinds:
            groups.setdefault(str(product.get("item_group_id", product["id"])), []).append(product)
    share = N_REVIEWS * scale / (sum(map(_pull, groups.values())) or 1.0)
    number = 0
    for group_id, group in groups.items():
        rng = random.Random(f"{seed}:reviews:{group_id}")
        due = share * _pull(group)
        n = min(max(1, int(due + rng.random())), group[0]["rating_count"])
        reviewer = _Reviewer(kinds[group[0]["product_type"]], rng)
        for product in _spread(group, rng, n):
            number += 1
            yield {"review_id": f"R{number:05d}", **reviewer.review(product)}


@cache
def phrases() -> dict[str, Mapping[str, Sequence[str]]]:
    """Return aspect -> tone ("good", "mixed", "bad") -> what is said, as a sentence without its full stop.

    An aspect may be narrowed to a shelf, section or department: "fit (Shoes)" is what `fit` means for shoes.
    """
    folder = files("assistant.sample") / "lexicon" / "aspects"
    names = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {
        str(aspect): {tone: [_capital(clause) for clause in told] for tone, told in tones.items()}
        for name in names
        for aspect, tones in table(f"aspects/{name}").items()
    }


def _pull(group: Sequence[Mapping[str, Any]]) -> float:
    return math.sqrt(float(group[0]["rating_count"])) + 1


def _spread(group: Sequence[Mapping[str, Any]], rng: random.Random, n: int) -> list[Mapping[str, Any]]:
    """Return which variant each of `n` reviews is about: every one before any has two, then the popular ones."""
    first = rng.sample(group, min(n, len(group)))
    weights = [float(product.get("popularity", 0.0)) + 1 for product in group]
    return first + rng.choices(group, weights, k=n - len(first))


class _Reviewer:
    """All who write of one product."""

    def __init__(self, shelf: Shelf, rng: random.Random) -> None:
        self._shelf, self._rng = shelf, rng
        self._strength = {key: rng.gauss(0.0, 1.0) for key in _aspects(shelf)}
        self._decks: dict[tuple[str, str], list[str]] = {}

    def review(self, product: Mapping[str, Any]) -> dict[str, Any]:
        """Return a review of a variant, without its id."""
        rng, names = self._rng, table("names")
        rating = self._rating(float(product["rating"]))
        born = date.fromisoformat(product.get("release_date", END_DATE.isoformat())) + timedelta(days=_DAYS_TO_TRY)
        age = max((END_DATE - born).days, 0)
        written = END_DATE - timedelta(days=int(age * rng.random() ** 1.4))
        return {
            "product_id": product["id"],
            "rating": rating,
            "title": rng.choice(table("reviewing")["titles"][rating]),
            "text": self._text(product, rating=rating, months=max((written - born).days // 30, 0)),
            "author": f"{rng.choice(names['first'])} {rng.choice(names['last'])[0]}.",
            "written": written.isoformat(),
        }

    def _rating(self, mean: float) -> int:
        """Return 1 to 5 stars, on average `mean`, with more of the extremes than plain chance would give."""
        at = min(max((mean - 1) / 4, 0.01), 0.99)
        leaning = self._rng.betavariate(at * _AGREEMENT, (1 - at) * _AGREEMENT)
        return 1 + sum(self._rng.random() < leaning for _ in range(4))

    def _text(self, product: Mapping[str, Any], *, rating: int, months: int) -> str:
        rng = self._rng
        tone = "good" if rating >= 4 else "mixed" if rating == 3 else "bad"
        body = self._body(rating)
        opener = rng.choice(self._openers(product, tone, body=body, months=months))
        closer = rng.choice(self._said("closers", tone))
        opened, closed = len(body) < _BRIEF or rng.random() < _OPENED, rng.random() < _CLOSED
        for start, end in ((opened, closed), (opened, False), (True, False), (True, True)):
            text = " ".join(part for part in (opener * start, body, closer * end) if part)
            if MIN_TEXT <= len(text) <= MAX_TEXT:
                return text
        return body if len(body) >= MIN_TEXT else f"{opener} {body} {closer}"

    def _openers(self, product: Mapping[str, Any], tone: str, *, body: str, months: int) -> list[str]:
        rng, people = self._rng, table("reviewing")["people"]
        words = {"noun": self._shelf.noun.split(",")[0], "use": rng.choice(self._shelf.uses)}
        found = self._said("openers", tone)
        owners = f"{product.get('age_group', '')} {product.get('gender', '')}"
        if owners in people and not _FIRST_PERSON.search(body):
            words["person"] = rng.choice(people[owners])
            found += table("reviewing")["openers"][tone]["person"]
        if months > 1:
            words["months"] = str(rng.randint(2, min(months, 14)) if months > 2 else 2)
        return [_filled(text, words) for text in found if "{months}" not in text or months > 1]

    def _said(self, part: str, tone: str) -> list[str]:
        told = table("reviewing")[part][tone]
        return [*told["any"], *told["durable" if self._shelf.durable else "consumable"]]

    def _body(self, rating: int) -> str:
        """Return what is said of one to three aspects: the strong ones praised, the weak ones blamed."""
        rng = self._rng
        ranked = sorted(self._strength, key=lambda key: self._strength[key] + rng.gauss(0.0, 0.7), reverse=True)
        n = min(rng.choices(*_N_ASPECTS)[0], len(ranked))
        tones = _tones(rating, n, rng)
        n_good = tones.count("good")
        chosen = ranked[:n_good] + ranked[len(ranked) - (n - n_good) :]
        told = [(tone, self._phrase(aspect, tone)) for aspect, tone in zip(chosen, tones, strict=True)]
        return _joined(told if rating > 2 else told[::-1], rng)

    def _phrase(self, aspect: str, tone: str) -> str:
        """Return the next phrase of a shuffled deck, so that a product's reviews do not repeat each other."""
        deck = self._decks.setdefault((aspect, tone), [])
        if not deck:
            told = phrases()[aspect][tone]
            deck += self._rng.sample(told, len(told))
        return deck.pop()


def _aspects(shelf: Shelf) -> list[str]:
    """Return the keys of `phrases()` for a shelf's aspects, each as its own kind of goods means it."""
    silent = table("reviewing")["silent"]
    places = [f" ({place})" for place in (shelf.name, shelf.section, shelf.department)]
    told = [aspect for aspect in shelf.aspects if shelf.name not in silent.get(aspect, ())]
    return [
        next(aspect + place for place in (*places, "") if not place or aspect + place in phrases()) for aspect in told
    ]


def _tones(rating: int, n: int, rng: random.Random) -> list[str]:
    """Return the tone of each of `n` aspects, praise first."""
    if rating == 5:
        last = "mixed" if n > 1 and rng.random() < 0.12 else "good"
        return ["good"] * (n - 1) + [last]
    if rating == 4:
        last = rng.choices(("mixed", "bad", "good"), (5, 2, 3))[0] if n > 1 else "good"
        return ["good"] * (n - 1) + [last]
    if rating == 3:
        last = rng.choice(("mixed", "bad")) if n == 2 else "bad"
        return ["mixed"] if n == 1 else ["good", *["mixed"] * (n - 2), last]
    first = rng.choices(("good", "mixed", "bad"), (4, 3, 3))[0] if rating == 2 and n > 1 else "bad"
    return [first] + ["bad"] * (n - 1)


def _joined(told: Sequence[tuple[str, str]], rng: random.Random) -> str:
    turns = table("reviewing")["turns"]
    tone, text = told[0]
    joined = text
    for following, phrase in told[1:]:
        turn = _turn(tone, following)
        if turn == "but" and _TURNED.search(f"{text} {phrase}"):
            turn = "new sentence"
        link = rng.choice(turns[turn])
        joined += link + (phrase if link == ". " else _small(phrase))
        tone, text = following, phrase
    return f"{joined}."


def _turn(tone: str, following: str) -> str:
    if following == "good" and tone != "good":
        return "praise"
    if tone == "good" and following != "good":
        return "but" if following == "bad" else "so-so"
    return "more"


def _filled(text: str, words: Mapping[str, str]) -> str:
    for key, value in words.items():
        text = text.replace("{" + key + "}", value)
    return _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(phrase: str) -> str:
    return phrase if phrase.startswith("I ") else phrase[:1].lower() + phrase[1:]
