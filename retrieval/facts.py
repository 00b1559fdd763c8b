"""What is true of a product, in the normal form that predicates test.

Both sides of the exact half of search are computed from here: `Predicate.holds` reads the facts of one product, and the
catalogue stores the same facts in tables and compiles predicates to SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon
import retrieval.sizes as sizes
from retrieval.document import attribute_phrases, attribute_value
from retrieval.families import closure, named
from retrieval.heads import head_phrases, segments
from retrieval.words import normal, singular, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retrieval.types import Product

TERM_FIELDS = (
    "brand",
    "color",
    "color_any",
    "size",
    "material",
    "material_any",
    "gender",
    "age_group",
    "head",
    "attribute",
)
TEXT_FIELDS = ("title", "words", "prose")
_WORDS_CHARS = 4000
_PROSE_CHARS = 3000
_BRAND_WORDS = 3
_ATTRIBUTES = 40  # counted of each product
_ATTRIBUTE_CHARS = 60  # of a name and of a value; longer ones are prose, which nobody picks from a list
_SHADE = re.compile(r"[,/;&+|]|\band\b")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one product.

    Attributes:
        terms: (field, normalised value) pairs.
        numbers: (field, amount) pairs: price in cents, rating, and measures in base units by dimension.
        texts: Field -> normalised text with a space at either end.
    """

    terms: frozenset[tuple[str, str]]
    numbers: frozenset[tuple[str, float]]
    texts: dict[str, str]


def facts(product: Product) -> Facts:
    """Compute the facts of a product; a pure function of its fields."""
    phrases = attribute_phrases(product)
    title = normal(product.title)
    words = " | ".join(
        (title, *(normal(t) for t in (product.brand, product.product_type, product.color, product.material, *phrases)))
    )
    size = _sizes(product)
    terms = {("brand", b) for b in _brands(product)}
    terms |= {("size", n) for n in size.names}
    terms |= _colors(product, title)
    terms |= _materials(product, title, phrases)
    terms |= _people(product, title)
    terms |= {("attribute", t) for t in attribute_terms(product.attributes)}
    terms |= {("head", h) for h in head_phrases(product.title, brand=product.brand)}
    numbers: set[tuple[str, float]] = {(m.dimension, m.amount) for m in size.measures}
    numbers.add(("price", float(product.offer_cents)))
    if product.rating is not None:
        numbers.add(("rating", product.rating))
    texts = {
        "title": f" {title} ",
        "words": f" {words[:_WORDS_CHARS]} ",
        "prose": f" {normal(product.description[:_PROSE_CHARS])} ",
    }
    return Facts(frozenset(terms), frozenset(numbers), texts)


def attribute_terms(attributes: Mapping[str, str | float | bool]) -> set[str]:
    """Return attributes as `attribute_term` writes them, without those that say nothing or are prose."""
    terms = (attribute_term(name, value) for name, value in islice(attributes.items(), _ATTRIBUTES))
    return {term for term in terms if term}


def attribute_term(name: str, value: str | float | bool) -> str:
    """Return "name: value" in normal form ("waterproof: yes"), "" where one of them is empty or too long."""
    told = attribute_value(value)
    if max(len(name), len(told)) > _ATTRIBUTE_CHARS:
        return ""
    what, told = normal(name), normal(told)
    return f"{what}: {told}" if what and told else ""


def _brands(product: Product) -> set[str]:
    """Return the brand column, and what stands where a brand stands in the title.

    A reseller may be the brand ("AT&T - Samsung Galaxy ..."), so the words that open the part after it count too, but
    not on an accessory: there they say what it fits.
    """
    own = normal(product.brand)
    found = {own} if own else set()
    parts = segments(product.title)
    accessory = bool(set(tokens(product.product_type)) & _accessories())
    opening = parts[:1] if not own else [p for p in parts[1:2] if " ".join(parts[0]) == own and not accessory]
    for words in opening:
        found |= {" ".join(words[:n]) for n in range(1, min(_BRAND_WORDS, len(words)) + 1)}
    return found


@cache
def _accessories() -> frozenset[str]:
    return frozenset(w for line in lexicon.lines("accessories") for w in tokens(line))


def _sizes(product: Product) -> sizes.Size:
    read = sizes.read(product.size) if product.size else sizes.Size()
    texts = [product.title, *(str(v) for k, v in product.attributes.items() if isinstance(v, str) and about_size(k))]
    measured = (*read.measures, *(m for text in texts for m in sizes.measures(text)))
    return sizes.Size(tuple(dict.fromkeys(measured)), (*read.names, *sizes.crossed(product.title)))


@cache
def about_size(attribute: str) -> bool:
    """Whether an attribute of that name tells a size of the product itself."""
    table = lexicon.table("units")["attributes"]
    words = {singular(w) for w in tokens(attribute)}
    return bool(words & set(table["about"])) and not words & set(table["not_about"])


def _colors(product: Product, title: str) -> set[tuple[str, str]]:
    in_title = named("colors", title.split())
    own = [n for part in _SHADE.split(product.color.casefold()) for n in (normal(part), *named("colors", part)) if n]
    wanted = closure("colors", own or in_title)
    every = wanted | closure("colors", in_title)
    return {*(("color", c) for c in wanted), *(("color_any", c) for c in every)}


def _materials(product: Product, title: str, phrases: Iterable[str]) -> set[tuple[str, str]]:
    listed = [p for p in phrases if "material" in p.casefold() or "fabric" in p.casefold()]
    own = [n for text in (product.material, *listed) for n in named("materials", text)]
    if product.material:
        own.append(normal(product.material))
    imitated = {n for n in named("materials", title.split()) for o in own if o != n and o.endswith(f" {n}")}
    in_title = [n for n in named("materials", title.split()) if n not in imitated or n in own]
    wanted = closure("materials", own or in_title)
    told = () if own else named("materials", product.description[:_PROSE_CHARS])
    every = wanted | closure("materials", (*in_title, *told))
    return {*(("material", m) for m in wanted), *(("material_any", m) for m in every)}


def _people(product: Product, title: str) -> set[tuple[str, str]]:
    table = lexicon.table("recipients")
    gender = table["genders"].get(normal(product.gender), "")
    age = table["age_groups"].get(normal(product.age_group), "")
    if not gender or not age:
        told_gender, told_age = _told((*title.split(), *tokens(product.product_type)))
        gender, age = gender or told_gender, age or told_age
    return {(name, value) for name, value in (("gender", gender), ("age_group", age)) if value}


def _told(words: Iterable[str]) -> tuple[str, str]:
    found = [tuple(t) for w, t in lexicon.table("recipients")["title_words"].items() if w in set(words)]
    genders = {g for g, _ in found if g}
    ages = {a for _, a in found if a}
    gender = genders.pop() if len(genders) == 1 else "unisex" if genders else ""
    return gender, ages.pop() if len(ages) == 1 else ""
