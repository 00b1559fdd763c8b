"""Reads from plain cues whether a price is a limit or a rough figure: `around 80`, `80ish`, `80 tops`, `under 80`.

Only cues that are next to never wrong are read; where there is none the model's own reading stands.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from assistant.nlu.numbers import after_currency, read_number

if TYPE_CHECKING:
    from retrieval.types import Op

_BOUNDS = Path(__file__).parent / "data" / "bounds.yaml"
_BETWEEN = r"(?:\s|\b(?:the|a|an|my|like|say|maybe)\b|[£$€¥₹])*$"
_REACH = 60  # characters of context that are looked at
_LONGEST = 2_000
_RANGE = re.compile(
    r"(?P<lead>\b(?:between|from)\s+)?(?P<sign>[£$€]\s?)?(?P<low>\d[\d.,]*k?)\s*(?:to|and|[-\u2013])\s*[£$€]?\s?(?P<high>\d[\d.,]*k?)",
    re.IGNORECASE,
)
_STARS = re.compile(r"\s*\+?\s*-?stars?\b", re.IGNORECASE)


def read_bound(text: str, before: str, after: str) -> Op | None:
    """Return `approx`, `lte` or `gte` where a cue says so, else None.

    Args:
        text: The copied price.
        before: What stands before it.
        after: What stands after it.
    """
    near, said, left = after[:_REACH].casefold(), text.casefold(), before[-_REACH:].casefold()
    rest = after_currency(near).lstrip(" ,")
    cues = _cues()
    for op, (_, inside, following) in cues.items():
        if (inside and inside.search(said)) or following.match(rest) or following.match(near.lstrip()):
            return cast("Op", op)
    found = {op: hit.start() for op, (preceding, _, _) in cues.items() if (hit := preceding.search(left))}
    return cast("Op", min(found, key=lambda op: found[op])) if found else None


def says_stars(text: str, after: str) -> bool:
    """Whether a number is a rating in stars."""
    return bool(_STARS.match(after) or _STARS.search(text))


def says_total(text: str) -> bool:
    """Whether a budget in `text` is said to be for everything the shopper buys."""
    return bool(_total().search(text[:_LONGEST].casefold()))


def range_floor(text: str, amount: float) -> float | None:
    """Return the lower end of a range whose upper end is `amount` ("$5 to $10", "between 50 and 80"), else None."""
    for found in _RANGE.finditer(text[:_LONGEST]):
        sure = found.group("lead") or found.group("sign")
        low, high = read_number(found.group("low")), read_number(found.group("high"))
        if sure and low is not None and high == amount and low < high:
            return low
    return None


@lru_cache(maxsize=1)
def _total() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_data()['total'])})\b")


def _data() -> dict[str, Any]:
    return dict(yaml.safe_load(_BOUNDS.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _cues() -> dict[str, tuple[re.Pattern[str], re.Pattern[str] | None, re.Pattern[str]]]:
    data: dict[str, dict[str, list[str]]] = {op: lists for op, lists in _data().items() if op != "total"}
    return {
        op: (
            re.compile(rf"(?:^|(?<=\W)|(?=\W))(?:{'|'.join(lists['before'])}){_BETWEEN}"),
            re.compile("|".join(lists["inside"])) if lists["inside"] else None,
            re.compile("|".join(lists["after"])),
        )
        for op, lists in data.items()
    }
