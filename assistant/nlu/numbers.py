"""Reads numbers and money as shoppers write them: `1.5k`, `two grand`, `£25ish`, `a hundred and twenty euros`.

Plain code, no model. A reader gets the copied span and what stands around it: in `two to three hundred quid` the
span `two` is 200 GBP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_CURRENCIES = Path(__file__).parent / "data" / "currencies.yaml"
SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL: dict[str, float] = {
    **{word: float(n) for n, word in enumerate(SMALL)},
    **{word: 10.0 * n for n, word in enumerate(TENS) if word},
    "a": 1.0, "an": 1.0, "couple": 2.0, "dozen": 12.0, "fourty": 40.0, "half": 0.5, "twice": 2.0, "both": 2.0,
    "once": 1.0, "pair": 1.0, "single": 1.0,
}  # fmt: skip
_ARTICLES = frozenset({"a", "an"})
_SCALES = {
    "hundred": 100.0, "hundreds": 100.0, "thousand": 1e3, "grand": 1e3, "k": 1e3, "lakh": 1e5, "lakhs": 1e5,
    "million": 1e6, "m": 1e6,
}  # fmt: skip
_DIGITS = r"\d[\d,\u00a0]*(?:[.,]\d+)*"
_WORD = re.compile(rf"{_DIGITS}|[^\W\d_]+")
_GLUE = frozenset({"and", "of", "odd", "ish", "the", "about", "around", "over", "under", "up", "than", "x"})
_A_HALF = re.compile(r"\ba half\b", re.IGNORECASE)
_RANGE = re.compile(r"^\s*(?:-|\u2013|\u2014|to|and|or|till|until)\s*")
_SIGN_WIDTH = 4
_MAX = 1e12


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units and, where it was said, its ISO 4217 currency."""

    amount: float
    currency: str | None = None


@lru_cache(maxsize=1)
def _currencies() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_CURRENCIES.read_text(encoding="utf-8"))
    return data


def read_number(text: str) -> float | None:
    """Return the first number that `text` says, in digits or words; None where it says none."""
    words = [word.casefold() for word in _WORD.findall(_A_HALF.sub("half", text))]
    for start, word in enumerate(words):
        if _is_number(word):
            return _value(words[start:])
    if any(word in _SCALES for word in words):
        return _value([word for word in words if word in _SCALES][:1])
    return None


def read_money(text: str, before: str = "", after: str = "") -> Money | None:
    """Return the amount that `text` says.

    Args:
        text: The copied span.
        before: What stands before it in the utterance.
        after: What stands after it: the other end of a range may lend its scale and its currency.
    """
    for word in _WORD.findall(text.casefold()):
        if word in _currencies()["notes"]:
            amount, currency = _currencies()["notes"][word]
            count = read_number(text.casefold().split(word)[0]) or 1.0
            return Money(count * amount, currency)
    amount = read_number(text)
    if amount is None:
        return None
    other = _RANGE.match(after.casefold())
    rest = after[other.end() :] if other else ""
    if rest and amount < _SCALES["hundred"]:
        amount *= _lent_scale(amount, text, rest)
    currency = _currency_of(text) or _sign(before[-_SIGN_WIDTH:], last=True) or _word_after(after)
    return Money(amount, currency or (_currency_of_range(rest) if rest else None))


def after_currency(text: str) -> str:
    """Return `text` without the currency word or sign it begins with."""
    near = text.lstrip()
    names = sorted([*_currencies()["words"], *_currencies()["signs"]], key=len, reverse=True)
    for name in names:
        if near.casefold().startswith(name.casefold()) and not near[len(name) : len(name) + 1].isalpha():
            return near[len(name) :]
    return text


def number_words() -> tuple[str, ...]:
    """Return the words that mostly stand for a number where they stand alone."""
    return (*SMALL[2:], *TENS[2:], "dozen", "hundred", "thousand", "grand", *_currencies()["notes"])


@lru_cache(maxsize=1)
def currency_pattern() -> re.Pattern[str]:
    """Return a pattern of every sign and name of a currency, and of the slang for notes."""
    names = sorted([*_currencies()["words"], *_currencies()["signs"], *_currencies()["notes"]], key=len, reverse=True)
    return re.compile("|".join(re.escape(name) for name in names), re.IGNORECASE)


def _is_number(word: str) -> bool:
    return word[0].isdecimal() or word in _SMALL


