"""Which product types go with a product's own: lines of `lexicon/companions.yaml`, and the shelves they mean here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import retrieval.lexicon as lexicon
from retrieval.classify import Untyped, named_type
from retrieval.predicates import all_of, has, says
from retrieval.shelves import alternatives, is_ambiguous, phrase, synonyms
from retrieval.words import normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.predicates import Predicate
    from retrieval.types import Product
    from retrieval.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CompanionType:
    """One companion of a product type.

    Attributes:
        name: What it is called, normalised.
        bound: Whether one works only with the other, as ink with its printer.
        host: Whether it is the product that is made for the companion, as ink is for a printer.
        same_size: Whether its size must be the product's own, as a mattress must be the bed's.
    """

    name: str
    bound: bool = False
    host: bool = False
    same_size: bool = False


def companion_types(product: Product) -> tuple[tuple[CompanionType, ...], ...]:
    """Return what goes with the product's type, best first; empty where the file has no line for it.

    Each is a choice: the first that a shop carries stands for the others.
    """
    lines = _lines()
    own = next((name for name in _own_types(product) if name in lines), None)
    if own is None:
        return ()
    return tuple(tuple(_read(name, own) for name in names) for names in dict.fromkeys(lines[own]))


def _read(name: str, own: str) -> CompanionType:
    table = lexicon.table("companions")
    bound, hosts, sized = ({normal(str(n)) for n in table[key]} for key in ("bound", "hosts", "same_size"))
    host = any(f" {name}".endswith(f" {kind}") for kind in hosts)  # a laser printer is a printer
    return CompanionType(name, bound=name in bound or (host and own in bound), host=host, same_size=name in sized)


def shelf_of(name: str, vocabulary: Vocabulary) -> Predicate | None:
    """Return the test that a product is of a type; None where this shop has no such type.

    Stricter than a search, where the shopper can look again: a name is never mended, a shelf of just that name is not
    widened to its kinds, and where only titles tell the type they must say the whole name.
    """
    spelled = normal(name)
    found = vocabulary.resolve("category", name)
    others = synonyms(spelled)
    if not found.known or normal(found.spelled) not in (spelled, *others):
        return None
    if found.words:
        return all_of(found.predicate(), says("title", spelled))
    kept = _called((spelled, *others), found.values)
    return has("product_type", *kept) if kept and not found.within else found.predicate()


def _called(names: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
    """Return the shelves called like the type itself where there is one, else those that end in its noun."""
    last = {path: {" ".join(p) for p in alternatives(path.rsplit(">", 1)[-1])} for path in paths}
    if any(names[0] in called for called in last.values()):
        return tuple(path for path, called in last.items() if called.intersection(names))
    nouns = {phrase(name)[-1] for name in names}
    return tuple(path for path, called in last.items() if any(phrase(c)[-1] in nouns for c in called)) or tuple(paths)


def _lines() -> dict[str, list[tuple[str, ...]]]:
    lines: dict[str, list[tuple[str, ...]]] = {}
    for own, others in lexicon.table("companions")["with"].items():
        lines.setdefault(normal(str(own)), []).extend(_choice(other) for other in others)
    return lines


def _choice(line: Any) -> tuple[str, ...]:  # noqa: ANN401 - any YAML
    return tuple(name for part in str(line).split("/") if (name := normal(part)))


def _own_types(product: Product) -> Iterator[str]:
    """Yield names of the product's own type, the closest first; its title is asked only where no shelf tells it."""
    signs = (*product.attributes, product.product_type)
    titled = phrase(named_type(Untyped(product.product_id, product.title, product.brand, signs=signs)))
    parts = alternatives(product.shelf)
    own = parts[0] if len(parts) == 1 else ()
    if is_ambiguous(" ".join(own)):  # a notebook is a laptop or paper
        own = titled
    yield from _wider(own)
    if not own or not named_type(Untyped(product.product_id, product.shelf)):
        yield from _wider(titled)


def _wider(words: Sequence[str]) -> Iterator[str]:
    """Yield "gaming laptop", its synonyms, then "laptop" and the synonyms of that."""
    for start in range(len(words)):
        name = " ".join(words[start:])
        yield name
        if not is_ambiguous(name):
            yield from synonyms(name)
