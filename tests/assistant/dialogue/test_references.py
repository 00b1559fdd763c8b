"""Pointing at items: positions, looks, names, prices, pronouns, cart lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.acts import INTENTS, Acts, Intent
from assistant.dialogue.facts import CartItem
from assistant.dialogue.references import Resolved, resolve
from assistant.dialogue.state import DialogueState, ShownItem
from assistant.dialogue.tracker import show
from retrieval.types import Constraint

BOOTS = (
    ShownItem("b1", "Hollis Chelsea Boots", 1, 1, 12_000, "Black", group_key="gb1"),
    ShownItem("b2", "Hollis Hiking Boots", 2, 1, 9_000, "Brown", group_key="gb2"),
)
BAGS = (
    ShownItem("t1", "Marlow Canvas Tote", 1, 9, 3_100, "Natural", group_key="gt1"),
    ShownItem("t2", "Marlow Leather Tote", 2, 9, 8_400, "Black", group_key="gt2"),
    ShownItem("t3", "Ines Shoulder Bag", 3, 9, 5_550, "Red", group_key="gt3"),
)
STATE = show(show(DialogueState(turn=1), BOOTS), BAGS)
LATER = replace(STATE, turn=15, shown=())


def said(text: str, *intents: Intent, state: DialogueState = STATE, **more: object) -> Resolved:
    return resolve(state, replace(Acts(intents=intents), **more), text)  # type: ignore[arg-type]


def test_the_cheaper_one_is_of_one_currency() -> None:
    bags = [replace(bag, currency=code) for bag, code in zip(BAGS, ("JPY", "EUR", "EUR"), strict=True)]
    two = show(DialogueState(turn=1), bags[1:])
    assert said("I'll take the cheaper one", "add_to_cart", state=two).product_ids == ("t3",)
    mixed = show(DialogueState(turn=1), bags)  # 31 yen are not less than 55 euros, nor more: nothing tells here
    assert said("I'll take the cheaper one", "add_to_cart", state=mixed).product_ids == ()
    euros_first = show(DialogueState(turn=1), [bags[1], bags[0], bags[2]])
    assert said("I'll take the cheapest one", "add_to_cart", state=euros_first).product_ids == ("t3",)


@pytest.mark.parametrize(
    ("text", "intent", "expected"),
    [
        ("add the black one", "add_to_cart", ("t2",)),
        ("what is the black tote made of?", "ask_product", ("t2",)),
        ("put the brown boots in", "add_to_cart", ("b2",)),
        ("the black boots please", "add_to_cart", ("b1",)),
        ("is the Ines washable?", "ask_product", ("t3",)),
        ("I'll take the cheaper one", "add_to_cart", ("t1",)),
        ("the cheapest of these", "add_to_cart", ("t1",)),
        ("add the most expensive one", "add_to_cart", ("t2",)),
        ("the least expensive one then", "add_to_cart", ("t1",)),
        ("the last one please", "add_to_cart", ("t3",)),
        ("the first one", "ask_product", ("t1",)),
        ("the 31 one", "add_to_cart", ("t1",)),
        ("add #2", "add_to_cart", ("t2",)),
        ("second AND third", "add_to_cart", ("t2", "t3")),
        ("the first and the last one, are they lined?", "ask_product", ("t1", "t3")),
        ("how does number 3 close?", "ask_product", ("t3",)),
        ("something like the red one but cheaper", "more_like_this", ("t3",)),
        ("compare the canvas and the leather", "compare", ("t1", "t2")),
        ("do these have a zip?", "ask_product", ("t1", "t2", "t3")),
        ("I don't like the Marlow ones", "feedback_negative", ("t1", "t2")),
    ],
)
def test_words(text: str, intent: Intent, expected: tuple[str, ...]) -> None:
    assert said(text, intent).product_ids == expected


def test_the_black_one_many_turns_later_is_the_most_recent_black_item() -> None:
    assert said("add the black one", "add_to_cart", state=LATER).product_ids == ("t2",)
    assert said("add the black boots", "add_to_cart", state=LATER).product_ids == ("b1",)


def test_it_is_what_the_talk_is_about() -> None:
    state = replace(STATE, focus=("t3",))
    assert said("does it come in black?", "ask_product", state=state).product_ids == ("t3",)
    assert said("add that to my cart", "add_to_cart", state=state).product_ids == ("t3",)
    assert said("add to cart", "add_to_cart", state=state).product_ids == ("t3",)
    assert said("add the canvas one", "add_to_cart", state=state).product_ids == ("t1",)


def test_both_means_the_two_on_the_screen() -> None:
    assert said("put both in", "add_to_cart", state=show(STATE, BOOTS)).product_ids == ("b1", "b2")


def test_the_only_one_shown_needs_no_name() -> None:
    assert said("is it warm?", "ask_product", state=show(STATE, BOOTS[:1])).product_ids == ("b1",)


def test_positions_and_ids_come_before_words() -> None:
    assert said("the second, not the black one", "add_to_cart", references=(2,)).product_ids == ("t2",)
    assert said("", "add_to_cart", product_ids=("x", "x")).product_ids == ("x",)
    assert said("number 9", "add_to_cart", references=(9,)) == Resolved(unresolved=True)
    assert said("1 and 9", "compare", references=(1, 9)) == Resolved(product_ids=("t1",), unresolved=True)


def test_two_that_fit_are_asked_about_before_buying() -> None:
    assert said("add the Marlow", "add_to_cart").candidates == ("t1", "t2")
    assert said("what about the Marlow, is it lined?", "ask_product").product_ids == ("t1",)


def test_a_name_never_shown_is_handed_on_and_a_look_never_shown_is_not() -> None:
    size = (Constraint("size", "eq", "7"),)
    assert said("add the Jade Suede Heels in a 7", "add_to_cart", add=size).named == "jade suede heels"
    assert said("add the green one", "add_to_cart") == Resolved(unresolved=True)


def test_a_search_points_at_nothing() -> None:
    assert said("black totes", "search") == Resolved()


CART = (
    CartItem("b2-9", "Hollis Hiking Boots", "Brown", group_key="gb2"),
    CartItem("t2", "Marlow Leather Tote", "Black", group_key="gt2"),
)


def cart_ids(text: str, *, cart: tuple[CartItem, ...] = CART, **more: object) -> Resolved:
    acts = replace(Acts(intents=("remove_from_cart",)), **more)  # type: ignore[arg-type]
    return resolve(replace(STATE, focus=("t2",)), acts, text, cart=cart)


def test_cart_lines() -> None:
    assert cart_ids("take the boots out").cart_ids == ("b2-9",)
    assert cart_ids("remove it").cart_ids == ("t2",)
    assert cart_ids("empty everything").cart_ids == ("b2-9", "t2")
    assert cart_ids("remove the second", references=(2,)).cart_ids == ("t2",)
    assert cart_ids("remove that", cart=CART[:1]).cart_ids == ("b2-9",)
    assert cart_ids("remove it", cart=()).cart_ids == ()
    two = (*CART, CartItem("t9", "Marlow Canvas Tote", "Natural"))
    assert cart_ids("remove the Marlow", cart=two).cart_ids == ("t2",)
    no_focus = resolve(STATE, Acts(intents=("remove_from_cart",)), "remove the Marlow", cart=two)
    assert (no_focus.cart_ids, no_focus.cart_candidates) == ((), ("t2", "t9"))


def test_another_variant_in_the_cart_is_the_item_shown() -> None:
    state = show(STATE, BOOTS)
    acts = Acts(intents=("remove_from_cart",), references=(2,))
    assert resolve(state, acts, "take the second out", cart=CART).cart_ids == ("b2-9",)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.sampled_from(INTENTS), st.lists(st.integers(-3, 12), max_size=3))
def test_only_what_was_shown_or_is_in_the_cart_comes_out(text: str, intent: Intent, references: list[int]) -> None:
    found = resolve(STATE, Acts(intents=(intent,), references=tuple(references)), text, cart=CART)
    known = {item.product_id for item in STATE.seen} | {line.product_id for line in CART}
    assert {*found.product_ids, *found.candidates, *found.cart_ids, *found.cart_candidates} <= known
    assert len(set(found.product_ids)) == len(found.product_ids)


@pytest.mark.parametrize(
    ("text", "intent", "read", "expected"),
    [
        ("compare the first three", "compare", (1, 3), ("t1", "t2", "t3")),
        ("compare the top 2", "compare", (1,), ("t1", "t2")),
        ("put the cheapest of these in my cart", "add_to_cart", (3,), ("t1",)),
        ("add the most expensive one", "add_to_cart", (1,), ("t2",)),
        ("is the third the cheapest?", "ask_product", (3,), ("t3",)),
        ("the red one that costs the least", "ask_product", (3,), ("t3",)),
        ("is the red bag the cheapest?", "ask_product", (3,), ("t3",)),
    ],
)
def test_what_is_counted_beats_what_was_read(
    text: str, intent: Intent, read: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    assert said(text, intent, references=read).product_ids == expected


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        ("I'll take the brown one", (3,), ("b2",)),
        ("put the Chelsea boots in my cart", (1,), ("b1",)),
        ("the leather tote please", (1,), ("t2",)),
        ("the red one", (3,), ("t3",)),
        ("the third one, not the brown one", (3,), ("t3",)),
        ("the one with the zip", (2,), ("t2",)),
        ("the brown velvet one", (2,), ("t2",)),
    ],
)
def test_looks_told_in_full_beat_a_position_that_is_not_like_that(
    text: str, read: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    assert said(text, "add_to_cart", references=read).product_ids == expected


def test_looks_that_fit_several_are_asked_about_before_buying() -> None:
    assert said("add the Hollis ones", "add_to_cart", references=(1,)).candidates == ("b1", "b2")


def test_a_row_longer_than_the_list_is_not_resolved_in_silence() -> None:
    assert said("compare the first five", "compare", references=(1, 2)).unresolved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("which of the two is cheaper?", ("t1", "t3")),
        ("which one is lighter?", ("t1", "t3")),
        ("compare the first two", ("t1", "t2")),
        ("compare these two", ("t2", "t3")),
        ("and the red one with the canvas one", ("t2", "t3")),
    ],
)
def test_a_comparison_goes_on_about_what_was_compared(text: str, expected: tuple[str, ...]) -> None:
    talking = replace(STATE, focus=("t1", "t3"))
    read = (1, 2) if "first" in text else (2, 3)
    assert said(text, "compare", state=talking, references=read).product_ids == expected


def test_it_buys_one_item_however_many_were_read() -> None:
    talked = replace(STATE, focus=("t1", "t2"))
    several = {"references": (2, 3), "state": talked}
    assert said("which is cheaper? add it", "add_to_cart", **several).product_ids == ("t1",)  # type: ignore[arg-type]
    assert said("the pricier one is nicer, add it", "add_to_cart", **several).product_ids == ("t2",)  # type: ignore[arg-type]
    assert said("ok add it", "add_to_cart", **several) == Resolved(candidates=("t1", "t2"))  # type: ignore[arg-type]
    assert said("which of them is cheapest? add it", "add_to_cart", references=(2,)).product_ids == ("t1",)
    assert said("ok add it", "add_to_cart", references=(2,)).product_ids == ("t2",)
    assert said("add them both to it", "add_to_cart", references=(2, 3)).product_ids == ("t2", "t3")
