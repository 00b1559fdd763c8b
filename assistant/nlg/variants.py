"""Which size or colour a question asks about, and what the variants of a product answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assistant.nlg.fields import availability, field_id
from assistant.nlg.matching import stem_set
from assistant.nlg.wording import flat, listed, word_list
from assistant.service.terms import stems, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.types import Product

Part = tuple[str, tuple[tuple[str, str], ...]]
"""A sentence and the (evidence id, text) facts that prove it."""

_MAX_LISTED = 12
_LETTER_SIZES = frozenset(
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "2xl", "3xl", "4xl", *("small", "medium", "large"))
)
_SPEECH = frozenset("sml")  # alone these letters are sizes only where "size" or "in" says so
_COUNTED = frozenset(["year", "years", "month", "months", "week", "weeks", "day", "days", "hour", "hours", "of"])
_BEFORE_SIZE = frozenset(["in", "size", "sizes", "uk", "us", "eu"])


def variant_parts(product: Product, group: Sequence[Product], question: str, asked: Sequence[str]) -> Iterator[Part]:
    """Yield what sizes, colours and stock answer.

    Args:
        product: The item asked about.
        group: All offers of its group, itself included.
        question: As typed.
        asked: Names of the product fields that the question is about.
    """
    own = [p for p in group if p.color == product.color] or list(group)  # sizes are asked of this colour
    sizes, colours = _values(own, "size"), _values(group, "color")
    size = asked_size(question, sizes, about_size="size" in asked)
    colour = asked_colour(question, colours)
    if sizes and (size or "size" in asked):
        yield _on_sizes(own, sizes, size)
    elif "size" in asked and size:
        title = (field_id(product.product_id, "title"), flat(product.title))
        yield f"No, it does not come in sizes, so size {size} does not apply.", (title,)
    if colours and (colour or "color" in asked):
        yield _on_colours(group, colours, colour)
    if "availability" in asked and not size:
        field = availability(product)
        yield f"It is {field.text}.", ((field.evidence_id, f"{field.label}: {field.text}"),)


def _on_sizes(group: Sequence[Product], sizes: Sequence[str], wanted: str) -> Part:
    proof = tuple((field_id(p.product_id, "size"), f"Size: {flat(p.size)}") for p in group if p.size)
    offered = listed(flat(s) for s in sizes[:_MAX_LISTED])
    more = f" and {len(sizes) - _MAX_LISTED} more" if len(sizes) > _MAX_LISTED else ""
    real = f"the size{'s are' if len(sizes) > 1 else ' is'} {offered}{more}"
    if not wanted:
        return f"{real[0].upper()}{real[1:]}.", proof
    found = [p for p in group if _same(p.size, wanted)]
    if not found:
        return f"No, not in size {wanted}; {real}.", proof
    stock = next((p for p in found if p.availability == "in_stock"), found[0])
    field = availability(stock)
    said = f"Yes, size {flat(stock.size)} is {field.text}."
    if stock.availability != "in_stock":
        said = f"It is made in size {flat(stock.size)}, but that is {field.text}."
    return said, (*proof, (field.evidence_id, f"Size: {flat(stock.size)} {field.text}"))


def _on_colours(group: Sequence[Product], colours: Sequence[str], wanted: str) -> Part:
    proof = tuple((field_id(p.product_id, "color"), flat(p.color)) for p in group if p.color)
    offered = listed(flat(c).lower() for c in colours[:_MAX_LISTED])
    if not wanted:
        return f"It comes in {offered}.", proof
    if any(stem_set(wanted) <= stem_set(c) for c in colours):
        return f"Yes, it comes in {flat(wanted)}.", proof
    return f"No, not in {flat(wanted)}; it comes in {offered}.", proof


def _values(group: Sequence[Product], name: str) -> list[str]:
    return list(dict.fromkeys(str(getattr(p, name)) for p in group if getattr(p, name)))


def asked_size(question: str, sizes: Sequence[str], *, about_size: bool) -> str:
    """Return the one size that a question names: one that is sold, else one that looks like a size; "" for none.

    A bare number or a lone letter is a size only where it stands as one ("in 9", "size M").
    """
    tokens = [t.strip(".,?!;:()").lower() for t in question.split()]
    sold = (s for s in sizes if any(_clear(tokens, i, s, about_size=about_size) for i in _places(tokens, s)))
    found = next(sold, "")
    if found:
        return found
    labels = any(_looks_like_size(s.lower()) for s in sizes)
    if not about_size and not labels:
        return ""
    other = next((t for i, t in enumerate(tokens) if _looks_like_size(t) and _after_in(tokens, i)), "")
    return other.upper() if other.isalpha() and len(other) <= 4 else other


def _places(tokens: Sequence[str], size: str) -> list[int]:
    parts = size.lower().split()
    return [i for i in range(len(tokens)) if tokens[i : i + len(parts)] == parts]


def _clear(tokens: Sequence[str], place: int, size: str, *, about_size: bool) -> bool:
    low = size.lower()
    ambiguous = low in _SPEECH or low.replace(".", "", 1).isdigit()
    if not ambiguous or _after_in(tokens, place):
        return True
    following = tokens[place + 1] if place + 1 < len(tokens) else ""
    article = place > 0 and tokens[place - 1] in ("a", "an", "the")
    return low not in _SPEECH and (about_size or article) and following not in _COUNTED | (word_list("units") - {"in"})


def _after_in(tokens: Sequence[str], place: int) -> bool:
    """Whether a word stands where sizes stand: "in 9", "in a 9", "a size 9"."""
    return not _BEFORE_SIZE.isdisjoint(tokens[max(0, place - 2) : place])


def _looks_like_size(token: str) -> bool:
    return token in _LETTER_SIZES or bool(re.fullmatch(r"\d{1,3}(?:\.5|½)?", token))


def _same(size: str, wanted: str) -> bool:
    return size.lower().replace(" ", "") == wanted.lower().replace(" ", "")


def asked_colour(question: str, colours: Sequence[str]) -> str:
    """Return the colour that a question names: one that is sold, else any that has a common name; "" for none."""
    asked = frozenset(stems(question))
    sold = next((c for c in colours if stem_set(c) <= asked), "")
    return sold or next((w for w in words(question) if w in word_list("colors")), "")
