"""From JSON to commands: whatever a model writes, what comes out is in the grammar and was said."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ModelError
from assistant.llm.base import Completion, Mark, Prompt, Span, Token
from assistant.llm.chat.messages import Example, examples, full
from assistant.llm.chat.offer import offer_of
from assistant.llm.chat.reading import parse, read
from assistant.nlu import language
from assistant.nlu.parser import acts_from
from retrieval.types import Constraint

GRAMMAR = language.CommandGrammar()
STATE = [Constraint("category", "eq", "kettle"), Constraint("color", "eq", "blue"), Constraint("price", "lte", 90.0)]
PROMPT = language.present(
    "Not blue: a RED  one under 40, and a red mug", "Blue or steel?", shown=["A", "B", "C"], state=STATE
)


def said(answer: object, prompt: Prompt = PROMPT) -> tuple[Token, ...]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return read(text, prompt, GRAMMAR, offer=offer_of(prompt, GRAMMAR)).tokens


def add(slot: str, value: object, op: str = "eq", group: object = 0) -> dict[str, object]:
    return {"slot": slot, "op": op, "value": value, "group": group}


def walk(tokens: tuple[Token, ...], prompt: Prompt) -> None:
    written: list[Token] = []
    for token in (*tokens, GRAMMAR.end):
        choice = GRAMMAR.allowed(prompt, written)
        if isinstance(token, Span):
            assert token.segment in choice.spans
            assert 0 <= token.start < token.end <= len(prompt[token.segment].text)
            assert not any(t.segment == token.segment and t.start < token.end and token.start < t.end
                           for t in choice.taken)  # fmt: skip
        elif isinstance(token, Mark):
            assert token.segment in choice.marks
        else:
            assert token in choice.words
        written.append(token)


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.about[:30])
def test_examples_lose_nothing(example: Example) -> None:
    tokens = said(full(example), example.prompt)
    walk(tokens, example.prompt)
    answer = example.answer
    assert sum(isinstance(token, Span) for token in tokens) == sum(
        wish["slot"] != "sort" and wish["value"] != "shown" for wish in answer.get("add", ())
    )
    pointed = [*answer.get("drop", ()), *answer.get("keep", ()), *answer.get("references", ())]
    assert sum(isinstance(token, Mark) for token in tokens) == len(pointed)


def test_one_answer_means_the_acts_it_says() -> None:
    answer = {
        "intents": ["refine", "search"],
        "drop": [2],
        "keep": [],
        "add": [
            add("category", "mug", group=1),
            add("color", "red", group=1),
            add("color", "red"),
            add("price", 40, "lte"),
            add("sort", "price_asc"),
        ],
        "covers_all": True,
        "references": [3, 1],
    }
    prompt = language.present(
        "Not blue: a mug in red under 40, and a red mug", "Blue or steel?", shown=["A", "B", "C"], state=STATE
    )
    tokens = said(answer, prompt)
    walk(tokens, prompt)
    acts = acts_from(tokens, prompt, state=STATE)
    assert acts.intents == ("refine", "search")
    assert [d.value for d in acts.drop] == ["blue"]
    assert {(c.slot, c.op, c.value, c.group) for c in acts.add} == {
        ("color", "eq", "red", 0), ("price", "lte", 40.0, 0), ("sort", "eq", "price_asc", 0),
        ("category", "eq", "mug", 1), ("color", "eq", "red", 1),
    }  # fmt: skip
    assert (acts.references, acts.covers_all) == ((3, 1), True)


def test_the_second_mention_is_another_place() -> None:
    spans = [t for t in said({"intents": ["search"], "add": [add("color", "red"), add("color", "red", group=1)]})
             if isinstance(t, Span)]  # fmt: skip
    assert len({span.start for span in spans}) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        add("color", "green"),
        add("color", "RED ONES"),
        add("color", "red", "lte"),
        add("colour", "red"),
        add("color", None),
        add("color", True),
        add("color", ["red"]),
        add("price", "shown", "lte"),
        add("price", float("nan"), "lte"),
        add("sort", "cosiest"),
        add("color", ""),
        {"slot": ["color"], "op": {}, "value": "red"},
        "red",
        None,
    ],
)
def test_one_bad_constraint_is_left_out_alone(wrong: object) -> None:
    tokens = said({"intents": ["refine"], "add": [wrong, add("price", "40", "lte")]})
    assert [t for t in tokens if isinstance(t, str)] == ["<i:refine>", "<add:price:lte>"]


def test_words_of_the_assistant_may_be_taken_up_after_the_shoppers() -> None:
    tokens = said({"intents": ["refine"], "add": [add("material", "steel"), add("color", "blue")]})
    assert [t.segment for t in tokens if isinstance(t, Span)] == [0, 1]


def test_a_bare_control_character_costs_no_more_than_its_value() -> None:
    answer = '{"intents":["refine"],"add":[{"slot":"color","op":"eq","value":"re\x16d","group":0}],"references":[2]}'
    tokens = read(answer, PROMPT, GRAMMAR, offer=offer_of(PROMPT, GRAMMAR)).tokens
    assert tokens[0] == "<i:refine>"
    assert tokens[-2] == "<ref>"


def test_numbers_point_only_where_something_is() -> None:
    tokens = said({"intents": ["refine"], "drop": [0, 4, "1", True, 2, 2], "keep": [2, 3], "references": [9, -1, 2]})
    assert [t.segment for t in tokens if isinstance(t, Mark)] == [6, 7, 3]


def test_a_closed_word_is_written_once_and_groups_stay_apart() -> None:
    wishes = [add("sort", "newest"), add("sort", "newest", group=1), add("category", "mug", group=1)]
    tokens = said({"intents": ["search"], "add": wishes})
    assert tokens[:2] == ("<i:search>", "<sort:newest>")
    assert tokens[2:4] == ("<g1>", "<add:category:eq>")


def test_no_word_is_said_twice_within_a_type() -> None:
    prompt = language.present("a rose gold ring")
    wishes = [add("color", "rose gold"), add("material", "gold"), add("material", "gold", group=1)]
    tokens = said({"intents": ["search"], "add": wishes}, prompt)
    walk(tokens, prompt)
    assert [t for t in tokens if isinstance(t, str)] == ["<i:search>", "<add:color:eq>", "<g1>", "<add:material:eq>"]


@pytest.mark.parametrize(
    "text",
    [
        'Sure! ```json\n{"intents": ["greet"]}\n``` Anything else {"intents": ["deny"]}?',
        '<think>{"intents": ["deny"]}</think>\n{"intents": ["greet"]}',
        '{"intents": ["greet"], "add": [{"slot": "color", "op": "eq", "val',
        '{"intents": ["greet", "de',
        '{"intents": ["greet"], "references": [1',
        '{"intents": ["greet"], "add": [{"slot": "color", "op": "eq", "value": "red"',
        '{"intents": ["greet", "dance", 7, null], "add": {}, "references": "all"}',
    ],
)
def test_talk_around_and_a_cut_are_borne(text: str) -> None:
    assert said(text) == ("<i:greet>",)


@pytest.mark.parametrize("text", ["", "hello", "[1]", '"{"', "{", "{]", '{"intents": []}', "{}", "[" * 100_000,
                                  '{"a":' * 50_000, "null", '{"intents": "greet"}'])  # fmt: skip
def test_no_intent_is_an_error(text: str) -> None:
    with pytest.raises(ModelError, match="the model's answer"):
        said(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["red", "color", "price", "eq", "lte", "shown", "40", "sort", "newest"]),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(st.sampled_from(["slot", "op", "value", "group"]) | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip
NAMES = st.sampled_from(["intents", "drop", "keep", "add", "covers_all", "references"])


@given(st.dictionaries(NAMES, JSON, max_size=6), st.text(max_size=60), st.integers(0, 400))
def test_any_answer_gives_commands_within_the_grammar(answer: dict[str, Any], text: str, cut: int) -> None:
    prompt = language.present(text, "red", shown=["A"], state=STATE)
    written = json.dumps({"intents": ["refine"], **answer})
    for tried in (written, written[: len('{"intents": ["refine"') + cut]):
        try:
            tokens = said(tried, prompt)
        except ModelError:
            continue
        walk(tokens, prompt)
        assert all(
            isinstance(after, Span | Mark) for word, after in pairwise((*tokens, "")) if word in language.ADD_SET
        )


def test_the_probability_is_kept() -> None:
    offer = offer_of(PROMPT, GRAMMAR)
    found = read('{"intents": ["greet"]}', PROMPT, GRAMMAR, offer=offer, probability=0.25)
    assert found == Completion(("<i:greet>",), 0.25)


def test_an_object_is_read_as_it_is() -> None:
    assert parse('x {"a": {"b": 1}} y') == {"a": {"b": 1}}
