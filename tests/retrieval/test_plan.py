"""A query becomes wishes, words and what the shop cannot decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retrieval.plan import plan
from retrieval.types import Constraint, Query
from retrieval.vocabulary import Vocabulary

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue


@pytest.fixture(scope="module")
def vocabulary(shop: Catalogue) -> Vocabulary:
    return Vocabulary.of(shop)


def test_words_are_gathered_once(vocabulary: Vocabulary) -> None:
    wanted = plan(
        Query(
            "trail running shoes",
            (
                Constraint("category", "eq", "running shoe"),
                Constraint("color", "eq", "navy"),
                Constraint("style", "eq", "retro", hard=False),
                Constraint("size", "eq", "UK 9"),
            ),
        ),
        vocabulary,
    )
    assert wanted.core == "trail running shoes retro"
    assert wanted.text == "trail running shoes retro navy"
    assert wanted.told == "trail retro navy"
    assert wanted.extra == "trail retro"
    assert wanted.has_category
    assert not wanted.asks_brand


def test_what_is_not_wanted_and_numbers_are_no_words(vocabulary: Vocabulary) -> None:
    wanted = plan(Query(constraints=(Constraint("color", "ne", "red"), Constraint("price", "lte", 80.0))), vocabulary)
    assert wanted.core == wanted.text == ""
    assert [wish.negative for wish in wanted.wishes] == [True, False]


def test_alternatives_are_one_wish_and_features_are_each_their_own(vocabulary: Vocabulary) -> None:
    wanted = plan(
        Query(
            constraints=(
                Constraint("color", "eq", "red"),
                Constraint("color", "eq", "navy"),
                Constraint("price", "gte", 10.0),
                Constraint("price", "lte", 80.0),
            )
        ),
        vocabulary,
    )
    assert [(wish.slot, len(wish.constraints)) for wish in wanted.wishes] == [("color", 2), ("price", 1), ("price", 1)]


def test_what_the_shop_cannot_decide_is_named_and_ranks(vocabulary: Vocabulary) -> None:
    foreign = Constraint("price", "lte", 80.0, currency="JPY")
    odd = Constraint("feature", "eq", "antigravity")
    wanted = plan(Query(constraints=(foreign, odd, Constraint("category", "eq", "submarine"))), vocabulary)
    assert wanted.unknown == (foreign, odd)
    assert wanted.not_carried == ("submarine",)
    assert wanted.core == "submarine antigravity"
    assert wanted.wishes == ()


def test_a_sort_constraint_counts_unless_the_query_has_its_own(vocabulary: Vocabulary) -> None:
    asked = (Constraint("sort", "eq", "newest"), Constraint("quantity", "eq", 2.0))
    assert plan(Query(constraints=asked), vocabulary).sort == "newest"
    assert plan(Query(constraints=asked, sort="popular"), vocabulary).sort == "popular"
    assert plan(Query(constraints=asked), vocabulary).wishes == ()