def _digits(word: str) -> float:
    """Read `1,200`, `1.200,50`, `7.50`, `12,5`: the last separator is decimal unless three digits follow it."""
    cleaned = word.replace("\u00a0", "")
    cut = max(cleaned.rfind("."), cleaned.rfind(","))
    grouped = len(cleaned) - cut - 1 == 3 and (cleaned[cut : cut + 1] == "," or cleaned.count(".") > 1)
    if cut < 0 or grouped:
        return min(float(re.sub(r"[.,]", "", cleaned)), _MAX)
    whole, part = re.sub(r"[.,]", "", cleaned[:cut]), cleaned[cut + 1 :]
    return min(float(f"{whole or 0}.{part or 0}"), _MAX)


def _value(words: list[str]) -> float:
    """Add up a run of number words: total of the thousands, and what is being counted below them."""
    total, current, seen = 0.0, 0.0, False
    for at, word in enumerate(words):
        if word in _SCALES and (seen or not total):
            total, current = _scaled(total, current if seen else 1.0, _SCALES[word])
            seen = True
        elif word in _ARTICLES and _counts(words[at + 1 : at + 2]):
            continue
        elif _is_number(word):
            number = _digits(word) if word[0].isdecimal() else _SMALL[word]
            if seen and not _continues(words[at - 1], current, number):
                return total + _joined(current, number)
            current = current * number if word == "dozen" and seen else current + number
            seen = True
        elif word not in _GLUE or not any(_is_number(w) or w in _SCALES for w in words[at + 1 :]):
            break
    return min(total + current, _MAX)


def _counts(following: list[str]) -> bool:
    """Whether an article stands before a number word of its own ("a couple") and adds nothing."""
    return bool(following) and following[0] in _SMALL and following[0] not in _ARTICLES


def _scaled(total: float, current: float, scale: float) -> tuple[float, float]:
    if scale == _SCALES["hundred"]:
        return total, current * scale
    return total + current * scale, 0.0


def _continues(previous: str, current: float, number: float) -> bool:
    """Whether `number` goes on with the number before it: `twenty five`, `a hundred and twenty`, `4 and a half`."""
    if previous in _SCALES or number in (0.5, 12.0) or previous in {"and", "a", "an"}:
        return True
    return current % 100 >= 20 and current % 10 == 0 and number < 10 and not previous[0].isdecimal()


def _joined(current: float, number: float) -> float:
    """Read `three fifty` as 350; other pairs are two numbers, and the first one counts."""
    spoken = 1 <= current < 10 and number in {10.0 * n for n in range(2, 10)}
    return current * 100 + number if spoken else current


def _lent_scale(amount: float, text: str, rest: str) -> float:
    """Return what the upper end of a range counts in, where the lower end counts in it too: `two to three hundred`."""
    own = {word for word in _WORD.findall(text.casefold()) if word in _SCALES}
    words = [word.casefold() for word in _WORD.findall(rest)][:3]
    if own or not words or not _is_number(words[0]) or _value(words[:1]) < amount:
        return 1.0
    return next((_SCALES[word] for word in words[1:2] if word in _SCALES), 1.0)


def _currency_of(text: str) -> str | None:
    return _sign(text) or _word_after(_after_number(text))


def _currency_of_range(rest: str) -> str | None:
    return _sign(rest.lstrip()[:_SIGN_WIDTH]) or _word_after(_after_number(rest)) or None


def _sign(text: str, *, last: bool = False) -> str | None:
    signs: dict[str, str] = _currencies()["signs"]
    folded = text.rstrip() if last else text
    for sign in sorted(signs, key=len, reverse=True):
        if folded.endswith(sign) if last else sign in folded:
            return signs[sign]
    return None


def _after_number(text: str) -> str:
    """Return what is left of `text` behind its leading number words."""
    end = 0
    for found in _WORD.finditer(text):
        word = found.group().casefold()
        if not (_is_number(word) or word in _SCALES or word in _GLUE or (word == "canadian" and end == 0)):
            break
        end = found.end()
    return text[end:]


def _word_after(text: str) -> str | None:
    words: dict[str, str] = _currencies()["words"]
    following = " ".join(_WORD.findall(text.casefold())[:3])
    gap = re.match(r"[\s\-]*(?:ish|odd|or so)?[\s\-]*", text.casefold())
    near = text.casefold()[gap.end() if gap else 0 :]
    sign = _sign(near[:2]) if near[:1] and not near[0].isalnum() else None
    for name in sorted(words, key=len, reverse=True):
        if near.startswith(name) and re.match(rf"(?:ish |odd )?{re.escape(name)}\b", following):
            return words[name]
    return sign
