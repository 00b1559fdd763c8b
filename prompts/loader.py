"""Versioned prompts: Jinja templates whose variables are declared, and data that cannot pass for instructions.

A template is `NAME.vN.jinja`; its first line declares what it needs: `{#- variables: utterance, state -#}`. Text that
comes from a shopper, a product or a review goes through the filter `data`, which puts it between marks and takes the
marks out of the text itself, so that it cannot end its own fence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined, TemplateError, meta

if TYPE_CHECKING:
    from jinja2 import Template

MAX_DATA = 4_000
"""Longest piece of data in a prompt, in characters; what is beyond is cut, visibly."""

OPEN, CLOSE = "<<<", ">>>"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DECLARED = re.compile(r"\A\{#-?\s*variables:\s*([\w\s,]*?)\s*-?#\}")
_FENCE = re.compile(r"<{2,}|>{2,}")


class PromptError(Exception):
    """A prompt is missing, or its variables are not the declared ones."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of one prompt.

    Attributes:
        name: "parse", "clarify", "reply", "explain" or "judge".
        version: From 1; a change of wording that matters is a new version.
        variables: The names that `render` wants, all of them and no other.
    """

    name: str
    version: int
    variables: frozenset[str]
    _template: Template = field(repr=False, compare=False)

    def render(self, **values: object) -> str:
        """Return the finished prompt.

        Raises:
            PromptError: A declared variable is missing, an undeclared one is given, or the template fails on a value.
        """
        missing, extra = self.variables - values.keys(), values.keys() - self.variables
        if missing or extra:
            raise PromptError(
                f"prompt {self.name!r} v{self.version}: missing {sorted(missing)}, not declared {sorted(extra)}; "
                f"give exactly {sorted(self.variables)}"
            )
        try:
            return self._template.render(**values).strip() + "\n"
        except TemplateError as error:
            raise PromptError(f"prompt {self.name!r} v{self.version} does not render: {error}") from error


@lru_cache(maxsize=32)
def load(name: str, version: int = 1) -> Prompt:
    """Read a prompt and check its declaration against what the template uses.

    Raises:
        PromptError: There is no such prompt, it does not parse, or it declares other variables than it uses.
    """
    path = Path(__file__).parent / f"{name}.v{version}.jinja"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise PromptError(f"no prompt {name!r} version {version!r}; there are {', '.join(available())}")
    source = path.read_text(encoding="utf-8")
    declared = _DECLARED.match(source)
    if declared is None:
        raise PromptError(f"prompt {path.name!r} must begin with {{#- variables: ... -#}}")
    variables = frozenset(v.strip() for v in declared.group(1).split(",") if v.strip())
    try:
        used = meta.find_undeclared_variables(_environment().parse(source))
        template = _environment().from_string(source)
    except TemplateError as error:
        raise PromptError(f"prompt {path.name!r} does not parse: {error}") from error
    if used != variables:
        raise PromptError(f"prompt {path.name!r} declares {sorted(variables)} but uses {sorted(used)}")
    return Prompt(name, version, variables, template)


def available() -> tuple[str, ...]:
    """Return the prompts there are: "parse.v1", ..."""
    return tuple(sorted(path.name.removesuffix(".jinja") for path in Path(__file__).parent.glob("*.v*.jinja")))


def fenced(value: object, label: str = "data") -> str:
    """Put a text between marks, as data: control characters out, marks of its own defused, length bounded."""
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in str(value))
    text = _FENCE.sub(lambda m: " ".join(m.group()), text)
    if len(text) > MAX_DATA:
        text = text[:MAX_DATA] + " [cut]"
    return f"{OPEN}{label}\n{text}\n{CLOSE}{label}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # No HTML is made here: prompts are plain text, and data is fenced instead of escaped.
    made = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    made.filters["data"] = fenced
    return made
