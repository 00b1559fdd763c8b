"""The back-end for OpenAI-compatible servers, against real HTTP servers on loopback."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest
from pydantic import SecretStr

from assistant.errors import ModelError
from assistant.llm.base import Span
from assistant.llm.fallback import Breaker, FallbackModel
from assistant.llm.openai_server import OpenAiServerModel
from assistant.llm.registry import load_model, open_model
from assistant.nlu import language
from assistant.nlu.base import Turn
from assistant.nlu.parser import ModelParser
from assistant.settings import ModelSettings
from assistant.tracing import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRAMMAR = language.CommandGrammar()
PROMPT = language.present("a red kettle under 40", "", shown=["Kettle A"])
GOOD = {
    "intents": ["search"],
    "add": [
        {"slot": "category", "op": "eq", "value": "kettle", "group": 0},
        {"slot": "price", "op": "lte", "value": "40", "group": 0},
    ],
    "covers_all": False,
    "references": [],
}
KEY = "sk-very-secret"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with one request."""

    status: int = 200
    content: object = field(default_factory=lambda: GOOD)
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    after_s: float = 0.0
    drip_s: float = 0.0
    hang_up: bool = False

    def bytes(self) -> bytes:
        said = self.content if isinstance(self.content, str) else json.dumps(self.content)
        shape = {"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]}
        return json.dumps(shape).encode() if self.body is None else self.body


class ChatServer:
    """Answers by a list; its last entry goes on for ever. Keeps the requests it was sent."""

    def __init__(self, *answers: Answer, port: int = 0) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server.requests[-1]["path"] = self.path
                server.answer(self)

            def log_message(self, *_args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        now = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        time.sleep(now.after_s)
        if now.hang_up:
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        body = now.bytes()
        try:
            handler.send_response(now.status)
            for name, value in (("content-length", str(len(body))), *now.headers):
                handler.send_header(name, value)
            handler.end_headers()
            for k in range(0, len(body), 20 if now.drip_s else len(body)):
                handler.wfile.write(body[k : k + (20 if now.drip_s else len(body))])
                handler.wfile.flush()
                time.sleep(now.drip_s)
        except OSError:
            pass  # the client has left, as it should

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(*answers: Answer, port: int = 0) -> Iterator[ChatServer]:
    server = ChatServer(*answers, port=port)
    try:
        yield server
    finally:
        server.close()


def settings(port: int, **more: object) -> ModelSettings:
    given = {"timeout_s": 5.0, "max_retries": 2, **more}
    return ModelSettings(
        backend="openai_server", name="some/model", url=f"http://127.0.0.1:{port}/v1", **given  # type: ignore[arg-type]
    )  # fmt: skip


def model(server: ChatServer, **more: object) -> OpenAiServerModel:
    return OpenAiServerModel(settings(server.port, **more))


def test_one_request_with_schema_and_key_gives_one_completion() -> None:
    with serving(Answer()) as server:
        completion = model(server, api_key=SecretStr(KEY), extra_body={"seed": 3, "temperature": None}).complete(
            PROMPT, GRAMMAR
        )
    assert completion.tokens == ("<i:search>", "<add:category:eq>", Span(0, 6, 12), "<add:price:lte>", Span(0, 19, 21))
    assert completion.answered_by == ""
    (request,) = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    jsonschema.validate(GOOD, request["response_format"]["json_schema"]["schema"])
    assert (request["model"], request["seed"], request["max_tokens"]) == ("some/model", 3, 512)
    assert "temperature" not in request
    assert "a red kettle under 40" in request["messages"][-1]["content"]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=500),
        Answer(status=503, headers=(("retry-after", "0"),)),
        Answer(status=429),
        Answer(hang_up=True),
    ],
    ids=["500", "503", "429", "hang-up"],
)
def test_passing_trouble_is_tried_again(trouble: Answer) -> None:
    with serving(trouble, trouble, Answer()) as server:
        assert model(server).complete(PROMPT, GRAMMAR).tokens[0] == "<i:search>"
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_lasting_trouble_is_not(status: int) -> None:
    with serving(Answer(status=status)) as server:
        with pytest.raises(ModelError, match=f"status {status}; see SHOPTALK_MODEL__URL"):
            model(server).complete(PROMPT, GRAMMAR)
        assert len(server.requests) == 1


def test_retries_end() -> None:
    with serving(Answer(status=503)) as server:
        with pytest.raises(ModelError, match="status 503"):
            model(server, max_retries=1).complete(PROMPT, GRAMMAR)
        assert len(server.requests) == 2


def test_a_server_that_wants_too_long_a_pause_is_not_waited_for() -> None:
    with serving(Answer(status=429, headers=(("retry-after", "60"),))) as server:
        started = time.monotonic()
        with pytest.raises(ModelError, match="status 429"):
            model(server).complete(PROMPT, GRAMMAR)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("slow", [Answer(after_s=1.5), Answer(drip_s=0.1)], ids=["silent", "dripping"])
def test_a_slow_answer_is_given_up_and_not_asked_again(slow: Answer) -> None:
    with serving(slow) as server:
        started = time.monotonic()
        with pytest.raises(ModelError, match=r"did not answer within 0\.3 s"):
            model(server, timeout_s=0.3).complete(PROMPT, GRAMMAR)
        assert time.monotonic() - started < 1.2
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_without_schemas_is_asked_in_plain_words(status: int) -> None:
    fenced = f"Here you are:\n```json\n{json.dumps(GOOD)}\n```"
    with serving(Answer(status=status), Answer(status=status), Answer(content=fenced)) as server:
        asked = model(server)
        assert asked.complete(PROMPT, GRAMMAR).tokens[0] == "<i:search>"
        assert asked.complete(PROMPT, GRAMMAR).tokens[0] == "<i:search>"
        assert [form_of(request) for request in server.requests] == ["json_schema", "json_object", "", ""]


