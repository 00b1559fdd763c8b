"""Which items a turn points at: by button, position, looks, name, price, or simply "it"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.dialogue.lexicon import content, lexicon, stem, words
from assistant.dialogue.looks import (
    best,
    by_price,
    by_rank,
    comparable,
    ids,
    is_definite,
    leading,
    names_extreme,
    names_nothing,
    places,
    stems_of,
    told_apart,
)
from assistant.dialogue.state import ShownItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.dialogue.acts import Acts, Intent
    from assistant.dialogue.facts import CartItem
    from assistant.dialogue.state import DialogueState

ITEM_INTENTS: frozenset[Intent] = frozenset(
    {
        "more_like_this", "compare", "ask_product", "add_to_cart", "remove_from_cart", "feedback_positive",
        "feedback_negative",
    }
)  # fmt: skip
"""Intents that are about an item: for these the words of the turn are matched against what was shown."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The items a turn points at.

    Attributes:
        product_ids: Resolved items, in the order pointed at.
        unresolved: The turn points at a position that was not shown.
        candidates: Several items fit equally well and none was chosen: ask which.
        cart_ids: Cart lines to take out; empty where none or several fit.
        cart_candidates: Cart lines that fit equally well: ask which.
        named: The words that look like the name of an item that was never shown; "" where there are none.
    """

    product_ids: tuple[str, ...] = ()
    unresolved: bool = False
    candidates: tuple[str, ...] = ()
    cart_ids: tuple[str, ...] = ()
    cart_candidates: tuple[str, ...] = ()
    named: str = ""


def resolve(state: DialogueState, acts: Acts, text: str, *, cart: Sequence[CartItem] = ()) -> Resolved:
    """Return the items that `acts` and `text` point at.

    Args:
        state: The state after this turn's acts were folded; its `shown` list is still the previous turn's.
        acts: The turn. Ids (buttons) and positions come first; words decide only where there are none.
        text: The utterance, "" for a button.
        cart: The cart's lines: what "take it out" can mean.
    """
    found = _shown(state, acts, text)
    return _with_cart(found, state, acts, text, cart=cart) if "remove_from_cart" in acts.intents else found


def _shown(state: DialogueState, acts: Acts, text: str) -> Resolved:
    if acts.product_ids:
        return Resolved(product_ids=_unique(acts.product_ids))
    if acts.references and _buys_one(acts, text):
        one = _one_of(state, text)
        if one.product_ids or len(acts.references) > 1:
            return one
    if acts.references and not _means_focus(state, acts, text):
        return _certain(state, acts, text) or _by_position(state.shown, acts.references)
    return _by_words(state, acts, text) if ITEM_INTENTS.intersection(acts.intents) else Resolved()


def _buys_one(acts: Acts, text: str) -> bool:
    """Say whether "it" is to be put in the cart, however many items were read into the turn."""
    said, known = words(text), lexicon()
    several = known["both"] | known["everything"]
    return "add_to_cart" in acts.intents and "it" in said and not places(said) and not several.intersection(said)


def _one_of(state: DialogueState, text: str) -> Resolved:
    """Return the cheaper or dearer one of the items talked about where that is said, else all to choose from."""
    said, known = words(text), lexicon()
    talked = [item for item in state.shown if item.product_id in state.focus]
    among = talked if len(talked) > 1 else list(state.shown)
    priced = sorted(comparable(among), key=lambda item: item.price_cents)
    down, up = known["cheaper"].intersection(said), known["dearer"].intersection(said)
    if priced and bool(down) != bool(up):
        return Resolved(product_ids=(priced[0 if down else -1].product_id,))
    return Resolved(candidates=ids(among))


def _means_focus(state: DialogueState, acts: Acts, text: str) -> bool:
    """Say whether the turn goes on about the items talked about: surer than a position read into it.

    That is "it" after one item, and "which is lighter?" after several.
    """
    said, known = words(text), lexicon()
    if not state.focus or places(said) or best(state.shown, content(text)):
        return False
    if len(state.focus) == 1:
        return bool((known["pronouns"] - known["plurals"]).intersection(said))
    figures = any(word.isdecimal() for word in said)
    return acts.main == "compare" and not figures and not known["demonstratives"].intersection(said)


def _certain(state: DialogueState, acts: Acts, text: str) -> Resolved | None:
    """Return what the words settle, whatever positions were read into them; None where they do not."""
    said = words(text)
    row = leading(said) if acts.main == "compare" else ()
    if row:
        return _by_position(state.shown, row)
    if places(said) or not ITEM_INTENTS.intersection(acts.intents):
        return None
    if names_extreme(said):
        looks = best(state.shown, content(text))
        ranked = by_rank(state.shown, said) if len(looks) in {0, len(state.shown)} else ()
        return Resolved(product_ids=ranked) if ranked else None
    return _told(state, acts, text, said)


def _told(state: DialogueState, acts: Acts, text: str, said: list[str]) -> Resolved | None:
    """Return what "the black one" tells in full, shown before, unless a position read into it is like that too."""
    looks = set(content(text)) - _details(acts)
    fits = [item for item in best(state.seen, sorted(looks)) if looks <= stems_of(item)]
    at = [item for item in state.shown if item.position in acts.references]
    if not fits or not is_definite(fits[0], said) or any(looks <= stems_of(item) for item in at):
        return None
    return _chosen(fits, acts)


def _by_position(shown: tuple[ShownItem, ...], references: tuple[int, ...]) -> Resolved:
    at = {item.position: item.product_id for item in shown}
    found = [at[n] for n in references if n in at]
    return Resolved(product_ids=_unique(found), unresolved=len(found) < len(set(references)))


def _with_cart(found: Resolved, state: DialogueState, acts: Acts, text: str, *, cart: Sequence[CartItem]) -> Resolved:
    lines = tuple(
        ShownItem(product_id=c.product_id, title=c.title, position=n, turn=0, color=c.color, group_key=c.group_key)
        for n, c in enumerate(cart, start=1)
    )
    fits = _lines_meant(lines, found, state, acts, text)
    everything = bool(lexicon()["everything"].intersection(words(text)))
    if len(fits) == 1 or (fits and (everything or acts.references or acts.product_ids)):
        return replace(found, cart_ids=ids(fits), unresolved=False)
    return replace(found, cart_candidates=ids(fits))


def _lines_meant(
    lines: tuple[ShownItem, ...], found: Resolved, state: DialogueState, acts: Acts, text: str
) -> Sequence[ShownItem]:
    """Return the cart lines that fit: those pointed at, else named, else talked about, else all."""
    if acts.references or acts.product_ids:
        return _same_groups(lines, found.product_ids, state) or [x for x in lines if x.position in acts.references]
    named = best(lines, content(text)) or lines
    if lexicon()["everything"].intersection(words(text)):
        return named
    return _same_groups(named, state.focus, state) or named


def _same_groups(lines: Sequence[ShownItem], meant: tuple[str, ...], state: DialogueState) -> list[ShownItem]:
    """Return the lines that are one of `ids` or another variant of one."""
    keys = {item.group_key for item in state.seen if item.product_id in meant and item.group_key}
    return [line for line in lines if line.product_id in meant or (line.group_key and line.group_key in keys)]


def _by_words(state: DialogueState, acts: Acts, text: str) -> Resolved:
    said, details = words(text.replace("#", " number ")), _details(acts)
    looks = [w for w in content(text) if w not in details]
    ranked = by_rank(state.shown, said) or by_price(state.shown, said, details=details)
    apart = told_apart(state.shown, looks) if acts.main == "compare" else ()
    at = tuple(n for n in places(said) if str(n) not in details) if state.shown else ()
    if at or ranked or apart:
        placed = _by_position(state.shown, at)
        return replace(placed, product_ids=_unique(placed.product_ids + apart + ranked))
    fits = best(state.seen, looks)
    if fits and not (state.focus and names_nothing(said) and not is_definite(fits[0], said)):
        return _chosen([item for item in fits if item.product_id in state.focus] or fits, acts)
    return _by_focus(state, acts, said, named=_name(text, looks, acts))


def _chosen(fits: list[ShownItem], acts: Acts) -> Resolved:
    """Take all where all may be meant, one where it does no harm, and ask before buying."""
    if len(fits) == 1 or acts.main in {"compare", "feedback_positive", "feedback_negative"}:
        return Resolved(product_ids=ids(fits))
    return Resolved(candidates=ids(fits)) if "add_to_cart" in acts.intents else Resolved(product_ids=ids(fits[:1]))


def _by_focus(state: DialogueState, acts: Acts, said: list[str], *, named: str) -> Resolved:
    """Resolve "it", "both", "these" and talk that names no item at all."""
    known = lexicon()
    shown = ids(state.shown)
    if known["both"].intersection(said) and len(shown) == 2:
        return Resolved(product_ids=shown)
    if state.focus and (not named or names_nothing(said)):
        return Resolved(product_ids=state.focus)
    if len(shown) == 1 and not named:
        return Resolved(product_ids=shown)
    if acts.main in {"ask_product", "compare"} and known["plurals"].intersection(said):
        return Resolved(product_ids=shown)
    points_back = bool(state.seen) and bool(known["one"].intersection(said))
    return Resolved(unresolved=True) if named and points_back else Resolved(named=named)


def _details(acts: Acts) -> set[str]:
    """Return the words of a size or quantity: "in a 7" does not name an item."""
    values = [c.value for c in acts.add if c.slot in {"size", "quantity"}]
    return {stem(w) for v in values for w in words(v if isinstance(v, str) else f"{v:g}")}


def _name(text: str, looks: list[str], acts: Acts) -> str:
    """Return the words that look like a name, only where an item is to be bought: elsewhere they are a question."""
    return " ".join(w for w in words(text) if stem(w) in looks) if "add_to_cart" in acts.intents else ""


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
