"""Public sets, as their publishers lay them out, mapped to our intents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

import pytest

from assistant.dialogue.acts import Intent
from assistant.nlu.data import public

if TYPE_CHECKING:
    from pathlib import Path

BITEXT = "utterance,intent,entity_type,entity_value,start_offset,end_offset,category,tags\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bitext = tmp_path / "bitext_customer_support"
    bitext.mkdir()
    (bitext / "train.csv").write_text(
        BITEXT
        + "cancel purchase 00123,cancel_order,order_id,00123,16,21,ORDER,B\nWhere is it,track_order,,,,,ORDER,B\n",
        encoding="utf-8",
    )
    (bitext / "test.csv").write_text(BITEXT + "where is it,track_order,,,,,ORDER,B\n", encoding="utf-8")
    (tmp_path / "abcd").mkdir()
    rows = [
        {"convo_id": 1, "turn_id": 9, "flow": "product_defect", "context": "later"},
        {
            "convo_id": 1,
            "turn_id": 4,
            "flow": "product_defect",
            "context": "hello, how can i help you? my boot is torn",
        },
        {"convo_id": 2, "turn_id": 3, "flow": "order_issue", "context": "how may i help? please cancel my order"},
        {"convo_id": 3, "turn_id": 3, "flow": None, "context": "no flow"},
    ]
    (tmp_path / "abcd" / "train_actions_subset.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "clinc150_oos").mkdir()
    clinc = {
        "train": [["thanks a lot", "thank_you"], ["maybe", "maybe"]],
        "oos_train": [["why is the sky blue", "oos"]],
    }
    (tmp_path / "clinc150_oos" / "data_full.json").write_text(json.dumps(clinc), encoding="utf-8")
    return tmp_path


def test_rows_carry_our_intents_and_held_out_ones_are_left_out(folder: Path) -> None:
    found = {example.text: example for example in public.train_examples(folder)}
    assert {text: example.intents[0] for text, example in found.items()} == {
        "cancel purchase 00123": "cancel_order",
        "my boot is torn": "return_or_refund",
        "please cancel my order": "cancel_order",
        "thanks a lot": "thank",
        "why is the sky blue": "out_of_scope",
    }
    wish = found["cancel purchase 00123"].adds[0]
    assert (wish.constraint.slot, "cancel purchase 00123"[wish.start : wish.end]) == ("order_id", "00123")
    assert found["my boot is torn"].assistant_text == "hello, how can i help you?"


def test_absent_sets_are_no_error(tmp_path: Path) -> None:
    assert public.train_examples(tmp_path) == []
    assert list(public.clinc_oos(tmp_path, "test")) == []


def test_the_mapping_names_our_intents_alone() -> None:
    mapping = public.mapping()
    flat = [intent for name in ("bitext", "banking77", "clinc150", "multidogo") for intent in mapping[name].values()]
    flat += [rule["intent"] for rules in mapping["abcd"].values() for rule in rules]
    assert set(flat) - {None} <= set(get_args(Intent))
    assert public.abcd_intents_of("order_issue") == {"cancel_order", "order_status"}
    assert "ask_policy" in public.abcd_intents_of("order_issue", with_subflows=True)
    assert set(mapping["abcd_also"]) <= set(mapping["abcd"])
    for rules in mapping["abcd"].values():
        assert "cue" not in rules[-1]
