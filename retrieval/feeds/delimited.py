"""CSV and TSV: the delimiter is read off the header line."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from retrieval.errors import FeedError
from retrieval.feeds.base import RawRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.source import Source

_DELIMITERS = (",", ";", "\t", "|")
_EXCERPT = 300  # characters


def read_delimited(source: Source) -> Iterator[RawRow]:
    """Yield the rows of a file with a header line and one delimiter.

    Raises:
        FeedError: No header with at least two columns.
    """
    lines = source.lines()
    header_line = next((line for line in lines if line.strip()), "")
    delimiter = "\t" if source.kind == "tsv" else max(_DELIMITERS, key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter), [])
    if len(header) < 2:
        raise FeedError(
            f"{str(source.path)!r} has no header line with column names; its first line must name the columns"
        )
    rows = csv.reader(lines, delimiter=delimiter)
    line = 2
    while True:
        begins, row, problem = line, [], ""
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"not readable as delimited text: {error}"
        line = rows.line_num + 2
        if row or problem:
            yield _raw(header, row, line=begins, problem=problem)


def _raw(header: list[str], row: list[str], *, line: int, problem: str) -> RawRow:
    if not problem and any(cell.strip() for cell in row[len(header) :]):
        problem = f"{len(row)} fields where the header names {len(header)}; is a delimiter or quote missing?"
    return RawRow(line, dict(zip(header, row, strict=False)), problem, ", ".join(row)[:_EXCERPT] if problem else "")
