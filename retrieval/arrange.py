"""The last touches on an order: what can be had comes first, and the first screen shows more than one brand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.fusion import Fused
    from retrieval.outline import Outlines, Selection

T = TypeVar("T")

HEAD: Final = 6  # places where variety is looked after: the first screen
MOST_OF_ONE: Final = 3
LOOKAHEAD: Final = 18  # places from which the head may be filled: variety must not bring up what does not fit


def stock_first(ranked: Sequence[Fused], outlines: Outlines, *, allowed: Selection, variety: bool) -> list[Fused]:
    """Put what cannot be had last, after looking for a variant that can; then look after variety at the head."""
    mended = [_in_stock(item, outlines, allowed=allowed) for item in ranked]
    there = [item for item in mended if outlines.available(item.product_id)]
    gone = [item for item in mended if not outlines.available(item.product_id)]
    firsts: dict[str, Fused] = {}
    others: list[Fused] = []
    for item in there:
        group = outlines.group_of(item.product_id)
        if firsts.setdefault(group, item) is not item:
            others.append(item)
    head = list(firsts.values())
    if variety:
        head = varied(head, brand_of=lambda item: outlines.brand(item.product_id))
    return [*head, *others, *gone]


def _in_stock(item: Fused, outlines: Outlines, *, allowed: Selection) -> Fused:
    """Return the item, as an available variant of its group where only the item itself is out of stock."""
    if outlines.available(item.product_id):
        return item
    siblings = outlines.members(outlines.group_of(item.product_id))
    chosen = next((key for key in siblings if key in allowed and outlines.available(key)), None)
    return item if chosen is None else replace(item, product_id=chosen)


def varied(items: Sequence[T], *, brand_of: Callable[[T], str]) -> list[T]:
    """Return `items` with at most `MOST_OF_ONE` of one brand in the head, where others stand near enough."""
    head: list[T] = []
    waiting: list[T] = []
    counts: Counter[str] = Counter()
    for item in items[:LOOKAHEAD]:
        brand = brand_of(item)
        if len(head) < HEAD and not (brand and counts[brand] >= MOST_OF_ONE):
            head.append(item)
            counts[brand] += 1
        else:
            waiting.append(item)
    return [*head, *waiting, *items[LOOKAHEAD:]]
