"""Matching the words of a turn with the looks of items: titles, colours, prices, places on the screen."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from assistant.dialogue.lexicon import lexicon, stem, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from assistant.dialogue.state import ShownItem


MAX_ROW = 10
"""Longest row of places that is counted: more are never on the screen."""


def ids(items: Iterable[ShownItem]) -> tuple[str, ...]:
    """Return the product ids of `items`, in order."""
    return tuple(item.product_id for item in items)


def by_rank(shown: tuple[ShownItem, ...], said: list[str]) -> tuple[str, ...]:
    """Resolve "the cheaper one", "the most expensive", "the last one" among what is on the screen."""
    known, heard = lexicon(), set(said)
    if not shown or not heard & known["articles"]:
        return ()
    down, up = _pointed(said, known["cheaper"]), _pointed(said, known["dearer"])
    if heard & known["negators"]:
        down, up = up, down
    priced = comparable(shown)
    if priced and (down or up):
        pick = min if down else max
        return (pick(priced, key=lambda item: item.price_cents).product_id,)
    return (shown[-1].product_id,) if _before_one(said, known["last"]) else ()


def comparable(items: Iterable[ShownItem]) -> list[ShownItem]:
    """Return the items among which prices tell a cheaper one: those in the currency of the first.

    None where that is the only one of several: it is not cheaper than anything.
    """
    priced = [item for item in items if item.price_cents > 0]
    alike = [item for item in priced if item.currency == priced[0].currency]
    return alike if len(alike) > 1 or len(priced) == 1 else []


def by_price(shown: tuple[ShownItem, ...], said: list[str], *, details: Collection[str]) -> tuple[str, ...]:
    """Resolve "the 84 one": a figure that is the price of exactly one item on the screen."""
    if not lexicon()["articles"].intersection(said):
        return ()
    figures = {w for w in said if w.isdecimal() and w not in details}
    fits = [i for i in shown if figures & {str(i.price_cents // 100), str(round(i.price_cents / 100))}]
    return ids(fits) if len(fits) == 1 else ()


def told_apart(shown: tuple[ShownItem, ...], looks: list[str]) -> tuple[str, ...]:
    """Return every item that some word names alone: "the Ring and the Bosch" are two."""
    stems = {item: stems_of(item) for item in shown}
    fits = [[item for item in shown if word in stems[item]] for word in looks]
    return tuple(dict.fromkeys(items[0].product_id for items in fits if len(items) == 1))


def places(said: list[str]) -> tuple[int, ...]:
    """Return the places on the screen that are named: "the second", "first and third", "number 3"; 1-based.

    A parser names them better; this is for the turns in which it missed one. "My second" is not a place.
    """
    known = lexicon()
    found = [
        known.ordinals[word]
        for before, word in zip(["", *said], said, strict=False)
        if word in known.ordinals and (not before or before in known["stop"]) and before not in known["possessives"]
    ]
    numbered = [int(w) for b, w in pairwise(said) if b in known["number"] and w.isascii() and w.isdecimal()]
    return tuple(dict.fromkeys([*found, *numbered]))


def leading(said: list[str]) -> tuple[int, ...]:
    """Return the places of "the first three" or "the top 2": 1 to that many; () where no such row is named."""
    known = lexicon()
    for before, word in pairwise(said):
        n = int(word) if word.isascii() and word.isdecimal() else known.counts.get(word, 0)
        if known.ordinals.get(before) == 1 and 2 <= n <= MAX_ROW:
            return tuple(range(1, n + 1))
    return ()


def names_extreme(said: list[str]) -> bool:
    """Say whether "the cheapest", "the most expensive" or "the cheaper" is among the words."""
    known = lexicon()
    rank, degrees = known["cheaper"] | known["dearer"], known["degrees"]
    return any(
        word in rank and (before == "the" or (before in degrees and earlier == "the"))
        for earlier, before, word in zip(["", *said], said, said[1:], strict=False)
    )


def _before_one(said: list[str], which: frozenset[str]) -> bool:
    """Say whether "the last one" or "and last" is said of an item, not "the last thing I need"."""
    return any(
        word in which and before in {"the", "that", "and", "or"} and (after in {"", "one", "ones"})
        for before, word, after in zip(said, said[1:], [*said[2:], ""], strict=False)
    )


def best(items: Sequence[ShownItem], looks: list[str]) -> list[ShownItem]:
    """Return the items whose title and colour meet most of `looks`: the most recent turn's, in screen order.

    A word that every item has says nothing about which one is meant, unless nothing else was said.
    """
    if not looks or not items:
        return []
    stems = {item: stems_of(item) for item in items}
    telling = [w for w in looks if not all(w in s for s in stems.values())] or looks
    scores = {item: sum(w in stems[item] for w in telling) for item in items}
    top = max(scores.values())
    if top == 0:
        return []
    fitting = [item for item in items if scores[item] == top]
    latest = max(item.turn for item in fitting)
    return [item for item in fitting if item.turn == latest]


def names_nothing(said: list[str]) -> bool:
    """Say whether "it" or a "this" that no noun follows is among the words."""
    known = lexicon()
    if known["pronouns"].intersection(said):
        return True
    return any(
        word in known["demonstratives"] and (not after or after in known["stop"])
        for word, after in zip(said, [*said[1:], ""], strict=False)
    )


def is_definite(item: ShownItem, said: list[str]) -> bool:
    """Say whether a word of `item` stands close behind an article: "the black one", "the two Diplomat pens"."""
    stems = stems_of(item)
    articles = lexicon()["articles"]
    return any(stem(word) in stems and articles.intersection(said[max(0, n - 3) : n]) for n, word in enumerate(said))


def _pointed(said: list[str], which: frozenset[str]) -> bool:
    """Say whether one of `which` stands behind an article: "the cheaper one", not "the pine one but cheaper"."""
    articles = lexicon()["articles"]
    return any(word in which and articles.intersection(said[max(0, n - 2) : n]) for n, word in enumerate(said))


def stems_of(item: ShownItem) -> set[str]:
    """Return the stems of an item's title and colour."""
    return {stem(w) for w in words(f"{item.title} {item.color}")}
