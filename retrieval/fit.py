"""Whether one product is made for another: the model, brand, screen and size that its own text names.

Decided by what feeds say ("for Canon EOS 250D", a compatibility column, "fits 14 in laptop"), never by likeness.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import retrieval.lexicon as lexicon
from retrieval.words import normal, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from retrieval.types import Product

_FOR = re.compile(r"\b(?:for|compatible with|fits|designed for|made for|suitable for|f/)\s+(.+)", re.IGNORECASE)
_TELLING = frozenset({"compatibility", "compatible", "fits", "suitable", "designed"})
_ANY = frozenset({"universal", "any", "all", "various", "other"})
_SCREEN = re.compile(r"\b(?:screen size|display diagonal|diagonal|screen)\b")
_INCHES = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*-?(?:\"|''|\u2033|\u201d|in\b|inch)", re.IGNORECASE)
_CODE = re.compile(r"([a-z]*)(\d+)[a-z]*")
_MEASURED = re.compile(
    r"(?<![\w-])\d[\d.,]*\s*(?:x\s*\d[\d.,]*|(?:pixels?|dpi|[kmgt]b|[km]?bit|[kmg]?hz|m?ah|v?a|m?m|cm|ft|feet|in|inch|"
    r"w|v|kg|g|mp|pages?|sheets?|pc|pcs|pieces?|lumens?|rpm|ppm|years?|pin|port|ports|ml|l|u)\b)",
    re.IGNORECASE,
)
_SPECIFICATION = re.compile(
    r"\d+(?:[kmgt]b|[kmg]?hz|mm|cm|m|in|v|w|kg|g|ml|l|p|k|mah|ah|va|mp|dpi|ppm|x\d*|pk|pc|th|nd|rd|st|core|bit|u|y)|ddr\d.*"
    r"|usb\d*|[ab]\d|cat\d.*|rj\d+|i[3579]|gen\d|pc\d+|mp[34]|h26[45]|hd\d*|wi.*|ipx?\d+|db\d+|d1"
)
_SHORT: Final = 3  # digits that tell a model without letters before them
_SLACK: Final = 0.2  # inches between one screen size and its other names
_ROOM: Final = 2.5  # inches by which a bag or a film may be larger than the screen


class Fit(IntEnum):
    """How well a companion fits, the better the larger."""

    WRONG = 0  # it names another model, brand or size
    UNSAID = 1
    BRAND = 2  # of the same brand, or made for it
    MODEL = 3  # made for this very model


@dataclass(frozen=True, slots=True)
class Identity:
    """What others may name to say that they are made for a product.

    Attributes:
        brand: Its brand, normalised.
        codes: Its model numbers as (letters before, digits): "P3015x" is ("p", "3015").
        inches: Its screen; None where unknown.
        size: Its size, normalised.
        facts: Attributes that a companion's must agree with, by name.
    """

    brand: str
    codes: frozenset[tuple[str, str]]
    inches: float | None
    size: str
    facts: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, product: Product) -> Identity:
        """Read a product."""
        name = product.attributes.get("name", product.attributes.get("model", ""))
        brand = normal(product.brand)
        codes = frozenset(_codes(f"{product.title} {name}"))
        return cls(brand, codes, _screen(product), normal(product.size), _agreeing(product))


def fit(product: Product, whole: Identity, *, brands: frozenset[str], bound: bool, same_size: bool) -> Fit:
    """Return how well `product` fits what it shall go with.

    Args:
        product: The companion.
        whole: What it shall go with.
        brands: Every brand of the shop, normalised: one named as what it is made for, and not ours, is another's.
        bound: Whether it works only with what it is made for.
        same_size: Whether both must be of one size, or what holds a screen be not much larger.
    """
    if (same_size and _other_size(normal(product.size), whole.size)) or not _screen_fits(
        product, whole, snug=same_size
    ):
        return Fit.WRONG
    if not _agree(_agreeing(product), whole.facts):
        return Fit.WRONG
    told = " ".join(_made_for(product))
    text = f"{told} {_after_for(product.description[:_TOLD])}"
    ours = bool(whole.brand) and f" {whole.brand} " in f" {normal(text)} "
    same = bool(whole.brand) and normal(product.brand) == whole.brand
    foreign = not ours and _brands_in(told, brands)
    if _meet(_codes(text), whole.codes) and not foreign:
        return Fit.MODEL
    if same and _meet(_codes(product.title), whole.codes):
        return Fit.MODEL
    others = any(_codes(told))
    if foreign or (others and (whole.codes or bound)):
        return Fit.WRONG
    if ours or same:
        return Fit.BRAND
    return Fit.WRONG if bound else Fit.UNSAID


def _made_for(product: Product) -> Iterator[str]:
    """Yield what the title and the attributes say that a product is made for."""
    yield _after_for(product.title)
    for name, value in product.attributes.items():
        if isinstance(value, str) and _TELLING.intersection(name.split()) and not _SCREEN.search(name):
            yield value


def _after_for(text: str) -> str:
    found = _FOR.search(text)
    return found[1] if found else ""


_TOLD: Final = 200  # characters of a description


def _codes(text: str) -> Iterator[tuple[str, str]]:
    """Yield the model numbers of a text, without figures of a specification."""
    for token in tokens(_MEASURED.sub(" ", text.replace("\\n", " "))):
        found = _CODE.fullmatch(token)
        if found is None or _SPECIFICATION.fullmatch(token):
            continue
        letters, digits = found[1], found[2]
        if len(digits) >= _SHORT or (letters and len(digits) > 1) or (token[-1].isalpha() and len(digits) > 1):
            yield letters, digits


def _meet(meant: Iterable[tuple[str, str]], own: Iterable[tuple[str, str]]) -> bool:
    """Whether a model is named; "LT220/240" names the LT240, so letters may be left out before three digits."""
    return any(
        digits == ours and (letters == before or (len(digits) >= _SHORT and "" in (letters, before)))
        for letters, digits in meant
        for before, ours in own
    )


def _brands_in(text: str, brands: frozenset[str]) -> bool:
    words = tokens(text)
    if _ANY.intersection(words):
        return False
    return any(" ".join(words[i : i + n]) in brands for n in (1, 2) for i in range(len(words) - n + 1))


def _agreeing(product: Product) -> dict[str, frozenset[str]]:
    names = lexicon.table("companions")["agree"]
    return {name: frozenset(tokens(str(product.attributes[name]))) for name in names if name in product.attributes}


def _agree(found: Mapping[str, frozenset[str]], wanted: Mapping[str, frozenset[str]]) -> bool:
    """Whether shared attributes say the same, one perhaps more fully: "DDR4" and "DDR4-SDRAM"."""
    return all(
        words <= wanted[name] or wanted[name] <= words for name, words in found.items() if name in wanted and words
    )


def _other_size(size: str, wanted: str) -> bool:
    return bool(size and wanted) and size != wanted


def _screen(product: Product) -> float | None:
    """Return the diagonal of a product's screen in inches."""
    for name, value in product.attributes.items():
        if _SCREEN.search(name) and not _TELLING.intersection(name.split()):
            found = _inches(value)
            if found is not None:
                return found
    return _inches(product.title)


def _inches(value: str | float) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    found = _INCHES.search(value)
    return float(found[1]) if found else None


def _screen_fits(product: Product, whole: Identity, *, snug: bool) -> bool:
    """Whether what the product says of the screens it is made for admits this one."""
    if whole.inches is None:
        return True
    for name, value in product.attributes.items():
        if _TELLING.intersection(name.split()):
            largest = _inches(value) if isinstance(value, str) or _SCREEN.search(name) else None
            if largest is not None:
                return whole.inches <= largest + _SLACK and not (snug and largest - whole.inches > _ROOM)
    return True
