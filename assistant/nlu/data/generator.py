"""Generates talk of which the authored book has little, from the small grammar in `grammar.yaml`.

Surroundings (state, shown list, last assistant text) are borrowed from authored examples, so that only the last
utterance is made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assistant.nlu.data.examples import Example, Wish
from retrieval.types import SHOWN, Constraint

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from assistant.nlu.data.augment import Lexicon

GRAMMAR = Path(__file__).parent / "grammar.yaml"
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_PART = re.compile(r"\[(?:(\d)\.)?(\w+):(\w+) ([^\]]*)\]|\{([\w:]+)\}")
_ORDINALS = (
    ("first", "1st", "number 1", "top"), ("second", "2nd", "number 2"), ("third", "3rd", "number 3"),
    ("fourth", "4th", "number 4"), ("fifth", "5th", "number 5"), ("sixth", "6th", "number 6"),
)  # fmt: skip
_SLOT_WORDS = {"color": ("colour", "color"), "price": ("price", "budget"), "brand": ("brand",)}
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_PLAIN_SHARE = 0.5


@dataclass(slots=True)
class _Draft:
    """An utterance in the making."""

    around: Example
    rng: random.Random
    text: str = ""
    adds: list[Wish] = field(default_factory=list)
    drops: set[int] = field(default_factory=set)
    references: list[int] = field(default_factory=list)


class Generator:
    """Draws examples from the grammar.

    Args:
        examples: Authored examples to borrow surroundings from.
        lexicon: Words for each slot.
    """

    def __init__(self, examples: Sequence[Example], lexicon: Lexicon) -> None:
        data: dict[str, Any] = yaml.safe_load(GRAMMAR.read_text(encoding="utf-8"))
        self._words: dict[str, list[str]] = data["words"]
        self._questions: dict[str, list[str]] = data["questions"]
        self._templates: list[dict[str, Any]] = data["templates"]
        self._weights = [len(t["say"]) ** 0.5 for t in self._templates]
        self._lexicon = lexicon
        self._around = {need: _fitting(examples, need) for need in {t.get("needs", "") for t in self._templates}}
        self._say: dict[str, Callable[[_Draft], str]] = {
            "money": lambda d: _money(d.rng), "n": lambda d: str(d.rng.choice((2, 3, 4, 5, 6, 8, 10, 12))),
            "order": lambda d: _order(d.rng), "rating": lambda d: _rating(d.rng), "size": lambda d: self._size(d.rng),
            "ordinal": _ordinal, "two": _two, "title": _title, "titles": _titles, "all": _all,
            "gibberish": lambda d: _gibberish(d.rng),
        }  # fmt: skip

    def example(self, rng: random.Random) -> Example:
        """Return one made-up turn in borrowed surroundings."""
        template = rng.choices(self._templates, self._weights)[0]
        around = self._surroundings(template, rng)
        draft = _Draft(around, rng)
        self._write(draft, self._chosen(rng.choice(template["say"]), rng))
        return replace(
            around, text=draft.text, intents=tuple(template["intents"]), adds=tuple(draft.adds),
            drops=tuple(sorted(draft.drops)), references=tuple(dict.fromkeys(draft.references)), origin="generated",
        )  # fmt: skip

    def _surroundings(self, template: dict[str, Any], rng: random.Random) -> Example:
        needs = template.get("needs", "")
        blank = Example("", ("search",))
        around = blank if not needs and rng.random() < _PLAIN_SHARE else rng.choice(self._around[needs])
        around = replace(around, adds=(), drops=(), keeps=(), references=(), covers_all=False)
        if "start_over" in template["intents"] and not needs:
            return around
        asks = template.get("asks")
        if asks:
            slot = rng.choice([k for k in self._questions if k not in {"yesno", "category"}]) if asks == "any" else asks
            around = replace(around, assistant_text=rng.choice(self._questions[slot]))
        return around

    def _chosen(self, pattern: str, rng: random.Random) -> str:
        while found := _CHOICE.search(pattern):
            pattern = pattern[: found.start()] + rng.choice(found.group(1).split("|")) + pattern[found.end() :]
        return pattern

    def _write(self, draft: _Draft, pattern: str) -> None:
        at = 0
        for part in _PART.finditer(pattern):
            draft.text += pattern[at : part.start()]
            at = part.end()
            group, slot, op, inner, name = part.groups()
            if name:
                draft.text += self._spoken(draft, name)
            else:
                self._wish(draft, slot, op, inner=inner, group=int(group or 0))
        draft.text += pattern[at:]

    def _wish(self, draft: _Draft, slot: Any, op: Any, *, inner: str, group: int) -> None:  # noqa: ANN401
        start = len(draft.text)
        self._write(draft, inner)
        said = draft.text[start:]
        if slot == "sort":
            draft.adds.append(Wish(Constraint("sort", "eq", op, group=group)))
        elif slot == "price" and op in {"lt", "gt"}:
            draft.adds.append(Wish(Constraint("price", op, SHOWN, group=group)))
        elif said.strip():
            draft.adds.append(Wish(Constraint(slot, op, said, group=group), start, len(draft.text)))

    def _spoken(self, draft: _Draft, name: str) -> str:
        if name in self._words:
            return draft.rng.choice(self._words[name])
        if name in self._say:
            return self._say[name](draft)
        kind, _, slot = name.partition(":")
        if not slot:
            return self._lexicon.any(name, draft.rng)
        return self._dropped(draft, kind, slot)

    def _dropped(self, draft: _Draft, kind: str, slot: str) -> str:
        held = [k for k, c in enumerate(draft.around.state) if c.slot == slot]
        if kind == "drop":
            chosen = draft.rng.choice([k for k in held if isinstance(draft.around.state[k].value, str)] or held)
            draft.drops.add(chosen)
            return str(draft.around.state[chosen].value)
        draft.drops.update(held)
        return draft.rng.choice(_SLOT_WORDS.get(slot, (slot,))) if kind == "dropslot" else ""

    def _size(self, rng: random.Random) -> str:
        if rng.random() < _PLAIN_SHARE:
            return self._lexicon.any("size", rng)
        return rng.choice(
            (
                "S",
                "M",
                "L",
                "XL",
                "xxl",
                "small",
                "medium",
                "large",
                str(rng.randint(3, 50)),
                f"uk {rng.randint(4, 18)}",
            )
        )


def _fitting(examples: Sequence[Example], need: str) -> list[Example]:
    what, _, slot = need.partition(".")
    if what == "shown":
        return [e for e in examples if e.shown]
    if what == "state":
        return [e for e in examples if any(c.slot == slot and c.op != "ne" for c in e.state) or (e.state and not slot)]
    return list(examples)


def _money(rng: random.Random) -> str:
    amount = rng.choice(
        (5, 8, 10, 15, 20, 25, 30, 40, 45, 50, 60, 75, 80, 99, 100, 120, 150, 200, 250, 300, 450, 800, 1200)
    )
    words = (
        "ten",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "a hundred",
        "two hundred",
        "fifteen",
        "twenty five",
        "a grand",
    )
    said = rng.choice(words) if rng.random() < 0.15 else str(amount)
    if rng.random() < 0.1:
        said = rng.choice(("1k", "1.5k", "2k", "2 grand", "1,200", "3,500", "49.99", "19.50"))
    if said[0].isdigit() and rng.random() < 0.35:
        return rng.choice("£$€") + said
    return said + rng.choice(("", "", "", " dollars", " quid", " euros", " pounds", " bucks", " eur", " usd"))


def _order(rng: random.Random) -> str:
    letters = "".join(rng.choice(_LETTERS) for _ in range(rng.choice((0, 1, 2, 3))))
    digits = "".join(rng.choice("0123456789") for _ in range(rng.choice((4, 5, 6, 8))))
    return letters + (rng.choice(("-", "")) if letters else "") + digits


def _gibberish(rng: random.Random) -> str:
    letters = rng.choice(("qwertyuiopasdfghjklzxcvbnm", "asdfjkl", "bcdfghjklmnpqrstvwxz"))
    return "".join(rng.choice(letters) for _ in range(rng.randint(4, 10)))


def _rating(rng: random.Random) -> str:
    return rng.choice(("4", "4.5", "3.5", "four", "3", "four and a half")) + rng.choice(
        (" stars", " star", "+ stars", "", "/5")
    )


def _pick(draft: _Draft) -> int:
    return draft.rng.randrange(min(len(draft.around.shown), len(_ORDINALS)))


def _ordinal(draft: _Draft) -> str:
    k = _pick(draft)
    draft.references.append(k + 1)
    last = k == len(draft.around.shown) - 1 and k > 0
    return "last" if last and draft.rng.random() < 0.5 else draft.rng.choice(_ORDINALS[k])


def _two(draft: _Draft) -> str:
    n = min(len(draft.around.shown), len(_ORDINALS))
    if n == 1:
        return f"the {_ordinal(draft)}"
    if n == 2 and draft.rng.random() < 0.5:
        draft.references += [1, 2]
        return draft.rng.choice(("both", "the two", "them both"))
    i, j = draft.rng.sample(range(n), 2)
    draft.references += [i + 1, j + 1]
    return f"the {draft.rng.choice(_ORDINALS[i])} and {draft.rng.choice(('', 'the '))}{draft.rng.choice(_ORDINALS[j])}"


def _title(draft: _Draft) -> str:
    k = draft.rng.randrange(len(draft.around.shown))
    draft.references.append(k + 1)
    return _short(draft.around.shown, k, draft.rng)


def _titles(draft: _Draft) -> str:
    n = len(draft.around.shown)
    chosen = draft.rng.sample(range(n), min(2, n))
    draft.references += [k + 1 for k in chosen]
    between = draft.rng.choice((" or ", " vs ", " and ", " versus ", " against "))
    return between.join(_short(draft.around.shown, k, draft.rng) for k in chosen)


def _all(draft: _Draft) -> str:
    draft.references += [k + 1 for k in range(len(draft.around.shown))]
    return ""


def _short(shown: Sequence[str], k: int, rng: random.Random) -> str:
    """Return one to three words of a title that no other shown title has first."""
    others = {word.casefold() for j, title in enumerate(shown) if j != k for word in re.findall(r"\w+", title)}
    words = [w for w in re.findall(r"[\w'-]+", shown[k]) if w.casefold() not in others and len(w) > 2]
    if not words:
        return shown[k]
    at = rng.randrange(len(words))
    return " ".join(words[at : at + rng.choice((1, 1, 2))])
