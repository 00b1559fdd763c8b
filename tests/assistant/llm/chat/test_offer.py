"""What a chat model is offered, and the schema that says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ModelError
from assistant.llm.base import Choice, Prompt, Token
from assistant.llm.chat import offer as offers
from assistant.llm.chat.messages import Example, examples, full
from assistant.llm.chat.offer import offer_of, schema_of
from assistant.llm.chat.phrases import MAX_PHRASES, phrases, places
from assistant.nlu import language
from retrieval.types import SHOWN, Constraint

if TYPE_CHECKING:
    from collections.abc import Sequence

GRAMMAR = language.CommandGrammar()
STATE = [Constraint("category", "eq", "kettle"), Constraint("price", "lt", SHOWN)]
FULL = language.present("red, under 40", "Which colour?", shown=["A", "B", "C"], state=STATE)


def test_everything_the_grammar_can_write_is_offered() -> None:
    offer = offer_of(FULL, GRAMMAR)
    said = {f"<i:{name}>" for name in offer.intents}
    said |= {f"<add:{slot}:{op}>" for slot, ops in offer.ops.items() for op in ops}
    said |= {f"<sort:{name}>" for name in offer.sorts} | {f"<price:{op}>" for op in offer.bounds}
    said |= {f"<g{k}>" for k in range(offer.n_groups)} | {offers.COVERS_ALL} | {*offer.pointers, offers.REF}
    read_only = {
        language.STATE,
        language.ITEM,
        language.FOCUS,
        *language.SLOT_WORDS,
        *language.OP_WORDS,
        *language.POSITION_WORDS,
    }
    assert said == set(language.WORDS) - read_only - {language.END}
    assert (len(offer.wishes), len(offer.shown)) == (2, 3)


def test_what_cannot_be_said_is_no_property() -> None:
    bare = schema_of(offer_of(language.present("red"), GRAMMAR))
    assert set(bare["properties"]) == {"intents", "add", "covers_all"}
    assert set(schema_of(offer_of(language.present(" "), GRAMMAR))["properties"]) == {"intents"}
    assert list(schema_of(offer_of(FULL, GRAMMAR))["properties"]) == [
        "intents", "drop", "keep", "add", "covers_all", "references",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"intents": []},
        {"intents": ["dance"]},
        {"add": [{"slot": "color", "op": "lte", "value": "red", "group": 0}]},
        {"add": [{"slot": "color", "op": "eq", "value": "blue", "group": 0}]},
        {"add": [{"slot": "sort", "op": "eq", "value": "cosiest", "group": 0}]},
        {"references": [4]},
        {"drop": [0]},
        {"note": "hello"},
    ],
)
def test_the_schema_refuses_what_the_grammar_refuses(wrong: dict[str, object]) -> None:
    right = {"intents": ["refine"], "drop": [], "keep": [], "add": [], "covers_all": False, "references": [3]}
    schema = schema_of(offer_of(FULL, GRAMMAR))
    jsonschema.validate(right, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**right, **wrong}, schema)


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.about[:30])
def test_examples_follow_the_schema_of_their_turn(example: Example) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(offer_of(example.prompt, GRAMMAR)))
    jsonschema.validate(full(example), schema_of(offer_of(example.prompt, GRAMMAR)))


class OtherGrammar:
    end = "<end>"

    def allowed(self, _prompt: Prompt, _written: Sequence[Token]) -> Choice:
        return Choice(words=("<dance>", self.end))


def test_a_grammar_without_intents_is_refused() -> None:
    with pytest.raises(ModelError, match="intents first"):
        offer_of(FULL, OtherGrammar())


def test_phrases_stop_at_commas_and_know_numbers() -> None:
    found = phrases(["red kettle, 40-60 euros."])
    assert found is not None
    assert {"red kettle", "40-60", "40", "60", "40-60 euros"} <= set(found)
    assert not any("kettle," in phrase or "kettle 40" in phrase for phrase in found)


def test_long_and_unspaced_texts_are_not_listed() -> None:
    assert phrases([" ".join(f"w{k}" for k in range(200))]) is None
    assert phrases(["红色水壶"]) is None
    assert phrases(["", "  "]) is None
    medium = phrases([" ".join(f"w{k}" for k in range(60))])
    assert medium is not None
    assert 60 < len(medium) <= MAX_PHRASES


@given(st.text(max_size=200))
def test_every_phrase_stands_in_its_text(text: str) -> None:
    assert all(list(places(phrase, text)) for phrase in phrases([text]) or ())


@given(st.text(max_size=60), st.text(max_size=60))
def test_schemas_of_any_text_are_plain_json(text: str, said: str) -> None:
    schema = schema_of(offer_of(language.present(text, said, shown=[said], state=STATE), GRAMMAR))
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("red", "bored with RED", ["RED"]),
        ("t  shirt", "a T\nshirt", ["T\nshirt"]),
        ("40", "140 or 1.40 or 40cm, 40.", ["40", "40"]),
        ("1,200", "1,200.50 and 1,200", ["1,200"]),
        ("红色", "不要红色水壶", ["红色"]),
        ("$40", "under $40 please", ["$40"]),
        (".*", "red kettle", []),
        ("", "red", []),
        ("kettles", "kettle", []),
    ],
)
def test_values_are_found_word_for_word(value: str, text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in places(value, text)] == found
