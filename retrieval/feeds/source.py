"""A feed file as lines of text: compression, byte-order marks and encodings are settled here."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from retrieval.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_LINE = 8 * 1024 * 1024  # bytes; a longer "line" is no feed
_HEAD = 64 * 1024  # bytes that tell a format from another
_BLOCK = 64 * 1024
MENDING = "shoptalk.windows"
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

    def head(self) -> bytes:
        """Return the first bytes, unpacked: up to the end of the first line, or of `_HEAD`.

        Raises:
            FeedError: Missing, unreadable, or packed and not even its beginning can be unpacked.
        """
        found = b""
        with self._opened() as (plain, _):
            while len(found) < _HEAD and b"\n" not in found.lstrip():
                try:
                    block = cast("io.BufferedReader", plain).read1(_HEAD)
                except (EOFError, zlib.error):
                    if found:  # what is broken further on is said where it is read
                        break
                    raise
                if not block:
                    break
                found += block
        return found

    def lines(self) -> Iterator[str]:
        """Yield decoded lines with their ends; UTF-8 or UTF-16 where marked, UTF-8 else, Windows-1252 as a last resort.

        Raises:
            FeedError: Missing, unreadable, broken compression, or a line beyond `LONGEST_LINE`.
        """
        with self._opened() as (plain, packed):
            for n, text in enumerate(self._decoded(plain)):
                yield text
                if n % 256 == 255:
                    self.tell(packed.tell())

    def blocks(self) -> Iterator[bytes]:
        """Yield the unpacked bytes, for formats that are no lines of text.

        Raises:
            FeedError: Missing, unreadable or broken compression.
        """
        with self._opened() as (plain, packed):
            while block := plain.read(_BLOCK):
                yield block
                self.tell(packed.tell())

    def texts(self, encoding: str = "utf-8-sig") -> Iterator[str]:
        """Yield decoded text in blocks, for formats in which a line may be as long as the file.

        Args:
            encoding: What the file says it is in; UTF-16 is told by its beginning all the same.

        Raises:
            FeedError: Missing, unreadable or broken compression.
        """
        wide = wide_encoding(self.head())
        decoder = codecs.lookup(wide or encoding).incrementaldecoder(MENDING)
        for block in self.blocks():
            yield decoder.decode(block).replace("\0", "")
        yield decoder.decode(b"", final=True)

    def tell(self, n_bytes: int) -> None:
        """Say that `n_bytes` of the file were read."""
        if self.on_bytes is not None:
            self.on_bytes(n_bytes)

    @contextmanager
    def _opened(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Open the file: as it reads unpacked, and as it lies there."""
        try:
            with self.path.open("rb") as packed:
                yield _unpacked(packed), packed
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise FeedError(f"{str(self.path)!r} is not a whole gzip file ({error}); fetch it again") from error
        except OSError as error:
            raise FeedError(f"cannot read {str(self.path)!r}: {error.strerror or error}; check the path") from error

    def _decoded(self, plain: IO[bytes]) -> Iterator[str]:
        start = cast("io.BufferedReader", plain).peek(4)[:4]
        wide = wide_encoding(start)
        if wide:
            yield from self._wide(plain, wide)
            return
        if start[:3] == _UTF8_MARK:
            plain.read(3)
        while line := plain.readline(LONGEST_LINE + 1):
            self._check_length(len(line))
            yield from _decode(line)

    def _wide(self, plain: IO[bytes], encoding: str) -> Iterator[str]:
        text = io.TextIOWrapper(plain, encoding=encoding, errors="replace")
        try:
            while line := text.readline(LONGEST_LINE + 1):
                self._check_length(len(line))
                yield line.replace("\0", "")
        finally:
            text.detach()

    def _check_length(self, n: int) -> None:
        if n > LONGEST_LINE:
            raise FeedError(f"{str(self.path)!r} has a line of over {LONGEST_LINE} bytes; is it a feed?")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are not in the encoding of the rest as Windows-1252."""
    if isinstance(error, UnicodeDecodeError):
        return error.object[error.start : error.end].decode("cp1252", "replace"), error.end
    raise error


codecs.register_error(MENDING, _as_windows)


def wide_encoding(start: bytes) -> str:
    """Return the UTF-16 in which a file is written that begins with `start`, by mark or by its zeros; else ""."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    zeros = tuple(byte == 0 for byte in start[:4])
    if zeros == (False, True, False, True):
        return "utf-16-le"
    return "utf-16-be" if zeros == (True, False, True, False) else ""


def decoded(data: bytes) -> str:
    """Return the text that a file begins with, for telling formats apart."""
    wide = wide_encoding(data)
    return data.decode(wide, "replace") if wide else data.removeprefix(_UTF8_MARK).decode("utf-8", "replace")


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
