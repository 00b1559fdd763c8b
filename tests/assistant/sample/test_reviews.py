"""The sample store's reviews: enough of them, in tune with rating and product type, and the same every time."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import fields
from datetime import date
from functools import cache
from statistics import fmean
from typing import Any

import pytest

from assistant.sample.goods import END_DATE, generate_products, shelves
from assistant.sample.reviews import MAX_TEXT, MIN_TEXT, N_REVIEWS, generate_reviews, phrases
from retrieval.types import Review

SEED = 7


@cache
def _products() -> tuple[dict[str, Any], ...]:
    return tuple(generate_products(SEED))


@cache
def _by_id() -> dict[str, dict[str, Any]]:
    return {product["id"]: product for product in _products()}


@cache
def _reviews() -> tuple[dict[str, Any], ...]:
    return tuple(generate_reviews(_products(), seed=SEED))


def _clauses(tone: str) -> dict[str, set[str]]:
    """Return clause -> aspects that say so, of one tone."""
    found: dict[str, set[str]] = defaultdict(set)
    for aspect, tones in phrases().items():
        for clause in tones[tone]:
            found[clause.casefold()].add(aspect.split(" (")[0])
    return found


def test_there_are_enough_and_they_stay_small() -> None:
    reviews = _reviews()
    packed = gzip.compress("".join(json.dumps(review) + "\n" for review in reviews).encode(), mtime=0)
    assert abs(len(reviews) - N_REVIEWS) < 0.03 * N_REVIEWS
    assert len(reviews) >= 20_000
    assert len(packed) <= 2_500_000


def test_they_are_rows_of_the_review_type() -> None:
    names = {field.name for field in fields(Review)}
    for row in _reviews():
        assert set(row) == names
        review = Review(**row)
        assert 1 <= review.rating <= 5
        assert MIN_TEXT <= len(review.text) <= MAX_TEXT
        assert review.title
        assert review.author
    assert len({row["review_id"] for row in _reviews()}) == len(_reviews())


def test_nothing_is_left_unfilled_or_badly_joined() -> None:
    wrong = re.compile(r"[{}\[\]]|  |\.\.|,,|\.,|\bNone\b|[^.!?]$|(?:^|[.!] )[a-z]")
    assert [row["text"] for row in _reviews() if wrong.search(row["text"])] == []


def test_they_are_written_between_release_and_the_last_day() -> None:
    for row in _reviews():
        written = date.fromisoformat(row["written"])
        assert date.fromisoformat(_by_id()[row["product_id"]]["release_date"]) <= written <= END_DATE


def test_every_rated_product_has_some_and_never_more_than_it_has_ratings() -> None:
    had = Counter(_by_id()[row["product_id"]]["item_group_id"] for row in _reviews())
    ratings = {p["item_group_id"]: p.get("rating_count", 0) for p in _products()}
    assert all(had[group] <= ratings[group] for group in had)
    assert {group for group, n in ratings.items() if n} == set(had)


def test_products_with_more_ratings_have_more_reviews() -> None:
    had = Counter(_by_id()[row["product_id"]]["item_group_id"] for row in _reviews())
    ratings = {p["item_group_id"]: p["rating_count"] for p in _products() if p.get("rating_count")}
    ranked = sorted(had, key=lambda group: (ratings[group], group))
    tenth = len(ranked) // 10
    assert fmean(had[g] for g in ranked[-tenth:]) > 4 * fmean(had[g] for g in ranked[:tenth])


def test_variants_share_the_reviews() -> None:
    reviewed = {row["product_id"] for row in _reviews()}
    rated = {p["id"] for p in _products() if p.get("rating_count")}
    assert len(reviewed & rated) > 0.8 * len(rated)


def test_stars_are_centred_on_the_rating_shown() -> None:
    gaps = [row["rating"] - _by_id()[row["product_id"]]["rating"] for row in _reviews()]
    assert abs(fmean(gaps)) < 0.05
    assert {row["rating"] for row in _reviews()} == {1, 2, 3, 4, 5}


def test_tone_follows_the_stars() -> None:
    good, bad = set(_clauses("good")), set(_clauses("bad"))
    by_stars: dict[int, list[float]] = defaultdict(list)
    for row in _reviews()[::7]:
        text = row["text"].casefold()
        praise, blame = sum(c in text for c in good), sum(c in text for c in bad)
        if praise + blame:
            by_stars[row["rating"]].append(praise / (praise + blame))
    means = [fmean(by_stars[stars]) for stars in (1, 2, 3, 4, 5)]
    assert means == sorted(means)
    assert means[0] < 0.1
    assert means[-1] > 0.9


def test_they_speak_of_aspects_that_the_product_type_has() -> None:
    kinds = {shelf.path: set(shelf.aspects) for shelf in shelves()}
    said = {clause: aspects for tone in ("good", "mixed", "bad") for clause, aspects in _clauses(tone).items()}
    long_enough = {clause: aspects for clause, aspects in said.items() if len(clause) > 24}
    for row in _reviews()[::23]:
        text, known = row["text"].casefold(), kinds[_by_id()[row["product_id"]]["product_type"]]
        assert all(aspects & known for clause, aspects in long_enough.items() if clause in text), row["text"]


def test_texts_rarely_repeat() -> None:
    texts = [row["text"] for row in _reviews()]
    assert len(set(texts)) > 0.85 * len(texts)
    assert Counter(texts).most_common(1)[0][1] < 12


@pytest.mark.parametrize("tone", ["good", "mixed", "bad"])
def test_every_aspect_has_phrases_of_each_tone_that_stand_as_clauses(tone: str) -> None:
    missing = {aspect for shelf in shelves() for aspect in shelf.aspects} - set(phrases())
    assert missing == set()
    for aspect, tones in phrases().items():
        assert set(tones) == {"good", "mixed", "bad"}, aspect
        assert tones[tone], aspect
        assert len(set(tones[tone])) == len(tones[tone]), aspect
        assert all(isinstance(clause, str) and clause and clause[-1] not in ".,;" for clause in tones[tone]), aspect
        assert all(clause[0].isupper() for clause in tones[tone]), aspect


def test_narrowed_aspects_name_a_place_in_the_shop() -> None:
    places = {place for shelf in shelves() for place in (shelf.name, shelf.section, shelf.department)}
    named = {aspect.split(" (")[1][:-1] for aspect in phrases() if " (" in aspect}
    assert named <= places


def test_same_seed_same_reviews_and_another_seed_others() -> None:
    some = _products()[:300]
    first = list(generate_reviews(some, seed=3, scale=0.05))
    assert first == list(generate_reviews(some, seed=3, scale=0.05))
    assert first != list(generate_reviews(some, seed=4, scale=0.05))


def test_foreign_and_unrated_products_are_passed_over() -> None:
    rated = next(product for product in _products() if product.get("rating_count"))
    foreign = {**rated, "id": "x", "item_group_id": "x", "product_type": "Rockets"}
    unrated = {key: value for key, value in rated.items() if key not in {"rating", "rating_count"}} | {"id": "y"}
    assert list(generate_reviews([foreign, unrated], seed=1)) == []
    assert list(generate_reviews([], seed=1)) == []
