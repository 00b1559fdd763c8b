"""Amounts of money in words, and read back from words. Integer cents inside, never floats."""

from __future__ import annotations

import re
from dataclasses import dataclass

SYMBOLS = {"USD": "$", "GBP": "£", "EUR": "€"}
_CODES = {symbol: code for code, symbol in SYMBOLS.items()}
_AMOUNT = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?"
_MONEY = re.compile(rf"(?P<symbol>[$£€])\s?(?P<a>{_AMOUNT})(?![\d.]*\d)|(?P<b>{_AMOUNT})\s(?P<code>[A-Z]{{3}})\b")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it stands in a text: `start` and `end` are character offsets."""

    cents: int
    currency: str
    start: int
    end: int


def money(cents: int, currency: str = "USD", *, short: bool = False) -> str:
    """Say an amount: `$1,299.00`, `1,299.00 SEK`; `short` leaves `.00` out, as bounds are said ("under $80")."""
    sign, whole, part = "-" if cents < 0 else "", *divmod(abs(cents), 100)
    figure = f"{whole:,}" if short and not part else f"{whole:,}.{part:02d}"
    code = currency.upper()
    return f"{sign}{SYMBOLS[code]}{figure}" if code in SYMBOLS else f"{sign}{figure} {code}".rstrip()


def cents_of(value: float) -> int:
    """Return major units as integer cents, rounded half up: 19.995 is 2000."""
    return int(value * 100 + (0.5 if value >= 0 else -0.5) + (1e-6 if value >= 0 else -1e-6))


def amounts(text: str) -> list[Amount]:
    """Find every amount of money in `text` written as `money` writes it, or with fewer decimals."""
    return [_amount(match) for match in _MONEY.finditer(text)]


def _amount(match: re.Match[str]) -> Amount:
    figure = (match["a"] or match["b"]).replace(",", "")
    whole, _, part = figure.partition(".")
    currency = _CODES[match["symbol"]] if match["symbol"] else match["code"]
    return Amount(int(whole) * 100 + int((part + "00")[:2]), currency, match.start(), match.end())
