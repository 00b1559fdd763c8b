"""Turns a copied span into the value of a constraint: numbers, units, singular shelves, trimmed words.

Nothing is added that was not typed: spelling stays for the shop's own vocabulary to mend.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from assistant.nlu.numbers import read_money, read_number
from retrieval.sizes import in_figures

if TYPE_CHECKING:
    from retrieval.types import Slot

MAX_VALUE = 120
_ABBREVIATIONS = Path(__file__).parent / "data" / "abbreviations.yaml"
_EDGES = ' \t\r\n,;:!?"“”()[]{}*_~|/\\….'
_LEAD = re.compile(r"^.*\b(?:a|an|the|some)\s+", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:a|an|the|some|any|my|our|his|her|their)\s+", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_MEASURE = re.compile(r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*-?\s*([a-z]{1,12}|[\"”])(?![\w])", re.IGNORECASE)
_UNITS = frozenset(
    [
        "cm",
        "mm",
        "m",
        "km",
        "kg",
        "g",
        "lb",
        "l",
        "ml",
        "ft",
        "gb",
        "tb",
        "oz",
        "w",
        "kw",
        "v",
        "mah",
        "psi",
        "hp",
        "qt",
        "inch",
        "in",
        "foot",
        "litre",
        "liter",
        "metre",
        "meter",
        "centimetre",
        "centimeter",
        "millimetre",
        "kilometre",
        "kilo",
        "gram",
        "pound",
        "ounce",
        "pint",
        "gallon",
        "yard",
        "mile",
        "watt",
        "volt",
        "gig",
        "tonne",
        "person",
        "people",
        "seater",
        "seat",
        "quart",
        "denier",
        "tog",
        "degree",
        "cup",
        "player",
        "piece",
        "pack",
        "hour",
        "day",
        "week",
        "month",
        "year",
    ]
)
_NUMBER_WORD = re.compile(
    r"\b(a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five"
    r"|six|seven|eight|nine))?|(?:a|one|two|three|four|five) hundred)((?: and a half)?[\s-]+)([a-z]+)",
    re.IGNORECASE,
)
_WITH = re.compile(r"^(?:with|having)\s+(?:an?\s+|the\s+|some\s+)?", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_IRREGULAR = {
    "knives": "knife", "shelves": "shelf", "scarves": "scarf", "loaves": "loaf", "leaves": "leaf", "halves": "half",
    "children": "child", "men": "man", "women": "woman", "people": "person", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "geese": "goose", "dice": "dice", "batteries": "battery", "wolves": "wolf", "calves": "calf",
    "movies": "movie", "cookies": "cookie", "hoodies": "hoodie", "beanies": "beanie", "brownies": "brownie",
    "selfies": "selfie", "onesies": "onesie", "smoothies": "smoothie", "wellies": "welly", "undies": "undies",
    "shoes": "shoe", "canoes": "canoe", "toes": "toe", "axes": "axe", "caches": "cache", "quiches": "quiche",
}  # fmt: skip
_PLURAL_ONLY = frozenset(
    [
        "glasses",
        "sunglasses",
        "trousers",
        "shorts",
        "scissors",
        "tweezers",
        "pliers",
        "jeans",
        "pyjamas",
        "pajamas",
        "leggings",
        "tights",
        "pants",
        "binoculars",
        "headphones",
        "earphones",
        "goggles",
        "clippers",
        "scales",
        "news",
        "series",
        "species",
        "stairs",
        "clothes",
        "dungarees",
        "overalls",
        "chinos",
        "slacks",
        "joggers",
        "briefs",
        "boxers",
        "knickers",
        "panties",
        "bellows",
        "tongs",
        "shears",
        "secateurs",
        "chess",
        "lens",
    ]
)
_HISS = ("sses", "shes", "ches", "xes", "zzes")


def read_value(slot: Slot, text: str, *, before: str = "", after: str = "") -> tuple[str | float, str | None] | None:
    """Return the value a span stands for and its currency, or None where the span says nothing of the kind.

    Args:
        slot: What it is about: decides how it is read.
        text: The copied span.
        before: What stands before the span, for currency signs.
        after: What stands after it, for the other end of a range.
    """
    if slot == "price":
        money = read_money(text, before, after)
        return (money.amount, money.currency) if money else None
    if slot == "rating":
        number = read_number(text)
        return (min(max(number, 0.0), 5.0), None) if number is not None else None
    if slot == "quantity":
        number = read_number(text)
        return (float(min(max(int(number), 1), 9_999)), None) if number is not None else None
    words = _words(slot, text)
    return (words, None) if words else None


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span that begins or ends inside a word to the whole word."""
    while 0 < start < len(text) and text[start - 1].isalpha() and text[start].isalpha():
        start -= 1
    while 0 < end < len(text) and text[end - 1].isalpha() and text[end].isalpha():
        end += 1
    return start, end


def _words(slot: Slot, text: str) -> str:
    value = _SPACES.sub(" ", text).strip(_EDGES)[:MAX_VALUE].strip()
    if slot == "order_id":
        return value.lstrip("#").strip()
    if slot == "size":
        value = measured(value)
    value = _ARTICLE.sub("", value).strip(_EDGES) or value
    if slot not in {"brand", "size"}:
        value = " ".join(_abbreviations().get(word.casefold(), word) for word in value.split(" "))
    if slot == "category":
        return singular(_LEAD.sub("", value) or value)
    if slot == "feature":
        value = _WITH.sub("", value) or value
    return _POSSESSIVE.sub("", value) or value if slot == "recipient" else value


@lru_cache(maxsize=1)
def _abbreviations() -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load(_ABBREVIATIONS.read_text(encoding="utf-8"))
    return data


def measured(text: str) -> str:
    """Return `text` with its measures as digits and a spaced, singular unit: `four litres` -> `4 litre`."""
    return _MEASURE.sub(_spaced, _NUMBER_WORD.sub(_in_digits, in_figures(text)))


def _in_digits(found: re.Match[str]) -> str:
    words, gap, unit = found.groups()
    number = read_number(words + gap)
    known = _unit_of(unit) is not None
    return f"{number:g} {unit}" if known and number is not None else found.group()


def _spaced(found: re.Match[str]) -> str:
    number, unit = found.groups()
    known = _unit_of(unit)
    return f"{number} {known}" if known else found.group()


def is_unit(word: str) -> bool:
    """Whether `word` names a unit of measure as it stands, plural or not."""
    return _unit_of(word) is not None


def _unit_of(word: str) -> str | None:
    """Return the singular of a unit as it was typed, None for any other word."""
    if word in {'"', "”"}:
        return "inch"
    low = word.casefold()
    if low in _UNITS:
        return word
    if low in {"feet", "inches"}:
        return {"feet": "foot", "inches": "inch"}[low]
    return word[:-1] if low.endswith("s") and low[:-1] in _UNITS else None


def singular(phrase: str) -> str:
    """Return a shelf's name with its last word in the singular: `trail running shoes` -> `trail running shoe`."""
    head, space, last = phrase.rpartition(" ")
    return f"{head}{space}{_singular_word(last)}"


def _singular_word(word: str) -> str:
    low = word.casefold()
    if low in _PLURAL_ONLY or len(low) <= 3 or not low.endswith("s"):
        return _IRREGULAR.get(low, word)
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low.endswith(("ss", "us", "is")):
        return word
    if low.endswith("ies"):
        return word[:-3] + "y"
    if low.endswith(_HISS) or low.endswith("oes"):
        return word[:-2]
    return word[:-1]
