"""A feed file as lines of text: compression, byte-order marks and encodings are settled here."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from retrieval.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_LINE = 8 * 1024 * 1024  # bytes; a longer "line" is no feed
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read.

    Attributes:
        path: Where it is; `.gz` is unpacked on the fly.
        on_bytes: Told how many bytes of the (packed) file were read so far.
    """

    path: Path
    on_bytes: Callable[[int], None] | None = None

    @property
    def kind(self) -> str:
        """The extension that says the format, without `.gz`: "csv", "jsonl" ..."""
        suffixes = [s.lower().lstrip(".") for s in self.path.suffixes]
        if suffixes and suffixes[-1] in ("gz", "gzip"):
            suffixes.pop()
        return suffixes[-1] if suffixes else ""

    def lines(self) -> Iterator[str]:
        """Yield decoded lines with their ends; UTF-8 or UTF-16 where marked, UTF-8 else, Windows-1252 as a last resort.

        Raises:
            FeedError: Missing, unreadable, broken compression, or a line beyond `LONGEST_LINE`.
        """
        try:
            with self.path.open("rb") as packed:
                yield from self._decoded(_unpacked(packed), packed)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise FeedError(f"{str(self.path)!r} is not a whole gzip file ({error}); fetch it again") from error
        except OSError as error:
            raise FeedError(f"cannot read {str(self.path)!r}: {error.strerror or error}; check the path") from error

    def _decoded(self, plain: IO[bytes], packed: IO[bytes]) -> Iterator[str]:
        start = plain.peek(3)[:3] if isinstance(plain, io.BufferedReader | gzip.GzipFile) else b""
        if start[:2] in _UTF16:
            yield from self._utf16(plain)
            return
        if start == _UTF8_MARK:
            plain.read(3)
        n = 0
        while line := plain.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise FeedError(f"{str(self.path)!r} has a line of over {LONGEST_LINE} bytes; is it a feed?")
            yield from _decode(line)
            n += 1
            if self.on_bytes is not None and n % 256 == 0:
                self.on_bytes(packed.tell())

    def _utf16(self, plain: IO[bytes]) -> Iterator[str]:
        text = io.TextIOWrapper(plain, encoding="utf-16")
        try:
            yield from text
        except UnicodeError as error:
            raise FeedError(f"{str(self.path)!r} is marked as UTF-16 and is not ({error}); save it as UTF-8") from error
        finally:
            text.detach()


def _unpacked(packed: IO[bytes]) -> IO[bytes]:
    assert isinstance(packed, io.BufferedReader)
    if packed.peek(2)[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=packed))
    return packed


def _decode(line: bytes) -> list[str]:
    """Return the text of a line, in parts where only carriage returns end its lines."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("cp1252", errors="replace")
    text = text.replace("\r\n", "\n").replace("\0", "")
    return io.StringIO(text.replace("\r", "\n"), newline="\n").readlines() if "\r" in text else [text]