def form_of(request: dict[str, Any]) -> str:
    return str(request.get("response_format", {}).get("type", ""))


@pytest.mark.parametrize("status", [400, 500])
def test_a_server_that_takes_schemas_in_another_form_gets_them_so(status: int) -> None:
    with serving(Answer(status=status), Answer(), Answer(), Answer(status=500), Answer()) as server:
        asked = model(server, max_retries=0)
        asked.complete(PROMPT, GRAMMAR)
        asked.complete(PROMPT, GRAMMAR)
        with pytest.raises(ModelError, match="status 500"):
            asked.complete(PROMPT, GRAMMAR)
        asked.complete(PROMPT, GRAMMAR)
        assert [form_of(request) for request in server.requests] == ["json_schema", *["json_object"] * 4]
        jsonschema.validate(GOOD, server.requests[-1]["response_format"]["schema"])


def test_a_refusal_for_another_reason_does_not_cost_the_schema() -> None:
    with serving(Answer(status=400), Answer(status=400), Answer(status=400), Answer()) as server:
        asked = model(server)
        with pytest.raises(ModelError, match="status 400"):
            asked.complete(PROMPT, GRAMMAR)
        asked.complete(PROMPT, GRAMMAR)
        assert [form_of(request) for request in server.requests] == ["json_schema", "json_object", "", "json_schema"]


@pytest.mark.parametrize(
    ("garbage", "message"),
    [
        (Answer(body=b"<html>hello</html>"), "no chat completion"),
        (Answer(body=b"[]"), "no chat completion"),
        (Answer(body=b'{"choices": []}'), "no chat completion"),
        (Answer(body=b"\xff\xfe"), "no chat completion"),
        (Answer(body=b'{"choices": [{"message": {"content": null}}]}'), "wrote nothing"),
        (Answer(content="I would buy the red one."), "not a JSON object"),
        (Answer(content="{}"), "names no intent"),
        (Answer(body=b"x" * 5_000), "longer than 2048 bytes"),
    ],
)
def test_garbage_is_an_error_that_says_what_is_wrong(garbage: Answer, message: str) -> None:
    with serving(garbage) as server:
        with pytest.raises(ModelError, match=message):
            model(server, max_answer_bytes=2_048).complete(PROMPT, GRAMMAR)
        assert len(server.requests) == 1


def test_the_breaker_opens_the_embedded_model_answers_and_the_server_comes_back() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, pause_s=30, clock=lambda: now[0])
    port = free_port()
    guarded = FallbackModel(OpenAiServerModel(settings(port, max_retries=0)), load_model("embedded"), breaker=breaker)
    for state in ("closed", "open"):  # nobody listens: connection refused
        completion = guarded.complete(PROMPT, GRAMMAR)
        assert (completion.answered_by, breaker.state) == ("embedded", state)
        assert "ConnectError" in completion.excuse
    assert "left alone" in guarded.complete(PROMPT, GRAMMAR).excuse
    now[0] = 31.0
    states = [breaker.state]
    assert guarded.complete(PROMPT, GRAMMAR).answered_by == "embedded"  # the one trial fails
    assert [*states, breaker.state] == ["half_open", "open"]
    now[0] = 62.0
    with serving(Answer(), port=port):  # somebody listens again
        assert guarded.complete(PROMPT, GRAMMAR).answered_by == ""
        assert breaker.state == "closed"


def test_half_open_lets_one_turn_try() -> None:
    now = [0.0]
    breaker = Breaker(failures=1, pause_s=10, clock=lambda: now[0])
    breaker.report(good=False)
    assert not breaker.admits()
    now[0] = 10.0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.report(good=True)
    assert breaker.admits()


def test_the_trace_says_who_answered_and_nothing_tells_key_or_talk(caplog: pytest.LogCaptureFixture) -> None:
    parser = ModelParser(open_model(settings(free_port(), max_retries=0, api_key=SecretStr(KEY))))
    trace = Trace()
    with caplog.at_level(logging.INFO), trace.stage("parse"):
        acts = parser.parse(Turn("a chartreuse kettle"))
    assert acts.main == "search"
    assert trace.notes["model"].startswith("embedded answered: the connection to the model server failed")
    assert "embedded answers for openai_server" in caplog.text
    for told in (caplog.text, trace.notes["model"], repr(settings(1, api_key=SecretStr(KEY)))):
        assert KEY not in told
        assert "chartreuse" not in told


def test_without_a_fallback_the_error_is_the_turns() -> None:
    alone = open_model(settings(free_port(), max_retries=0, fallback="none"))
    with pytest.raises(ModelError, match="connection to the model server failed"):
        alone.complete(PROMPT, GRAMMAR)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("openai") is None, reason="transformers[serving] is not installed: nothing to serve with"
)
def test_transformers_serve_answers(greeter: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "serve.log"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(greeter)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--port", str(port), "--host", "127.0.0.1", "--device", "cpu"],
            stdout=out, stderr=out, env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        asked = OpenAiServerModel(
            ModelSettings(
                backend="openai_server", name=str(greeter), url=f"http://127.0.0.1:{port}", timeout_s=60,
                max_output_tokens=32,
            )
        )  # fmt: skip
        for text in ("hello", "a red kettle under 40, not plastic"):
            assert asked.complete(language.present(text), GRAMMAR).tokens == ("<i:greet>",), log.read_text("utf-8")
    finally:
        server.terminate()
        server.wait(20)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        try:
            if httpx.get(url, timeout=1).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail("the server did not start within a minute")
