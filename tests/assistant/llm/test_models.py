"""The contract of the language-model port, on every back-end, and the embedded weights."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import ModelError
from assistant.llm.base import Choice, Completion, LanguageModel, Mark, Prompt, Span, Token
from assistant.llm.embedded.runtime import WEIGHTS, EmbeddedModel
from assistant.llm.registry import load_model, names
from assistant.llm.scripted import ScriptedModel
from assistant.nlu import language
from assistant.settings import ModelSettings
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GRAMMAR = language.CommandGrammar()
STATE = (Constraint("category", "eq", "kettle"), Constraint("price", "lte", 40.0), Constraint("color", "ne", "红色"))
SHOWN = ("Brabantia Kettle, red", "Tefal 1.7L", "😀")
HARD = (
    "",
    " ",
    "\n\t",
    "​",
    "😀" * 30,
    "红色 水壶 不要 塑料",
    "a" * 2000,
    "kettle " * 300,
    "<add:color:eq>",
    "\x00",
    "🙏🏽é́",
)


@pytest.fixture(scope="module")
def embedded() -> EmbeddedModel:
    return EmbeddedModel()


def check(completion: Completion, prompt: Prompt) -> None:
    """Walk a completion through the grammar: every token must have been allowed, and the end reachable."""
    assert 0.0 <= completion.probability <= 1.0
    written: list[Token] = []
    for token in completion.tokens:
        choice = GRAMMAR.allowed(prompt, written)
        if isinstance(token, Span):
            assert token.segment in choice.spans
            assert 0 <= token.start < token.end <= len(prompt[token.segment].text)
        elif isinstance(token, Mark):
            assert token.segment in choice.marks
        else:
            assert token in choice.words
        written.append(token)
    assert language.END in GRAMMAR.allowed(prompt, written).words


@pytest.mark.parametrize("name", names())
def test_every_model_obeys_the_grammar(name: str, request: pytest.FixtureRequest) -> None:
    model = load_model(name, settings=larger(name, request))
    prompt = language.present("something cheaper in red, not plastic", "Which colour?", shown=SHOWN, state=STATE)
    check(model.complete(prompt, GRAMMAR), prompt)
    assert model.name == name


def larger(name: str, request: pytest.FixtureRequest) -> ModelSettings | None:
    """What a larger model needs: real files, a real server."""
    if name == "hf":
        pytest.importorskip("llguidance", reason="the extra 'hf' is not installed")
        folder = request.getfixturevalue("babbler")
        return ModelSettings(backend="hf", name=str(folder), device_map="cpu", max_output_tokens=64)
    if name == "openai_server":
        url = request.getfixturevalue("chat_url")
        return ModelSettings(backend="openai_server", name="any", url=url)
    return None


@pytest.mark.parametrize("name", ["hf", "openai_server"])
def test_larger_models_say_what_they_need(name: str) -> None:
    with pytest.raises(ModelError, match=f"SHOPTALK_MODEL__BACKEND={name}"):
        load_model(name)


@pytest.mark.parametrize("text", HARD)
def test_hard_texts_complete_within_the_grammar(embedded: EmbeddedModel, text: str) -> None:
    prompt = language.present(text, text, shown=SHOWN, state=STATE)
    check(embedded.complete(prompt, GRAMMAR), prompt)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=300),
    said=st.text(max_size=60),
    shown=st.lists(st.text(max_size=40), max_size=25),
    values=st.lists(st.text(max_size=30), max_size=30),
)
def test_any_text_completes_within_the_grammar(
    embedded: EmbeddedModel, text: str, said: str, shown: list[str], values: list[str]
) -> None:
    state = [Constraint("feature", "eq", value) for value in values]
    prompt = language.present(text, said, shown=shown, state=state)
    check(embedded.complete(prompt, GRAMMAR), prompt)


def test_the_longest_dialogue_still_fits(embedded: EmbeddedModel) -> None:
    state = [Constraint("feature", "eq", f"wish number {k} " * 9) for k in range(60)]
    prompt = language.present("word " * 900, "said " * 900, shown=["title " * 40] * 60, state=state)
    check(embedded.complete(prompt, GRAMMAR), prompt)


def test_completions_are_deterministic(embedded: EmbeddedModel) -> None:
    prompt = language.present("red kettle under 40 quid, not plastic")
    first = embedded.complete(prompt, GRAMMAR)
    assert all(embedded.complete(prompt, GRAMMAR) == first for _ in range(3))
    assert EmbeddedModel().complete(prompt, GRAMMAR) == first


def test_shipped_weights_are_what_the_manifest_says_and_small_enough() -> None:
    manifest = json.loads((WEIGHTS / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"parser.onnx", "tokenizer.json", "words.json"}
    assert sum(facts["bytes"] for facts in manifest["files"].values()) < 40_000_000
    assert json.loads((WEIGHTS / "words.json").read_text(encoding="utf-8")) == list(language.WORDS)
    facts = json.loads((WEIGHTS / "training.json").read_text(encoding="utf-8"))
    assert {"data_sha256", "seed", "steps", "wall_seconds", "device", "held_out"} <= set(facts)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    for name in ("parser.onnx", "tokenizer.json", "words.json", "manifest.json"):
        shutil.copy(WEIGHTS / name, tmp_path / name)
    (tmp_path / "words.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelError, match="its manifest says"):
        EmbeddedModel(tmp_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no usable embedded model"):
        load_model("embedded", folder=tmp_path)


def test_unknown_model_names_the_choices() -> None:
    with pytest.raises(ModelError, match="embedded"):
        load_model("oracle")


class OtherLanguage:
    """A grammar of words that no weights were trained on."""

    end = language.END

    def allowed(self, _prompt: Prompt, written: Sequence[Token]) -> Choice:
        return Choice(words=("<dance>",) if not written else (self.end,))


def test_weights_refuse_words_they_never_learnt(embedded: EmbeddedModel) -> None:
    with pytest.raises(ModelError, match="<dance>"):
        embedded.complete(language.present("hello"), OtherLanguage())


def test_the_script_is_followed() -> None:
    script = {"red kettle": ("<i:search>", "<add:color:eq>", Span(0, 0, 3), "<add:category:eq>", Span(0, 4, 10))}
    model: LanguageModel = ScriptedModel(script, otherwise=("<i:greet>",))
    found = model.complete(language.present("red kettle"), GRAMMAR)
    assert found == Completion(script["red kettle"], 1.0)
    assert model.complete(language.present("hello"), GRAMMAR).tokens == ("<i:greet>",)


@pytest.mark.parametrize(
    "broken", [("<add:color:eq>",), ("<i:search>", "<add:color:eq>"), ("<i:search>", language.REF, Mark(0)), ("hello",)]
)
def test_a_script_that_breaks_the_grammar_is_refused(broken: tuple[Token, ...]) -> None:
    with pytest.raises(ModelError, match="the script"):
        ScriptedModel(otherwise=broken).complete(language.present("red kettle"), GRAMMAR)


def test_nothing_is_pointed_at_twice(embedded: EmbeddedModel) -> None:
    prompt = language.present("compare the first and the second", shown=SHOWN, state=STATE)
    tokens = embedded.complete(prompt, GRAMMAR).tokens
    marks = [mark for _, mark in pairwise(("", *tokens)) if isinstance(mark, Mark)]
    assert len(marks) == len(set(marks))
