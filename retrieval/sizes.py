"""Sizes as shops and shoppers write them: measures with units, letter sizes, numbers, names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import retrieval.lexicon as lexicon
from retrieval.words import fold, singular

_INCH_MM = 25.4
_NUMBER = r"\d+(?:[.,]\d+)?(?:\s+\d/\d|\s*/\s*\d(?!\d))?"
_CROSS = re.compile(r"(?<![\w.])w?(\d{1,4}(?:[.,]\d+)?)\s*(?:x|\u00d7|/|\s+l)\s*l?(\d{1,4}(?:[.,]\d+)?)(?![\w.])")
_CROSS_MEASURED = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*x\s*(\d+(?:[.,]\d+)?)(?:\s*x\s*(\d+(?:[.,]\d+)?))?\s*(mm|cm|m|in|inch|ft|\")(?!\w)"
)
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}
_HALVES = re.compile("[½¼¾]")
_FEET_INCHES = re.compile(r"(?<![\w.])(\d)\s*(?:ft|foot|feet|')\s*(\d{1,2})\s*(?:in\b|inch(?:es)?\b|\"|''|(?![\w.]))")
_FOR_PEOPLE = re.compile(r"^for (\d+)$")
_PLAIN = re.compile(r"\d{1,4}(?:[.,]\d+)?(?:-\d{1,4}(?:\.\d+)?)?[a-z]{0,2}")


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity in the base unit of its dimension (mm, ml, g, GB, W, mAh, persons, pieces, years)."""

    dimension: str
    amount: float
    whole_inches: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """One size, read: measures, and names such as "xl", "9", "uk 9", "queen"."""

    measures: tuple[Measure, ...] = ()
    names: tuple[str, ...] = ()


@cache
def _units() -> dict[str, list[tuple[str, float]]]:
    """Return unit -> (dimension, factor); an ounce is a mass and a volume, and only the product knows which."""
    found: dict[str, list[tuple[str, float]]] = {}
    for dimension, units in lexicon.table("units")["units"].items():
        for unit, factor in units.items():
            found.setdefault(str(unit), []).append((dimension, float(factor)))
    return found


@cache
def _written_units() -> str:
    units = sorted((u for u in _units() if " of" not in u), key=len, reverse=True)
    return "|".join(re.escape(u) + ("(?:e?s)?" if u[-1].isalpha() and len(u) > 1 else "") for u in units)


@cache
def _measure_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/])({_NUMBER})\s*-?\s*({_written_units()})(?!\w)")


@cache
def _range_pattern() -> re.Pattern[str]:
    """Match the lower end of "10-11 years", and the unit."""
    return re.compile(rf"(?<![\w.,/-])({_NUMBER})\s*(?:-|\u2013|to)\s*{_NUMBER}\s*-?\s*({_written_units()})(?!\w)")


@cache
def _letters() -> dict[str, str]:
    table = lexicon.table("units")["letters"]
    return {str(written): str(letter) for letter, many in table.items() for written in (letter, *many)}


@cache
def _number_words() -> re.Pattern[str]:
    """Match a number word before a unit: "two pack", "three seater"."""
    words = "|".join(lexicon.table("units")["numbers"])
    units = "|".join(re.escape(u) for u in _units() if len(u) > 1 and u.isalpha())
    return re.compile(rf"\b({words})(?=[\s-]+(?:{units})s?\b)")


@cache
def _fractions() -> re.Pattern[str]:
    """Match a fraction in words before a unit: "half a litre", "one and a half metres", "a quarter of a pound"."""
    table = lexicon.table("units")
    parts, whole = "|".join(table["fractions"]), "|".join([*map(str, table["numbers"]), r"\d+"])
    units = "|".join(re.escape(u) for u in _units() if len(u) > 1 and u.isalpha())
    return re.compile(
        rf"\b(?:({whole})[\s-]+and[\s-]+)?(?:an?[\s-]+)?({parts})(?:[\s-]+of)?(?:[\s-]+an?)?(?=[\s-]+(?:{units})s?\b)",
        re.IGNORECASE,
    )


def in_figures(text: str) -> str:
    """Return `text` with fractions in words as figures: "half a litre" is "0.5 litre"."""
    table = lexicon.table("units")

    def figure(match: re.Match[str]) -> str:
        whole, part = (match[1] or "0").lower(), match[2].lower()
        return f"{float(table['numbers'].get(whole, whole)) + float(table['fractions'][part]):g}"

    return _fractions().sub(figure, text)


def measures(text: str) -> tuple[Measure, ...]:
    """Return every quantity with a unit that `text` mentions."""
    lowered = in_figures(fold(_plain_halves(text)))
    if not any(c.isdigit() for c in lowered):
        return ()
    single = [m for number, unit in _measure_pattern().findall(lowered) for m in _measured(number, unit)]
    joined = [(n, found[-1]) for found in _CROSS_MEASURED.findall(lowered) for n in found[:3] if n]
    joined += [(low, unit) for low, unit in _range_pattern().findall(lowered)]  # the upper end stands by its unit
    return tuple(dict.fromkeys((*single, *(m for number, unit in joined for m in _measured(number, unit)))))


