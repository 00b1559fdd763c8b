"""First searches for an empty page, made from what the shop recommends: no word of them is written here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ui.shop.backend import ShopBackend

_LOG = logging.getLogger(__name__)
_READ = 16
"""How many recommended products are looked through for different shelves."""


@dataclass(frozen=True, slots=True)
class Starter:
    """A shelf to begin with: its name, what is said when it is pressed, the product whose picture stands for it."""

    name: str
    text: str
    product_id: str


def starters(backend: ShopBackend, *, user_id: str | None, n: int = 4) -> tuple[Starter, ...]:
    """Return up to `n` shelves; none where the shop cannot recommend now.

    A stranger sees different parts of the shop, a known shopper the shelves that suit them best.
    """
    try:
        items = backend.recommend(query=None, user_id=user_id, top_n=_READ)["items"]
        chosen: dict[str, Starter] = {}
        for part, starter in _shelves(backend, [str(item["product_id"]) for item in items]):
            chosen.setdefault(starter.name if user_id else part, starter)
            if len(chosen) == n:
                break
    except (AssistantError, RetrievalError) as error:
        _LOG.warning("no first searches: %s", type(error).__name__)
        return ()
    return tuple(chosen.values())


def _shelves(backend: ShopBackend, product_ids: list[str]) -> Iterator[tuple[str, Starter]]:
    for product_id in product_ids:
        product = backend.product(product_id) or {}
        path = [part.strip() for part in str(product.get("product_type") or "").split(">") if part.strip()]
        if path:
            yield path[0], Starter(path[-1], _spoken(path[-1]), product_id)


def _spoken(name: str) -> str:
    """Return a shelf's name inside a sentence: `Coffee beans` is said small, `LEGO sets` is not."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name
