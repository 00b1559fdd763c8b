"""Multiplies authored examples: other values in the same sentence, other digits, typos, lost punctuation, other states.

Every change keeps the labels true: spans move with the text, and a value that the turn talks about stays.
"""

from __future__ import annotations

import re
import string
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from assistant.nlu.data.examples import Example, Wish
from assistant.nlu.numbers import SMALL, TENS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from retrieval.types import Constraint

LEXICON = Path(__file__).parent / "lexicon.yaml"
_LEADS = frozenset(
    [
        "with",
        "for",
        "that",
        "has",
        "in",
        "to",
        "no",
        "not",
        "which",
        "without",
        "made",
        "easy",
        "can",
        "to",
        "suits",
        "takes",
        "from",
    ]
)
_BESIDE = frozenset({"ask_policy", "order_status", "view_cart", "human_agent", "return_or_refund", "thank", "greet"})
_JOINTS = (". ", ", ", " and ", ", also ", "! ", " - ", "\n", "; ", ". oh and ", " plus ", ". by the way ", " ")
_SYLLABLES = (
    "ka",
    "lo",
    "ri",
    "zen",
    "mor",
    "vi",
    "ta",
    "quin",
    "bel",
    "nor",
    "fa",
    "shu",
    "dex",
    "ol",
    "pra",
    "um",
    "gle",
)
_SWAPPED = frozenset({"category", "brand", "color", "material", "style", "feature", "occasion", "recipient", "size"})
_NUMBERED = frozenset({"price", "quantity", "order_id", "size", "feature"})
_DIGITS = re.compile(r"\d+")
_LETTERS = string.ascii_lowercase


class Lexicon:
    """Words for each slot, kept apart by form so that an exchange reads naturally: from the book and from a file."""

    def __init__(self, examples: Sequence[Example]) -> None:
        forms: dict[tuple[str, str], set[str]] = defaultdict(set)
        for slot, values in yaml.safe_load(LEXICON.read_text(encoding="utf-8"))["values"].items():
            for value in values:
                forms[slot, form_of(slot, str(value))].add(str(value))
        for example in examples:
            for wish in example.adds:
                if wish.start >= 0 and wish.source == "user":
                    text = example.text[wish.start : wish.end]
                    forms[wish.constraint.slot, form_of(wish.constraint.slot, text)].add(text)
        self._forms = {key: sorted(values) for key, values in forms.items()}

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield every value with its slot."""
        for (slot, _), values in self._forms.items():
            yield from ((slot, value) for value in values)

    def other(self, slot: str, text: str, rng: random.Random) -> str:
        """Return a value of the same slot and form as `text`."""
        return rng.choice(self._forms.get((slot, form_of(slot, text)), [text]))

    def any(self, slot: str, rng: random.Random) -> str:
        """Return a value of `slot` in its plain form."""
        for form in ("plain", "plural", "number"):
            if (slot, form) in self._forms and (form != "plain" or rng.random() < 0.8):
                return rng.choice(self._forms[slot, form])
        return rng.choice(self._forms[slot, "plain"])


def form_of(slot: str, text: str) -> str:
    """Return the form of a value: its leading function word, `plural`, `number` or `plain`."""
    first = text.split(" ", 1)[0].casefold() if text else ""
    if first in _LEADS:
        return first
    if any(ch.isdigit() for ch in text):
        return "number"
    return "plural" if slot == "category" and text.endswith("s") and not text.endswith("ss") else "plain"


class Augmenter:
    """Varies examples with one lexicon."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.lexicon = Lexicon(examples)
        self._asides = [e for e in examples if _is_aside(e)]

    def vary(self, example: Example, rng: random.Random) -> Example:
        """Return `example` with other values, another state, a second request and some noise, each sometimes."""
        if rng.random() < 0.7:
            example = self._swapped(example, rng)
        example = self._other_state(example, rng)
        if self._asides and len(example.intents) == 1 and rng.random() < 0.06:
            example = joined(example, rng.choice(self._asides), rng)
        return self.noisy(example, rng)

    def noisy(self, example: Example, rng: random.Random) -> Example:
        """Return `example` with typos, lost punctuation or an emoji, sometimes none."""
        if rng.random() < 0.3:
            example = _without_punctuation(example, rng)
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
            example = _typo(example, rng)
        if rng.random() < 0.04:
            mark = rng.choice(("😀", "🙏", "👍", "🎁", "!!", "...", "xx", "ツ", "🙂"))
            example = edited(example, len(example.text), 0, f" {mark}")
        return example

    def _swapped(self, example: Example, rng: random.Random) -> Example:
        for wish in sorted(example.adds, key=lambda w: -w.start):
            if wish.start < 0 or wish.source != "user" or _overlaps(wish, example):
                continue
            old = example.text[wish.start : wish.end]
            new = self._other_value(wish, old, rng)
            if new != old:
                example = edited(example, wish.start, len(old), new)
        return example

    def _other_value(self, wish: Wish, old: str, rng: random.Random) -> str:
        slot = wish.constraint.slot
        if slot in {"category", "brand"} and rng.random() < 0.06:
            return invented(rng) + ("s" if slot == "category" and old.endswith("s") else "")
        if slot in {"price", "quantity"} and old.isdigit() and rng.random() < 0.12:
            return in_words(int(old))
        if slot in _SWAPPED and rng.random() < 0.45:
            return self.lexicon.other(slot, old, rng)
        if slot in _NUMBERED and rng.random() < 0.5:
            return _DIGITS.sub(lambda found: _like(found.group(), rng), old)
        return old

    def _other_state(self, example: Example, rng: random.Random) -> Example:
        touched = {*example.drops, *example.keeps}
        said = example.text.casefold()
        index: dict[int, int] = {}
        state: list[Constraint] = []
        for k, c in enumerate(example.state):
            free = k not in touched and isinstance(c.value, str) and c.value.casefold() not in said
            if free and c.slot not in {"category", "order_id"} and rng.random() < 0.15:
                continue
            index[k] = len(state)
            swap = free and c.slot in _SWAPPED - {"category"} and rng.random() < 0.2
            state.append(replace(c, value=self.lexicon.other(c.slot, str(c.value), rng)) if swap else c)
        drops, keeps = (tuple(index[k] for k in group) for group in (example.drops, example.keeps))
        return replace(example, state=tuple(state), drops=drops, keeps=keeps)