def crossed(text: str) -> tuple[str, ...]:
    """Return the sizes such as "140x200" that `text` gives with a unit of length."""
    found = _CROSS_MEASURED.findall(fold(text)) if "x" in text.casefold() else []
    return tuple("x".join(_tidy(n) for n in parts[:2]) for parts in found)


def read(text: str) -> Size:
    """Read one size: `read("UK 9")` names "uk 9" and "9"; `read("27 inch")` measures 685.8 mm."""
    lowered = in_figures(fold(_plain_halves(text)).strip())
    lowered = _number_words().sub(lambda m: str(lexicon.table("units")["numbers"][m[1]]), lowered)
    lowered = _FOR_PEOPLE.sub(r"\1 person", lowered)
    found = measures(lowered)
    rest = " ".join(_measure_pattern().sub(" ", _range_pattern().sub(" ", lowered)).split()) if found else lowered
    return Size(found, (*_names(rest, alone=not found), *_of_body(found, lowered)))


def kind(name: str) -> str:
    """Return what a size name is: "letter", "number" (also by region) or "name"."""
    if name in lexicon.table("units")["letters"]:
        return "letter"
    return "number" if name[-1:].isdigit() and _PLAIN.fullmatch(name.rsplit(" ", 1)[-1]) else "name"


def _of_body(found: tuple[Measure, ...], lowered: str) -> list[str]:
    """Return the figures that name a garment's size: clothes "30 inch waist" are sold as size 30."""
    if not set(re.findall(r"[a-z]+", lowered)).intersection(lexicon.table("units")["body"]):
        return []
    return [f"{m.amount / _INCH_MM:g}" for m in found if m.whole_inches]


def _measured(number: str, unit: str) -> list[Measure]:
    known = _units()
    name = next(u for u in (unit, singular(unit), unit[:-1], unit[:-2]) if u in known)
    amount = _amount(number)
    return [
        Measure(dimension, round(amount * factor, 3), whole_inches=factor == _INCH_MM and amount == int(amount))
        for dimension, factor in known[name]
    ]


def _plain_halves(text: str) -> str:
    text = _HALVES.sub(lambda m: _FRACTIONS[m[0]], text)
    return _FEET_INCHES.sub(lambda m: f"{int(m[1]) * 12 + int(m[2])} inch", text)


def _amount(text: str) -> float:
    whole, _, fraction = text.replace(",", ".").replace("/", " /").partition(" ")
    if "/" not in fraction:
        return float(whole)
    above, _, below = fraction.replace(" ", "").partition("/")
    return float(whole) + float(above) / max(float(below), 1.0) if above else float(whole) / max(float(below), 1.0)


def _names(text: str, *, alone: bool) -> tuple[str, ...]:
    if text in _letters():
        return (_letters()[text],)
    crossed = _CROSS.findall(text)
    if crossed:
        return tuple("x".join(_tidy(n) for n in pair) for pair in crossed)
    words = [w for w in re.split(r"[\s,;()]+|(?<=[a-z])/(?=[a-z])", text.replace(":", " ")) if w]
    kept = [w for w in words if w not in _fillers()]
    phrase = " ".join(kept)
    if phrase in _letters():
        return (_letters()[phrase],)
    names = _region_names(kept)
    if not names and alone:
        names = [phrase] if phrase else []
        names += [w for w in (_letters().get(w, w) for w in kept) if w != phrase and len(kept) > 1]
    return tuple(dict.fromkeys(n for n in names if n))


def _region_names(words: list[str]) -> list[str]:
    """Return the figures with the region that stands before or after each: "UK 9", "9 UK", "EU42"."""
    names: list[str] = []
    before, bare = "", ""  # a region without figure yet; a figure without region yet
    for word in words:
        region, figure = _split_region(word)
        if region and not figure and bare:
            names.insert(len(names) - 1, f"{region} {bare}")
            bare = ""
        elif region and not figure:
            before = region
        elif figure:
            region = region or before
            names += [f"{region} {figure}", figure] if region else [figure]
            before, bare = "", "" if region else figure
    return names


def _split_region(word: str) -> tuple[str, str]:
    """Return the region and the figure that a word holds: "eu42" holds both, other words neither."""
    regions = lexicon.table("units")["regions"]
    region = next((r for r in sorted(regions, key=len, reverse=True) if word.startswith(r)), "")
    rest = word.removeprefix(region)
    figure = _tidy(rest) if _PLAIN.fullmatch(rest) else ""
    if rest and not figure:
        return "", ""
    return "eu" if region == "eur" else region, figure


def _tidy(number: str) -> str:
    return re.sub(r"[.]0+$", "", number.replace(",", "."))


@cache
def _fillers() -> frozenset[str]:
    return frozenset(str(w) for w in lexicon.table("units")["fillers"])
