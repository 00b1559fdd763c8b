"""The dialogue core's own words, kept as data in `words.json` so that a merchant can edit them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.dialogue.acts import Intent

_WORD = re.compile(r"[^\W_]+")
MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word sets by role; every word is in lower case.

    Attributes:
        sets: Named sets: `stop` (words that never name an item), `pronouns`, `cheaper`, `shoppers` and so on.
        sizes: Spelled-out size -> its letter form ("extra large" -> "xl").
        ordinals: Word -> place, from 1 ("second" -> 2).
        counts: Word -> how many ("two" -> 2).
        questions: What is asked about a slot.
        asks: Other questions by purpose.
        yes_no: The quick replies of a yes/no question.
        commands: Fixed phrases that mean one thing wherever they are said -> the intent.
    """

    sets: Mapping[str, frozenset[str]]
    sizes: Mapping[str, str]
    ordinals: Mapping[str, int]
    counts: Mapping[str, int]
    questions: Mapping[str, str]
    asks: Mapping[str, str]
    yes_no: tuple[str, ...]
    commands: Mapping[str, Intent]

    def __getitem__(self, name: str) -> frozenset[str]:
        """Return the word set called `name`."""
        return self.sets[name]


@cache
def lexicon() -> Lexicon:
    """Return the shipped words, read once."""
    data = json.loads(resources.files("assistant.dialogue").joinpath("words.json").read_text("utf-8"))
    return Lexicon(
        sets={name: frozenset(words) for name, words in data.items() if isinstance(words, list)},
        sizes={spelled: short for short, spellings in data["sizes"].items() for spelled in spellings},
        ordinals={word: int(place) for place, spellings in data["ordinals"].items() for word in spellings},
        counts={word: int(n) for n, spellings in data["counts"].items() for word in spellings},
        questions=data["questions"],
        asks=data["asks"],
        yes_no=tuple(data["yes_no"]),
        commands={phrase: intent for intent, phrases in data["commands"].items() for phrase in phrases},
    )


def words(text: str) -> list[str]:
    """Split `text` into lower-case words: letters and digits, apostrophes dropped ("men's" -> "mens")."""
    return _WORD.findall(text[:MAX_TEXT].casefold().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))


def stem(word: str) -> str:
    """Return `word` without a plural ending, so that "heels" meets "heel"; short words stay as they are."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def content(text: str) -> list[str]:
    """Return the stems of the words in `text` that can name or describe an item, in order, each once."""
    stop = lexicon()["stop"]
    return list(dict.fromkeys(stem(w) for w in words(text) if w not in stop))


def same_size(left: str, right: str) -> bool:
    """Say whether two size words mean the same: "Large" and "L", "size 7" and "UK 7", but not "US 7" and "UK 7"."""
    (number, system), (other, other_system) = _size(left), _size(right)
    return number == other and (not system or not other_system or system == other_system)


def _size(text: str) -> tuple[str, str]:
    known = lexicon()
    parts = re.findall(r"[^\W_]+(?:[.,/]\d+)?", text[:MAX_TEXT].casefold())
    system = next((p for p in parts if p in known["size_systems"]), "")
    skip = known["size_fillers"] | known["size_systems"]
    joined = " ".join([p for p in parts if p not in skip] or parts).replace(",", ".").removesuffix(".0")
    return known.sizes.get(joined, joined), system
