"""Finds the figures of a text by plain code, as hints for the model: money, measures, other numbers, codes.

A hint says what a figure looks like (`£40`, `forty quid`: money; `2.4 m`: a measure; `K-55512`: a code); what it is a
limit of, the model decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from assistant.llm.base import Known
from assistant.nlu.numbers import currency_pattern, number_words
from assistant.nlu.values import is_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 2_000
_CODE = re.compile(r"#?(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*|#?\d{5,}|#\d+")
_UNIT = re.compile(r"[\s-]*([A-Za-z]+|[\"”])")
_MEASURE = re.compile(r"\d[\d.,x-]*([A-Za-z]+)")
_SCALE = re.compile(r"\d[\d.,]*\s?(?:k|m|grand|hundred|thousand|ish)", re.IGNORECASE)
_WHOLE = re.compile(r"\s*(?:ish|odd|or so)?\s*")


def figures(text: str) -> tuple[Known, ...]:
    """Return the figures of `text`, left to right, none of them overlapping."""
    return tuple(_found(text[:_LONGEST]))


def _found(text: str) -> Iterator[Known]:
    at = 0
    for number in _numbers().finditer(text):
        if number.start() < at:
            continue
        start, end, kind = _kind_of(text, number.start(), number.end())
        at = end
        yield Known(start, end, kind)


def _kind_of(text: str, start: int, end: int) -> tuple[int, int, str]:
    money = currency_pattern()
    if money.fullmatch(text, start, end):
        return start, end, "money"  # a note by its name: a tenner
    sign = money.search(text[max(0, start - 4) : start])
    if sign and not text[max(0, start - 4) + sign.end() : start].strip():
        return start, end, "money"
    tail = _WHOLE.match(text, end)
    after = money.match(text, tail.end() if tail else end)
    if after and not text[after.end() : after.end() + 1].isalpha():
        return start, after.end(), "money"
    unit = _UNIT.match(text, end)
    if unit and is_unit(unit.group(1)):
        return start, unit.end(), "measure"
    whole = _CODE.match(text, _word_start(text, start))
    if whole and whole.end() >= end and not _SCALE.fullmatch(whole.group()):
        measure = _MEASURE.fullmatch(whole.group())
        return whole.start(), whole.end(), "measure" if measure and is_unit(measure.group(1)) else "code"
    return start, end, "number"


def _word_start(text: str, start: int) -> int:
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "#-"):
        start -= 1
    return start


@lru_cache(maxsize=1)
def _numbers() -> re.Pattern[str]:
    word = "|".join(sorted(map(re.escape, number_words()), key=len, reverse=True))
    return re.compile(rf"\d[\d,.]*\d|\d|\b(?:{word})(?:[\s-]+(?:and\s+)?(?:{word}))*\b", re.IGNORECASE)
