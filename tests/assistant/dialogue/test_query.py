"""What the retriever is asked for a state."""

from __future__ import annotations

from dataclasses import replace

from assistant.dialogue.query import build, for_act
from assistant.dialogue.state import DialogueState, ShownItem
from assistant.dialogue.system import SystemAct
from assistant.dialogue.tracker import show
from retrieval.types import Constraint, Op, Query, Slot


def c(slot: Slot, op: Op, value: str | float, group: int = 0) -> Constraint:
    return Constraint(slot, op, value, group=group)


def bound(query: Query, op: Op) -> list[str | float]:
    return [x.value for x in query.constraints if x.slot == "price" and x.op == op]


SHOES = DialogueState(
    constraints=(
        c("category", "eq", "trail shoe"),
        c("price", "lte", 80.0),
        c("material", "ne", "leather"),
        c("feature", "eq", "waterproof"),
        c("style", "ne", "neon"),
        c("recipient", "eq", "women"),
        c("occasion", "eq", "hiking"),
        c("sort", "eq", "price_asc"),
    )
)


def test_hard_and_soft() -> None:
    query = build(SHOES)
    assert query.text == "trail shoe waterproof hiking"
    assert query.sort == "price_asc"
    assert {x.slot for x in query.constraints if x.hard} == {
        "category", "price", "material", "style", "recipient", "feature",
    }  # fmt: skip
    assert {x.slot for x in query.constraints if not x.hard} == {"occasion"}


def test_an_age_is_not_searched_for() -> None:
    state = DialogueState(constraints=(c("recipient", "eq", "5 year old nephew"),))
    assert build(state).text == "nephew"


def test_a_recipient_is_hard_only_where_it_says_what_fits() -> None:
    state = DialogueState(constraints=(c("recipient", "eq", "flatmate"), c("occasion", "eq", "birthday")))
    query = build(state)
    assert [x.hard for x in query.constraints] == [False, False]
    assert query.text == "birthday flatmate"


def test_each_group_has_its_own_details_and_shares_the_budget() -> None:
    state = DialogueState(
        constraints=(
            c("category", "eq", "dress"),
            c("color", "eq", "red"),
            c("price", "lte", 200.0),
            c("occasion", "eq", "wedding"),
            c("category", "eq", "shoe", 1),
            c("size", "eq", "38", 1),
            c("category", "eq", "bag", 2),
            c("price", "lte", 50.0, 2),
        )
    )
    shoes = build(state, 1)
    assert shoes.text == "shoe wedding"
    assert {x.slot for x in shoes.constraints} == {"category", "size", "price", "occasion"}
    assert bound(shoes, "lte") == [200.0]
    assert bound(build(state, 2), "lte") == [50.0]
    assert {x.group for x in shoes.constraints} == {0}


def test_cheaper_and_pricier_become_figures() -> None:
    cheaper = replace(SHOES, constraints=(c("price", "lt", "shown"),), bound_cents=4_990)
    assert bound(build(cheaper), "lte") == [49.89]
    pricier = replace(SHOES, constraints=(c("price", "gt", "shown"),), bound_cents=4_990)
    assert bound(build(pricier), "gte") == [49.91]
    euros = build(replace(cheaper, bound_currency="EUR")).constraints
    assert [(x.op, x.value, x.currency) for x in euros if x.slot == "price"] == [("lte", 49.89, "EUR")]
    unknown = replace(SHOES, constraints=(c("price", "lt", "shown"),))
    assert (build(unknown).constraints, build(unknown).sort) == ((), "price_asc")


def test_a_budget_for_everything_shrinks_with_the_cart() -> None:
    state = replace(SHOES, covers_all=True)
    assert bound(build(state, spent_cents=3_000), "lte") == [50.0]
    assert bound(build(state, spent_cents=9_000), "lte") == [0.0]
    assert bound(build(SHOES, spent_cents=3_000), "lte") == [80.0]


def test_more_leaves_out_what_was_seen_and_keeps_the_exclusions() -> None:
    items = [ShownItem("a-1", "A", 1, 1, group_key="a"), ShownItem("b", "B", 2, 1)]
    state = replace(show(SHOES, items), rejected=("z",))
    assert build(state).exclude == ("z",)
    page = for_act(state, SystemAct("more"))
    assert page.exclude == ("z", "a", "b")
    assert page.offset == 0
    assert any(x.slot == "material" and x.op == "ne" for x in page.constraints)


def test_similar_and_named() -> None:
    similar = for_act(SHOES, SystemAct("similar", product_ids=("a-1",)))
    assert (similar.similar_to, similar.sort) == ("a-1", "price_asc")
    assert similar.constraints
    named = for_act(SHOES, SystemAct("search", text="jade suede heels", reason="to_add"))
    assert (named.text, named.constraints) == ("jade suede heels", ())


def test_service_words_never_reach_the_retriever() -> None:
    state = DialogueState(
        constraints=(c("order_id", "eq", "K-1"), c("quantity", "eq", 2.0), c("category", "ne", "scarf"))
    )
    query = build(state)
    assert [x.slot for x in query.constraints] == ["category"]
    assert query.text == ""


def test_words_are_bounded() -> None:
    state = DialogueState(constraints=tuple(c("feature", "eq", f"{n} " + "x" * 5_000) for n in range(50)))
    query = build(state)
    assert len(query.text) <= 1_000
    assert all(len(str(x.value)) <= 200 for x in query.constraints)
    assert len(for_act(state, SystemAct("search", text="y" * 5_000)).text) == 200
