"""What the shop's own words add to a parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.dialogue.acts import Acts
from assistant.turn.shopwords import known_words, settled
from retrieval.types import Constraint

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.dialogue.acts import Intent
    from retrieval.types import Op, Slot

NOTHING = Acts(("out_of_scope",))


@pytest.mark.parametrize(
    ("message", "slot", "value"),
    [("lpatop", "category", "laptop"), ("kettles", "category", "kettle"), ("felmark", "brand", "Fellmark")],
)
def test_a_bare_name_is_a_search(shop: Assistant, message: str, slot: str, value: str) -> None:
    acts = settled(shop.store, NOTHING, message)
    assert acts.main == "search"
    assert [(c.slot, c.value) for c in acts.add] == [(slot, value)]


@pytest.mark.parametrize("message", ["black", "leather", "yes", "thanks", "size 10", "", "!!", "how long is delivery"])
def test_other_messages_mean_what_the_parser_says(shop: Assistant, message: str) -> None:
    assert settled(shop.store, NOTHING, message) == NOTHING


@pytest.mark.parametrize(
    ("said", "kept", "look"),
    [("leather boot", "boot", ("material", "leather")), ("black backpack", "backpack", ("color", "black"))],
)
def test_looks_are_told_from_types(shop: Assistant, said: str, kept: str, look: tuple[str, str]) -> None:
    acts = settled(shop.store, Acts(("search",), add=(Constraint("category", "eq", said),)), said)
    assert {(c.slot, c.value) for c in acts.add} == {("category", kept), look}


@pytest.mark.parametrize("said", ["denim jacket", "building block", "leather jacket"])
def test_a_shelf_keeps_its_whole_name(shop: Assistant, said: str) -> None:
    acts = settled(shop.store, Acts(("search",), add=(Constraint("category", "eq", said),)), said)
    assert [c.value for c in acts.add] == [said]


def test_a_type_read_in_two_parts_is_put_together(shop: Assistant) -> None:
    parts = (Constraint("feature", "eq", "trail"), Constraint("category", "eq", "running shoe"))
    acts = settled(shop.store, Acts(("search",), add=parts), "trail running shoes")
    assert [(c.slot, c.value) for c in acts.add] == [("category", "trail running shoe")]
    apart = (Constraint("feature", "eq", "waterproof"), Constraint("category", "eq", "running shoe"))
    assert settled(shop.store, Acts(("search",), add=apart), "waterproof running shoes").add == apart


def test_a_brand_in_front_of_products_is_no_type(shop: Assistant) -> None:
    acts = settled(shop.store, Acts(("search",), add=(Constraint("category", "eq", "Kiyomi product"),)), "x")
    assert [(c.slot, str(c.value).casefold()) for c in acts.add] == [("brand", "kiyomi")]


def test_a_brand_cut_in_two_is_put_right(shop: Assistant) -> None:
    cut = (Constraint("brand", "eq", "Astrid"), Constraint("brand", "eq", "Holm Quokka"))
    message = "Astrid Holm Quokka trampoline"
    acts = settled(shop.store, Acts(("search",), add=(*cut, Constraint("category", "eq", "trampoline"))), message)
    assert {c.slot: str(c.value).casefold() for c in acts.add} == {
        "brand": "astrid holm", "feature": "quokka", "category": "trampoline",
    }  # fmt: skip


def test_a_shelf_taken_for_a_feature_is_a_type(shop: Assistant) -> None:
    acts = settled(shop.store, Acts(("refine",), add=(Constraint("feature", "eq", "sandals"),)), "I meant sandals")
    assert [c.slot for c in acts.add] == ["category"]


@pytest.mark.parametrize(
    ("slot", "op", "said"),
    [
        ("material", "eq", "Oakhurst"),
        ("feature", "ne", "Strideon"),
        ("style", "eq", "kiyomi"),
        ("feature", "eq", "Transit"),
    ],
)
def test_a_brand_taken_for_something_else_is_a_brand(shop: Assistant, slot: Slot, op: Op, said: str) -> None:
    acts = settled(shop.store, Acts(("search",), add=(Constraint(slot, op, said),)), f"what is there by {said} today")
    assert [(c.slot, c.op, str(c.value).casefold()) for c in acts.add] == [("brand", op, said.casefold())]


def test_a_common_word_is_no_brand_unless_written_as_one(shop: Assistant) -> None:
    plain = Acts(("search",), add=(Constraint("feature", "eq", "transit"), Constraint("category", "eq", "map")))
    assert [c.slot for c in settled(shop.store, plain, "a map for transit").add] == ["feature", "category"]


@pytest.mark.parametrize(("intent", "n"), [("search", 1), ("recommend", 1), ("ask_product", 0), ("compare", 0)])
def test_a_brand_that_was_not_heard_bounds_a_wish(shop: Assistant, intent: Intent, n: int) -> None:
    acts = settled(shop.store, Acts((intent,)), "is there anything nice by Kiyomi here")
    assert [(c.slot, c.value) for c in acts.add] == [("brand", "Kiyomi")] * n


def test_the_parser_is_told_the_shops_words(shop: Assistant) -> None:
    text = "a leather sofa, not from Fellmark"
    told = {text[known.start : known.end]: known.kind for known in known_words(shop.store, text)}
    assert told == {"sofa": "category", "Fellmark": "brand"}
