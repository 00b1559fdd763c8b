"""JSON Lines, and JSON arrays read object by object."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from retrieval.errors import FeedError
from retrieval.feeds.base import RawRow
from retrieval.feeds.source import LONGEST_LINE, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.base import Head
    from retrieval.feeds.source import Source

_EXCERPT = 300  # characters
_CHUNK = 256 * 1024  # characters read ahead
_BETWEEN = re.compile(r"[\s,]*")
_ARRAY = re.compile(r"\[\s*(?:[{\]]|$)")
_OBJECT = re.compile(r'\{\s*(?:["}]|$)')
_WRAPPER = re.compile(r'\s*\{\s*"[^"\\]{1,80}"\s*:\s*\[')


def is_json(head: Head) -> bool:
    """Whether a file begins as an array of objects does, or as an object; JSON Lines go by their name."""
    lines = head.kind in ("jsonl", "ndjson")
    return bool(_ARRAY.match(head.text) or (not lines and _OBJECT.match(head.text)))


def read_json_lines(source: Source) -> Iterator[RawRow]:
    """Yield one row a line."""
    yield from _from_lines(source.lines())


def read_json(source: Source) -> Iterator[RawRow]:
    """Yield the objects of a JSON array, of the first array in an object, or of JSON Lines under this extension.

    Raises:
        FeedError: Broken JSON: what comes after it cannot be told apart from it.
    """
    head = decoded(source.head()).lstrip()
    first = head.split("\n", 1)[0]
    endless = first == head and not _WRAPPER.match(head)  # a first row longer than what is looked at
    if head.startswith("{") and (_is_row(first) or endless):
        yield from _from_lines(source.lines())
    elif head.startswith(("[", "{")):
        yield from _from_array(source)
    else:
        raise FeedError(f"{str(source.path)!r} is not JSON: it begins with {first[:20]!r}, not with [ or {{")


def _is_row(line: str) -> bool:
    """Whether a line is an object of its own, and no wrapper around an array of rows."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and not (len(found) == 1 and _WRAPPER.match(line))


def _from_lines(lines: Iterator[str]) -> Iterator[RawRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield RawRow(number, problem=f"not JSON: {error}", excerpt=line[:_EXCERPT])
            continue
        yield _checked(number, values)


def _checked(line: int, values: object) -> RawRow:
    if isinstance(values, dict):
        return RawRow(line, values)
    return RawRow(line, problem=f"a {type(values).__name__} where an object is due", excerpt=str(values)[:_EXCERPT])


class _Buffer:
    """Text of a file read ahead, with the line number of its beginning."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self.text = ""
        self.line = 1

    def more(self) -> bool:
        parts, size = [self.text], 0
        wanted = max(_CHUNK, len(self.text))  # doubling keeps retries on one long object linear
        for text in self._texts:
            parts.append(text)
            size += len(text)
            if size >= wanted:
                break
        self.text = "".join(parts)
        return size > 0

    def drop(self, n: int) -> None:
        self.line += self.text.count("\n", 0, n)
        self.text = self.text[n:]


def _from_array(source: Source) -> Iterator[RawRow]:
    buffer = _Buffer(source.texts())  # by lines it may be one, of the whole file
    while not buffer.text.strip() and buffer.more():
        pass
    wrapped = _WRAPPER.match(buffer.text)
    buffer.drop(wrapped.end() if wrapped else buffer.text.index(buffer.text.lstrip()[0]) + 1)
    decoder, at = json.JSONDecoder(), 0
    while True:
        between = _BETWEEN.match(buffer.text, at)
        at = between.end() if between else at
        if at >= len(buffer.text):
            buffer.drop(at)
            at = 0
            if not buffer.more():
                raise FeedError(f"{str(source.path)!r} ends before its array does; fetch it again")
            continue
        if buffer.text[at] == "]":
            return
        value, end = _decoded(source, decoder, buffer, at)
        if end < 0:
            at = 0
            continue
        yield _checked(buffer.line + buffer.text.count("\n", 0, at), value)
        at = end
        if at > _CHUNK:
            buffer.drop(at)
            at = 0


def _decoded(source: Source, decoder: json.JSONDecoder, buffer: _Buffer, at: int) -> tuple[Any, int]:
    """Return the value at `at` and its end; an end below 0 says that more text was read and `at` is now 0."""
    try:
        value, end = decoder.raw_decode(buffer.text, at)
    except (json.JSONDecodeError, RecursionError) as error:
        buffer.drop(at)
        if isinstance(error, RecursionError) or len(buffer.text) > LONGEST_LINE or not buffer.more():
            where = f"{str(source.path)!r} is not valid JSON at line {buffer.line}"
            raise FeedError(f"{where} ({error}); correct it, rows before it were read") from error
        return None, -1
    return value, end
