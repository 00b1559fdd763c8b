"""Relaxation: when nothing meets every wish, give up as few as possible, the least important first, and say which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import retrieval.lexicon as lexicon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.predicates import Predicate
    from retrieval.types import Constraint, Slot

KEPT_SLOT = "category"  # "no running shoes, but here is a kettle" helps nobody


@dataclass(frozen=True, slots=True)
class Wish:
    """Constraints that stand or fall together ("red or blue" is one wish) and the predicate that decides them."""

    slot: Slot
    constraints: tuple[Constraint, ...]
    predicate: Predicate
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What is left of the wishes and what was given up, in that order."""

    kept: tuple[Wish, ...]
    dropped: tuple[Wish, ...] = ()

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints given up, in order."""
        return tuple(constraint for wish in self.dropped for constraint in wish.constraints)


def relax(wishes: Sequence[Wish], *, count: Callable[[Sequence[Wish]], int]) -> Relaxation:
    """Give up wishes until something passes.

    One by one, the least important slot first; a single wish that opens results by itself is preferred to several, and
    among equals the one that leaves most. What turns out to have been given up in vain is taken back. Where nothing
    helps, nothing is given up.

    Args:
        wishes: All of them hold together; the category is among them where there is one.
        count: How many products meet some wishes.
    """
    kept, dropped = list(wishes), []
    while not count(kept):
        chosen = _choose(kept, count=count)
        if chosen is None:
            return Relaxation(tuple(wishes))
        kept.remove(chosen)
        dropped.append(chosen)
    for wish in sorted(dropped, key=importance, reverse=True):
        if len(dropped) > 1 and count([*kept, wish]):
            dropped.remove(wish)
            kept.append(wish)
    return Relaxation(tuple(wish for wish in wishes if wish in kept), tuple(dropped))


def importance(wish: Wish) -> int:
    """Return the position of a wish in the order of giving up, 0 first."""
    order = lexicon.table("relax")["order"]
    if wish.negative:
        return len(order)
    return next((place for place, slots in enumerate(order) if wish.slot in slots), 0)


def _choose(kept: Sequence[Wish], *, count: Callable[[Sequence[Wish]], int]) -> Wish | None:
    """Return the wish to give up next; None where only the category is left."""
    free = [wish for wish in kept if wish.slot != KEPT_SLOT or wish.negative]
    places = sorted({importance(wish) for wish in free})
    for place in places:
        equals = [wish for wish in free if importance(wish) == place]
        opened = {id(wish): count([other for other in kept if other is not wish]) for wish in equals}
        best = max(equals, key=lambda wish: opened[id(wish)])
        if opened[id(best)]:
            return best
    if not places:
        return None
    base = [wish for wish in kept if wish not in free]
    least = [wish for wish in free if importance(wish) == places[0]]
    return min(least, key=lambda wish: count([*base, wish]))
