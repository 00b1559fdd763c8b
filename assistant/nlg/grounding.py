"""The last look before a reply leaves: what has no evidence from this turn is taken out.

Checked in every sentence: quoted names and quotations, amounts of money, sizes, other numbers, and names written with
capitals. Where a clause names products, a price, size or number in it must belong to those products (or be no
product's at all, such as a count), so the right price of the wrong product is caught too. The shopper's own words prove
a bound ("under $80") and a denial ("no size 2"), never what a product costs or comes in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from assistant.nlg.money import amounts
from assistant.nlg.wording import word_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assistant.nlg.evidence import Evidence, Fact

_QUOTED = re.compile(r"“([^“”]*)”")
_MASK = "\N{REPLACEMENT CHARACTER}"
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)|(?<=\n)")
_CLAUSE_END = re.compile(r"(?<=;)(?=\s)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LONGEST_FIGURE = 15  # characters of a number that may be money
_SCALE = re.compile(r"\bout of (?:5|five)\b|/5\b|\b100\s?%", re.IGNORECASE)
_RATING = re.compile(r"(\d+(?:\.\d+)?)(?: out of (?:5|five)\b|/5\b)", re.IGNORECASE)
_SIZE = re.compile(r"\bsizes?:?\s+((?:[\w./-]+(?:,\s|\sand\s|\sor\s)?)+)", re.IGNORECASE)
_SIZE_TOKEN = re.compile(r"\b(?:\d+(?:[.,/-]\d+)*|[SML]/[SML]|[2-6]?X{0,4}[SL]|M)(?![\w/])")
_NAME = re.compile(r"\b[A-Z][\w'’-]+(?:\s+(?:[A-Z][\w'’-]+|\d+\w*))+")  # noqa: RUF001
_WORD = re.compile(r"[^\W_]+")


def check(text: str, evidence: Evidence) -> tuple[str, tuple[str, ...]]:
    """Return `text` without what `evidence` does not hold, and the pieces that went.

    Of a sentence with several clauses (parted by semicolons) the ones that stand are kept. A plain denial carries no
    figure or name of its own and so always stays.
    """
    ground, dropped, lines = _Ground(evidence.facts), list[str](), list[str]()
    for line in text.split("\n"):
        kept: list[str] = []
        for sentence in sentences(line):
            clean, lost = _checked(sentence, ground)
            dropped += lost
            kept += [clean] if clean else []
        if kept or not line.strip():
            lines.append(" ".join(kept))
    return "\n".join(lines).strip(), tuple(dropped)


def sentences(text: str) -> list[str]:
    """Split into sentences; a full stop inside curly quotes or a number ends none."""
    return _split(text, _SENTENCE_END)


def _split(text: str, end: re.Pattern[str]) -> list[str]:
    masked = _QUOTED.sub(lambda m: _MASK * len(m.group()), text)
    cuts = [0, *(m.start() for m in end.finditer(masked)), len(text)]
    return [piece for a, b in pairwise(cuts) if (piece := text[a:b].strip())]


def _checked(sentence: str, ground: _Ground) -> tuple[str, list[str]]:
    clauses = _split(sentence, _CLAUSE_END)
    bad = [c for c in clauses if not ground.holds(c)]
    if not bad:
        return sentence, []
    kept = " ".join(c for c in clauses if c not in bad).rstrip(" ;")
    if kept and kept[-1] not in ".!?":
        kept += "."
    return kept[:1].upper() + kept[1:], bad


@dataclass(frozen=True)
class _Ground:
    """The facts of a turn, prepared for looking things up."""

    facts: tuple[Fact, ...]

    def holds(self, clause: str) -> bool:
        quotes = _QUOTED.findall(clause)
        bare = _QUOTED.sub(" “” ", clause)
        if not all(self._quotable(q) for q in quotes):
            return False
        facts = self._allowed(quotes)
        if not _ratings_hold(bare, facts):
            return False
        bare = _SCALE.sub(" ", bare)
        denies = not word_list("negation").isdisjoint(re.findall(r"[a-z']+", bare.lower().replace("\u2019", "'")))
        return _sizes_hold(bare, facts, denies=denies) and _figures_hold(bare, facts) and self._names_hold(bare)

    @cached_property
    def _texts(self) -> tuple[tuple[str, str], ...]:
        return tuple((_plain(f.text), f.about) for f in self.facts)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(w for text, _ in self._texts for w in _WORD.findall(text))

    def _quotable(self, quote: str) -> bool:
        piece = _plain(quote).strip("…").strip(" .")
        return any(piece in text for text, _ in self._texts)

    def _allowed(self, quotes: list[str]) -> list[Fact]:
        """Return the facts that a clause with these quotes may use."""
        pieces = [_plain(q).strip("…") for q in quotes]
        about = {pid for text, pid in self._texts if pid and any(text.startswith(p) for p in pieces)}
        return [f for f in self.facts if not f.about or f.about in about or not about]

    def _names_hold(self, bare: str) -> bool:
        """Whether every run of capitalised words is known; a sentence's first word has its capital anyway."""
        for match in _NAME.finditer(bare):
            parts = _WORD.findall(match.group().lower())
            unknown = [w for w in parts[match.start() == 0 :] if w not in self._words]
            if unknown and len(parts) > 1:
                return False
        return True


