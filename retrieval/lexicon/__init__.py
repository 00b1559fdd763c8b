"""Word lists that a merchant may edit: synonyms, colour and material families, units, product types.

Every list is a data file beside this module, read once and lazily.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from retrieval.errors import StoreError


def _read(name: str) -> str:
    return files("retrieval.lexicon").joinpath(name).read_text("utf-8")


@cache
def table(name: str) -> dict[str, Any]:
    """Return a YAML file of this folder as a dictionary.

    Raises:
        StoreError: The file is not a YAML mapping.
    """
    try:
        loaded = yaml.load(_read(f"{name}.yaml"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise StoreError(f"the word list {name}.yaml is not valid YAML ({error}); correct or restore it") from error
    if not isinstance(loaded, dict):
        raise StoreError(f"the word list {name}.yaml must be a mapping, not {type(loaded).__name__}")
    return loaded


@cache
def lines(name: str) -> tuple[str, ...]:
    """Return the lines of a text file of this folder, without blanks and `#` comments."""
    stripped = (line.split("#", 1)[0].strip() for line in _read(f"{name}.txt").splitlines())
    return tuple(line for line in stripped if line)


@cache
def irregular_plurals() -> dict[str, str]:
    """Return plural -> singular for words that no rule gets right."""
    return {str(k): str(v) for k, v in table("plurals").items()}


@cache
def families(name: str) -> dict[str, tuple[str, ...]]:
    """Return word -> all its parents, nearest first, from a file of `parent: [children]`.

    Words are as written in the file; a word may have several parents.
    """
    above: dict[str, list[str]] = {}
    for parent, children in table(name).items():
        above.setdefault(str(parent), [])
        for child in children or ():
            above.setdefault(str(child), []).append(str(parent))
    return {word: _ancestors(word, above) for word in above}


def _ancestors(word: str, above: dict[str, list[str]]) -> tuple[str, ...]:
    found: list[str] = []
    queue = list(above[word])
    while queue:
        parent = queue.pop(0)
        if parent not in found:
            found.append(parent)
            queue.extend(above.get(parent, []))
    return tuple(found)
