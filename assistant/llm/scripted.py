"""The language model's deterministic double: says what a script tells it, within the grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import ModelError
from assistant.llm.base import Completion, Mark, Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.llm.base import Choice, Grammar, Prompt, Token


class ScriptedModel:
    """Completes a prompt by the text of its first segment.

    Args:
        script: What to write for each text, the closing word left out. Other texts get `otherwise`.
        otherwise: What to write for any other text; empty means the first thing the grammar allows.
    """

    name = "scripted"

    def __init__(self, script: Mapping[str, Sequence[Token]] | None = None, *, otherwise: Sequence[Token] = ()) -> None:
        self._script = dict(script or {})
        self._otherwise = tuple(otherwise)

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return what the script says.

        Raises:
            ModelError: The script breaks the grammar.
        """
        wanted = tuple(self._script.get(prompt[0].text if prompt else "", self._otherwise))
        written: list[Token] = []
        for token in wanted or (grammar.allowed(prompt, ()).words[0],):
            if not _fits(token, grammar.allowed(prompt, written)):
                msg = f"the script writes {token!r} after {written!r}, which the grammar forbids; mend the script"
                raise ModelError(msg)
            written.append(token)
        if grammar.end not in grammar.allowed(prompt, written).words:
            msg = f"the script stops after {written!r}, where the grammar wants more; mend the script"
            raise ModelError(msg)
        return Completion(
            tuple(written), 1.0, {word: float(word == written[0]) for word in grammar.allowed(prompt, ()).words}
        )


def _fits(token: Token, choice: Choice) -> bool:
    if isinstance(token, Span):
        return token.segment in choice.spans and 0 <= token.start < token.end
    if isinstance(token, Mark):
        return token.segment in choice.marks
    return token in choice.words
