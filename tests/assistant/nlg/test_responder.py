"""What each kind of reply must and must not say. Figures and names are asserted, wording is not."""

from __future__ import annotations

from typing import get_args

import pytest

from assistant.dialogue.state import Question
from assistant.dialogue.system import SystemAct, SystemActKind
from assistant.nlg.brief import MAX_BRIEF, brief
from assistant.nlg.phrasebook import phrases
from assistant.nlg.plan import Found, Handled, ReplyPlan, Step
from assistant.nlg.quick_replies import quick_replies
from assistant.nlg.responder import respond
from assistant.reply import Action, Card, CartLine
from assistant.service.base import Answer
from retrieval.types import Constraint

SHOE = Card("p1", "Ridgeline Trail Shoe", 7495, "USD", rating=4.6, n_ratings=213)
BOOT = Card("p2", "Alpine Boot", 12_000, "USD", rating=4.1, n_ratings=20)
CART = (CartLine("p1", 2, 7495, "USD", "Ridgeline Trail Shoe"),)
TURNS = (1, 2, 3, 4)


def said(found: Found, kind: SystemActKind = "search", *, turn: int = 1) -> str:
    return respond(ReplyPlan(turn, (Step(SystemAct(kind), found),)))


@pytest.mark.parametrize("kind", get_args(SystemActKind))
@pytest.mark.parametrize("turn", TURNS)
def test_every_act_has_words_even_without_an_outcome(kind: SystemActKind, turn: int) -> None:
    assert respond(ReplyPlan(turn, (Step(SystemAct(kind)),)))


def test_wording_varies_with_the_turn_and_never_by_chance() -> None:
    found = Found((SHOE, BOOT), "trail shoe", total=12)
    texts = [said(found, turn=t) for t in range(1, 7)]
    assert texts == [said(found, turn=t) for t in range(1, 7)]
    assert len(set(texts)) > 1


@pytest.mark.parametrize("turn", TURNS)
def test_what_is_found_is_counted_and_the_first_is_named(turn: int) -> None:
    wishes = (Constraint("price", "lte", 80), Constraint("feature", "eq", "waterproof"))
    text = said(Found((SHOE, BOOT), "trail shoe", wishes, total=12), turn=turn)
    assert all(piece in text for piece in ("12", "trail shoes", "under $80", "“Ridgeline Trail Shoe”", "$74.95"))
    assert "waterproof" not in text  # a soft wish only ranks: no count may claim it


@pytest.mark.parametrize("turn", TURNS)
def test_not_carried_is_said_first_with_the_nearest(turn: int) -> None:
    text = said(Found((BOOT,), "jeans", total=3, not_carried=("jeans",)), turn=turn)
    assert "jeans" in text.lower()
    assert "do not carry" in text or "not in our shop" in text
    assert "“Alpine Boot” at $120.00" in text
    assert "3" not in text


@pytest.mark.parametrize("turn", TURNS)
def test_nothing_under_that_price_names_the_cheapest_there_is(turn: int) -> None:
    limit = Constraint("price", "lte", 10)
    text = said(Found((BOOT,), "shoe", (limit,), total=3, relaxed=(limit,), cheapest=SHOE), turn=turn)
    assert "under $10" in text
    assert "“Ridgeline Trail Shoe” at $74.95" in text


@pytest.mark.parametrize("turn", TURNS)
def test_a_size_that_is_not_sold_lists_the_real_ones(turn: int) -> None:
    size = Constraint("size", "eq", "2")
    text = said(Found((SHOE,), "sweater", (size,), total=3, relaxed=(size,), sizes=("4", "6", "8")), turn=turn)
    assert "size 2" in text
    assert "4, 6 and 8" in text


@pytest.mark.parametrize("turn", TURNS)
def test_a_size_that_does_not_apply_is_explained(turn: int) -> None:
    size = Constraint("size", "eq", "8")
    text = said(Found((SHOE,), "tote bag", (size,), total=3, relaxed=(size,), sizeless=True), turn=turn)
    assert "size 8" in text
    assert "tote bags" in text.lower()


def test_every_wish_given_up_is_named() -> None:
    relaxed = (Constraint("color", "eq", "red"), Constraint("brand", "eq", "Ora"))
    text = said(Found((SHOE,), "shoe", relaxed, total=3, relaxed=relaxed))
    assert "in red" in text
    assert "from Ora" in text
    assert "“Ridgeline Trail Shoe”" in text


def test_a_foreign_currency_is_not_converted() -> None:
    limit = Constraint("price", "lte", 80, currency="EUR")
    text = said(Found((SHOE,), "shoe", (limit,), total=3, unknown=(limit,)))
    assert "EUR" in text
    assert "USD" in text
    assert "€80" not in text


def test_what_the_data_cannot_tell_is_named() -> None:
    wish = Constraint("feature", "eq", "itch free")
    assert "“itch free”" in said(Found((SHOE,), "sweater", (wish,), total=3, unknown=(wish,)))


@pytest.mark.parametrize(
    ("sort", "word"), [("price_asc", "cheapest"), ("price_desc", "most expensive"), ("rating_desc", "best rated")]
)
def test_an_extreme_is_called_so(sort: str, word: str) -> None:
    found = Found((SHOE, BOOT), "", (Constraint("sort", "eq", sort),), total=6000)
    for turn in TURNS:
        text = said(found, turn=turn)
        assert word in text
        assert "“Ridgeline Trail Shoe”" in text


