"""Any server that speaks the OpenAI API: vLLM, llama.cpp, `transformers serve`, a provider.

One request a turn, with the answer's JSON schema in the first form that the server takes (`_FORMS`; one that knows no
schemas is asked in plain words). Whatever it writes is read as data (`assistant.llm.chat.reading`).
"""

from __future__ import annotations

import logging
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from pydantic_core import from_json
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from assistant.errors import ModelError
from assistant.llm.chat.messages import messages_for
from assistant.llm.chat.offer import offer_of, schema_of
from assistant.llm.chat.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from assistant.llm.base import Completion, Grammar, Prompt
    from assistant.settings import ModelSettings

_LOG = logging.getLogger(__name__)
_BACK_OFF = wait_random_exponential(multiplier=0.25, max=4.0)  # seconds, from 0: full jitter
_TOO_MANY, _SERVER_ERROR = 429, 500
_NO_SCHEMA = frozenset({400, 422})
_FORMS: tuple[Callable[[Mapping[str, Any]], dict[str, Any]], ...] = (
    lambda schema: _form(
        {"type": "json_schema", "json_schema": {"name": "commands", "strict": True, "schema": schema}}
    ),
    lambda schema: _form({"type": "json_object", "schema": schema}),
    lambda _schema: {},
)
"""How JSON is asked for: as OpenAI, vLLM and llama.cpp have it, as llama-cpp-python has it, by the prompt alone."""


class _TransientError(ModelError):
    """Trouble that may be over in a moment.

    Attributes:
        status: What the server answered with; 0 where it did not.
        wait_s: What the server asked to wait, in seconds; 0 where it did not.
    """

    def __init__(self, message: str, *, status: int = 0, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.wait_s = wait_s


class _RefusedError(ModelError):
    """The server does not take the request as it is."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    """When a turn's patience ends, in monotonic seconds."""

    at: float
    patience_s: float

    def left_s(self) -> float:
        """Return the seconds left.

        Raises:
            ModelError: There are none.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            msg = f"the model server did not answer within {self.patience_s:g} s; see SHOPTALK_MODEL__TIMEOUT_S"
            raise ModelError(msg)
        return left


class OpenAiServerModel:
    """Asks a chat model over HTTP.

    Args:
        settings: Address, name, key, and how long and how often to ask. Nothing is sent before the first turn.
    """

    name = "openai_server"

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._url = f"{settings.url}/chat/completions"
        self._client = httpx.Client(follow_redirects=False)
        weakref.finalize(self, self._client.close)
        self._form, self._is_known = 0, False

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return what the server's model says, within the grammar; its probability is not known and given as 1.

        Raises:
            ModelError: The server does not answer in time, refuses, or answers no JSON object that names an intent.
        """
        offer = offer_of(prompt, grammar)
        body: dict[str, Any] = {
            "model": self._settings.name,
            "messages": messages_for(prompt, offer),
            "temperature": 0,
            "max_tokens": self._settings.max_output_tokens,
            "stream": False,
            **self._settings.extra_body,
        }
        answer = self._asked(
            {key: value for key, value in body.items() if value is not None},
            schema_of(offer),
        )
        return read(_content(answer), prompt, grammar, offer=offer)

    def _asked(self, body: dict[str, Any], schema: Mapping[str, Any]) -> bytes:
        deadline = _Deadline(time.monotonic() + self._settings.timeout_s, self._settings.timeout_s)
        if "response_format" in body:
            return self._sent(body, deadline)
        for form in range(self._form, len(_FORMS)):
            try:
                answer = self._sent({**body, **_FORMS[form](schema)}, deadline)
            except _RefusedError as refusal:
                refused = refusal
            except _TransientError as error:
                # Some servers say with 500 that they do not know a form; one that was taken before is not doubted.
                if error.status != _SERVER_ERROR or self._is_known:
                    raise
                refused = _RefusedError(str(error))
            else:
                # Only now is it known that the form was to blame, and not, say, the length of the prompt.
                if form != self._form:
                    _LOG.warning("the model server takes no JSON schema in the usual form; form %d will do", form + 1)
                self._form, self._is_known = form, True
                return answer
        raise refused

    def _sent(self, body: Mapping[str, Any], deadline: _Deadline) -> bytes:
        retrying = Retrying(
            retry=retry_if_exception_type(_TransientError),
            stop=stop_after_attempt(self._settings.max_retries + 1) | stop_before_delay(deadline.left_s()),
            wait=_pause,
            reraise=True,
        )
        answer: bytes = retrying(self._sent_once, body, deadline)
        return answer

    def _sent_once(self, body: Mapping[str, Any], deadline: _Deadline) -> bytes:
        try:
            with self._client.stream(
                "POST", self._url, json=body, headers=self._headers(), timeout=deadline.left_s()
            ) as response:
                _check(response)
                return b"".join(self._chunks(response, deadline))
        except httpx.TimeoutException as error:
            msg = f"the model server did not answer within {deadline.patience_s:g} s; see SHOPTALK_MODEL__TIMEOUT_S"
            raise ModelError(msg) from error
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            msg = f"the connection to the model server failed ({type(error).__name__}); see SHOPTALK_MODEL__URL"
            raise _TransientError(msg) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            msg = f"the model server cannot be asked ({type(error).__name__}); see SHOPTALK_MODEL__URL"
            raise ModelError(msg) from error

    def _chunks(self, response: httpx.Response, deadline: _Deadline) -> Iterator[bytes]:
        n_bytes, most = 0, self._settings.max_answer_bytes
        for chunk in response.iter_raw():
            deadline.left_s()  # a server that drips keeps every single read within its time-out
            n_bytes += len(chunk)
            if n_bytes > most:
                msg = f"the model server's answer is longer than {most} bytes; see SHOPTALK_MODEL__MAX_ANSWER_BYTES"
                raise ModelError(msg)
            yield chunk

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key
        plain = {"accept-encoding": "identity"}  # the bytes counted are the bytes kept
        return {**plain, "authorization": f"Bearer {key.get_secret_value()}"} if key is not None else plain


def _form(response_format: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": response_format}


def _pause(state: RetryCallState) -> float:
    """Return the seconds before the next try: what the server asked for, or growing ones with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_s if isinstance(error, _TransientError) else 0.0
    return max(asked, _BACK_OFF(state))


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    msg = f"the model server answered with status {status}"
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        raise _TransientError(msg, status=status, wait_s=_asked_to_wait(response))
    if status in _NO_SCHEMA:
        raise _RefusedError(msg)
    raise ModelError(f"{msg}; see SHOPTALK_MODEL__URL, SHOPTALK_MODEL__NAME and SHOPTALK_MODEL__API_KEY")


def _asked_to_wait(response: httpx.Response) -> float:
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdecimal() and len(said) <= len("3600") else 0.0


def _content(answer: bytes) -> str:
    """Return what the model wrote.

    Raises:
        ModelError: The answer is no chat completion, or the model wrote nothing.
    """
    try:
        content = from_json(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        msg = "the model server's answer is no chat completion; see SHOPTALK_MODEL__URL"
        raise ModelError(msg) from error
    if not isinstance(content, str) or not content.strip():
        msg = "the model wrote nothing; see SHOPTALK_MODEL__MAX_OUTPUT_TOKENS, or turn its thinking off"
        raise ModelError(msg)
    return content
