"""Whether a product makes sense a second time. The words are data: `repeat.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from retrieval.types import Product

_FILE = Path(__file__).with_name("repeat.yaml")
_TAIL = re.compile(r"\b(?:for|with|without|in)\b|,|&")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class ShelfWords:
    """Words of shelves: of the first step of the path, and of what stands last on the shelf."""

    departments: frozenset[str]
    heads: frozenset[str]

    def name(self, path: str) -> bool:
        """Return whether a path such as `"Grocery > Coffee > Ground coffee"` is meant."""
        departments, head = _parts(path)
        return head in self.heads or not self.departments.isdisjoint(departments)


@dataclass(frozen=True, slots=True)
class RepeatWords:
    """The words of shelves that are bought from again."""

    consumed: ShelfWords
    collected: ShelfWords

    @classmethod
    def read(cls, path: Path = _FILE) -> RepeatWords:
        """Read the word lists of a YAML file."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(
            *(ShelfWords(_set(data[k]["departments"]), _set(data[k]["heads"])) for k in ("consumed", "collected"))
        )

    def consumable(self, product: Product) -> bool:
        """Return whether the very same product is bought again."""
        return self.consumed.name(_path(product))

    def one_is_enough(self, product: Product) -> bool:
        """Return whether owning one makes another of the same shelf pointless."""
        path = _path(product)
        return not (self.consumed.name(path) or self.collected.name(path))


@lru_cache(maxsize=1)
def repeat_words() -> RepeatWords:
    """Return the lists that ship with the package."""
    return RepeatWords.read()


def _path(product: Product) -> str:
    return product.product_type or product.google_product_category


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[frozenset[str], str]:
    """Return the words of the first step, and the head of the last: "Socks for runners" are socks."""
    first, _, last = path.casefold().partition(">")
    shelf = _TAIL.split((last or first).rpartition(">")[2].strip())[0]
    words = _WORD.findall(shelf)
    return frozenset(map(_singular, _WORD.findall(first))), _singular(words[-1]) if words else ""


def _set(words: str) -> frozenset[str]:
    return frozenset(map(_singular, words.split()))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
