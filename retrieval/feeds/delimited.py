"""CSV and TSV: the delimiter is read off the header line, and a broken quote costs its own row only."""

from __future__ import annotations

import csv
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retrieval.errors import FeedError
from retrieval.feeds.base import RawRow
from retrieval.feeds.source import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.source import Source

_DELIMITERS = (",", ";", "\t", "|", "#")
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # what Excel writes above the header
_EXCERPT = 300  # characters
_LONGEST_RECORD = 1_000_000  # characters in which a quote that was opened must close
csv.field_size_limit(LONGEST_LINE)  # a line is bounded already, see `Source`


def read_delimited(source: Source) -> Iterator[RawRow]:
    """Yield the rows of a file with a header line and one delimiter.

    Raises:
        FeedError: No header with at least two columns.
    """
    lines = _Lines(source.lines())
    header_line = lines.next_told()
    excel = _SEPARATOR_LINE.fullmatch(header_line)
    if excel:
        header_line = lines.next_told()
    header, delimiter = header_of(header_line, said=excel[1] if excel else "\t" if source.kind == "tsv" else "")
    if len(header) < 2:
        raise FeedError(
            f"{str(source.path)!r} has no header line with column names; its first line must name the columns"
        )
    table = _Table(header, delimiter, lines)
    while line := lines.next():
        if line.strip():
            yield table.row(line)


def header_of(line: str, *, said: str = "") -> tuple[list[str], str]:
    """Return the column names of a header line and its delimiter; `said` wins where it divides the line at all."""
    order = (said, *_DELIMITERS) if said else _DELIMITERS
    split = {d: next(csv.reader([line.rstrip("\r\n")], delimiter=d), []) for d in order}
    best = said if len(split.get(said, ())) > 1 else max(split, key=lambda d: len(split[d]))
    return [name.strip() for name in split[best]], best


@dataclass(slots=True)
class _Lines:
    """Lines of a file with their number, that can be read on and put back."""

    source: Iterator[str]
    number: int = 0
    ahead: deque[str] = field(default_factory=deque)

    def next(self) -> str:
        """Return the next line, "" at the end."""
        line = self.ahead.popleft() if self.ahead else next(self.source, "")
        self.number += bool(line)
        return line

    def next_told(self) -> str:
        """Return the next line that is not blank, "" at the end."""
        while (line := self.next()) and not line.strip():
            pass
        return line

    def put_back(self, lines: list[str]) -> None:
        self.ahead.extendleft(reversed(lines))
        self.number -= len(lines)


@dataclass(frozen=True, slots=True)
class _Table:
    header: list[str]
    delimiter: str
    lines: _Lines

    def row(self, line: str) -> RawRow:
        """Return the row that begins with `line`."""
        begins = self.lines.number
        if '"' not in line:
            return self._raw(begins, line.rstrip("\r\n").split(self.delimiter))
        cells = self._whole(line)
        if cells is not None:
            return self._raw(begins, cells)
        alone = csv.reader([line, "end"], delimiter=self.delimiter)
        cells = next(alone)
        if alone.line_num > 1 or len(cells) < len(self.header):
            problem = "a quote opens in this row and nothing closes it where a field ends"
            return RawRow(begins, problem=problem, excerpt=line[:_EXCERPT])
        return self._raw(begins, cells)

    def _whole(self, line: str) -> list[str] | None:
        """Return the cells of a record that is quoted by the rules, over as many lines as it has; else None."""
        taken: list[str] = []
        strict = csv.reader(self._record(line, taken), delimiter=self.delimiter, strict=True)
        try:
            cells = next(strict)
        except csv.Error:
            cells = []
        if cells and (not taken or self._fits(cells, exactly=True)):
            return cells
        self.lines.put_back(taken)
        return None

    def _record(self, line: str, taken: list[str]) -> Iterator[str]:
        yield line
        size = len(line)
        while size < _LONGEST_RECORD and (line := self.lines.next()):
            taken.append(line)
            size += len(line)
            yield line

    def _fits(self, cells: list[str], *, exactly: bool = False) -> bool:
        if exactly and len(cells) < len(self.header):
            return False
        return not any(cell.strip() for cell in cells[len(self.header) :])

    def _raw(self, line: int, cells: list[str]) -> RawRow:
        problem, excerpt = "", ""
        if not self._fits(cells):
            problem = f"{len(cells)} fields where the header names {len(self.header)}; is a delimiter or quote missing?"
            excerpt = self.delimiter.join(cells)[:_EXCERPT]
        return RawRow(line, dict(zip(self.header, cells, strict=False)), problem, excerpt)
