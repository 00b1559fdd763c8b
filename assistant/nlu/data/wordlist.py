"""Builds `words.txt`: the words that spelling is mended by. Shop words first, commonest first, then common English.

Shop words come from the authored values and the lexicon and may be offered as corrections. Common English, from the
whole words of the model's vocabulary, and what authors typed again and again ("quid", "dont", "pricey") are only known
to be right as they stand.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from assistant.nlu.data.augment import LEXICON
from assistant.nlu.data.examples import read_book

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = Path(__file__).parent / "words.txt"
DIVIDER = "# common English, never offered as a correction"
TALK_DIVIDER = "# words of talk, right as they are typed"
_WORD = re.compile(r"[a-z]+")
_SHORTEST = 4
_NAMES = frozenset({"brand", "order_id", "price", "sort"})
_LEXICON_WEIGHT = 3
_TYPED = re.compile(r"[a-z]+(?:'[a-z]+)?")
_OFTEN = 3  # conversations in which a word of talk was typed


def build(book: Path, tokenizer: Path) -> str:
    """Return the text of `words.txt` for a book and a vocabulary."""
    shop = Counter(word for value in _authored(book) for word in set(_WORD.findall(value.casefold())))
    lists = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))["values"]
    for slot, values in lists.items():
        for value in values if slot not in _NAMES else ():
            for word in _WORD.findall(str(value).casefold()):
                shop[word] += _LEXICON_WEIGHT
    first = [word for word, _ in sorted(shop.items(), key=lambda item: (-item[1], item[0])) if len(word) >= _SHORTEST]
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    common = [word for word in vocabulary if _WORD.fullmatch(word) and len(word) >= _SHORTEST and word not in shop]
    known = {*first, *common}
    talk = sorted(word for word, n in _typed(book).items() if n >= _OFTEN and word not in known)
    return "\n".join([*first, DIVIDER, *common, TALK_DIVIDER, *talk]) + "\n"


def _typed(book: Path) -> Counter[str]:
    """Count in how many dialogues each word was typed."""
    counts: Counter[str] = Counter()
    for dialogue in read_book(book):
        texts = (turn["text"] for turn in dialogue["dialogue"] if turn["role"] == "user")
        counts.update({word for text in texts for word in _TYPED.findall(text.casefold().replace("\u2019", "'"))})
    return counts


def _authored(book: Path) -> Iterator[str]:
    """Yield each different authored value once."""
    seen: set[str] = set()
    for dialogue in read_book(book):
        for turn in dialogue["dialogue"]:
            for c in turn.get("constraints", ()):
                value = c["value"]
                if isinstance(value, str) and c["slot"] not in _NAMES and value not in seen:
                    seen.add(value)
                    yield value
