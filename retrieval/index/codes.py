"""Model numbers and compounds: the same thing written joined, split or hyphenated must be one word to the index.

"WH-1000XM4", "wh1000xm4" and "WH 1000 XM4" share no word, but they share the runs of letters and digits that they are
made of. Every window over such runs that mixes letters and digits is a code: "1000xm4", "wh1000xm4", "256gb".
"""

from __future__ import annotations

import re
from itertools import pairwise

_RUN = re.compile(r"[a-z]+|\d+")
_WORD = re.compile(r"[^\W_]+")
_MODEL = re.compile(r"\b[a-z]+-?\d[a-z\d-]*\b")

LONGEST_WINDOW = 5  # runs; "wh 1000 xm 4" has four
LONGEST_CODE = 24  # characters
SHORTEST_MODEL = 4
MOST_CODES = 256  # a hostile text of alternating letters and digits must not flood the index


def codes(text: str, *, longest: int = LONGEST_WINDOW) -> list[str]:
    """Return the distinct codes of `text`, of up to `longest` runs each, in order of appearance."""
    runs = _RUN.findall(text.lower())
    digits = [run.isdigit() for run in runs]
    found: dict[str, None] = {}
    for start, first in enumerate(runs):
        code, mixed = first, False
        for place in range(start + 1, min(start + longest, len(runs))):
            code += runs[place]
            mixed = mixed or digits[place] != digits[start]
            if len(code) > LONGEST_CODE:
                break
            if mixed:
                found[code] = None
        if len(found) >= MOST_CODES:
            break
    return list(found)[:MOST_CODES]


def model_numbers(text: str) -> list[str]:
    """Return what in `text` looks like a model number, joined: letters first, then digits ("256gb" is a measure)."""
    joined = ("".join(_RUN.findall(word)) for word in _MODEL.findall(text.lower()))
    return [code for code in joined if len(code) >= SHORTEST_MODEL and len(_RUN.findall(code)) <= LONGEST_WINDOW]


def joined_pairs(text: str) -> list[str]:
    """Return each two neighbouring words of `text` as one: "head phones" gives "headphones"."""
    words = _WORD.findall(text.lower())
    return [first + second for first, second in pairwise(words) if first.isalpha() and second.isalpha()]
