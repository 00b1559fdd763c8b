"""Whole conversations over a small shop: tracked, resolved, decided, searched and shown as the assistant does it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from assistant.dialogue.acts import Acts, Intent
from assistant.dialogue.answers import answered
from assistant.dialogue.facts import CartItem, Facts, Option
from assistant.dialogue.policy import apply, decide
from assistant.dialogue.query import for_act
from assistant.dialogue.references import resolve
from assistant.dialogue.state import DialogueState, ShownItem
from assistant.dialogue.system import SystemAct
from assistant.dialogue.tracker import show, track
from retrieval.types import Constraint, Op, Product, Query, Slot


def product(product_id: str, shelf: str, title: str, price_cents: int, color: str = "", **more: str) -> Product:
    base = Product(product_id, title, price_cents, "EUR", product_type=shelf, color=color)
    return replace(base, **more)  # type: ignore[arg-type]


STOCK = (
    product("d1", "dress", "Jade Wrap Dress", 7_900, "green", size="S", item_group_id="d"),
    product("d2", "dress", "Jade Wrap Dress", 7_900, "green", size="M", item_group_id="d"),
    product("d3", "dress", "Rose Slip Dress", 12_900, "red"),
    product("d4", "dress", "Coal Shift Dress", 4_500, "black"),
    product("s1", "shoe", "Suede Court Shoes", 9_900, "black", material="leather"),
    product("s2", "shoe", "Canvas Pumps", 3_900, "red"),
    product("s3", "shoe", "Satin Heels", 6_900, "black"),
    product("b1", "bag", "Beaded Clutch", 2_500, "black"),
    product("b2", "bag", "Velvet Pouch", 1_900, "red"),
)


def _passes(item: Product, constraint: Constraint) -> bool:
    if constraint.slot == "price" and not isinstance(constraint.value, str):
        cents = round(constraint.value * 100)
        return item.offer_cents <= cents if constraint.op == "lte" else item.offer_cents >= cents
    fields = {"category": item.product_type, "color": item.color, "material": item.material, "size": item.size}
    if constraint.slot not in fields:
        return True
    return (fields[constraint.slot] == constraint.value) is (constraint.op == "eq")


def found(query: Query) -> list[Product]:
    groups: dict[str, Product] = {}
    for item in STOCK:
        excluded = {item.product_id, item.group_key} & set(query.exclude)
        named = not query.text or query.constraints or set(query.text.split()) & set(item.title.lower().split())
        if named and not excluded and all(_passes(item, c) for c in query.constraints if c.hard):
            groups.setdefault(item.group_key, item)
    return list(groups.values())[: query.n]


@dataclass
class Shop:
    """Runs turns; everything that is kept between them goes through JSON."""

    state: DialogueState = field(default_factory=DialogueState)
    cart: dict[str, int] = field(default_factory=dict)
    per_page: int = 2

    def say(self, *intents: Intent, add: tuple[Constraint, ...] = (), text: str = "", **more: object) -> list[str]:
        acts = replace(Acts(intents=intents, add=add), **more)  # type: ignore[arg-type]
        return self.run(acts, text)

    def answer(self, text: str) -> list[str]:
        acts = answered(self.state, text)
        assert acts is not None
        return self.run(acts, text)

    def run(self, acts: Acts, text: str) -> list[str]:
        state = track(DialogueState.from_json(json.loads(json.dumps(self.state.to_json()))), acts)
        lines = [CartItem(i, p.title, p.color, group_key=p.group_key) for i, p in self._lines()]
        resolved = resolve(state, acts, text, cart=lines)
        decided = decide(state, acts, resolved, Facts(options=self._options(), cart=lines, signed_in=True))
        state = apply(state, decided)
        items: list[ShownItem] = []
        for act in decided:
            self._do(act)
            if act.kind in {"search", "more", "similar", "recommend"}:
                hits = found(for_act(state, act, n=self.per_page, spent_cents=self._spent()))
                items += [_shown(p, len(items) + n, state.turn, act.group) for n, p in enumerate(hits, start=1)]
        self.state = show(state, items, paging=decided[0].kind == "more") if items else state
        return [f"{act.kind}:{act.reason}" if act.reason else act.kind for act in decided]

    @property
    def shown(self) -> list[str]:
        return [item.product_id for item in self.state.shown]

    def _do(self, act: SystemAct) -> None:
        for product_id in act.product_ids:
            if act.kind == "cart_add" and not act.missing:
                self.cart[product_id] = self.cart.get(product_id, 0) + act.quantity
            if act.kind == "cart_remove":
                self.cart.pop(product_id, None)

    def _lines(self) -> list[tuple[str, Product]]:
        return [(p.product_id, p) for p in STOCK if p.product_id in self.cart]

    def _spent(self) -> int:
        return sum(p.offer_cents * self.cart[i] for i, p in self._lines())

    def _options(self) -> dict[str, list[Option]]:
        return {
            p.product_id: [
                Option(v.product_id, v.size, v.color) for v in STOCK if v.group_key == p.group_key
            ]
            for p in STOCK
        }  # fmt: skip


def _shown(p: Product, position: int, turn: int, group: int) -> ShownItem:
    return ShownItem(p.product_id, p.title, position, turn, p.offer_cents, p.color, group, p.group_key)


def c(slot: Slot, op: Op, value: str | float, group: int = 0) -> Constraint:
    return Constraint(slot, op, value, group=group)


def test_search_refine_compare_add_with_size_and_take_out() -> None:
    shop = Shop()
    assert shop.say("search", add=(c("category", "eq", "dress"),)) == ["search"]
    assert shop.shown == ["d1", "d3"]
    assert shop.say("refine", add=(c("price", "lte", 100.0),)) == ["search"]
    assert shop.shown == ["d1", "d4"]
    assert shop.say("compare", text="compare them") == ["compare"]
    assert shop.say("add_to_cart", text="add the jade one") == ["cart_add"]
    assert shop.cart == {}
    assert shop.state.question is not None
    assert shop.state.question.options == ("S", "M")
    assert shop.say("refine", add=(c("size", "eq", "XL"),), text="XL") == ["cart_add:no_such_size"]
    assert shop.cart == {}
    assert shop.answer("medium") == ["cart_add"]
    assert shop.cart == {"d2": 1}
    assert [x.value for x in shop.state.of("size")] == ["M"]
    assert shop.say("remove_from_cart", text="take it out again") == ["cart_remove"]
    assert shop.cart == {}


def test_three_types_in_one_turn_share_the_budget() -> None:
    shop = Shop(per_page=1)
    wanted = (
        c("category", "eq", "dress"), c("price", "lte", 100.0), c("category", "eq", "shoe", 1),
        c("category", "eq", "bag", 2),
    )  # fmt: skip
    assert shop.say("search", add=wanted) == ["search", "search", "search"]
    assert shop.shown == ["d1", "s1", "b1"]
    assert [(item.position, item.group) for item in shop.state.shown] == [(1, 0), (2, 1), (3, 2)]


def test_a_budget_for_everything_counts_what_is_in_the_cart() -> None:
    shop = Shop()
    shop.say("search", add=(c("category", "eq", "dress"), c("price", "lte", 100.0)), covers_all=True)
    shop.say("add_to_cart", references=(2,))
    assert shop.cart == {"d4": 1}
    shop.say("search", add=(c("category", "eq", "shoe"),))
    assert shop.shown == ["s2"]
    assert shop.state.of("price")


def test_exclusions_hold_on_the_next_page_and_nothing_comes_twice() -> None:
    shop = Shop(per_page=1)
    shop.say("search", add=(c("category", "eq", "shoe"), c("color", "ne", "red"), c("material", "ne", "leather")))
    assert shop.shown == ["s3"]
    assert shop.say("refine", text="more") == ["more"]
    assert shop.shown == ["s3"]  # nothing further was found, the list on the screen stays
    wide = Shop(per_page=2)
    wide.say("search", add=(c("category", "eq", "dress"),))
    wide.say("refine", text="more")
    assert wide.shown == ["d4"]


def test_the_black_one_after_many_turns() -> None:
    shop = Shop()
    shop.say("search", add=(c("category", "eq", "shoe"), c("color", "eq", "black")))
    shop.say("search", add=(c("category", "eq", "bag"),))
    for _ in range(12):
        shop.say("ask_policy", text="and returns?")
    assert shop.say("add_to_cart", text="ok, the black one") == ["cart_add"]
    assert shop.cart == {"b1": 1}


def test_an_item_never_shown_is_looked_up_and_asked_about() -> None:
    shop = Shop()
    assert shop.say("add_to_cart", text="add the Canvas Pumps") == ["search:to_add"]
    assert (shop.shown, shop.cart) == (["s2"], {})
    assert shop.say("affirm", text="yes") == ["cart_add"]
    assert shop.cart == {"s2": 1}


def test_what_was_turned_down_does_not_come_back() -> None:
    shop = Shop()
    shop.say("search", add=(c("category", "eq", "dress"),))
    assert shop.say("feedback_negative", text="not these") == ["feedback", "more"]
    assert shop.shown == ["d4"]
    shop.say("refine", add=(c("price", "lte", 200.0),))
    assert shop.shown == ["d4"]


def test_service_talk_keeps_the_search() -> None:
    shop = Shop()
    shop.say("search", add=(c("category", "eq", "dress"),))
    before = shop.shown
    assert shop.say("order_status", add=(c("order_id", "eq", "K-1"),)) == ["order_status"]
    assert shop.say("cancel_order", text="cancel it") == ["order_service"]
    assert shop.answer("Yes") == ["handoff"]
    assert shop.state.with_person
    assert (shop.shown, shop.state.of("category")[0].value) == (before, "dress")


def test_start_over_begins_with_nothing() -> None:
    shop = Shop()
    shop.say("search", add=(c("category", "eq", "dress"),))
    assert shop.say("start_over", text="start over") == ["start_over"]
    assert (shop.state.constraints, shop.state.shown, shop.state.seen) == ((), (), ())
    assert shop.say("add_to_cart", text="the black one") == ["search:to_add"]
    assert shop.cart == {}
