"""Tables of what a parser got wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from assistant.errors import ParseError
from assistant.llm.base import Span, Token
from assistant.llm.scripted import ScriptedModel
from assistant.nlu.parser import ModelParser
from eval.intent_eval import score_intents, wilson
from eval.parser_errors import slot_errors, worst
from eval.parser_eval import TurnScore, score_one, summary
from eval.parser_report import judged

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: dict[str, tuple[Token, ...]] = {
    "big red kettles": ("<i:search>", "<add:style:eq>", Span(0, 0, 3), "<add:category:eq>", Span(0, 8, 15)),
    "not red": ("<i:refine>", "<add:color:eq>", Span(0, 4, 7)),
}
PARSER = ModelParser(ScriptedModel(SCRIPT))


def gold(slot: str, value: str, op: str = "eq") -> dict[str, Any]:
    return {"slot": slot, "op": op, "value": value}


def turn(text: str, intent: str, *constraints: dict[str, Any], name: str = "t") -> TurnScore:
    dialogue = {
        "id": name, "dialogue": [{"role": "user", "text": text}], "intents": [intent],
        "constraints": list(constraints), "references": [],
    }  # fmt: skip
    return score_one(PARSER, dialogue)


WRONG = [
    turn(
        "big red kettles", "search", gold("size", "big"), gold("color", "red"), gold("category", "kettle"), name="a|1"
    ),
    turn("not red", "relax", gold("color", "red", "ne"), name="b"),
]


def test_every_error_is_counted_once_by_its_kind() -> None:
    assert slot_errors(WRONG) == {
        "size": {"other slot": 1},
        "color": {"missed": 1, "other operator": 1},
    }


def test_the_worst_turns_come_first_in_a_table_that_holds() -> None:
    lines = worst(WRONG).splitlines()
    assert len(lines) == 4
    assert "refine, not relax" in lines[2] or "refine, not relax" in lines[3]
    assert "size eq big read as style eq big; missed: color eq red" in "".join(lines)
    assert all(line.count("|") == 5 for line in lines if "a|1" not in line)
    assert worst(WRONG, 1).count("\n") == 3


def test_turns_of_one_conversation_are_drawn_together() -> None:
    scores = [turn("not red", "refine", gold("color", "red"), name=f"x#{k}") for k in (0, 2)]
    assert summary(scores)["n_dialogues"] == 1


def test_a_report_counts_over_all_sets(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text(
        '{"id": "1", "dialogue": [{"role": "user", "text": "not red"}], "intents": [["relax", "deny"]], '
        '"constraints": [{"slot": "color", "op": "ne", "value": "red"}], "references": []}\n',
        encoding="utf-8",
    )
    report = judged(PARSER, {"one": file, "two": file})
    assert report["confusion"] == [["relax", "refine", 2]]
    assert report["slot_errors"] == {"color": {"other operator": 2}}
    assert report["slot_counts"] == {"color": 2}
    assert report["sets"]["one"]["n"] == 1


def test_out_of_scope_is_caught_beyond_what_keeps_our_own_turns(tmp_path: Path) -> None:
    (tmp_path / "clinc150_oos").mkdir()
    (tmp_path / "clinc150_oos" / "data_full.json").write_text(
        '{"oos_test": [["a", "oos"], ["b", "oos"]]}', encoding="utf-8"
    )
    model = ScriptedModel({"a": ("<i:out_of_scope>",), "b": ("<i:greet>",), "ours": ("<i:search>",)})
    found = score_intents(model, tmp_path, ours=["ours"])["clinc150_oos_test"]
    assert (found["n"], found["recall_at_95_kept"], found["threshold"]) == (2, 0.5, 0.0)
    assert "bitext_test" not in score_intents(model, tmp_path, ours=["ours"])


def test_a_directory_without_any_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="none of the public sets"):
        score_intents(ScriptedModel({}), tmp_path, ours=["ours"])


def test_the_interval_of_a_rate() -> None:
    low, high = wilson(8, 10)
    assert 0.4 < low < 0.8 < high < 1.0
    assert wilson(0, 5)[0] == 0.0
