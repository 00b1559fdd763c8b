"""Names of language models and how each is made; the heavy parts are imported only when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assistant.llm.base import LanguageModel
    from assistant.settings import ModelSettings


def open_model(settings: ModelSettings) -> LanguageModel:
    """Return the language model that `settings` name, with another behind it for the turns that it cannot answer.

    Raises:
        ModelError: Its files are missing or damaged, or a library that it needs is not installed.
    """
    from assistant.llm.fallback import Breaker, FallbackModel

    model = load_model(settings.backend, settings=settings)
    if settings.backend in {"embedded", "scripted"} or settings.fallback == "none":
        return model
    breaker = Breaker(failures=settings.breaker_failures, pause_s=settings.breaker_pause_s)
    return FallbackModel(model, load_model(settings.fallback), breaker=breaker)


def load_model(
    name: str = "embedded", *, folder: Path | None = None, settings: ModelSettings | None = None
) -> LanguageModel:
    """Return the language model called `name`.

    Args:
        name: One of `names()`.
        folder: Where the embedded model's weights are, if not where they are shipped.
        settings: What the larger models need to know; the others need nothing.

    Raises:
        ModelError: There is no model of that name, its files are missing or damaged, or it needs settings.
    """
    try:
        make = _MAKERS[name]
    except KeyError:
        msg = f"no language model is called {name!r}; choose one of {', '.join(names())}"
        raise ModelError(msg) from None
    return make(folder, settings)


def names() -> tuple[str, ...]:
    """Return the names that `load_model` takes."""
    return tuple(_MAKERS)


def _embedded(folder: Path | None, _settings: ModelSettings | None) -> LanguageModel:
    from assistant.llm.embedded.runtime import WEIGHTS, EmbeddedModel

    return EmbeddedModel(folder or WEIGHTS)


def _scripted(_folder: Path | None, _settings: ModelSettings | None) -> LanguageModel:
    from assistant.llm.scripted import ScriptedModel

    return ScriptedModel()


def _hf(_folder: Path | None, settings: ModelSettings | None) -> LanguageModel:
    from assistant.llm.hf import HfModel

    return HfModel(_given("hf", settings))


def _openai_server(_folder: Path | None, settings: ModelSettings | None) -> LanguageModel:
    from assistant.llm.openai_server import OpenAiServerModel

    return OpenAiServerModel(_given("openai_server", settings))


def _given(name: str, settings: ModelSettings | None) -> ModelSettings:
    if settings is None or settings.backend != name:
        msg = f"the model {name!r} needs settings: set SHOPTALK_MODEL__BACKEND={name} and SHOPTALK_MODEL__NAME"
        raise ModelError(msg)
    return settings


_MAKERS: dict[str, Callable[[Path | None, ModelSettings | None], LanguageModel]] = {
    "embedded": _embedded,
    "scripted": _scripted,
    "hf": _hf,
    "openai_server": _openai_server,
}
