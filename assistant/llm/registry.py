"""Names of language models and how each is made; the heavy parts are imported only when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assistant.llm.base import LanguageModel


def load_model(name: str = "embedded", *, folder: Path | None = None) -> LanguageModel:
    """Return the language model called `name`.

    Args:
        name: One of `names()`.
        folder: Where its weights are, if not where they are shipped.

    Raises:
        ModelError: There is no model of that name, or its files are missing or damaged.
    """
    try:
        make = _MAKERS[name]
    except KeyError:
        msg = f"no language model is called {name!r}; choose one of {', '.join(names())}"
        raise ModelError(msg) from None
    return make(folder)


def names() -> tuple[str, ...]:
    """Return the names that `load_model` takes."""
    return tuple(_MAKERS)


def _embedded(folder: Path | None) -> LanguageModel:
    from assistant.llm.embedded.runtime import WEIGHTS, EmbeddedModel

    return EmbeddedModel(folder or WEIGHTS)


def _scripted(_folder: Path | None) -> LanguageModel:
    from assistant.llm.scripted import ScriptedModel

    return ScriptedModel()


_MAKERS: dict[str, Callable[[Path | None], LanguageModel]] = {"embedded": _embedded, "scripted": _scripted}
