"""Word lists: synonyms, colour and material families, units, product types; a merchant's own are added to them.

Every list is a data file beside this module, read once and lazily. A merchant's directory (`use`) holds files of the
same names with what is to be added: lists grow, entries of mappings are added or replaced.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from retrieval.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_own: list[Path] = []


def use(folder: Path | None) -> None:
    """Add the word lists of a merchant's directory to ours; call it before anything is read.

    Raises:
        StoreError: It is no directory, or holds a file that none of ours is called like.
    """
    if (_own[0] if _own else None) == folder:
        return
    if folder is not None:
        _check(folder)
    _own[:] = [folder] if folder else []
    for read in (table, lines, irregular_plurals, families):
        read.cache_clear()


def _check(folder: Path) -> None:
    try:
        own = sorted(folder.iterdir())
    except OSError as error:
        said = error.strerror or error
        msg = f"the word lists {str(folder)!r} are no directory ({said}); correct SHOPTALK_RETRIEVAL__LEXICON"
        raise StoreError(msg) from error
    ours = {path.name for path in files("retrieval.lexicon").iterdir()}
    for path in own:
        if path.suffix in {".yaml", ".txt"} and path.name not in ours:
            known = ", ".join(sorted(name for name in ours if name.endswith((".yaml", ".txt"))))
            raise StoreError(f"no word list is called {path.name!r}; there are {known}")


def _read(name: str) -> list[str]:
    """Return the texts of a file: ours, then the merchant's."""
    texts = [files("retrieval.lexicon").joinpath(name).read_text("utf-8")]
    for folder in _own:
        path = folder / name
        if path.is_file():
            try:
                texts.append(path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise StoreError(f"the word list {str(path)!r} cannot be read: {error}") from error
    return texts


@cache
def table(name: str) -> dict[str, Any]:
    """Return a YAML file as a dictionary, the merchant's entries added.

    Raises:
        StoreError: A file is not a YAML mapping, or a merchant's entry is of another kind than ours.
    """
    found: dict[str, Any] = {}
    for text in _read(f"{name}.yaml"):
        try:
            loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        except yaml.YAMLError as error:
            raise StoreError(f"the word list {name}.yaml is not valid YAML ({error}); correct or restore it") from error
        if not isinstance(loaded, dict):
            raise StoreError(f"the word list {name}.yaml must be a mapping, not {type(loaded).__name__}")
        found = _added(found, loaded, name)
    return found


def _added(ours: dict[str, Any], own: dict[str, Any], name: str) -> dict[str, Any]:
    """Return `ours` with the entries of `own`: lists grow, mappings are merged, anything else is replaced."""
    found = dict(ours)
    for key, value in own.items():
        old = found.get(key)
        if old is not None and isinstance(old, list | dict) and not isinstance(value, type(old)):
            kind = "list" if isinstance(old, list) else "mapping"
            raise StoreError(f"the entry {key!r} of the word list {name}.yaml must be a {kind}")
        if isinstance(old, list):
            found[key] = [*old, *value]
        else:
            found[key] = _added(old, value, name) if isinstance(old, dict) else value
    return found


@cache
def lines(name: str) -> tuple[str, ...]:
    """Return the lines of a text file, the merchant's last, without blanks and `#` comments."""
    stripped = (line.split("#", 1)[0].strip() for text in _read(f"{name}.txt") for line in text.splitlines())
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
