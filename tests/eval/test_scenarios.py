"""The scenario format is strict, its checks can fail, and the shipped conversations pass."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.reply import Card, Claim, Reply
from eval import scenario as scenarios
from eval.checks import Context, failures
from eval.report import as_html, write
from eval.runner import Runner, summary
from eval.scenario import Expectation, ScenarioError, load
from retrieval.types import Constraint, Product

if TYPE_CHECKING:
    from assistant.settings import Settings

SHIPPED = Path(scenarios.__file__).parent / "scenarios"
GOODS = {
    "a": Product(
        "a", "Red kettle", 4_000, "USD", product_type="Kitchen > Kettles", color="red", attributes={"cordless": False}
    ),
    "b": Product("b", "Blue kettle", 6_000, "USD", product_type="Kitchen > Kettles", color="blue"),
}


def card(product_id: str) -> Card:
    product = GOODS[product_id]
    why = (Claim("Rated well", (f"product:{product_id}:rating",)),)
    return Card(product_id, product.title, product.offer_cents, "USD", why=why)


def reply(*ids: str, **more: object) -> Reply:
    base = Reply(1, "Here.", intents=("search",), products=tuple(card(i) for i in ids))
    return replace(base, **more)  # type: ignore[arg-type]


def found(answer: Reply, **expected: object) -> list[str]:
    context = Context(GOODS.get, lambda _reply, _sort: "a", {1: ("a", "b")})
    return failures(answer, Expectation.model_validate(expected), context)


def test_a_good_turn_passes() -> None:
    state = (Constraint("price", "lte", 80.0),)
    expected = {
        "intents": ["search"],
        "state": [{"slot": "price", "op": "lte", "value": 80}],
        "products": {"at_least": 2, "all": [{"field": "shelf", "op": "eq", "value": "Kettles"}], "order": "price_asc"},
    }
    assert found(reply("a", "b", constraints=state), **expected) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply("a"), {"products": {"at_least": 2}}),
        (reply("a", "a"), {}),
        (reply("a", text=" "), {}),
        (reply("b", constraints=(Constraint("price", "lte", 50.0),)), {}),
        (reply("a", products=(replace(card("a"), price_cents=1),)), {}),
        (reply("a", products=(replace(card("a"), why=()),)), {}),
        (reply("b", "a"), {"products": {"at_least": 2, "order": "price_asc"}}),
        (reply("b"), {"products": {"extreme_of_catalogue": "price_asc"}}),
        (reply("a"), {"products": {"at_least": 1, "none": [{"field": "color", "op": "eq", "value": "red"}]}}),
        (reply("a"), {"products": {"differ_from_turn": 1}}),
        (
            reply("a"),
            {"products": {"at_least": 1, "none": [{"field": "attributes.cordless", "op": "eq", "value": "False"}]}},
        ),
        (reply("a"), {"intents": ["compare"]}),
        (reply("a"), {"state": [{"slot": "color"}]}),
        (reply("a", constraints=(Constraint("color", "eq", "red"),)), {"state_absent": [{"slot": "color"}]}),
        (reply("a"), {"relaxed": ["price"]}),
        (reply("a"), {"question": True}),
        (reply("a"), {"cart": {"lines": 1}}),
        (reply("a"), {"actions": [{"type": "add_to_cart", "status": "done"}]}),
        (reply("a"), {"comparison": 2}),
        (reply("a"), {"handoff": True}),
        (reply("a"), {"evidence_kinds": ["event"]}),
        (reply("a"), {"text": {"mentions": [["sorry"]]}}),
        (reply("a"), {"text": {"avoids": ["here"]}}),
    ],
)
def test_every_check_can_fail(answer: Reply, expected: dict[str, object]) -> None:
    assert found(answer, **expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nturns: [{say: hi, expect: {prodcuts: {}}}]", "prodcuts"),
        ("name: x\nturns: [{say: hi, undo: true}]", "exactly one"),
        ("name: x\nturns: [{say: hi, expect: {products: {all: [{field: price, op: lte, value: 1}]}}}]", "at_least"),
        ("name: x\nturns: []", "turns"),
        ("name: [", "cannot read"),
        ("[{name: x, turns: [{say: a}]}, {name: x, turns: [{say: b}]}]", "repeated"),
    ],
)
def test_a_malformed_scenario_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ScenarioError, match=said):
        load(file)


def test_nothing_to_play_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no scenario"):
        load(tmp_path)


def test_the_shipped_conversations_pass(sample_settings: Settings, tmp_path: Path) -> None:
    shipped = load(SHIPPED)
    assert len(shipped) >= 30
    runner = Runner(sample_settings)
    try:
        results = runner.run(shipped)
    finally:
        runner.close()
    wrong = {r.scenario.name: r.failures for r in results if r.status in {"failed", "unexpected_pass"}}
    assert not wrong
    write(results, tmp_path)
    written = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert written["summary"] == summary(results)
    page = as_html(results)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
