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

from assistant.errors import AssistantError
from assistant.service.base import Answer
from assistant.service.terms import terms

_HEADING = re.compile(r"^##\s+(\d+)[.)]?\s+(.+?)\s*#*\s*$", re.MULTILINE)
_TITLE = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*[-*] )")
_MARKS = re.compile(r"[*_`]{1,3}|^\s*[-*]\s+|^\s*>\s?", re.MULTILINE)
_K1, _B = 1.2, 0.6
_TITLE_WEIGHT = 2  # a title names what its section is about: its words count as often as this
_MAX_FILE_BYTES, _MAX_QUOTE = 200_000, 360

COVERAGE = 0.5
"""How much of a question's weight (by rarity) a section must speak of, to be an answer at all."""


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
        wanted = set(terms(question))
        known = {term for term in wanted if term in self._idf}
        if not known:
            return None
        best = max((self._match(i, known, wanted) for i in range(len(self.sections))), key=lambda m: m.score)
        return best.section if best.coverage >= COVERAGE else None

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
    def _idf(self) -> dict[str, float]:
        seen = Counter(term for counts in self._counts for term in counts)
        n = len(self.sections)
        return {term: math.log(1 + (n - k + 0.5) / (k + 0.5)) for term, k in seen.items()}

    @cached_property
    def _mean_length(self) -> float:
        return sum(c.total() for c in self._counts) / max(1, len(self._counts))

    def _match(self, i: int, known: set[str], wanted: set[str]) -> _Match:
        counts, idf = self._counts[i], self._idf
        norm = _K1 * (1 - _B + _B * counts.total() / max(1e-9, self._mean_length))
        score = sum(idf[t] * counts[t] * (_K1 + 1) / (counts[t] + norm) for t in known if counts[t])
        # A word that no document knows counts as much as the rarest one: asking about it is not answered by the rest.
        rare = math.log(1 + (len(self.sections) + 0.5) / 0.5)
        weight = sum(idf.get(t, rare) for t in wanted)
        return _Match(self.sections[i], score, sum(idf[t] for t in known if counts[t]) / weight)


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
    wanted = set(terms(question))
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
