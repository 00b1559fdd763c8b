"""What the shop's own words add to a parse: spelling mended, materials and colours told from types, bare names.

The model has never seen this catalogue: it is told which words the catalogue knows (`known_words`), and plain code
settles what it makes of them (`settled`). Nothing here decides what to do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.acts import Acts
from assistant.dialogue.lexicon import lexicon, words
from assistant.llm.base import Known
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assistant.dialogue.acts import Intent
    from retrieval.store import Store
    from retrieval.types import Slot

_NAMED: tuple[Slot, ...] = ("category", "brand")
_LOOKS: tuple[Slot, ...] = ("material", "color")
_PARTS: tuple[Slot, ...] = ("feature", "style", "material", "occasion", "recipient")
_LISTING: frozenset[Intent] = frozenset({"search", "recommend"})
_MAX_BARE = 4
"""A message of more words is a sentence, not a name."""


def known_words(store: Store, text: str) -> tuple[Known, ...]:
    """Return the types and brands of the catalogue that `text` names, as hints for the parser."""
    return tuple(Known(span.start, span.end, span.slot) for span in store.vocabulary.spans(text) if span.slot in _NAMED)


def settled(store: Store, acts: Acts, message: str) -> Acts:
    """Return `acts` with values in the catalogue's spelling, and what a bare name means where the parser missed it."""
    heard = acts.add or (_unheard_brands(store, message) if acts.main in _LISTING else ())
    joined = _joined(store, _branded(store, _owned(store, _typed(store, heard, message)), message))
    added = tuple(c for constraint in joined for c in _settled(store, constraint))
    acts = replace(acts, add=added)
    names_type = any(c.slot in _NAMED and _known(store, c) for c in added)
    return acts if names_type or len(added) > 1 else _bare(store, message) or acts


def _typed(store: Store, added: Sequence[Constraint], message: str) -> list[Constraint]:
    """Take a feature that is a shelf's very name for the type it is, where no other type is named.

    What something shall have ("with an SSD") stays a feature.
    """
    if any(c.slot == "category" for c in added):
        return list(added)
    shelves, said = _shelf_names(store), words(message)
    return [replace(c, slot="category") if _is_shelf(c, shelves) and not _is_had(c, said) else c for c in added]


def _is_shelf(constraint: Constraint, shelves: set[str]) -> bool:
    wanted = constraint.slot in (*_PARTS, "size") and constraint.op == "eq"
    return wanted and bool(_plurals(str(constraint.value).casefold()) & shelves)


def _is_had(constraint: Constraint, said: Sequence[str]) -> bool:
    first = words(str(constraint.value))[:1]
    at = said.index(first[0]) if first and first[0] in said else 0
    return bool(lexicon()["having"].intersection(said[max(0, at - 2) : at]))


def _unheard_brands(store: Store, message: str) -> tuple[Constraint, ...]:
    """Return the brands a wish names that was read as a wish for nothing in particular ("anything by Kiyomi")."""
    spans = [span for span in store.vocabulary.spans(message) if span.slot == "brand"]
    said = (span.value for span in spans if _names_brand(store, message[span.start : span.end]))
    return tuple(Constraint("brand", "eq", name) for name in dict.fromkeys(said))


def _owned(store: Store, added: Sequence[Constraint]) -> list[Constraint]:
    """Take a feature, material or type that is a brand's very name for the brand, wanted or not."""
    return [replace(c, slot="brand", hard=True) if _is_brand(store, c) else c for c in added]


def _is_brand(store: Store, constraint: Constraint) -> bool:
    said = str(constraint.value)
    is_type = constraint.slot == "category" and _is_type(store, said.split())
    return constraint.slot in (*_PARTS, "category") and not is_type and _names_brand(store, said)


def _names_brand(store: Store, said: str) -> bool:
    """Whether these words are a brand's name; one that is a common word too counts only as the brand writes it."""
    brands = store.vocabulary.brands
    return said in brands or (said.casefold() in {b.casefold() for b in brands} and not _is_word(store, said))


def _branded(store: Store, added: Sequence[Constraint], message: str) -> list[Constraint]:
    """Put brands right that were cut wrongly ("Astrid" and "Holm Quokka") by the names that the shop knows."""
    said = [c for c in added if c.slot == "brand" and c.op == "eq"]
    named = {span.value for span in store.vocabulary.spans(message) if span.slot == "brand"}
    if not said or not named or all(_known(store, c) for c in said):
        return list(added)
    rest = [c for c in added if c not in said]
    group = said[0].group
    told = {word for name in named for word in words(name)}
    left = " ".join(word for c in said for word in str(c.value).split() if word.casefold() not in told)
    brands = [Constraint("brand", "eq", name, group=group) for name in sorted(named)]
    return [*rest, *brands, *([Constraint("feature", "eq", left, hard=False, group=group)] if left else [])]


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
        if _means_anything([str(constraint.value)]):
            return  # "products", "something": no type
    found = store.vocabulary.resolve(constraint.slot, str(constraint.value))
    mended = found.known and not _is_word(store, str(constraint.value))
    yield replace(constraint, value=found.spelled) if mended and found.spelled else constraint


def _without_looks(store: Store, constraint: Constraint) -> tuple[Constraint, list[Constraint]]:
    """Take leading materials and colours off a type: "leather boot" is a leather one, unless a shelf is called that."""
    said, looks = str(constraint.value).split(), []
    shelves = _shelf_names(store)
    while len(said) > 1 and not _plurals(" ".join(said).casefold()) & shelves:
        slot = next((s for s in (*_LOOKS, "brand") if store.vocabulary.resolve(s, said[0]).known), None)
        if slot is None or not (_means_anything(said[1:]) or _is_type(store, said[1:])):
            break
        looks.append(Constraint(slot, "eq", said.pop(0), group=constraint.group))
    return replace(constraint, value=" ".join(said)), looks


def _means_anything(said: Sequence[str]) -> bool:
    return set(words(" ".join(said))) <= lexicon()["things"]


def _is_type(store: Store, said: Sequence[str]) -> bool:
    return store.vocabulary.resolve("category", " ".join(said)).known


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
