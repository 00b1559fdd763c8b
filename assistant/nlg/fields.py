"""A product as facts that can be said: one label, one text and one evidence id a field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.nlg.money import money
from assistant.nlg.wording import flat, number

if TYPE_CHECKING:
    from retrieval.types import Product

_MAX_ATTRIBUTES, _MAX_VALUE = 60, 120
_AVAILABILITY = {
    "in_stock": "in stock", "out_of_stock": "out of stock", "preorder": "on pre-order", "backorder": "on back-order",
}  # fmt: skip
_PLAIN = (
    ("brand", "Brand"), ("color", "Color"), ("size", "Size"), ("material", "Material"), ("gender", "For"),
    ("age_group", "Age group"), ("condition", "Condition"), ("released", "Released"),
)  # fmt: skip
_TRUE, _FALSE = {"true", "yes", "y"}, {"false", "no", "n"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one product.

    Attributes:
        name: As in `Product`, or the attribute's own name.
        label: As it is shown: "Battery life".
        text: The value in words: "24 h", "yes", "$74.95".
        flag: What a yes/no attribute says; None for any other field.
        is_attribute: Whether it comes from `Product.attributes`.
    """

    name: str
    label: str
    text: str
    evidence_id: str
    flag: bool | None = None
    is_attribute: bool = False


def field_id(product_id: str, name: str) -> str:
    """Return the evidence id of a field. A colon inside `name` becomes a blank, so the last colon ends the id."""
    return f"product:{product_id}:{name.replace(':', ' ').strip()}"


def fields(product: Product) -> tuple[Field, ...]:
    """Return what is known of `product`, the shop's own fields first, then at most 60 attributes as the feed has them.

    Title, description and availability are facts too, but said in ways of their own: `title_of` and its like.
    """
    return (*_money_fields(product), *_plain_fields(product), *attributes(product))


def attributes(product: Product) -> tuple[Field, ...]:
    """Return the attributes that say something."""
    out = (_attribute(product, name, value) for name, value in list(product.attributes.items())[:_MAX_ATTRIBUTES])
    return tuple(field for field in out if field.text)


def availability(product: Product) -> Field:
    """Return the stock level: "in stock"."""
    text = _AVAILABILITY[product.availability]
    return Field("availability", "Availability", text, field_id(product.product_id, "availability"))


def price_ids(product: Product) -> tuple[str, ...]:
    """Return the ids that prove what the shopper pays now."""
    names = ("price",) if product.sale_price_cents is None else ("price", "sale_price")
    return tuple(field_id(product.product_id, name) for name in names)


def _money_fields(product: Product) -> tuple[Field, ...]:
    pid, currency = product.product_id, product.currency
    out = [Field("price", "Price", money(product.offer_cents, currency), field_id(pid, "price"))]
    if product.sale_price_cents is not None:
        text = money(product.price_cents, currency)
        out.append(Field("list_price", "List price", text, field_id(pid, "list_price")))
    if product.rating is not None:
        by = f" by {product.n_ratings} buyers" if product.n_ratings else ""
        text = f"{number(round(product.rating, 1))} out of 5{by}"
        out.append(Field("rating", "Rating", text, field_id(pid, "rating")))
    return tuple(out)


def _plain_fields(product: Product) -> tuple[Field, ...]:
    values = ((name, label, flat(str(getattr(product, name)), limit=_MAX_VALUE)) for name, label in _PLAIN)
    return tuple(
        Field(name, label, text, field_id(product.product_id, name))
        for name, label, text in values
        if text and not (name == "condition" and text == "new")
    )


def _attribute(product: Product, name: str, value: str | float | bool) -> Field:
    flag = _flag(value)
    text = ("yes" if flag else "no") if flag is not None else flat(_said(value), limit=_MAX_VALUE)
    label = flat(re.sub(r"[_\s]+", " ", name), limit=60)
    label = label[:1].upper() + label[1:]
    return Field(name, label, text, field_id(product.product_id, name), flag, is_attribute=True)


def _flag(value: str | float | bool) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    return None


def _said(value: str | float) -> str:
    return number(float(value)) if isinstance(value, int | float) else value