def edited(example: Example, at: int, length: int, new: str) -> Example:
    """Return `example` with `length` characters at `at` replaced by `new`, all spans moved along."""
    text = example.text[:at] + new + example.text[at + length :]
    grown = len(new) - length
    adds = tuple(_moved(wish, at, length, grown) for wish in example.adds)
    return replace(example, text=text, adds=adds)


def joined(first: Example, aside: Example, rng: random.Random) -> Example:
    """Return one turn that says both; a greeting goes in front and thanks anywhere, but neither is the main intent."""
    if set(first.intents) & set(aside.intents) or any(w.constraint.slot == "order_id" for w in first.adds):
        return first
    before = aside.intents[0] == "greet" or (aside.intents[0] == "thank" and rng.random() < 0.5)
    joint = rng.choice(_JOINTS)
    one, two = (aside.text.rstrip(" .!"), first.text) if before else (first.text.rstrip(" .!"), aside.text)
    text = f"{one}{joint}{two}"
    shift = len(one) + len(joint)
    ours = tuple(_shifted(w, shift if before else 0) for w in first.adds)
    theirs = tuple(_shifted(w, 0 if before else shift) for w in aside.adds)
    return replace(first, text=text, intents=(*first.intents, *aside.intents), adds=(*ours, *theirs))


def _is_aside(example: Example) -> bool:
    plain = not (example.references or example.drops or example.keeps) and len(example.intents) == 1
    free = all(w.constraint.slot == "order_id" and w.source == "user" for w in example.adds)
    return plain and free and example.intents[0] in _BESIDE and len(example.text) < 160


def _shifted(wish: Wish, by: int) -> Wish:
    if wish.source != "user" or wish.start < 0:
        return wish
    return replace(wish, start=wish.start + by, end=wish.end + by)


def invented(rng: random.Random) -> str:
    """Return a word that nobody has seen: a copied value must not depend on being known."""
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.choice((2, 2, 3))))


def in_words(number: int) -> str:
    """Return a whole number below 1,000 as it is said; others in digits."""
    if not 0 < number < 1_000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    said = [f"{SMALL[hundreds]} hundred"] if hundreds else []
    if rest:
        tens, ones = divmod(rest, 10)
        said.append(SMALL[rest] if rest < len(SMALL) else f"{TENS[tens]} {SMALL[ones] if ones else ''}".strip())
    return " and ".join(said)


def _moved(wish: Wish, at: int, length: int, grown: int) -> Wish:
    if wish.source != "user" or wish.start < 0 or at >= wish.end:
        return wish
    start = wish.start + grown if at + length <= wish.start else wish.start
    return replace(wish, start=start, end=wish.end + grown)


def _overlaps(wish: Wish, example: Example) -> bool:
    others = (o for o in example.adds if o is not wish and o.source == "user" and o.start >= 0)
    return any(o.start < wish.end and wish.start < o.end for o in others)


def _without_punctuation(example: Example, rng: random.Random) -> Example:
    gone = [k for k, ch in enumerate(example.text) if ch in ",.!?'\";:" and not _inside_number(example.text, k)]
    everything = rng.random() < 0.5
    for k in reversed(gone):
        if everything or rng.random() < 0.5:
            example = edited(example, k, 1, "")
    return example


def _inside_number(text: str, k: int) -> bool:
    return 0 < k < len(text) - 1 and text[k - 1].isalnum() and text[k + 1].isdigit()


def _typo(example: Example, rng: random.Random) -> Example:
    letters = [k for k in range(1, len(example.text) - 1) if example.text[k - 1 : k + 2].isalpha()]
    if not letters:
        return example
    k = rng.choice(letters)
    ch, after = example.text[k], example.text[k + 1]
    new = rng.choice((after + ch, ch + ch + after, after, ch, rng.choice(_LETTERS) + after))
    spans = [w for w in example.adds if w.start in (k, k + 1) or w.end in (k, k + 1)]
    return example if spans else edited(example, k, 2, new)


def _like(number: str, rng: random.Random) -> str:
    first = rng.choice("123456789")
    rest = "".join(rng.choice("0000555123456789") for _ in number[1:])
    return first + rest
