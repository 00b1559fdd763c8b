"""Small pieces of English: names, plurals, lists, wishes. Everything here is plain text, never markup."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assistant.nlg.money import cents_of, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from retrieval.types import Constraint

MAX_NAME = 90
"""Longest product name that is said, in characters; a longer one is cut at a word with an ellipsis."""

_VOWELS = "aeiou"


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")))


@lru_cache(maxsize=8)
def word_list(name: str) -> frozenset[str]:
    """Return one of the word lists of `words.yaml` ("units", "negation", ...)."""
    return frozenset(word for line in _data()[name] for word in str(line).split())


@lru_cache(maxsize=1)
def recipients() -> dict[str, frozenset[str]]:
    """Return, by value of the merchant specification ("male", "kids"), the words shoppers say for it."""
    return {name: frozenset(str(line).split()) for name, line in _data()["recipients"].items()}


def flat(text: str, *, limit: int = 200) -> str:
    """Return `text` on one line, without control characters or curly quotes, at most `limit` characters."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text[: 20 * limit]).split())
    clean = clean.replace("“", '"').replace("”", '"')
    if len(clean) <= limit:
        return clean
    head = clean[: limit - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head).rstrip(" ,;:-") + "…"


def named(title: str) -> str:
    """Return a product's name as a reply says it: in curly quotes, which nothing else in a name can close."""
    return f"“{flat(title, limit=MAX_NAME)}”"


def plural(noun: str, n: int = 2) -> str:
    """Return a product type for `n` of it: "trail running shoe" -> "trail running shoes", "jeans" -> "jeans"."""
    head, space, last = noun.strip().rpartition(" ")
    low = last.lower()
    if n == 1 or not low.replace("-", "").isalpha() or low in word_list("no_plural"):
        return noun.strip()
    irregular = _data()["plural"].get(low)
    return head + space + (str(irregular) if irregular else _regular(last))


def _regular(noun: str) -> str:
    low = noun.lower()
    if low.endswith(("ss", "x", "ch", "sh", "zz")):
        return noun + "es"
    if low.endswith("s"):
        return noun
    if low.endswith("y") and low[-2:-1] not in _VOWELS:
        return noun[:-1] + "ies"
    return noun + "s"


def listed(items: Iterable[str], *, last: str = "and") -> str:
    """Join as English does: "a, b and c"."""
    parts = list(items)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def number(value: float) -> str:
    """Say a number without a needless fraction: 4.0 -> "4", 4.5 -> "4.5"."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def bound(constraint: Constraint, currency: str) -> str:
    """Say the amount of a price constraint, in the currency said or else the shop's: "$80"."""
    if not isinstance(constraint.value, int | float):
        return "these"
    return money(cents_of(constraint.value), constraint.currency or currency, short=True)


def _price(constraint: Constraint, currency: str) -> str:
    pattern = {
        "lte": "under {}", "lt": "cheaper than {}", "gte": "from {}", "gt": "pricier than {}",
        "approx": "around {}", "eq": "at {}", "ne": "not at {}",
    }[constraint.op]  # fmt: skip
    return pattern.format(bound(constraint, currency))


_PATTERNS = {
    "brand": ("from {}", "not from {}"),
    "color": ("in {}", "not in {}"),
    "size": ("in size {}", "not in size {}"),
    "material": ("in {}", "without {}"),
    "style": ("in a {} style", "not in a {} style"),
    "feature": ("with “{}”", "without “{}”"),
    "occasion": ("for {}", "not for {}"),
    "recipient": ("for {}", "not for {}"),
    "rating": ("rated {} or more", "not rated {}"),
}


def wished(constraint: Constraint, currency: str = "USD") -> str:
    """Say one wish as it follows a noun: "under $80", "in navy", "without leather"; "" where it says nothing.

    Category, sort, quantity and order id are said elsewhere or not at all.
    """
    if constraint.slot == "price":
        return _price(constraint, currency)
    patterns = _PATTERNS.get(constraint.slot)
    if patterns is None:
        return ""
    value = constraint.value
    text = flat(value, limit=60) if isinstance(value, str) else number(value)
    if constraint.slot == "size" and measured(text):
        return f"not of {text}" if constraint.op == "ne" else f"of {_bounded(constraint)}{text}"
    if constraint.slot == "size" and text.lower().startswith(("size", "for ")):
        return f"not {text}" if constraint.op == "ne" else text
    return patterns[constraint.op == "ne"].format(text)


def _bounded(constraint: Constraint) -> str:
    return {"lte": "up to ", "gte": "at least ", "approx": "about "}.get(constraint.op, "")


def measured(size: str) -> bool:
    """Whether a size is a measure ("2.4 m", "40 litre", "king size") and not a size label ("9", "XL")."""
    if not any(c.isdigit() for c in size) and len(size.split()) < 2:
        return False
    tail = size.lower().replace("-", " ").split()
    glued = size.lower().lstrip("0123456789., ")
    return bool(tail) and (tail[-1] in word_list("units") or glued in word_list("units") or tail[-1] == "size")


def described(constraints: Sequence[Constraint], currency: str = "USD") -> str:
    """Say all wishes after a noun, the price last: "in navy, without leather and under $80"; alternatives with "or"."""
    prices = [c for c in constraints if c.slot == "price"]
    parts: list[str] = []
    for slot, op in dict.fromkeys((c.slot, c.op) for c in constraints if c.slot != "price"):
        texts = [t for c in constraints if (c.slot, c.op) == (slot, op) and (t := wished(c, currency))]
        parts += [listed(dict.fromkeys(texts), last="or" if op == "eq" else "and")] if texts else []
    return listed([*parts, *_priced(prices, currency)])


def _priced(prices: Sequence[Constraint], currency: str) -> list[str]:
    low, high = ([c for c in prices if c.op == op and not isinstance(c.value, str)] for op in ("gte", "lte"))
    if len(prices) == 2 and low and high:
        return [f"between {bound(low[0], currency)} and {bound(high[0], currency)}"]
    return [_price(c, currency) for c in prices]
