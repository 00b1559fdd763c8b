"""Any causal language model that transformers can load, held to the answer's JSON schema at every token.

Which token may come next is decided by llguidance (https://github.com/guidance-ai/llguidance) on the CPU. Loading runs
no code of the model's repository and reads safetensors only.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.errors import ModelError
from assistant.llm.chat.messages import messages_for
from assistant.llm.chat.offer import offer_of, schema_of
from assistant.llm.chat.reading import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.llm.base import Completion, Grammar, Prompt
    from assistant.llm.chat.messages import Message
    from assistant.settings import ModelSettings

_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""An answer is spaced as the examples are: no token is spent on other spacing."""


class HfModel:
    """A chat model in this process. One answer at a time; further turns wait.

    Args:
        settings: Where it is, on which devices and how long an answer may get.

    Raises:
        ModelError: A library is not installed, or there is no such model, or it is none that can chat.
    """

    name = "hf"

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._tokenizer, self._model = _loaded(settings)
        self._masks = _Masks(self._tokenizer, self._model)
        self._opening: _Opening | None = None

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return the model's greedy answer, within the grammar.

        Raises:
            ModelError: The prompt does not fit the model's context, or the device fails.
        """
        offer = offer_of(prompt, grammar)
        # What was not answered in time is cut off, and read as far as it goes.
        with self._lock:
            text, probability = self._answer(messages_for(prompt, offer), schema_of(offer))
        return read(text, prompt, grammar, offer=offer, probability=probability)

    def _answer(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[str, float]:
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        inputs = self._encoded(messages).to(self._model.device)
        n_prompt = inputs["input_ids"].shape[1]
        self._must_fit(n_prompt)
        mask = self._masks.of(schema)
        if self._opening is None:
            other = self._encoded([*messages[:-1], {"role": "user", "content": "?"}])["input_ids"]
            self._opening = _Opening(self._model, inputs["input_ids"].cpu(), other)
        limits = GenerationConfig(
            max_new_tokens=self._settings.max_output_tokens,
            max_time=self._settings.timeout_s,
            do_sample=False,
            eos_token_id=self._masks.eos,
            pad_token_id=self._masks.eos[0],
        )
        try:
            with torch.inference_mode():
                output = self._model.generate(
                    **inputs,
                    past_key_values=self._opening.recall(inputs["input_ids"]),
                    generation_config=limits,
                    logits_processor=LogitsProcessorList([mask]),
                )
        except (RuntimeError, ValueError, IndexError) as error:
            self._opening = None
            msg = f"the model failed on a prompt of {n_prompt} tokens ({type(error).__name__})"
            raise ModelError(msg) from error
        text: str = self._tokenizer.decode(output[0, n_prompt:], skip_special_tokens=True)
        return text, mask.probability

    def _encoded(self, messages: Sequence[Message]) -> Any:  # noqa: ANN401  transformers is untyped here
        """Apply the model's own chat template; where it has no place for rules, they open the first message."""
        from jinja2 import TemplateError

        first, second, *rest = messages
        merged: list[Message] = [{"role": "user", "content": f"{first['content']}\n{second['content']}"}, *rest]
        for told in (messages, merged):
            try:
                return self._tokenizer.apply_chat_template(
                    list(told),
                    add_generation_prompt=True,
                    return_dict=True,
                    return_tensors="pt",
                    enable_thinking=False,
                )
            except TemplateError as error:
                failed = error
        msg = f"the chat template of {self._settings.name!r} does not take a talk of {len(messages)} messages: {failed}"
        raise ModelError(msg) from failed

    def _must_fit(self, n_prompt: int) -> None:
        most = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        wanted = n_prompt + self._settings.max_output_tokens
        if most is not None and wanted > most:
            msg = (
                f"a prompt of {n_prompt} tokens and {wanted - n_prompt} of answer do not fit the model's {most}; "
                "lower SHOPTALK_MODEL__MAX_OUTPUT_TOKENS or choose a model with a longer context"
            )
            raise ModelError(msg)


