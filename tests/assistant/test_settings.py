"""Settings of the language model: what an operator sets, and what a mistake is told."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from assistant.bootstrap import open_parser, read_settings
from assistant.errors import ModelError, SettingsError
from assistant.settings import ModelSettings

PREFIX = "SHOPTALK_MODEL__"


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)


def test_a_server_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch, backend="openai_server", url="https://models.example:8443", name="m", api_key="sk-1",
        timeout_s="2.5", max_retries="0", extra_body='{"chat_template_kwargs": {"enable_thinking": false}}',
    )  # fmt: skip
    model = read_settings().model
    assert (model.url, model.timeout_s, model.max_retries) == ("https://models.example:8443/v1", 2.5, 0)
    assert model.extra_body == {"chat_template_kwargs": {"enable_thinking": False}}
    assert model.api_key is not None
    assert "sk-1" not in repr(model)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backend": "oracle"}, "SHOPTALK_MODEL__BACKEND='oracle' cannot be used"),
        ({"backend": "openai_server", "name": "m"}, "openai_server needs SHOPTALK_MODEL__URL"),
        ({"backend": "openai_server", "url": "http://x/v1"}, "openai_server needs SHOPTALK_MODEL__NAME"),
        ({"backend": "hf"}, "hf needs SHOPTALK_MODEL__NAME"),
        ({"url": "localhost:8000"}, "SHOPTALK_MODEL__URL cannot be used: give an address such as http"),
        ({"url": "http://me:pass@host/v1"}, "SHOPTALK_MODEL__URL cannot be used: the address takes no user"),
        ({"url": "http://host/v1?key=pass"}, "SHOPTALK_MODEL__URL cannot be used: the address takes no user"),
        ({"api_key": "pass\nword"}, "SHOPTALK_MODEL__API_KEY cannot be used: a key is plain ASCII"),
        ({"timeout_s": "0"}, "SHOPTALK_MODEL__TIMEOUT_S='0' cannot be used"),
        ({"dtype": "int3"}, "SHOPTALK_MODEL__DTYPE='int3' cannot be used"),
        ({"max_output_tokens": "9000000"}, "SHOPTALK_MODEL__MAX_OUTPUT_TOKENS"),
    ],
)
def test_a_mistake_is_named_and_no_secret_repeated(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    given(monkeypatch, **{"api_key": "pass-phrase", **values})
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert message in str(caught.value)
    assert "pass" not in str(caught.value).replace("SHOPTALK", "")
    assert "pass" not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
        ("https://gate.example/team/openai", "https://gate.example/team/openai"),
    ],
)
def test_addresses_end_in_their_version(url: str, used: str) -> None:
    assert ModelSettings(backend="openai_server", name="m", url=url).url == used


def test_nothing_else_may_be_set() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ModelSettings(tempo=3)  # type: ignore[call-arg]


def test_a_missing_model_is_named_when_the_parser_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llguidance", reason="the extra 'hf' is not installed")
    given(monkeypatch, backend="hf", name="/nowhere/at/all")
    with pytest.raises(ModelError, match="no usable model at SHOPTALK_MODEL__NAME='/nowhere/at/all'"):
        open_parser(read_settings())


def test_a_missing_library_is_named() -> None:
    code = (
        "import sys; sys.modules['llguidance'] = None\n"
        "from assistant.llm.registry import load_model; from assistant.settings import ModelSettings\n"
        "try: load_model('hf', settings=ModelSettings(backend='hf', name='x'))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ModelError the back-end 'hf' needs more libraries")
    assert "pip install 'shoptalk[hf]'" in done.stdout


def test_a_server_back_end_loads_no_heavy_library(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, backend="openai_server", url="http://127.0.0.1:9", name="m")
    code = (
        "import sys; from assistant.bootstrap import open_parser, read_settings; open_parser(read_settings()); "
        "print(sorted({'torch', 'transformers', 'accelerate', 'llguidance'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
