"""Prices as feeds write them, to integer cents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from price_parser import Price
from price_parser.parser import CURRENCY_CODES

from retrieval.errors import RowError
from retrieval.feeds.columns import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retrieval.feeds.points import Point

PriceUnit = Literal["major", "minor"]
DEAREST_CENTS = 10_000_000_00
_LONGEST = 60  # characters of a price
_APOSTROPHES = re.compile(r"(?<=\d)['\u2019`](?=\d{3})")  # Swiss thousands
_EXPONENT = re.compile(r"\d[eE]\+?\d")
_CODES = frozenset(CURRENCY_CODES)
_IN_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))  # "4.990 KWD" is no five thousand
_UNCLEAR = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_MINUS = ("-", "\u2212")


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum in cents; `currency` is "" where the text does not say."""

    cents: int
    currency: str = ""


def read_price(
    value: object, *, unit: PriceUnit, currency: str = "", point: Callable[[], Point] = lambda: "thousands"
) -> Amount | None:
    """Read one price: 49.99, "1.299,00 €", "49.99 USD", {"value": 5, "currency": "EUR"}, 4999 with `unit` minor.

    Args:
        value: As the feed has it.
        unit: Of a figure.
        currency: Which a bare figure is in; some have thousandths.
        point: Asked what the point is in a bare "1.299" of another currency.

    Returns:
        The amount, or None where `value` holds no figure.

    Raises:
        RowError: The figure is negative, not finite or absurdly high, or nothing tells what its point is.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, dict):
        return _from_object(value, unit=unit)
    if isinstance(value, str) and currency not in _IN_THOUSANDTHS and _UNCLEAR.fullmatch(value.strip()):
        value = _told(value.strip(), point())
    number, named = _figure(value)
    if number is None:
        return None
    if not number.is_finite() or number < 0:
        raise RowError(f"the price {value!r} is not a positive number")
    if number > DEAREST_CENTS:
        raise RowError(f"the price {str(value)[:_LONGEST]!r} is absurdly high; is the price unit right?")
    cents = int((number if unit == "minor" else number * 100).to_integral_value())
    if cents > DEAREST_CENTS:
        raise RowError(f"the price {str(value)[:_LONGEST]!r} is absurdly high; is the price unit right?")
    return Amount(cents, named)


def _told(text: str, point: Point) -> str:
    whole = text.replace(".", "")
    if not point:
        shown = f"{Decimal(text):.2f}"
        raise RowError(
            f"the price {text!r} may be {whole} or {shown}, and the feed's other prices do not tell: write one"
        )
    return whole if point == "thousands" else text


def _from_object(value: Mapping[str, Any], *, unit: PriceUnit) -> Amount | None:
    inner = next((value[k] for k in ("value", "amount", "price") if not isinstance(value.get(k), dict | None)), None)
    found = read_price(inner, unit=unit, point=lambda: "decimal")  # what writes objects writes numbers
    said = value.get("currency") or value.get("currencyCode") or ""
    return Amount(found.cents, currency_code(str(said)) or found.currency) if found else None


def _figure(value: object) -> tuple[Decimal | None, str]:
    if isinstance(value, int | float):
        return Decimal(str(value)), ""
    text = _APOSTROPHES.sub("", str(value).strip()[:_LONGEST])
    try:
        return Decimal(text), ""
    except InvalidOperation:
        pass
    if not any(c.isdigit() for c in text):
        return None, ""
    if _EXPONENT.search(text):
        raise RowError(f"the price {text!r} is no price; is it a number in another notation?")
    parsed = Price.fromstring(text)
    if parsed.amount is None:
        return None, ""
    code = currency_code(parsed.currency or "")
    if code in _IN_THOUSANDTHS:
        parsed = Price.fromstring(text, decimal_separator=".")
    return -parsed.amount if _negative(text) else parsed.amount, code


def _negative(text: str) -> bool:
    before = next(text[:i] for i, c in enumerate(text) if c.isdigit()).strip()
    return before.startswith(_MINUS) or before.endswith(_MINUS) or (before[:1] == "(" and text.endswith(")"))


def currency_code(said: str) -> str:
    """Return the ISO 4217 code of a sign or code in a feed; "" where it says none for certain."""
    said = said.strip()
    code = said.upper()[:3]
    return _currencies().get(said) or _currencies().get(said.upper()) or (code if code in _CODES else "")


@cache
def _currencies() -> dict[str, str]:
    return {str(sign): str(code) for sign, code in tables()["currencies"].items()}
