"""The reader port: a feed file in, raw rows out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from retrieval.feeds.source import Source


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as the file has it.

    Attributes:
        line: Line of the file it begins on (text formats), from 1.
        values: Column name -> value: text, or whatever JSON holds.
        problem: Why it could not be read; "" where it could.
        excerpt: The beginning of its text, for the quarantine.
    """

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    excerpt: str = ""


class Reader(Protocol):
    """Reads one format, streaming: memory does not grow with the file."""

    def __call__(self, source: Source) -> Iterator[RawRow]:
        """Yield every row of `source`, bad ones with their problem.

        Raises:
            FeedError: The file as a whole cannot be read on.
        """
        ...
