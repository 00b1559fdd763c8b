"""What is decided: tables of single turns, and the gates of the cart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.acts import INTENTS, Acts, Drop, Intent
from assistant.dialogue.facts import CartItem, Facts, Option
from assistant.dialogue.policy import apply, decide, doubt, unsure
from assistant.dialogue.references import Resolved, resolve
from assistant.dialogue.state import DialogueState, PendingAction, Question, ShownItem
from assistant.dialogue.system import SystemAct
from assistant.dialogue.tracker import ask, show, track
from retrieval.types import Constraint

KETTLE = Constraint("category", "eq", "kettle")
TOASTER = Constraint("category", "eq", "toaster")
RED = Constraint("color", "eq", "red")
ITEMS = (
    ShownItem("k1", "Arvo Gooseneck Kettle", 1, 1, 4_900, "Black", group_key="g1"),
    ShownItem("k2", "Belco Glass Kettle", 2, 1, 3_500, "Clear"),
    ShownItem("s1", "Runa Trail Shoes", 3, 1, 8_000, "Blue", group_key="gs"),
)
SHOWN = show(DialogueState(turn=1, constraints=(KETTLE,)), ITEMS)
SIZES = (
    Option("s1", "38", "Blue"),
    Option("s2", "39", "Blue"),
    Option("s3", "40", "Blue", in_stock=False),
    Option("s4", "41", "Green"),
)
FACTS = Facts(options={"s1": SIZES}, cart=(CartItem("k2", "Belco Glass Kettle"),), signed_in=True)


def acts(*intents: Intent, add: tuple[Constraint, ...] = (), **more: object) -> Acts:
    return replace(Acts(intents=intents, add=add), **more)  # type: ignore[arg-type]


def turn(state: DialogueState, said: Acts, text: str = "", facts: Facts = FACTS) -> tuple[SystemAct, ...]:
    """One turn as the assistant runs it, up to the decision."""
    tracked = track(state, said)
    return decide(tracked, said, resolve(tracked, said, text, cart=facts.cart), facts)


def kinds(decided: tuple[SystemAct, ...]) -> list[str]:
    return [f"{act.kind}:{act.reason}" if act.reason else act.kind for act in decided]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (acts("search", add=(TOASTER,)), ["search"]),
        (acts("refine", add=(RED,)), ["search"]),
        (acts("refine"), ["more"]),
        (acts("relax"), ["search"]),
        (acts("recommend"), ["recommend"]),
        (acts("more_like_this", references=(1,)), ["similar"]),
        (acts("compare", references=(1, 2)), ["compare"]),
        (acts("compare"), ["compare"]),
        (acts("ask_product", references=(2,)), ["answer_product"]),
        (acts("ask_product", references=(7,)), ["clarify:which_item"]),
        (acts("ask_policy"), ["answer_policy"]),
        (acts("add_to_cart", references=(1,)), ["cart_add"]),
        (acts("add_to_cart", references=(9,)), ["clarify:which_item"]),
        (acts("add_to_cart", add=(TOASTER,)), ["search:to_add"]),
        (acts("remove_from_cart"), ["cart_remove"]),
        (acts("view_cart"), ["cart_view"]),
        (acts("checkout"), ["checkout"]),
        (acts("order_status"), ["order_status"]),
        (acts("cancel_order"), ["order_service"]),
        (acts("return_or_refund"), ["order_service"]),
        (acts("feedback_positive", references=(1,)), ["feedback"]),
        (acts("feedback_negative"), ["feedback", "more"]),
        (acts("feedback_negative", add=(RED,)), ["feedback", "search"]),
        (acts("feedback_negative", "refine", add=(RED,)), ["feedback", "search"]),
        (acts("affirm"), ["clarify:anything_else"]),
        (acts("deny"), ["clarify:anything_else"]),
        (acts("deny", add=(RED,)), ["search"]),
        (acts("greet"), ["greet"]),
        (acts("thank"), ["thank"]),
        (acts("goodbye", "thank"), ["thank", "goodbye"]),
        (acts("search", "greet", add=(TOASTER,)), ["search", "greet"]),
        (acts("start_over"), ["start_over"]),
        (acts("start_over", add=(TOASTER,)), ["start_over", "search"]),
        (acts("start_over", "search", add=(TOASTER,)), ["start_over", "search"]),
        (acts("human_agent"), ["handoff"]),
        (acts("human_agent", confidence=0.0), ["handoff"]),
        (acts("out_of_scope"), ["out_of_scope"]),
        (acts("search", add=(TOASTER,), confidence=0.05), ["clarify:not_understood"]),
        (acts("search", "add_to_cart", add=(TOASTER,), references=(1,)), ["cart_add", "search"]),
        (acts("add_to_cart", "checkout", references=(1,)), ["cart_add", "checkout"]),
        (acts("ask_policy", "ask_product", references=(1,)), ["answer_policy", "answer_product"]),
        (acts("refine", "feedback_positive", add=(RED,), references=(1,)), ["feedback", "search"]),
    ],
)
def test_single_turns(said: Acts, expected: list[str]) -> None:
    assert kinds(turn(SHOWN, said)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (acts("refine"), ["clarify:what_kind"]),
        (acts("search"), ["clarify:what_kind"]),
        (acts("compare"), ["clarify:what_kind"]),
        (acts("compare", add=(KETTLE,)), ["search", "compare:to_compare"]),
        (acts("ask_product"), ["clarify:what_kind"]),
        (acts("ask_product", add=(KETTLE,)), ["search"]),
        (acts("add_to_cart"), ["clarify:which_item"]),
        (acts("remove_from_cart"), ["cart_remove:empty_cart"]),
        (acts("checkout"), ["checkout:empty_cart"]),
        (acts("order_status"), ["order_status:sign_in"]),
        (acts("more_like_this"), ["clarify:what_kind"]),
        (acts("feedback_negative"), ["feedback"]),
        (acts("search", add=(Constraint("sort", "eq", "price_desc"),)), ["search"]),
    ],
)
def test_first_turns(said: Acts, expected: list[str]) -> None:
    assert kinds(turn(DialogueState(), said, facts=Facts())) == expected


def test_several_types_are_searched_each_and_none_is_asked_about() -> None:
    said = acts("search", add=(KETTLE, replace(TOASTER, group=1), Constraint("category", "eq", "mug", group=2)))
    facts = Facts(facets={"color": [("black", 20), ("white", 20)]})
    decided = turn(DialogueState(), said, facts=facts)
    assert [(act.kind, act.group, act.question) for act in decided] == [("search", n, None) for n in range(3)]
    two = track(DialogueState(), said)
    refined = acts("refine", add=(replace(RED, group=2),))
    assert [act.group for act in turn(two, refined)] == [2]
    assert [act.group for act in turn(two, acts("refine", add=(RED,)))] == [0, 1, 2]


def test_a_search_shows_and_asks_at_most_one_question() -> None:
    facts = Facts(facets={"color": [("black", 20), ("white", 20)]})
    (act,) = turn(DialogueState(), acts("search", add=(KETTLE,)), facts=facts)
    assert act.question is not None
    assert act.question.slot == "color"


def test_comparing_pairs_one_item_with_the_one_talked_about() -> None:
    state = replace(SHOWN, focus=("k2",))
    assert turn(state, acts("compare", references=(3,)))[0].product_ids == ("s1", "k2")
    assert turn(state, acts("compare"))[0].product_ids == ("k2", "k1")
    assert turn(SHOWN, acts("compare", references=(1, 2, 3)))[0].product_ids == ("k1", "k2", "s1")


# --- the gates of the cart ----------------------------------------------------------------------------------------


def size(value: str) -> tuple[Constraint, ...]:
    return (Constraint("size", "eq", value),)


def test_no_size_said_is_asked_with_what_can_be_bought() -> None:
    (act,) = turn(SHOWN, acts("add_to_cart", references=(3,)))
    assert (act.kind, act.missing, act.reason) == ("cart_add", "size", "")
    assert act.question is not None
    assert act.question.options == ("38", "39")


def test_a_size_said_goes_in_as_that_variant() -> None:
    (act,) = turn(
        SHOWN, acts("add_to_cart", add=(*size("size 39"), Constraint("quantity", "eq", 2.0)), references=(3,))
    )
    assert (act.product_ids, act.quantity, act.missing) == (("s2",), 2, "")


def test_a_size_said_for_the_search_counts() -> None:
    state = replace(SHOWN, constraints=(KETTLE, *size("39")))
    assert turn(state, acts("add_to_cart", references=(3,)))[0].product_ids == ("s2",)
    other = replace(SHOWN, constraints=(KETTLE, *size("27 inch")))
    assert turn(other, acts("add_to_cart", references=(3,)))[0].missing == "size"


@pytest.mark.parametrize(("said", "reason"), [("52", "no_such_size"), ("40", "size_sold_out")])
def test_a_size_that_cannot_be_bought_is_refused_with_the_real_ones(said: str, reason: str) -> None:
    (act,) = turn(SHOWN, acts("add_to_cart", add=size(said), references=(3,)))
    assert (act.kind, act.missing, act.reason, act.said) == ("cart_add", "size", reason, said)
    assert act.question is not None
    assert act.question.options == ("38", "39")


def test_a_size_for_what_has_none_is_said() -> None:
    (act,) = turn(SHOWN, acts("add_to_cart", add=size("8"), references=(1,)))
    assert (act.reason, act.said, act.missing) == ("size_does_not_apply", "8", "")


def test_the_first_one_in_a_size_is_a_question_about_it() -> None:
    (act,) = turn(SHOWN, acts("refine", add=size("2"), references=(3,)))
    assert (act.kind, act.product_ids) == ("answer_product", ("s1",))


def test_a_variant_chosen_by_a_button_needs_no_question() -> None:
    facts = replace(FACTS, options={"s2": SIZES, "s1": SIZES})
    assert turn(SHOWN, acts("add_to_cart", product_ids=("s2",)), facts=facts)[0].missing == ""
    assert turn(SHOWN, acts("add_to_cart", product_ids=("s1",)), facts=facts)[0].missing == "size"


@pytest.mark.parametrize(
    ("said", "wanted"), [(0.0, 1), (-4.0, 1), (3.0, 3), (1e9, 99), (float("inf"), 1), (float("nan"), 1)]
)
def test_quantities_are_bounded(said: float, wanted: int) -> None:
    add = (Constraint("quantity", "eq", said),)
    assert turn(SHOWN, acts("add_to_cart", add=add, references=(1,)))[0].quantity == wanted


def test_two_lines_that_fit_are_asked_about_before_removing() -> None:
    cart = (CartItem("k1", "Arvo Kettle"), CartItem("k9", "Arvo Mug"))
    (act,) = turn(SHOWN, acts("remove_from_cart"), "take the Arvo out", replace(FACTS, cart=cart))
    assert (act.kind, act.reason) == ("clarify", "which_item")
    assert act.question is not None
    assert (act.question.option_ids, act.question.intent) == (("k1", "k9"), "remove_from_cart")


# --- what is recorded ---------------------------------------------------------------------------------------------


def test_two_turns_not_understood_offer_a_person() -> None:
    noise = acts("search", add=(TOASTER,), confidence=0.0)
    once = apply(SHOWN, decide(SHOWN, noise, Resolved(), FACTS))
    assert (once.strikes, once.constraints) == (1, SHOWN.constraints)
    decided = decide(once, noise, Resolved(), FACTS)
    twice = apply(once, decided)
    assert decided[0].reason == "offer_person"
    assert twice.pending == PendingAction("handoff")
    assert kinds(turn(twice, acts("affirm"))) == ["handoff"]
    assert apply(twice, turn(twice, acts("view_cart"))).strikes == 0


def test_gibberish_is_doubted_before_it_reaches_the_state() -> None:
    noise = doubt(acts("search", add=(TOASTER,)), recognised=0.0)
    assert track(SHOWN, noise).constraints == SHOWN.constraints
    assert kinds(turn(SHOWN, noise)) == ["clarify:not_understood"]
    fine = acts("search", add=(TOASTER,))
    assert doubt(fine, recognised=1.0) is fine
    person = acts("human_agent")
    assert doubt(person, recognised=0.0) is person


def test_a_doubtful_wish_is_put_to_the_shopper_and_done_after_a_yes() -> None:
    guessed = unsure(acts("search", add=(TOASTER,), confidence=0.05))
    assert track(DialogueState(), guessed).constraints == ()
    decided = turn(DialogueState(), guessed)
    assert kinds(decided) == ["clarify:did_you_mean"]
    assert decided[0].question is not None
    assert decided[0].question.proposes == (TOASTER,)
    asked = ask(apply(track(DialogueState(), guessed), decided), decided[0].question)
    agreed = track(asked, acts("affirm"))
    assert agreed.constraints == (TOASTER,)
    again = turn(apply(asked, decided), guessed)
    assert kinds(again) == ["clarify:offer_person"]


def test_only_wishes_are_guessed() -> None:
    for doubtful in (acts("add_to_cart", references=(1,)), acts("search", add=(TOASTER,), drop=(Drop("color"),))):
        assert unsure(replace(doubtful, confidence=0.05)).guess == ()


def test_what_is_turned_down_is_recorded_by_group() -> None:
    state = apply(SHOWN, turn(SHOWN, acts("feedback_negative", references=(1, 2))))
    assert state.rejected == ("g1", "k2")
    assert apply(SHOWN, turn(SHOWN, acts("feedback_negative"))).rejected == ("g1", "k2", "gs")


def test_an_offer_to_add_waits_for_the_yes() -> None:
    decided = turn(SHOWN, acts("feedback_positive", references=(1,)))
    assert decided[0].question is not None
    state = apply(SHOWN, decided)
    assert state.pending == PendingAction("add_to_cart", "k1")
    (act,) = turn(state, acts("affirm"))
    assert (act.kind, act.product_ids) == ("cart_add", ("k1",))
    assert apply(state, turn(state, acts("deny"))).pending is None


def test_a_question_between_keeps_the_pending_size_and_a_search_does_not() -> None:
    state = apply(SHOWN, turn(SHOWN, acts("add_to_cart", references=(3,))))
    assert state.pending == PendingAction("add_to_cart", "s1", missing="size")
    between = apply(state, turn(state, acts("ask_policy")))
    (act,) = turn(between, acts("refine", add=size("38")))
    assert (act.kind, act.product_ids) == ("cart_add", ("s1",))
    assert apply(between, turn(between, acts("search", add=(TOASTER,)))).pending is None


def test_more_goes_on_with_the_list_on_the_screen() -> None:
    ideas = show(apply(DialogueState(), (SystemAct("recommend"),)), ITEMS)
    assert kinds(turn(ideas, acts("refine"))) == ["recommend:more"]
    assert kinds(turn(ideas, acts("refine", add=(RED,)))) == ["recommend"]
    like = show(apply(SHOWN, (SystemAct("similar", product_ids=("k1",)),)), ITEMS)
    (act,) = turn(like, acts("refine"))
    assert (act.kind, act.product_ids, act.reason) == ("similar", ("k1",), "more")


def test_pointing_answers_which_one() -> None:
    asked = apply(SHOWN, turn(SHOWN, acts("add_to_cart"), "add a kettle"))
    assert asked.question is not None
    (act,) = turn(asked, acts("refine", references=(2,)), "the second")
    assert (act.kind, act.product_ids) == ("cart_add", ("k2",))
    assert kinds(turn(SHOWN, acts("refine", references=(2,)), "the second")) == ["answer_product"]


# --- properties ---------------------------------------------------------------------------------------------------

CONSTRAINTS = st.sampled_from([KETTLE, TOASTER, RED, *size("39"), *size("52"), Constraint("price", "lte", 50.0)])
ACTS = st.builds(
    Acts,
    intents=st.lists(st.sampled_from(INTENTS), min_size=1, max_size=3, unique=True).map(tuple),
    add=st.lists(CONSTRAINTS, max_size=3).map(tuple),
    drop=st.lists(st.sampled_from([Drop("color"), Drop("category")]), max_size=1).map(tuple),
    references=st.lists(st.integers(1, 5), max_size=2).map(tuple),
    confidence=st.sampled_from([0.0, 0.5, 1.0]),
)
SAID = st.lists(st.tuples(ACTS, st.sampled_from(["", "the blue one", "add it", "it", "remove everything"])), max_size=6)


@settings(max_examples=150, deadline=None)
@given(SAID)
def test_any_dialogue_gets_an_answer_with_one_question_and_no_sizeless_sale(said: list[tuple[Acts, str]]) -> None:
    state = DialogueState()
    for one, text in said:
        tracked = track(state, one)
        resolved = resolve(tracked, one, text, cart=FACTS.cart)
        decided = decide(tracked, one, resolved, FACTS)
        assert decided
        assert sum(act.question is not None for act in decided) <= 1
        assert len(decided) == len(set(decided))
        for act in decided:
            if act.kind == "cart_add" and act.product_ids == ("s1",) and not act.missing:
                sizes = [c.value for c in (*one.add, *tracked.constraints) if c.slot == "size"]
                assert sizes, "a product with sizes went in without one"
            assert 1 <= act.quantity <= 99
        state = apply(tracked, decided)
        if any(act.kind in {"search", "more", "recommend", "similar"} for act in decided):
            state = show(state, [replace(item, turn=state.turn) for item in ITEMS])
        assert DialogueState.from_json(state.to_json()) == state


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_asking_for_a_person_always_gets_one(said: Acts) -> None:
    said = replace(said, intents=("human_agent", *(i for i in said.intents if i != "human_agent")))
    decided = turn(replace(SHOWN, question=Question("Shall I?")), said)
    assert "handoff" in [act.kind for act in decided]
