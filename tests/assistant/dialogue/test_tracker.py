"""The fold rules, as tables of dialogues and as properties."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.acts import INTENTS, Acts, Drop, Intent
from assistant.dialogue.state import DialogueState, PendingAction, Question, ShownItem
from assistant.dialogue.tracker import MAX_CONSTRAINTS, MAX_SEEN, ask, same_value, show, track
from retrieval.types import Constraint, Op, Slot

Row = tuple[str, str, str | float, int]


def c(text: str, group: int = 0) -> Constraint:
    """Read "slot op value": figures become numbers."""
    slot, op, value = text.split(" ", 2)
    number = slot in {"price", "rating", "quantity"} and value != "shown"
    return Constraint(_slot(slot), _op(op), float(value) if number else value, group=group)


def _slot(text: str) -> Slot:
    return next(s for s in get_args(Slot) if s == text)


def _op(text: str) -> Op:
    return next(o for o in get_args(Op) if o == text)


def acts(*intents: Intent, add: tuple[str, ...] = (), drop: tuple[Drop, ...] = (), **more: object) -> Acts:
    return replace(Acts(intents=intents, add=tuple(map(c, add)), drop=drop), **more)  # type: ignore[arg-type]


def held(state: DialogueState) -> list[str]:
    return [
        f"{x.slot} {x.op} {x.value:g}" if isinstance(x.value, float) else f"{x.slot} {x.op} {x.value}"
        for x in state.constraints
    ]


def fold(*turns: Acts) -> DialogueState:
    state = DialogueState()
    for turn in turns:
        state = track(state, turn)
    return state


KETTLE = acts("search", add=("category eq kettle", "color eq black", "price lte 80"))

TABLE: list[tuple[str, tuple[Acts, ...], list[str]]] = [
    ("a search says everything at once", (KETTLE,), ["category eq kettle", "color eq black", "price lte 80"]),
    (
        "a new bound replaces the old one of the same op",
        (KETTLE, acts("refine", add=("price lte 60",))),
        ["category eq kettle", "color eq black", "price lte 60"],
    ),
    (
        "a range is two bounds",
        (acts("search", add=("category eq rug", "price gte 50", "price lte 90")),),
        ["category eq rug", "price gte 50", "price lte 90"],
    ),
    (
        "a bound that contradicts an older one replaces it",
        (acts("search", add=("category eq rug", "price gte 50")), acts("refine", add=("price lte 40",))),
        ["category eq rug", "price lte 40"],
    ),
    (
        "about so much replaces every bound",
        (
            acts("search", add=("category eq rug", "price gte 50", "price lte 90")),
            acts("refine", add=("price approx 120",)),
        ),
        ["category eq rug", "price approx 120"],
    ),
    (
        "cheaper keeps the budget",
        (KETTLE, acts("refine", add=("price lt shown",))),
        ["category eq kettle", "color eq black", "price lte 80", "price lt shown"],
    ),
    (
        "a figure ends cheaper",
        (KETTLE, acts("refine", add=("price lt shown",)), acts("refine", add=("price lte 45",))),
        ["category eq kettle", "color eq black", "price lte 45"],
    ),
    (
        "pricier replaces cheaper",
        (KETTLE, acts("refine", add=("price lt shown",)), acts("refine", add=("price gt shown",))),
        ["category eq kettle", "color eq black", "price lte 80", "price gt shown"],
    ),
    (
        "values join and letter case does not make two",
        (KETTLE, acts("refine", add=("color eq red", "color eq Black"))),
        ["category eq kettle", "color eq black", "price lte 80", "color eq red"],
    ),
    (
        "not black takes the place of black",
        (KETTLE, acts("refine", add=("color ne BLACK",))),
        ["category eq kettle", "price lte 80", "color ne BLACK"],
    ),
    (
        "a correction drops the old value",
        (KETTLE, acts("refine", add=("color eq teal",), drop=(Drop("color", "black"),))),
        ["category eq kettle", "price lte 80", "color eq teal"],
    ),
    (
        "relaxing drops the slot",
        (KETTLE, acts("relax", drop=(Drop("price"),))),
        ["category eq kettle", "color eq black"],
    ),
    (
        "a new type drops its details and a budget that was said for it",
        (KETTLE, acts("search", add=("category eq toaster",))),
        ["category eq toaster"],
    ),
    (
        "a repeated budget stays",
        (KETTLE, acts("search", add=("category eq toaster", "price lte 80"))),
        ["category eq toaster", "price lte 80"],
    ),
    (
        "whom and what for outlive the type",
        (
            acts("search", add=("category eq drill", "recipient eq dad", "occasion eq birthday", "brand eq Arvo")),
            acts("search", add=("category eq saw",)),
        ),
        ["recipient eq dad", "occasion eq birthday", "category eq saw"],
    ),
    (
        "a budget said before any type covers the first one",
        (
            acts("recommend", add=("recipient eq mum", "price lte 30")),
            acts("search", add=("category eq candle",)),
            acts("search", add=("category eq mug",)),
        ),
        ["recipient eq mum", "price lte 30", "category eq mug"],
    ),
    (
        "a budget for everything outlives every type",
        (
            acts("search", add=("category eq blazer", "price lte 250"), covers_all=True),
            acts("search", add=("category eq shoe", "size eq 9")),
            acts("add_to_cart", "search", add=("category eq tote",)),
        ),
        ["price lte 250", "category eq tote"],
    ),
    (
        "cheaper does not outlive the type",
        (
            acts("search", add=("category eq blazer", "price lte 250"), covers_all=True),
            acts("refine", add=("price lt shown",)),
            acts("search", add=("category eq shoe",)),
        ),
        ["price lte 250", "category eq shoe"],
    ),
    (
        "a corrected type keeps the rest",
        (KETTLE, acts("refine", add=("category eq teapot",))),
        ["color eq black", "price lte 80", "category eq teapot"],
    ),
    (
        "a brand first, then the type under refine",
        (acts("search", add=("brand eq Arvo",)), acts("refine", add=("category eq hoodie",))),
        ["brand eq Arvo", "category eq hoodie"],
    ),
    (
        "either type will do",
        (acts("search", add=("category eq trainer", "category eq boot")),),
        ["category eq trainer", "category eq boot"],
    ),
    (
        "a cart turn keeps the search and its quantity lives one turn",
        (KETTLE, acts("add_to_cart", add=("quantity eq 3",)), acts("thank")),
        ["category eq kettle", "color eq black", "price lte 80"],
    ),
    (
        "an order number lives as long as the talk about it",
        (acts("order_status", add=("order_id eq K-1",)), acts("human_agent")),
        ["order_id eq K-1"],
    ),
    (
        "an order number ends with the next search",
        (acts("order_status", add=("order_id eq K-1",)), acts("search", add=("category eq mug",))),
        ["category eq mug"],
    ),
    (
        "a return and a search in one turn keep both",
        (
            acts("return_or_refund", add=("order_id eq R-8",)),
            acts("return_or_refund", "search", add=("category eq tent",)),
        ),
        ["order_id eq R-8", "category eq tent"],
    ),
    ("sort replaces", (acts("search", add=("sort eq price_asc",)), acts("refine", add=("sort eq newest",))), [
        "sort eq newest"
    ]),
    ("starting over forgets", (KETTLE, acts("start_over")), []),
    (
        "starting over with a new wish",
        (KETTLE, acts("start_over", add=("category eq bin",))),
        ["category eq bin"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("turns", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_table(turns: tuple[Acts, ...], expected: list[str]) -> None:
    assert held(fold(*turns)) == expected


def test_several_types_number_groups_and_a_dropped_one_closes_the_gap() -> None:
    both = Acts(
        intents=("search",),
        add=(c("category eq bike"), c("color eq orange"), c("category eq light", 1), c("feature eq usb", 1)),
    )
    state = track(DialogueState(), both)
    assert [(x.value, x.group) for x in state.constraints] == [("bike", 0), ("orange", 0), ("light", 1), ("usb", 1)]
    state = track(state, acts("relax", drop=(Drop("category", "bike"),)))
    assert [(x.value, x.group) for x in state.constraints] == [("light", 0), ("usb", 0)]


def test_a_type_whose_group_follows_on_joins() -> None:
    state = track(fold(KETTLE), Acts(intents=("search",), add=(c("category eq toaster", 1),)))
    assert [(x.value, x.group) for x in state.of("category")] == [("kettle", 0), ("toaster", 1)]
    assert state.of("price")


def test_a_shared_budget_survives_the_type_it_was_noted_with() -> None:
    two = Acts(intents=("search",), add=(c("category eq pan"), c("price lte 90"), c("category eq pot", 1)))
    state = track(track(DialogueState(), two), acts("relax", drop=(Drop("category", "pan"),)))
    assert [(x.slot, x.group) for x in state.constraints] == [("price", 0), ("category", 0)]


def test_yes_adds_what_was_proposed() -> None:
    question = Question("Up to 90?", options=("Yes", "No"), proposes=(c("price lte 90"),))
    state = ask(fold(KETTLE), question)
    assert held(track(state, acts("affirm")))[-1] == "price lte 90"
    assert held(track(state, acts("deny"))) == held(state)
    assert track(state, acts("affirm")).answering == question
    assert track(state, acts("affirm")).question is None


def test_cheaper_means_the_prices_on_the_screen_when_it_was_said() -> None:
    state = show(fold(KETTLE), [ShownItem("a", "A", 1, 1, 5_000), ShownItem("b", "B", 2, 1, 3_000)])
    cheaper = track(state, acts("refine", add=("price lt shown",)))
    assert cheaper.bound_cents == 3_000
    cheaper = show(cheaper, [ShownItem("d", "D", 1, 2, 1_000)])
    black = track(cheaper, acts("refine", add=("color eq black",)))
    assert black.bound_cents == 3_000
    assert track(black, acts("refine", add=("price lt shown",))).bound_cents == 1_000
    assert track(black, acts("refine", add=("price lte 20",))).bound_cents is None
    assert track(state, acts("refine", add=("price lt shown",), references=(1,))).bound_cents == 5_000
    assert track(state, acts("refine", add=("price gt shown",))).bound_cents == 5_000


def test_cheaper_is_in_the_currency_of_what_is_meant() -> None:
    items = [
        ShownItem("a", "A", 1, 1, 5_000, currency="EUR"),
        ShownItem("b", "B", 2, 1, 3_000, currency="USD"),
        ShownItem("d", "D", 3, 1, 4_500, currency="EUR"),
    ]
    state = show(fold(KETTLE), items)
    cheaper = track(state, acts("refine", add=("price lt shown",)))
    assert (cheaper.bound_cents, cheaper.bound_currency) == (4_500, "EUR")
    dollars = track(state, acts("refine", add=("price lt shown",), references=(2,)))
    assert (dollars.bound_cents, dollars.bound_currency) == (3_000, "USD")
    assert track(dollars, acts("refine", add=("color eq black",))).bound_currency == "USD"
    assert track(dollars, acts("refine", add=("price lte 20",))).bound_currency == ""


def test_a_state_stored_before_currencies_were_kept_loads() -> None:
    state = track(
        show(fold(KETTLE), [ShownItem("a", "A", 1, 1, 5_000, currency="EUR")]), acts("refine", add=("price lt shown",))
    )
    stored = state.to_json()
    del stored["bound_currency"], stored["shown"][0]["currency"], stored["seen"][0]["currency"]
    old = DialogueState.from_json(stored)
    assert (old.bound_cents, old.bound_currency, old.shown[0].currency) == (5_000, "", "")


def test_the_page_starts_again_when_the_search_changes() -> None:
    items = [ShownItem("a", "A", 1, 1), ShownItem("b", "B", 2, 1)]
    state = show(fold(KETTLE), items)
    assert state.page == 2
    assert show(track(state, acts("refine")), items, paging=True).page == 4
    assert track(state, acts("refine", add=("color eq red",))).page == 0


def test_seen_is_bounded_and_names_each_item_once() -> None:
    state = DialogueState()
    for turn in range(30):
        state = show(state, [ShownItem(f"{turn}-{n}", "T", n, turn) for n in range(1, 7)])
    state = show(state, [ShownItem("29-1", "T", 1, 30)])
    assert len(state.seen) == MAX_SEEN
    assert [s.product_id for s in state.seen].count("29-1") == 1
    assert state.seen[-1].product_id == "29-1"


def test_a_person_stays_through_a_start_over() -> None:
    state = replace(fold(KETTLE), with_person=True, pending=PendingAction("checkout"), focus=("a",), rejected=("b",))
    state = track(state, acts("start_over"))
    assert state == DialogueState(turn=2, with_person=True)


# --- properties ---------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["red", "Red", "blue", "kettle", "Kettle ", "toaster", "shoe", "9", "big one"])
FIGURES = st.sampled_from([5.0, 20.0, 45.5, 100.0])


@st.composite
def constraints(draw: st.DrawFn) -> Constraint:
    slot: Slot = draw(st.sampled_from(get_args(Slot)))
    group = draw(st.integers(0, 2))
    if slot == "price":
        op: Op = draw(st.sampled_from(["lte", "gte", "approx", "lt", "gt"]))
        return Constraint(slot, op, "shown" if op in {"lt", "gt"} else draw(FIGURES), group=group)
    if slot in {"rating", "quantity"}:
        return Constraint(slot, "gte" if slot == "rating" else "eq", draw(FIGURES), group=group)
    if slot == "sort":
        return Constraint(slot, "eq", draw(st.sampled_from(["price_asc", "newest"])), group=group)
    return Constraint(slot, draw(st.sampled_from(["eq", "ne"])), draw(WORDS), group=group)


DROPS = st.builds(
    Drop,
    slot=st.sampled_from(get_args(Slot)),
    value=st.none() | WORDS,
    group=st.none() | st.integers(0, 2),
)
ACTS = st.builds(
    Acts,
    intents=st.lists(st.sampled_from(INTENTS), min_size=1, max_size=3, unique=True).map(tuple),
    add=st.lists(constraints(), max_size=5).map(tuple),
    drop=st.lists(DROPS, max_size=2).map(tuple),
    references=st.lists(st.integers(1, 4), max_size=2).map(tuple),
    covers_all=st.booleans(),
)
DIALOGUES = st.lists(ACTS, max_size=8)


def played(dialogue: list[Acts]) -> DialogueState:
    """Fold a dialogue with lists and questions between the turns, as the assistant does."""
    state = DialogueState()
    for turn in dialogue:
        state = track(state, turn)
        state = show(state, [ShownItem(f"p{state.turn}", "Red kettle", 1, state.turn, 4_999, "red")])
        state = ask(state, Question("Which?", slot="color", options=("red",), proposes=(c("color eq red"),)))
    return state


@settings(max_examples=120, deadline=None)
@given(DIALOGUES)
def test_no_duplicates_no_gaps_no_contradictions(dialogue: list[Acts]) -> None:
    state = played(dialogue)
    keys = [(x.slot, x.op, str(x.value).strip().casefold(), x.group) for x in state.constraints]
    assert len(keys) == len(set(keys)) <= MAX_CONSTRAINTS
    groups = {x.group for x in state.of("category") if x.op == "eq"}
    assert groups == set(range(len(groups)))
    assert all(x.group in groups | {0} for x in state.constraints)
    wanted = {(x.slot, str(x.value).strip().casefold(), x.group) for x in state.constraints if x.op == "eq"}
    unwanted = {(x.slot, str(x.value).strip().casefold(), x.group) for x in state.constraints if x.op == "ne"}
    assert not wanted & unwanted


@settings(max_examples=80, deadline=None)
@given(DIALOGUES)
def test_single_valued_slots_hold_one_value(dialogue: list[Acts]) -> None:
    state = played(dialogue)
    for group in range(3):
        for slot in ("rating", "sort", "quantity"):
            ops = [x.op for x in state.of(_slot(slot), group=group)]
            assert len(ops) == len(set(ops))
        prices = [x.op for x in state.of("price", group=group)]
        assert len(prices) == len(set(prices))


@settings(max_examples=80, deadline=None)
@given(DIALOGUES, DROPS)
def test_dropped_then_absent(dialogue: list[Acts], drop: Drop) -> None:
    state = track(
        replace(played(dialogue), question=None), Acts(intents=("relax",), drop=(Drop(drop.slot, drop.value),))
    )
    assert not [x for x in state.of(drop.slot) if drop.value is None or same_value(x.value, drop.value)]


@settings(max_examples=60, deadline=None)
@given(DIALOGUES)
def test_replay_equals_live_and_survives_json(dialogue: list[Acts]) -> None:
    live = DialogueState()
    for turn in dialogue:
        live = track(DialogueState.from_json(json.loads(json.dumps(live.to_json()))), turn)
        live = show(live, [ShownItem(f"p{live.turn}", "Red kettle", 1, live.turn, 4_999, "red")])
        live = ask(live, Question("Which?", slot="color", options=("red",), proposes=(c("color eq red"),)))
    assert live == played(dialogue)
    assert DialogueState.from_json(json.loads(json.dumps(live.to_json()))) == live


@settings(max_examples=60, deadline=None)
@given(DIALOGUES, ACTS)
def test_saying_the_same_twice_changes_nothing(dialogue: list[Acts], turn: Acts) -> None:
    said = Acts(intents=("refine",), add=tuple(replace(x, group=0) for x in turn.add))
    once = track(replace(played(dialogue), question=None), said)
    again = track(once, said)
    assert set(again.constraints) == set(once.constraints)
