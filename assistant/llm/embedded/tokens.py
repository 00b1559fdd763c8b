"""Turns a prompt into the arrays that the embedded model reads: word pieces with their character offsets.

Ids: `0..n_words` are the word pieces of the vocabulary, then the words of the command language, then buckets for
whatever the vocabulary does not know, so that two unknown characters stay two different tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from tokenizers import Tokenizer

from assistant.llm.base import KNOWN_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from assistant.llm.base import Prompt, Segment, Span

N_BUCKETS = 256
MAX_PROMPT, MAX_OUTPUT = 384, 127
NOWHERE = MAX_PROMPT  # the position that an output word which copies nothing "points at"
KINDS = ("user", "assistant", "shown", "state")
OUTPUT_TYPE = len(KINDS)
_MAX_PIECES = {"user": 192, "assistant": 48, "shown": 12, "state": 10}
_MAX_CHARS = 4_000
_PAD_WORDS = 2  # separators round each text
_STOP = re.compile(r"[,;!?](?=\s|$)|(?<=[^\s.]{3})\.(?=\s|$)|\n")
N_KNOWN = 2  # a name and a figure may be known of the same token
_FIGURES = frozenset({"money", "measure", "number", "code"})


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt as arrays of one length n, at most `MAX_PROMPT`.

    Attributes:
        ids: Token ids.
        types: Which kind of segment each token belongs to.
        segments: Number of the segment of each token.
        starts: First character of each text token in its segment; -1 for marks and separators.
        ends: One past its last character.
        marks: Position of the first token of each segment: what a mark points at.
        known: What plain code tells of each token, (n, `N_KNOWN`): 0 nothing, else one more than the kind's number.
        barred: Tokens that no span which began before them may reach: a comma, a full stop, the next line.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    segments: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    marks: tuple[int, ...]
    known: NDArray[np.int64]
    barred: NDArray[np.bool_]

    @property
    def text(self) -> NDArray[np.bool_]:
        """Which tokens stand for characters and may be copied."""
        return self.starts >= 0

    def locate(self, span: Span) -> tuple[int, int] | None:
        """Return the positions of the first and last token of `span`; None where it was cut off."""
        inside = self.text & (self.segments == span.segment) & (self.ends > span.start) & (self.starts < span.end)
        where = np.flatnonzero(inside)
        return (int(where[0]), int(where[-1])) if where.size else None


class PromptEncoder:
    """Encodes prompts with one vocabulary and one list of command words."""

    def __init__(self, tokenizer: Path, words: Sequence[str]) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.words = tuple(words)
        self.n_pieces = self._tokenizer.get_vocab_size()
        self.word_ids = {word: self.n_pieces + k for k, word in enumerate(self.words)}
        vocabulary = self._tokenizer.get_vocab()
        self._unknown, self._open, self._close = (vocabulary[name] for name in ("[UNK]", "[CLS]", "[SEP]"))

    @property
    def n_ids(self) -> int:
        """How many ids there are."""
        return self.n_pieces + len(self.words) + N_BUCKETS

    def pieces_of(self, text: str) -> list[int]:
        """Return the ids of the word pieces of `text`."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode(self, prompt: Prompt) -> Encoded:
        """Return the arrays of `prompt`; long texts are cut, every segment keeps at least its marks."""
        room = self._room(prompt)
        rows: list[tuple[int, int, int, int, int]] = []  # id, type, segment, start, end
        marks: list[int] = []
        for number, segment in enumerate(prompt):
            kind = KINDS.index(segment.kind)
            marks.append(len(rows))
            opening = [self.word_ids[mark] for mark in segment.marks] or [self._open if number == 0 else self._close]
            rows += [(token, kind, number, -1, -1) for token in opening]
            limit = min(_MAX_PIECES[segment.kind], room if segment.marks else MAX_PROMPT)
            pieces = self._pieces(segment)
            pieces = pieces[-limit:] if segment.kind == "assistant" else pieces[:limit]
            rows += [(token, kind, number, start, end) for token, start, end in pieces]
        table = np.array(rows, dtype=np.int64)
        ids, types, segments, starts, ends = table.T.copy()
        known = np.zeros((len(rows), N_KNOWN), dtype=np.int64)
        for number, segment in enumerate(prompt):
            for hint in segment.known:
                inside = (segments == number) & (ends > hint.start) & (starts < hint.end) & (starts >= 0)
                known[inside, int(hint.kind in _FIGURES)] = 1 + KNOWN_KINDS.index(hint.kind)
        return Encoded(ids, types, segments, starts, ends, tuple(marks), known, _barred(prompt, segments, starts))

    def _room(self, prompt: Prompt) -> int:
        """Return how many pieces each marked segment may have so that the whole fits."""
        marked = [s for s in prompt if s.marks]
        fixed = _MAX_PIECES["user"] + _MAX_PIECES["assistant"] + _PAD_WORDS + sum(len(s.marks) for s in marked)
        return max(0, (MAX_PROMPT - fixed) // max(1, len(marked)))

    def _pieces(self, segment: Segment) -> list[tuple[int, int, int]]:
        text = segment.text[-_MAX_CHARS:] if segment.kind == "assistant" else segment.text[:_MAX_CHARS]
        shift = len(segment.text) - len(text) if segment.kind == "assistant" else 0
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        pieces = [
            (self._known(token, text[start:end]), start + shift, end + shift)
            for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
            if end > start
        ]
        if not pieces and text.strip():
            pieces = [(self._known(self._unknown, text), shift, shift + len(text))]
        return pieces

    def _known(self, token: int, surface: str) -> int:
        if token != self._unknown:
            return token
        return self.n_pieces + len(self.words) + crc32(surface.encode("utf-8", "replace")) % N_BUCKETS


def _barred(prompt: Prompt, segments: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which tokens stand behind the end of a clause, or are the mark that ends it."""
    barred = np.zeros(segments.size, dtype=bool)
    for number, segment in enumerate(prompt):
        for stop in _STOP.finditer(segment.text):
            behind = np.flatnonzero((segments == number) & (starts >= stop.start()))
            barred[behind[:1]] = True
    return barred
