"""What the shop's own documents say: policies in Markdown, searched by words, quoted and never paraphrased.

A document is a Markdown file; its sections begin with `## 1. Title`. A question is answered by the one section that
says most about it, or honestly not at all.

References:
    Robertson and Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AssistantError
from assistant.service.base import Answer
from assistant.service.terms import asked, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADING = re.compile(r"^##\s+(\d+)[.)]?\s+(.+?)\s*#*\s*$", re.MULTILINE)
_TITLE = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*[-*] )")
_MARKS = re.compile(r"[*_`]{1,3}|^\s*[-*]\s+|^\s*>\s?", re.MULTILINE)
_K1, _B = 1.2, 0.6
_TITLE_WEIGHT = 3  # a title names what its section is about: its words count as often as this
_MAX_FILE_BYTES, _MAX_QUOTE = 200_000, 360

_WORD_SHARE = 0.3  # a word counts this much beside the name of what it asks for ("delivery" beside @ship)
_NAME_MET = 0.8  # how far a word is met where only another word for the same stands
_LATER = 0.02
_ON_SUBJECT = 1.5  # a question that names what the whole document is about is more likely answered there

COVERAGE = 0.36
"""How much of a question's weight (by rarity) a section must speak of, where its titles name what is asked."""
COVERAGE_OFF_TOPIC = 0.62
"""The same where only its running text has the words: they may be there by chance."""


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered section of one document; `text` is plain, without Markdown marks."""

    document: str
    number: int
    title: str
    text: str
    document_title: str = ""

    @property
    def evidence_id(self) -> str:
        """The id that a claim cites: `policy:returns#2`."""
        return f"policy:{self.document}#{self.number}"


@dataclass(frozen=True, slots=True)
class _Match:
    section: Section
    score: float
    coverage: float
    on_topic: bool


class KnowledgeBase:
    """The sections of all documents, searchable by words."""

    def __init__(self, sections: tuple[Section, ...]) -> None:
        """Index `sections`; their order breaks ties."""
        self.sections = sections

    @classmethod
    def load(cls, folder: str | Path) -> KnowledgeBase:
        """Read every `*.md` of `folder`, by name.

        Raises:
            AssistantError: `folder` is not a directory, or a document is too large or not UTF-8.
        """
        path = Path(folder)
        if not path.is_dir():
            raise AssistantError(f"no policy folder at {str(path)!r}; give a folder of Markdown files")
        return cls(tuple(s for file in sorted(path.glob("*.md")) for s in _read(file)))

    def find(self, evidence_id: str) -> Section | None:
        """Return the section with this evidence id."""
        return next((s for s in self.sections if s.evidence_id == evidence_id), None)

    def answer(self, question: str) -> Section | None:
        """Return the section that answers `question`, or None where the documents do not say."""
        wanted = asked(question)
        matches = [self._match(i, wanted) for i in range(len(self.sections))] if wanted else []
        best = max(matches, key=lambda m: m.score, default=None)
        if best is None or best.score <= 0:
            return None
        return best.section if best.coverage >= (COVERAGE if best.on_topic else COVERAGE_OFF_TOPIC) else None

    def quote(self, question: str) -> Answer:
        """Answer `question` by quoting the section that does; `known` is False where none does."""
        section = self.answer(question)
        return Answer(_phrase_unknown(), known=False) if section is None else cited(section, question)

    @cached_property
    def _counts(self) -> list[Counter[str]]:
        return [
            Counter(terms(s.title) * _TITLE_WEIGHT + terms(s.document_title) + terms(s.text)) for s in self.sections
        ]

    @cached_property
    def _topics(self) -> list[frozenset[str]]:
        return [frozenset(terms(f"{s.title} . {s.document_title}")) for s in self.sections]

    @cached_property
    def _subjects(self) -> list[frozenset[str]]:
        return [frozenset(terms(s.document_title)) for s in self.sections]

    @cached_property
    def _idf(self) -> dict[str, float]:
        seen = Counter(term for counts in self._counts for term in counts)
        n = len(self.sections)
        return {term: math.log(1 + (n - k + 0.5) / (k + 0.5)) for term, k in seen.items()}

    @cached_property
    def _mean_length(self) -> float:
        return sum(c.total() for c in self._counts) / max(1, len(self._counts))

    def _match(self, i: int, wanted: Sequence[tuple[str, ...]]) -> _Match:
        section, counts = self.sections[i], self._counts[i]
        norm = _K1 * (1 - _B + _B * counts.total() / max(1e-9, self._mean_length))
        score, met, weight = 0.0, 0.0, 0.0
        for forms in wanted:
            worth = self._worth(forms)
            weight += worth
            found = [(t, 1.0 if t == forms[-1] else _WORD_SHARE) for t in forms if counts[t]]
            if found:
                met += worth * (1.0 if forms[0] in counts else _NAME_MET)
                score += sum(self._idf[t] * share * counts[t] * (_K1 + 1) / (counts[t] + norm) for t, share in found)
        topic = any(t in self._topics[i] for forms in wanted for t in forms)
        if any(t in self._subjects[i] for forms in wanted for t in forms):
            score *= _ON_SUBJECT
        # Of equal sections the earlier one is the rule and the later one its exception.
        return _Match(section, score * (1 - _LATER * (section.number - 1)), met / weight if weight else 0.0, topic)

    def _worth(self, forms: tuple[str, ...]) -> float:
        """Return how much a word of the question counts: by rarity; one that no document knows like the rarest."""
        rare = math.log(1 + (len(self.sections) - 0.5) / 1.5)
        return next((self._idf[t] for t in reversed(forms) if t in self._idf), max(rare, 0.1))


def cited(section: Section, question: str = "") -> Answer:
    """Quote what `section` says about `question`, whole sentences, at most 360 characters."""
    text = _excerpt(section.text, question)
    source = section.document_title or section.document.replace("-", " ").replace("_", " ")
    said = f"{source}, section {section.number} ({section.title}): “{text}”"
    fact = f"{source} section {section.number} {section.title}: {section.text}"
    return Answer(said, (section.evidence_id,), facts=((section.evidence_id, fact),))


def _phrase_unknown() -> str:
    return "Our policy does not say. Shall I ask a colleague?"


def _excerpt(text: str, question: str) -> str:
    """Return the run of whole sentences of at most `_MAX_QUOTE` characters that speaks most of the question."""
    sentences = [s.strip() for s in _SENTENCE.split(text) if s.strip()]
    wanted = {term for forms in asked(question) for term in forms}
    gains = [len(wanted & set(terms(s))) for s in sentences]
    start = gains.index(max(gains)) if gains else 0
    if sum(len(s) + 1 for s in sentences[: start + 1]) <= _MAX_QUOTE:
        start = 0  # the section's opening fits too: more context, same answer
    out = ""
    for sentence in sentences[start:]:
        if out and len(out) + len(sentence) + 1 > _MAX_QUOTE:
            break
        out = f"{out} {sentence}".strip()
    if len(out) > _MAX_QUOTE:
        out = out[: _MAX_QUOTE - 1].rsplit(" ", 1)[0] + "…"
    return out.replace("“", '"').replace("”", '"')


def _read(file: Path) -> list[Section]:
    if file.stat().st_size > _MAX_FILE_BYTES:
        raise AssistantError(f"policy {file.name!r} is larger than {_MAX_FILE_BYTES} bytes; split it")
    try:
        raw = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise AssistantError(f"policy {file.name!r} is not UTF-8; save it as UTF-8") from error
    head = _TITLE.search(raw)
    title = head.group(1) if head else ""
    marks = list(_HEADING.finditer(raw))
    ends = [m.start() for m in marks[1:]] + [len(raw)]
    return [
        Section(file.stem, int(m.group(1)), _plain(m.group(2)), _plain(raw[m.end() : end]), _plain(title))
        for m, end in zip(marks, ends, strict=True)
    ]


def _plain(markdown: str) -> str:
    lines = _MARKS.sub("", markdown).strip()
    return re.sub(r"[ \t]*\n(?!\n)[ \t]*(?![-*])", " ", re.sub(r"\n{3,}", "\n\n", lines)).replace(" \n", "\n")
