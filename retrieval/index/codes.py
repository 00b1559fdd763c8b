"""Model numbers and compounds: the same thing written joined, split or hyphenated must be one word to the index.

"WH-1000XM4", "wh1000xm4" and "WH 1000 XM4" share no word, but they share the runs of letters and digits that they are
made of. Every window over such runs that mixes letters and digits is a code: "1000xm4", "wh1000xm4", "256gb".
"""

from __future__ import annotations

import re
from itertools import pairwise

_RUN = re.compile(r"[a-z]+|\d+")
_WORD = re.compile(r"[^\W_]+")

LONGEST_WINDOW = 5  # runs; "wh 1000 xm 4" has four
SHORTEST_CODE, LONGEST_CODE = 2, 24  # characters
MOST_CODES = 256  # a hostile text of alternating letters and digits must not flood the index


def codes(text: str) -> list[str]:
    """Return the distinct codes of `text` in order of appearance."""
    runs = _RUN.findall(text.lower())
    found: dict[str, None] = {}
    for start in range(len(runs)):
        for stop in range(start + 2, min(start + LONGEST_WINDOW, len(runs)) + 1):
            code = "".join(runs[start:stop])
            if len(code) > LONGEST_CODE or len(found) >= MOST_CODES:
                break
            if len(code) >= SHORTEST_CODE and _mixed(code):
                found[code] = None
    return list(found)


def joined_pairs(text: str) -> list[str]:
    """Return each two neighbouring words of `text` as one: "head phones" gives "headphones"."""
    words = _WORD.findall(text.lower())
    return [first + second for first, second in pairwise(words) if first.isalpha() and second.isalpha()]


def _mixed(code: str) -> bool:
    return not code.isalpha() and not code.isdigit()
