"""Titles and descriptions of the sample store's products."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from assistant.sample.shelf import table

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from assistant.sample.shelf import Shelf

MAX_DESCRIPTION = 290  # characters; the searchable text of a product holds 300
_TITLE = "{brand} {name} {who} {headline} {noun}"

Value = str | bool


def people(who: str) -> Mapping[str, Any]:
    """Return how `who` is written, with the Merchant words for gender and age group and a price factor."""
    told: Mapping[str, Any] = _wording()["who"][who]
    return told


def title(shelf: Shelf, facts: Mapping[str, Value], *, brand: str, name: str, who: str) -> str:
    """Return the title of a group: brand, series, for whom, its headline features, and what it is."""
    words = {
        **{key: str(value) for key, value in facts.items()},
        "brand": brand,
        "name": name,
        "who": people(who)["title"] if who else "",
        "headline": " ".join(_headline(shelf, facts)),
        "noun": shelf.noun,
    }
    return " ".join(_filled(shelf.title or _TITLE, words).split())


def description(shelf: Shelf, facts: Mapping[str, Value], rng: random.Random, *, brand: str, tier: str) -> str:
    """Return two or three sentences: what it is for, what it has, what it is made of."""
    wording = _wording()
    use = rng.choice(shelf.uses)
    words = {"noun": shelf.noun, "Noun": _capital(shelf.noun), "brand": brand, "use": use}
    words["Tier"] = rng.choice(wording["tiers"][tier])
    sentences = [_filled(rng.choice(wording["openers"]), words)]
    told = list(_feature_sentences(shelf, facts))
    sentences += rng.sample(told, min(len(told), 2))
    if len(told) < 2 and (rest := _rest(shelf, facts)):
        sentences.append(f"{wording['rest']} {', '.join(rest)}.")
    if shelf.extra:
        sentences.append(rng.choice(shelf.extra))
    if material := str(facts.get("material", "")):
        said = {"material": material, "Material": _capital(material)}
        sentences.append(_filled(rng.choice(wording["materials"]), said))
    return _within(sentences)


def _headline(shelf: Shelf, facts: Mapping[str, Value]) -> Iterator[str]:
    for name in shelf.headline:
        value = facts.get(name)
        if value is True:
            yield name
        elif isinstance(value, str):
            yield value


def _feature_sentences(shelf: Shelf, facts: Mapping[str, Value]) -> Iterator[str]:
    for name, sentence in shelf.says.items():
        value = facts.get(name)
        if value is True or isinstance(value, str):
            yield _capital(_filled(sentence, {"value": str(value)}))


def _rest(shelf: Shelf, facts: Mapping[str, Value]) -> list[str]:
    """Return up to three features that neither a sentence nor the title tells."""
    names = [f.name for f in shelf.features if f.name not in shelf.says and f.name not in shelf.headline]
    untold = [name for name in names if "{" + name + "}" not in shelf.title and facts.get(name)]
    return [_phrase(name, facts[name]) for name in untold[:3]]


def _phrase(name: str, value: Value) -> str:
    if value is True:
        return name
    named = any(word.rstrip("s") in str(value).casefold() for word in name.casefold().split())
    return str(value) if named else f"{value} {name}"


def _filled(template: str, words: Mapping[str, str]) -> str:
    for key, value in words.items():
        template = template.replace("{" + key + "}", value)
    return template


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _within(sentences: list[str]) -> str:
    while len(" ".join(sentences)) > MAX_DESCRIPTION and len(sentences) > 1:
        sentences = sentences[:-1]
    return " ".join(sentences)


@cache
def _wording() -> dict[str, Any]:
    return table("wording")
