"""The one definition of the text that indexes hold of a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.types import Product

_DESCRIPTION_CHARS = 300
_ATTRIBUTES = 8
_VALUE_CHARS = 60
_YES = frozenset(("yes", "true", "y"))
_NO = frozenset(("no", "false", "n"))
_UNTOLD = frozenset(("", "none", "n/a", "-"))


def document_text(product: Product) -> str:
    """Return the searchable text of a product.

    Neither size nor price is in it: size variants of one thing share one text, and so one embedding.
    """
    parts = [
        product.title,
        product.brand if product.brand.casefold() not in product.title.casefold() else "",
        " ".join(step.strip() for step in product.product_type.split(">")),
        product.color if product.color.casefold() not in product.title.casefold() else "",
        product.material,
        ", ".join(attribute_phrases(product, most=_ATTRIBUTES)),
        _shortened(product.description),
    ]
    return ". ".join(part.strip(" .") for part in parts if part and part.strip(" ."))


def attribute_phrases(product: Product, *, most: int = 100) -> list[str]:
    """Return attributes as words, in feed order: true ones by name, others as "name value"; false ones are left out."""
    phrases: list[str] = []
    for name, value in product.attributes.items():
        phrase = _phrase(name, value)
        if phrase:
            phrases.append(phrase)
            if len(phrases) == most:
                break
    return phrases


def attribute_value(value: str | float | bool) -> str:
    """Return the value of an attribute as words: "yes" or "no" where it says so, "" where it says nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:g}"
    lowered = value.strip().casefold()
    if lowered in _UNTOLD:
        return ""
    return "yes" if lowered in _YES else "no" if lowered in _NO else value.strip()


def _phrase(name: str, value: str | float | bool) -> str:
    told = attribute_value(value)
    if told in ("", "no"):
        return ""
    return name if told == "yes" else f"{name} {told[:_VALUE_CHARS]}"


def _shortened(text: str) -> str:
    if len(text) <= _DESCRIPTION_CHARS:
        return text
    return text[:_DESCRIPTION_CHARS].rsplit(" ", 1)[0]
