"""How text becomes words of the lexical index: stemming and stop words by language, character pairs by script.

Chinese, Japanese and Korean write without spaces, or inflect within what stands between two: every two neighbouring
characters are a word of the field `cjk`, and so is each character, for queries of one. Asked for, a run of characters
means its pairs, which finds it inside any longer run. It needs no dictionary, so no word is unknown to it.

References:
    Nie, Gao, Zhang, Zhou: On the use of words and n-grams for Chinese information retrieval, IRAL 2000.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT: Final = "en"
MOST_PAIRS: Final = 20_000  # of one document, against floods


@dataclass(frozen=True, slots=True)
class Analysis:
    """What tantivy calls a language, and whether it knows its stop words."""

    stemmer: str
    has_stopwords: bool = True


ENGLISH: Final = Analysis("english")
ANALYSES: Final[dict[str, Analysis]] = {
    "ar": Analysis("arabic", has_stopwords=False),
    "da": Analysis("danish"),
    "de": Analysis("german"),
    "el": Analysis("greek", has_stopwords=False),
    "en": ENGLISH,
    "es": Analysis("spanish"),
    "fi": Analysis("finnish"),
    "fr": Analysis("french"),
    "hu": Analysis("hungarian"),
    "it": Analysis("italian"),
    "ja": ENGLISH,  # what is Latin in these is mostly English
    "ko": ENGLISH,
    "nl": Analysis("dutch"),
    "no": Analysis("norwegian"),
    "pt": Analysis("portuguese"),
    "ro": Analysis("romanian", has_stopwords=False),
    "ru": Analysis("russian"),
    "sv": Analysis("swedish"),
    "zh": ENGLISH,
}

_CJK = re.compile(
    "["
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana, and marks that repeat a character
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "]+"
)

_CJK_APART = re.compile(f"({_CJK.pattern})")


def has_cjk(text: str) -> bool:
    """Whether any character of `text` is Chinese, Japanese or Korean."""
    return not text.isascii() and _CJK.search(unicodedata.normalize("NFKC", text)) is not None


def without_cjk(text: str) -> str:
    """Return what of `text` is written in words, with a space where something else stood; most text as it is."""
    return _CJK.sub(" ", unicodedata.normalize("NFKC", text)) if has_cjk(text) else text


def between_cjk(text: str, change: Callable[[str], str]) -> str:
    """Return `text` with what stands before, between and after runs of such characters changed."""
    if not has_cjk(text):
        return change(text)
    parts = _CJK_APART.split(text)
    return "".join(part if i % 2 or not part else change(part) for i, part in enumerate(parts))


def cjk_words(text: str) -> list[str]:
    """Return what a document of this text is found by: every character and every two neighbouring ones."""
    words: list[str] = []
    for run in _runs(text):
        words += [*run, *_pairs(run)]
    return words[:MOST_PAIRS]


def cjk_terms(text: str) -> list[str]:
    """Return what a query asks for: the pairs of each run, or the character that stands alone; each once."""
    return list(dict.fromkeys(term for run in _runs(text) for term in (_pairs(run) or [run])))


def _runs(text: str) -> list[str]:
    return [] if text.isascii() else _CJK.findall(unicodedata.normalize("NFKC", text))


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
