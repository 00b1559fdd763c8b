"""A raw row becomes a product, or a reason why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from retrieval.classify import Untyped, named_type
from retrieval.errors import RowError
from retrieval.feeds.cleaning import plain, web_address
from retrieval.feeds.columns import attribute_name, first, plain_name, tables
from retrieval.feeds.dates import read_date
from retrieval.feeds.points import PRICES
from retrieval.feeds.prices import Amount, PriceUnit, currency_code, read_price
from retrieval.types import Product

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retrieval.feeds.columns import ColumnMap
    from retrieval.feeds.points import Point
    from retrieval.types import Availability

_ID_CHARS, _TITLE_CHARS, _TEXT_CHARS, _SHORT_CHARS = 200, 500, 5000, 120
_ATTRIBUTES, _VALUE_CHARS = 80, 200
_STEPS = 8
_STEP = re.compile(r"\s*(?:>|\u203a|\u00bb|::|\||\s/\s)\s*")
_FIGURE = re.compile(r"-?\d+(?:[.,]\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,\s\u00a0]\d{3})+")
_DETAIL = re.compile(r"([^:,]*):([^:,]+):([^:]*?)(?=,[^:,]*:[^:,]+:|$)")
_GTIN = re.compile(r"\d{8,14}")
_TOP_RATING = 5.0
_FEW_WORDS = 2  # a title of no more may be a mere name, and a short description then says what it is


@dataclass(frozen=True, slots=True)
class RowReader:
    """Turns raw rows of one feed into products.

    Attributes:
        columns: What fills which field.
        currency: Of prices that do not say theirs; ISO 4217.
        unit: Whether bare prices are in major units or in cents.
        point: Tells what the point of a bare "1.299" is in this feed.
    """

    columns: ColumnMap
    currency: str
    unit: PriceUnit = "major"
    point: Callable[[], Point] = lambda: "thousands"

    def product(self, values: Mapping[str, Any]) -> Product:
        """Read one row.

        Raises:
            RowError: No title, or no usable price.
        """
        placed, rest = self.columns.place(values)
        brand = _text(placed, "brand", _SHORT_CHARS)
        title = _title(placed, values, brand=brand)
        named = currency_code(_text(placed, "currency", _SHORT_CHARS)) or self.currency
        price, sale = self._prices(placed, currency=named)
        gtin = _gtin(placed.get("gtin"))
        rating = read_rating(placed.get("rating"))
        return Product(
            product_id=read_id(placed.get("product_id")) or _derived_id(brand, title, gtin),
            title=title,
            price_cents=price.cents,
            sale_price_cents=sale,
            currency=price.currency or named,
            description=_text(placed, "description", _TEXT_CHARS),
            link=web_address(first(placed.get("link"))),
            image_link=web_address(first(placed.get("image_link"))),
            availability=_availability(placed.get("availability")),
            brand=brand,
            gtin=gtin,
            google_product_category=_path(placed.get("google_product_category")),
            product_type=_path(placed.get("product_type")),
            color=_text(placed, "color", _SHORT_CHARS),
            size=_text(placed, "size", _SHORT_CHARS),
            material=_text(placed, "material", _SHORT_CHARS),
            gender=_text(placed, "gender", _SHORT_CHARS).casefold(),
            age_group=_text(placed, "age_group", _SHORT_CHARS).casefold(),
            item_group_id=read_id(placed.get("item_group_id")),
            condition=_text(placed, "condition", _SHORT_CHARS).casefold() or "new",
            rating=rating if rating is not None and 0 < rating <= _TOP_RATING else None,
            n_ratings=int(min(max(_count(placed.get("n_ratings")) or 0, 0), 10**9)),
            popularity=max(_number(placed.get("popularity")) or 0.0, 0.0),
            released=read_date(placed.get("released")),
            attributes=_attributes(rest),
        )

    def identity(self, values: Mapping[str, Any]) -> str:
        """Return the id that a row gives itself, for rows that are otherwise unusable; "" where it has none."""
        return read_id(self.columns.place(values)[0].get("product_id"))

    def _prices(self, placed: Mapping[str, Any], *, currency: str) -> tuple[Amount, int | None]:
        """Return the list price, and the reduced one where it is lower; `currency` is of bare prices."""
        values = ((n, first(placed.get(n))) for n in PRICES)
        read = {n: read_price(v, unit=self.unit, currency=currency, point=self.point) for n, v in values}
        price, sale, before = read["price"] or read["sale_price"], read["sale_price"], read["list_price"]
        if price is None:
            raise RowError(f"no price: {str(placed.get('price', ''))[:_SHORT_CHARS]!r} holds no figure")
        if price.cents <= 0:
            raise RowError(f"the price {str(placed.get('price'))[:_SHORT_CHARS]!r} is not above zero")
        if sale is not None and 0 < sale.cents < price.cents:
            return price, sale.cents
        if before is not None and before.cents > price.cents:
            return Amount(before.cents, price.currency or before.currency), price.cents
        return price, None


def _text(placed: Mapping[str, Any], field: str, most: int) -> str:
    value = placed.get(field)
    if isinstance(value, list):
        value = ", ".join(plain(v, most=most) for v in value if isinstance(v, str | int | float))
    return plain(value, most=most) if not isinstance(value, dict) else ""


def _title(placed: Mapping[str, Any], values: Mapping[str, Any], *, brand: str) -> str:
    """Return the title, with the short description behind it where the title is a mere name.

    A description is prose as a rule, and stands in for a short one only beside what is no more than a model number.
    """
    title = _text(placed, "title", _TITLE_CHARS)
    if not any(c.isalnum() for c in title):
        raise RowError("no title")
    if len(title.split("/")[0].split()) > _FEW_WORDS or named_type(Untyped("", title, brand=brand)):
        return title
    short = next((v for k, v in values.items() if plain_name(k).removeprefix("g ") == "short description"), None)
    told = plain(short, most=_SHORT_CHARS)
    if short is None and _is_code(title, brand):
        described = _text(placed, "description", _TEXT_CHARS)
        told = described if len(described) <= _SHORT_CHARS else ""
    return f"{title} {told}" if told and told.casefold() not in title.casefold() else title


def _is_code(title: str, brand: str) -> bool:
    """Whether a title is no more than a model number, with or without the brand."""
    rest = title.casefold().removeprefix(brand.casefold()).split()
    return all(any(c.isdigit() for c in word) for word in rest)


def read_id(value: object) -> str:
    """Return an id as text; "" where `value` is none."""
    value = first(value)
    if value is None or isinstance(value, dict | bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return plain(value, most=_ID_CHARS)


def _derived_id(brand: str, title: str, gtin: str) -> str:
    told = "\0".join((brand.casefold(), title.casefold(), gtin))
    return f"p{sha256(told.encode('utf-8')).hexdigest()[:16]}"


def _gtin(value: object) -> str:
    digits = read_id(value).replace(" ", "").replace("-", "")
    return digits if _GTIN.fullmatch(digits) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, dict):
        value = next((value[k] for k in ("average", "value", "rate", "count") if k in value), None)
    try:
        number = float(str(value).replace(",", ".").split("/")[0].strip()[:40])
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None


def read_rating(value: object) -> float | None:
    """Return 4.5 of 4.5, "4,5", "4.5/5" and "4.5 out of 5 stars"."""
    found = _FIGURE.match(value.strip()) if isinstance(value, str) else None
    return _number(found[0] if found else value)


def _count(value: object) -> float | None:
    if isinstance(value, str) and _THOUSANDS.fullmatch(value.strip()):
        value = re.sub(r"\D", "", value)
    return _number(value)


def _path(value: object) -> str:
    """Return a shelf path with " > " between its steps; of several paths in one text the first."""
    if isinstance(value, list):
        steps = [str(v) for v in (value[0] if value and isinstance(value[0], list) else value)]
    else:
        text = plain(value, most=_TEXT_CHARS)
        if ">" in text and "," in text:
            text = text.split(",", 1)[0] if ">" in text.split(",", 1)[0] else text
        steps = _STEP.split(text)
    kept = [plain(s, most=_SHORT_CHARS) for s in steps[:_STEPS]]
    return " > ".join(s for s in kept if s)


def _availability(value: object) -> Availability:
    value = first(value)
    number = _number(value)
    if number is not None:
        return "in_stock" if number > 0 else "out_of_stock"
    said = plain_name(str(value).rsplit("/", 1)[-1]) if value is not None and value != "" else ""
    return _availabilities().get(said, "in_stock")


@cache
def _availabilities() -> dict[str, Availability]:
    known = tables()["availability"].items()
    return {plain_name(str(word)): cast("Availability", state) for state, words in known for word in words}


def _attributes(rest: Mapping[str, Any]) -> dict[str, str | float | bool]:
    found: dict[str, str | float | bool] = {}
    for name, value in _flat(rest):
        if len(found) >= _ATTRIBUTES:
            break
        kept = _attribute(value)
        key = attribute_name(plain_name(name))
        if key and kept is not None and key not in found:
            found[key] = kept
    return found


def _flat(rest: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return columns and what is one level below: {"specs": {"kg": 3}} and [{"name": "kg", "value": 3}] count too."""
    flat: list[tuple[str, object]] = []
    for name, value in rest.items():
        if isinstance(value, str) and plain_name(name) in tables()["written_pairs"]:
            flat += [(told[2].strip(), told[3].strip()) for told in _DETAIL.finditer(value)]
        elif isinstance(value, dict):
            flat += _pair(value) or [(str(k), v) for k, v in value.items()]
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            flat += [pair for v in value for pair in _pair(v)]
        else:
            flat.append((name, value))
    return flat


def _pair(fact: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return the name and value of {"attribute_name": "Capacity", "attribute_value": "6 kg"}."""
    keys = next((k for k in tables()["pairs"] if isinstance(fact.get(k[0]), str) and k[1] in fact), None)
    return [(fact[keys[0]], fact[keys[1]])] if keys else []


def _attribute(value: object) -> str | float | bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e15 else None
    if isinstance(value, list):
        value = ", ".join(str(v) for v in value if isinstance(v, str | int | float))
    if not isinstance(value, str):
        return None
    text = plain(value, most=_VALUE_CHARS)
    if not text or text.startswith(("http://", "https://")):
        return None
    return {"true": True, "false": False}.get(text.casefold(), text)
