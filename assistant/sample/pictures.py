"""Draws a picture for any product: a silhouette chosen by its shelf and title, in its own colour.

The drawings and the words that choose among them are data, in `silhouettes/*.yaml`. Nothing from a product enters the
picture but words that the tables know and its title, escaped.
"""

from __future__ import annotations

import colorsys
import re
import zlib
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import yaml

from assistant.sample.shelf import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from retrieval.types import Product

FALLBACK = "box"
_KEYWORDS = "keywords"
_MAX_TITLE = 120  # characters of the label
_MAX_PHRASE = 3  # words
_PALE = 0.85  # lightness from which what is drawn on a colour, and around it, must be darker to be seen
_INK, _PAPER, _METAL, _WOOD = "#2f3138", "#fbfaf6", "#c3c9d2", "#b58a5c"
_DUSK = "#dcdfe3"  # stands for paper on a pale product
_GROUNDS = ("#e9eef5", "#f4ece3", "#e8f1ea", "#f5e9ea", "#eeeaf5", "#e6f1f2", "#f4f0de", "#ececec")
_TINTS = ("#5b7fa6", "#c9785d", "#6f9a78", "#8a76a8", "#cf9f4a", "#4f8f93", "#b56b7d", "#7d8590")
_WORD = re.compile(r"[a-z0-9]+")
_ASIDE = re.compile(r"\b(?:for|with|compatible|by|and|in|from)\b|[,(\[|/+&]|\s-\s")
_PAGE = Template(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400" role="img" '
    "aria-label=$label><title>$title</title>"
    '<rect width="400" height="400" fill="$ground"/><circle cx="200" cy="200" r="168" fill="#fff" opacity=".55"/>'
    '<ellipse cx="200" cy="330" rx="138" ry="15" fill="$shadow" opacity=".22"/>'
    '<g fill="$c" stroke="$d" stroke-width="4" stroke-linejoin="round" stroke-linecap="round">$drawing</g></svg>'
)


def draw(product: Product) -> str:
    """Return an SVG of 400 x 400 for any product: valid XML below 4 kB, without script, style or reference."""
    name = silhouette(product)
    tint = _tint(product, name)
    pale = _pale(tint)
    inks = {
        "c": tint, "d": _shade(tint, -0.34 if pale else -0.16), "l": _shade(tint, -0.06 if pale else 0.13),
        "a": _accent(tint), "k": _INK, "w": _DUSK if pale else _PAPER, "m": _METAL, "b": _WOOD,
    }  # fmt: skip
    ground = _GROUNDS[_chance(product.product_type.split(">")[0]) % len(_GROUNDS)]
    title = "".join(letter for letter in product.title[:_MAX_TITLE] if letter.isprintable())
    drawing = Template(_drawings()[name]).substitute(inks)
    return _PAGE.substitute(
        inks, drawing=drawing, ground=ground, shadow=_shade(ground, -0.5), label=quoteattr(title), title=escape(title)
    )


def silhouette(product: Product) -> str:
    """Return the name of the drawing that suits a product: by its shelf, else its title, else its category path."""
    for text in (product.shelf, _head(product.title), product.product_type, product.google_product_category):
        if name := _best(text):
            return name
    return FALLBACK


def _head(title: str) -> str:
    """Return a title up to where it says what the thing goes with."""
    return _ASIDE.split(title.casefold(), maxsplit=1)[0]


def _best(text: str) -> str:
    stems = [_stem(word) for word in _WORD.findall(text[:300].casefold())]
    found = [(n, end, name) for n, end, name in _named(stems)]
    return max(found)[2] if found else ""


def _named(stems: list[str]) -> Iterator[tuple[int, int, str]]:
    phrases = _phrases()
    for n in range(1, _MAX_PHRASE + 1):
        for start in range(len(stems) - n + 1):
            if name := phrases.get(tuple(stems[start : start + n])):
                yield n, start + n, name


@cache
def _phrases() -> Mapping[tuple[str, ...], str]:
    words: Mapping[str, list[str]] = _file(_KEYWORDS)["words"]
    return {tuple(map(_stem, _WORD.findall(phrase))): name for name, phrases in words.items() for phrase in phrases}


def _stem(word: str) -> str:
    if re.search(r"(?:ss|sh|ch|x)es$", word):
        return word[:-2]
    if re.search(r"..ies?$", word):
        return re.sub(r"ies?$", "y", word)
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@cache
def _drawings() -> Mapping[str, str]:
    names = sorted(entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))
    return {str(name): str(svg) for file in names if file != _KEYWORDS for name, svg in _file(file).items()}


def _folder() -> Traversable:
    return files("assistant.sample") / "silhouettes"


@cache
def _file(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((_folder() / f"{name}.yaml").read_text("utf-8"), Loader=_LOADER)  # noqa: S506
    return loaded


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # both are safe


def _tint(product: Product, name: str) -> str:
    for text in (product.color, product.material, product.title):
        if found := _color(text):
            return found
    tint: str = _file(_KEYWORDS)["tints"].get(name) or _TINTS[_chance(product.shelf or name) % len(_TINTS)]
    return tint


def _color(text: str) -> str:
    """Return the colour that a text names, the longest name first, or ""."""
    padded = f" {' '.join(_WORD.findall(text[:300].casefold()))} "
    return next((value for name, value in _colors() if f" {name} " in padded), "")


@cache
def _colors() -> tuple[tuple[str, str], ...]:
    colors = {str(name): str(told[1]) for name, told in table("colors")["colors"].items()}
    colors["grey"] = colors["gray"]
    return tuple(sorted(colors.items(), key=lambda entry: (-len(entry[0]), entry[0])))


def _shade(tint: str, by: float) -> str:
    """Return a colour made lighter (or darker, below 0) by a share of the whole scale, 0..1."""
    hue, light, depth = colorsys.rgb_to_hls(*(int(tint[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    light = min(max(light + by, 0.04), 0.96)
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, depth))


def _pale(tint: str) -> bool:
    parts = [int(tint[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return max(parts) + min(parts) > 2 * _PALE


def _accent(tint: str) -> str:
    """Return a quiet colour from the other side of the wheel."""
    hue, _, depth = colorsys.rgb_to_hls(*(int(tint[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    hue = (hue + 0.5) % 1 if depth > 0.1 else 0.57
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, 0.7, 0.45))


def _chance(text: str) -> int:
    return zlib.crc32(text.strip().casefold().encode())
