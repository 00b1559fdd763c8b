"""Relaxation gives up little, the unimportant first, and never the category."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.predicates import has
from retrieval.relax import Wish, importance, relax
from retrieval.types import Constraint, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SLOTS: tuple[Slot, ...] = ("category", "color", "size", "brand", "price", "feature", "material")


def wish(slot: Slot, value: str = "x", *, negative: bool = False) -> Wish:
    constraint = Constraint(slot, "ne" if negative else "eq", value)
    return Wish(slot, (constraint,), has("title", f"{slot}:{value}"), negative=negative)


def world(*products: set[Slot]) -> Callable[[Sequence[Wish]], int]:
    """Products by the slots whose wishes they meet."""
    return lambda wishes: sum(all(w.slot in product for w in wishes) for product in products)


def dropped(wishes: Sequence[Wish], count: Callable[[Sequence[Wish]], int]) -> list[Slot]:
    return [w.slot for w in relax(wishes, count=count).dropped]


def test_nothing_is_given_up_where_something_passes() -> None:
    wishes = [wish("category"), wish("color")]
    assert relax(wishes, count=world({"category", "color"})).dropped == ()


def test_the_least_important_single_wish_goes_first() -> None:
    wishes = [wish("category"), wish("color"), wish("price")]
    assert dropped(wishes, world({"category", "color"}, {"category", "price"})) == ["color"]
    assert dropped(wishes, world({"category", "color"})) == ["price"]


def test_what_was_given_up_in_vain_is_taken_back() -> None:
    wishes = [wish("category"), wish("feature"), wish("color"), wish("price")]
    assert dropped(wishes, world({"category", "feature"})) == ["color", "price"]


def test_among_equals_the_one_that_leaves_most() -> None:
    style, feature = wish("style"), wish("feature")
    wishes = [wish("category"), style, feature]
    count = world({"category", "style"}, {"category", "feature"}, {"category", "feature"})
    assert relax(wishes, count=count).dropped == (style,)


def test_what_is_not_wanted_is_kept_longest() -> None:
    wishes = [wish("category"), wish("color", negative=True), wish("price")]
    assert dropped(wishes, world({"category", "color"}, {"category", "price"})) == ["price"]
    assert importance(wish("color", negative=True)) > importance(wish("price"))


def test_where_nothing_helps_nothing_is_given_up() -> None:
    wishes = [wish("category"), wish("color")]
    assert relax(wishes, count=world({"color"})).dropped == ()
    assert relax([], count=world()).kept == ()


def test_the_dropped_are_named_with_all_their_constraints() -> None:
    both = (Constraint("color", "eq", "red"), Constraint("color", "eq", "blue"))
    colors = Wish("color", both, has("color", "red", "blue"))
    assert relax([wish("category"), colors], count=world({"category"})).constraints == both


@given(st.lists(st.sets(st.sampled_from(SLOTS)), max_size=6), st.sets(st.sampled_from(SLOTS), min_size=1))
@settings(max_examples=80)
def test_the_rest_passes_and_no_dropped_wish_could_stay(products: list[set[Slot]], slots: set[Slot]) -> None:
    count = world(*products)
    wishes = [wish(slot) for slot in sorted(slots)]
    result = relax(wishes, count=count)
    assert {*result.kept, *result.dropped} == set(wishes)
    assert all(w.slot != "category" for w in result.dropped)
    if result.dropped:
        assert count(result.kept)
        assert not any(count([*result.kept, w]) for w in result.dropped)
    else:
        free = [w for w in wishes if w.slot != "category"]
        subsets = (set(c) for n in range(len(free) + 1) for c in combinations(free, n))
        assert count(wishes) or not any(count([w for w in wishes if w not in gone]) for gone in subsets)
