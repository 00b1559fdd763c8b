"""What the shop's own words add to a parse: spelling mended, materials and colours told from types, bare names.

The model has never seen this catalogue; plain code reads what the catalogue knows. Nothing here decides what to do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.acts import Acts
from assistant.dialogue.lexicon import words
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.store import Store
    from retrieval.types import Slot

_NAMED: tuple[Slot, ...] = ("category", "brand")
_LOOKS: tuple[Slot, ...] = ("material", "color")
_PARTS: tuple[Slot, ...] = ("feature", "style", "material", "occasion", "recipient")
_MAX_BARE = 4
"""A message of more words is a sentence, not a name."""


def settled(store: Store, acts: Acts, message: str) -> Acts:
    """Return `acts` with values in the catalogue's spelling, and what a bare name means where the parser missed it."""
    joined = _joined(store, acts.add)
    added = tuple(c for constraint in joined for c in _settled(store, constraint))
    acts = replace(acts, add=added)
    names_type = any(c.slot in _NAMED and _known(store, c) for c in added)
    return acts if names_type or len(added) > 1 else _bare(store, message) or acts


def _joined(store: Store, added: Sequence[Constraint]) -> list[Constraint]:
    """Put a type together that was read in two parts: "trail" and "running shoe" are one shelf."""
    shelves = _shelf_names(store)
    kept = list(added)
    for kind in [c for c in added if c.slot == "category" and c.op == "eq"]:
        parts = (c for c in added if c.slot in _PARTS and (c.op, c.group) == ("eq", kind.group))
        for part in parts:
            whole = f"{part.value} {kind.value}".casefold()
            if _plurals(whole) & shelves:
                kept[kept.index(kind)] = kind = replace(kind, value=whole)
                kept.remove(part)
    return kept


def _shelf_names(store: Store) -> set[str]:
    return {shelf.rsplit(">", 1)[-1].strip().casefold() for shelf in store.vocabulary.shelves}


def _plurals(name: str) -> set[str]:
    return {name, f"{name}s", f"{name}es"}


def _settled(store: Store, constraint: Constraint) -> Iterator[Constraint]:
    if constraint.op != "eq" or constraint.slot not in _NAMED or not isinstance(constraint.value, str):
        yield constraint
        return
    if constraint.slot == "category":
        constraint, looks = _without_looks(store, constraint)
        yield from looks
    found = store.vocabulary.resolve(constraint.slot, str(constraint.value))
    mended = found.known and not _is_word(store, str(constraint.value))
    yield replace(constraint, value=found.spelled) if mended and found.spelled else constraint


def _without_looks(store: Store, constraint: Constraint) -> tuple[Constraint, list[Constraint]]:
    """Take leading materials and colours off a type: "leather boot" is a leather one, unless a shelf is called that."""
    said, looks = str(constraint.value).split(), []
    shelves = _shelf_names(store)
    while len(said) > 1 and not _plurals(" ".join(said).casefold()) & shelves:
        slot = next((s for s in _LOOKS if store.vocabulary.resolve(s, said[0]).known), None)
        if slot is None or not store.vocabulary.resolve("category", " ".join(said[1:])).known:
            break
        looks.append(Constraint(slot, "eq", said.pop(0), group=constraint.group))
    return replace(constraint, value=" ".join(said)), looks


def _bare(store: Store, message: str) -> Acts | None:
    """Return what a message means that as a whole names a shelf, a brand or a product's code; None for any other."""
    said = words(message)
    if not 0 < len(said) <= _MAX_BARE:
        return None
    if not any(store.vocabulary.resolve(slot, message).known for slot in _LOOKS):
        for slot in _NAMED:
            found = store.vocabulary.resolve(slot, message)
            slipped = found.spelled != message.casefold() and _is_word(store, message)
            if found.known and found.values and not found.words and not (slot == "category" and _other(said, slipped)):
                return Acts(("search",), add=(Constraint(slot, "eq", found.spelled or message),))
    codes = [word for word in said if any(c.isdigit() for c in word) and any(c.isalpha() for c in word)]
    if codes and store.lexical.holding_all(message):
        return Acts(("search",), add=(Constraint("feature", "eq", " ".join(message.split()), hard=False),))
    return None


def _other(said: list[str], slipped: bool) -> bool:
    """A real word is not taken for a slip of a shelf's name ("black" for "block"); its plural is."""
    return slipped and len(said) == 1


def _known(store: Store, constraint: Constraint) -> bool:
    return constraint.op == "eq" and store.vocabulary.resolve(constraint.slot, str(constraint.value)).known


def _is_word(store: Store, text: str) -> bool:
    is_word = getattr(store.encoder, "is_word", None)
    return is_word is not None and all(is_word(word) for word in words(text))
