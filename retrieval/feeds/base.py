"""The reader port: a feed file in, raw rows out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from retrieval.feeds.source import Source


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as the file has it.

    Attributes:
        line: Line of the file it begins on (text formats) or number of the row, from 1.
        values: Column name -> value: text, or whatever JSON holds.
        problem: Why it could not be read; "" where it could.
        excerpt: The beginning of its text, for the quarantine.
        withdrawn: The feed says that this product is not for sale (a draft, archived): it is no product of ours.
    """

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    excerpt: str = ""
    withdrawn: bool = False


class Reader(Protocol):
    """Reads one format, streaming: memory does not grow with the file."""

    def __call__(self, source: Source) -> Iterator[RawRow]:
        """Yield every row of `source`, bad ones with their problem.

        Raises:
            FeedError: The file as a whole cannot be read on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """How a file begins: what formats are told apart by.

    Attributes:
        data: Its first bytes, unpacked.
        text: The same as text, without white space before it.
        kind: Its extension without `.gz`.
    """

    data: bytes
    text: str
    kind: str


def _never(_head: Head) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Format:
    """One feed format.

    Attributes:
        read: Its reader.
        extensions: Of files that are in it unless their content says otherwise.
        recognises: Whether a file that begins so is in it, whatever its name.
    """

    read: Reader
    extensions: tuple[str, ...] = ()
    recognises: Callable[[Head], bool] = _never
