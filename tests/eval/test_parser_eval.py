"""Scoring a parser on labelled dialogues."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ParseError
from assistant.llm.base import Span, Token
from assistant.llm.registry import load_model
from assistant.llm.scripted import ScriptedModel
from assistant.nlu.parser import ModelParser
from eval.parser_eval import matched, plain, read, same_constraint, score, score_one, summary

SCRIPT: dict[str, tuple[Token, ...]] = {
    "red kettles": ("<i:search>", "<add:color:eq>", Span(0, 0, 3), "<add:category:eq>", Span(0, 4, 11)),
    "hello": ("<i:greet>",),
}
DEV = Path(__file__).parents[2] / "eval" / "datasets" / "shopping_turns_dev"


def gold(slot: str, value: str | float, op: str = "eq") -> dict[str, Any]:
    return {"slot": slot, "op": op, "value": value}


def labelled(text: str, intents: list[Any], *constraints: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": text, "dialogue": [{"role": "user", "text": text}], "intents": intents,
        "constraints": list(constraints), "references": [],
    }  # fmt: skip


@pytest.fixture
def parser() -> ModelParser:
    return ModelParser(ScriptedModel(SCRIPT))


def test_a_right_parse_scores_full(parser: ModelParser) -> None:
    found = score_one(parser, labelled("red kettles", ["search"], gold("category", "kettle"), gold("color", "Red")))
    assert (found.intent, found.intents, found.state, found.hits) == (True, True, True, 2)
    assert found.references is None


def test_alternatives_of_slot_value_and_intent(parser: ModelParser) -> None:
    dialogue = labelled(
        "red kettles", [["recommend", "search"]], gold("category", "pot|kettle"), gold("style|color", "red")
    )
    found = score_one(parser, dialogue)
    assert found.intent
    assert found.state


def test_missed_and_invented_constraints_count(parser: ModelParser) -> None:
    scores = [
        score_one(parser, labelled("red kettles", ["search"], gold("category", "kettle"), gold("brand", "Bosch"))),
        score_one(parser, labelled("hello", ["greet"])),
    ]
    total = summary(scores, seed=1)
    assert (total["n"], total["precision"], total["recall"], total["f1"]) == (2, 0.5, 0.5, 0.5)
    assert total["joint_goal_accuracy"] == 0.5
    assert total["ci95"]["intent_accuracy"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("left", "right"),
    [("The Sofa Beds", "sofabed"), ("50cm", "50 cm"), (4, 4.0), ("e-reader", "ereader"), ("2.5 m", "2.5m")],
)
def test_what_does_not_count_in_values(left: str | float, right: str | float) -> None:
    assert plain(left) == plain(right)


def test_values_that_differ() -> None:
    assert plain("2.5 m") != plain("25 m")
    assert not same_constraint(gold("price", 40.0, "lte"), gold("price", 40.0, "gte"))


def test_one_said_constraint_meets_one_gold_only() -> None:
    assert matched([gold("color", "red"), gold("color|style", "red")], [gold("color", "red")]) == 1
    twice = [gold("color|style", "red|blue"), gold("color", "red")]
    assert matched(twice, [gold("color", "red"), gold("style", "blue")]) == 2


def test_every_labelled_turn_of_an_authored_dialogue_is_scored(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "text": "hello", "intents": ["greet"], "constraints": [], "references": []},
        {"role": "assistant", "text": "Hi!"},
        {"role": "user", "text": "red kettles", "intents": ["search"], "constraints": [], "references": []},
    ]
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({"id": "x", "dialogue": turns}) + "\n\n", encoding="utf-8")
    assert [len(dialogue["dialogue"]) for dialogue in read(path)] == [1, 3]


def test_bad_files_say_where(parser: ModelParser, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"id": 1}\n', encoding="utf-8")
    with pytest.raises(ParseError, match=r"gold\.jsonl:1"):
        score(path, parser)
    with pytest.raises(ParseError, match="cannot read"):
        score(tmp_path / "none.jsonl", parser)
    path.write_text("", encoding="utf-8")
    with pytest.raises(ParseError, match="no labelled dialogue"):
        score(path, parser)


def test_the_shipped_weights_understand_the_dev_set() -> None:
    shipped = ModelParser(load_model("embedded"))
    found = summary([score_one(shipped, dialogue) for dialogue in list(read(DEV))[::4]], seed=7)
    assert found["n"] == 60
    assert found["intent_accuracy"] >= 0.80
    assert found["f1"] >= 0.40