class _Opening:
    """Keys and values of the beginning that all turns share (rules and examples): read once, not once a turn.

    Args:
        model: The model; one whose memory cannot be shortened (sliding windows, recurrent layers) keeps nothing.
        first: Tokens of one turn, (1, n).
        other: Tokens of another one.
    """

    def __init__(self, model: Any, first: Any, other: Any) -> None:  # noqa: ANN401
        from transformers import DynamicCache
        from transformers.cache_utils import DynamicLayer

        n = min(first.shape[1], other.shape[1])
        differs = (first[0, :n] != other[0, :n]).nonzero()
        self._ids = first[:, : int(differs[0]) if len(differs) else n - 1]
        self._model = model
        self._cache: Any = DynamicCache(config=model.config.get_text_config())
        self._keeps = bool(self._cache.layers) and all(type(layer) is DynamicLayer for layer in self._cache.layers)

    def recall(self, ids: Any) -> Any:  # noqa: ANN401
        """Return the cache, filled with the shared beginning and nothing else; None where `ids` begin otherwise."""
        n = self._ids.shape[1]
        if not self._keeps or n == 0 or ids.shape[1] <= n or not bool((ids[:, :n].cpu() == self._ids).all()):
            return None
        if self._cache.get_seq_length() == 0:
            self._model(input_ids=ids[:, :n], past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        elif self._cache.get_seq_length() > n:
            self._cache.crop(n - self._cache.get_seq_length())
        return self._cache


class _Masks:
    """Makes the mask of each answer; the tokenizer's part is made once."""

    def __init__(self, tokenizer: Any, model: Any) -> None:  # noqa: ANN401
        from llguidance.hf import from_tokenizer

        given = model.generation_config.eos_token_id
        ends = [tokenizer.eos_token_id] if given is None else given if isinstance(given, list) else [given]
        self.eos: list[int] = [end for end in ends if end is not None]
        if not self.eos:
            msg = "the model has no end-of-sequence token; choose one that was made to chat"
            raise ModelError(msg)
        try:
            self._tokenizer = from_tokenizer(tokenizer, eos_token=self.eos)
        except ValueError as error:
            msg = f"the model's tokenizer ({type(tokenizer).__name__}) is no fast one: {error}"
            raise ModelError(msg) from error

    def of(self, schema: Mapping[str, Any]) -> _Mask:
        """Return the mask of one answer that follows `schema`."""
        return _Mask(self._tokenizer, json.dumps({**schema, "x-guidance": _COMPACT}))


class _Mask:
    """A logits processor: whatever the schema does not allow next gets no chance.

    Attributes:
        probability: Of what was chosen so far among what was allowed, 0..1; decoding is greedy.
    """

    def __init__(self, tokenizer: Any, schema: str) -> None:  # noqa: ANN401
        from llguidance import LLMatcher

        self._matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_json_schema(schema))
        self._n_seen = 0
        self._log = 0.0
        if self._matcher.is_error():
            msg = f"llguidance cannot use the answer's schema: {self._matcher.get_error()}"
            raise ModelError(msg)

    @property
    def probability(self) -> float:
        return math.exp(self._log)

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401
        """Take the token written last, forbid what may not follow. Shapes: (1, n) tokens, (1, vocabulary) scores."""
        import torch

        if self._n_seen:
            self._matcher.consume_token(int(input_ids[0, -1]))
        self._n_seen += 1
        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        n = min(bits.size, scores.shape[-1])
        allowed = torch.zeros(scores.shape[-1], dtype=torch.bool, device=scores.device)
        allowed[:n] = torch.from_numpy(bits[:n].astype(bool)).to(scores.device)
        masked = scores.masked_fill(~allowed, -math.inf)
        self._log += float(torch.log_softmax(masked.float(), dim=-1).max())
        return masked


def _loaded(settings: ModelSettings) -> tuple[Any, Any]:
    """Return tokenizer and model.

    Raises:
        ModelError: See `HfModel`.
    """
    try:
        import llguidance  # noqa: F401  wanted later; said at once where it is missing
        import transformers
    except ImportError as error:
        msg = f"the back-end 'hf' needs more libraries ({error}); install them with: pip install 'shoptalk[hf]'"
        raise ModelError(msg) from error
    where = settings.name
    local = {"local_files_only": True} if Path(where).is_dir() else {}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(where, trust_remote_code=False, **local)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            where,
            device_map=settings.device_map,
            dtype=settings.dtype,
            trust_remote_code=False,
            use_safetensors=True,
            **local,
        )
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        msg = f"no usable model at SHOPTALK_MODEL__NAME={where!r} (device_map {settings.device_map!r}): {error}"
        raise ModelError(msg) from error
    if not tokenizer.chat_template:
        msg = f"the model {where!r} has no chat template; choose one that was made to chat (instruct)"
        raise ModelError(msg)
    return tokenizer, model.eval()
