"""Imagined shops: what a catalogue would know of an utterance."""

from __future__ import annotations

import random

from assistant.nlu.data.examples import Example, Wish
from assistant.nlu.data.shops import Shops
from retrieval.types import Constraint

TEXT = "a leather garden chair in case it rains"
EXAMPLE = Example(
    TEXT,
    ("search",),
    adds=(
        Wish(Constraint("material", "eq", "leather"), 2, 9),
        Wish(Constraint("category", "eq", "garden chair"), 10, 22),
    ),
)
SHOPS = Shops([("category", "cases"), ("material", "leather"), ("feature", "rains"), ("category", "chair 4000")])


def seen() -> set[tuple[str, str]]:
    told = (SHOPS.known(EXAMPLE, random.Random(seed)) for seed in range(300))
    return {(TEXT[known.start : known.end], known.kind) for hints in told for known in hints}


def test_shops_know_what_is_meant_the_head_of_it_and_words_that_are_meant_otherwise() -> None:
    assert seen() == {
        ("leather", "material"),
        ("garden chair", "category"),
        ("chair", "category"),
        ("case", "category"),
    }


def test_many_shops_know_nothing() -> None:
    nothing = sum(not SHOPS.known(EXAMPLE, random.Random(seed)) for seed in range(300))
    assert 90 < nothing < 200