def _figures_hold(bare: str, facts: Iterable[Fact]) -> bool:
    facts = list(facts)
    proven = {cents for f in facts if not f.by_shopper for cents in f.cents}
    wished = {cents for f in facts if f.by_shopper for cents in f.cents} | _whole(f for f in facts if f.by_shopper)
    rest, found = bare, amounts(bare)
    for amount in found:
        if amount.cents not in proven and not (amount.cents in wished and _is_bound(bare[: amount.start])):
            return False
    for amount in reversed(found):
        rest = rest[: amount.start] + " " + rest[amount.end :]
    known = {_figure(n) for f in facts for n in _NUMBER.findall(_SCALE.sub(" ", f.text))}
    return all(_figure(n) in known for n in _NUMBER.findall(rest))


def _ratings_hold(bare: str, facts: Iterable[Fact]) -> bool:
    """Whether every "N out of 5" is said so by a fact, whatever else has the figure N."""
    known = {_figure(n) for f in facts for n in _RATING.findall(f.text)}
    return all(_figure(n) in known for n in _RATING.findall(bare))


def _whole(facts: Iterable[Fact]) -> set[int]:
    """Return the plain numbers of the shopper's words as cents: "under 80" proves "under $80"."""
    figures = (_figure(n) for f in facts for n in _NUMBER.findall(f.text))
    return {round(float(n) * 100) for n in figures if n.count(".") <= 1 and len(n) <= _LONGEST_FIGURE}


def _is_bound(before: str) -> bool:
    words = re.findall(r"[a-z]+", before.lower())[-2:]
    return not word_list("bound").isdisjoint(words)


def _sizes_hold(bare: str, facts: Iterable[Fact], *, denies: bool) -> bool:
    asked = [token for match in _SIZE.finditer(bare) for token in _SIZE_TOKEN.findall(match.group(1))]
    if not asked:
        return True
    known = {_figure(t).upper() for f in facts if denies or not f.by_shopper for t in _size_words(f)}
    return all(_figure(token).upper() in known for token in asked)


def _size_words(fact: Fact) -> list[str]:
    """Return what a fact says of sizes: the words after "size", any word of the shopper's ("in a 7")."""
    _, found, tail = fact.text.lower().partition("size")
    return re.findall(r"[\w./-]+", tail if found else fact.text if fact.by_shopper else "")


def _figure(token: str) -> str:
    """Return a number without grouping commas and needless zeros: "1,299.00" -> "1299"."""
    plain = re.sub(r",(?=\d{3}\b)", "", token).rstrip(".,")
    return plain.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", plain) else plain


def _plain(text: str) -> str:
    straight = text.replace("“", '"').replace("”", '"').replace("\u2019", "'")
    return " ".join(straight.lower().split())
