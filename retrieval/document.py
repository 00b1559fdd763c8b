"""The one definition of the text that indexes hold of a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.types import Product

_DESCRIPTION_CHARS = 300
_ATTRIBUTES = 8
_VALUE_CHARS = 60


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


def _phrase(name: str, value: str | float | bool) -> str:
    if isinstance(value, bool):
        return name if value else ""
    if isinstance(value, float | int):
        return f"{name} {value:g}"
    lowered = value.strip().casefold()
    if lowered in {"yes", "true", "y"}:
        return name
    if not lowered or lowered in {"no", "false", "n", "none", "n/a", "-"}:
        return ""
    return f"{name} {value.strip()[:_VALUE_CHARS]}"


def _shortened(text: str) -> str:
    if len(text) <= _DESCRIPTION_CHARS:
        return text
    return text[:_DESCRIPTION_CHARS].rsplit(" ", 1)[0]