def test_several_roles_get_a_line_each() -> None:
    steps = (
        Step(SystemAct("search"), Found((SHOE,), "shoe", total=9)),
        Step(SystemAct("search", group=1), Found((BOOT,), "jeans", not_carried=("jeans",))),
    )
    lines = respond(ReplyPlan(1, steps)).split("\n")
    assert len(lines) == 2
    assert "jeans" in lines[1].lower()


def test_the_question_comes_last_and_once() -> None:
    question = Question("Which colour do you like?", "color", ("navy", "red"))
    plan = ReplyPlan(
        1, (Step(SystemAct("greet")), Step(SystemAct("search"), Found((SHOE,), total=2))), question=question
    )
    text = respond(plan)
    assert text.endswith("Which colour do you like?")
    assert text.count("?") == 1
    assert quick_replies(plan) == ("navy", "red")


@pytest.mark.parametrize("turn", TURNS)
def test_cart_counts_in_cents(turn: int) -> None:
    done = Handled(Action("add_to_cart", "done", "p1", 2), "Ridgeline Trail Shoe", 7495, "9")
    text = respond(ReplyPlan(turn, (Step(SystemAct("cart_add"), done),), cart=CART))
    assert all(piece in text for piece in ("2 x “Ridgeline Trail Shoe” (size 9)", "$74.95", "$149.90", "2 items"))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(
    ("title", "size", "told"),
    [
        ("Dark roast coffee, 1 kg", "1 kg", False),
        ("Crew sweater, size M", "size M", False),
        ("Crew sweater", "M", True),
        ("M series drill", "M", True),
    ],
)
def test_a_size_that_ends_the_name_is_not_said_twice(turn: int, title: str, size: str, told: bool) -> None:
    done = Handled(Action("add_to_cart", "done", "p1"), title, 999, size)
    text = respond(ReplyPlan(turn, (Step(SystemAct("cart_add"), done),)))
    assert (f"{size})" in text) == told


@pytest.mark.parametrize("turn", TURNS)
def test_one_item_alone_is_not_compared_and_said_to_be_one(turn: int) -> None:
    question = Question("Which one do you mean?", options=(SHOE.title,), option_ids=("p1",), intent="compare")
    act = SystemAct("clarify", product_ids=("p1",), reason="which_item", question=question)
    text = respond(ReplyPlan(turn, (Step(act),)))
    assert "one" in text
    assert "several" not in text.lower()
    assert "More than one" not in text


@pytest.mark.parametrize("turn", TURNS)
def test_a_greeting_without_a_shop_name_is_one_greeting(turn: int) -> None:
    text = respond(ReplyPlan(turn, (Step(SystemAct("greet")),), shopper="Maya"))
    assert "Maya" in text
    assert "Hello, Maya. Welcome." not in text


@pytest.mark.parametrize("turn", TURNS)
def test_a_missing_size_is_asked_with_the_real_ones(turn: int) -> None:
    wait = Handled(Action("add_to_cart", "needs_confirmation", "p1"), "Ridgeline Trail Shoe", 7495, "", ("8", "9"))
    plan = ReplyPlan(turn, (Step(SystemAct("cart_add", missing="size"), wait),))
    assert "8 and 9" in respond(plan)
    assert "?" in respond(plan)
    assert "added" not in respond(plan).lower()
    assert quick_replies(plan) == ("8", "9")


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("reason", ["no_such_size", "size_sold_out"])
def test_a_wrong_size_is_never_added_silently(turn: int, reason: str) -> None:
    act = SystemAct("cart_add", missing="size", reason=reason, said="2")  # type: ignore[arg-type]
    wait = Handled(Action("add_to_cart", "needs_confirmation", "p1"), "Ridgeline Trail Shoe", 7495, "2", ("8", "9"))
    text = respond(ReplyPlan(turn, (Step(act, wait),)))
    assert "size 2" in text
    assert "8 and 9" in text


def test_a_refusal_gives_its_reason() -> None:
    no = Handled(Action("add_to_cart", "refused", "p1", reason="It is out of stock."), "Ridgeline Trail Shoe", 7495)
    assert "out of stock" in respond(ReplyPlan(1, (Step(SystemAct("cart_add"), no),)))


def test_answers_are_said_as_they_are_and_the_unknown_is_admitted() -> None:
    assert respond(ReplyPlan(1, (Step(SystemAct("answer_policy"), Answer("Thirty days.")),))) == "Thirty days."
    assert "does not say" in respond(ReplyPlan(1, (Step(SystemAct("answer_policy")),)))


def test_a_degraded_reply_says_so() -> None:
    plan = ReplyPlan(1, (Step(SystemAct("search"), Found((SHOE,), total=1)),), degraded=True)
    assert len(respond(plan).split("\n")) == 2


def test_every_phrase_has_a_variant_and_closed_braces() -> None:
    for key, variants in phrases().items():
        if isinstance(variants, list):
            assert variants, key
            assert all(v.count("{") == v.count("}") for v in variants), key


def test_cheaper_ones_are_not_offered_after_the_cheapest() -> None:
    found = Found((SHOE, BOOT), "", (Constraint("sort", "eq", "price_asc"),), total=60)
    assert "Cheaper ones" not in quick_replies(ReplyPlan(1, (Step(SystemAct("search"), found),)))


def test_the_brief_is_bounded_and_tells_what_matters() -> None:
    wishes = (Constraint("category", "eq", "trail shoe"), Constraint("price", "lte", 80))
    text = brief("asked", said=["hello", "x" * 5000], constraints=wishes, shown=["A"], cart=CART, order_ids=["K-1"])
    assert len(text) <= MAX_BRIEF
    assert all(piece in text for piece in ("trail shoes under $80", "2 x Ridgeline Trail Shoe", "$149.90", "K-1"))
