"""Google Merchant XML: RSS 2.0 and Atom, read item by item.

Expat reads it directly, so that nothing but the item at hand is held. Declared entities are refused, inner (bombs) and
outer (other people's files) alike; no feed needs them. What feeds get wrong most often is mended on the way: bytes that
are not in the encoding they claim, control characters, "&" that was not escaped, HTML's own entities.

References:
    https://support.google.com/merchants/answer/7052112
"""

from __future__ import annotations

import codecs
import re
from html.entities import html5
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from retrieval.errors import FeedError
from retrieval.feeds.base import RawRow
from retrieval.feeds.source import LONGEST_LINE, MENDING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.feeds.base import Head
    from retrieval.feeds.source import Source

_GOOGLE = "http://base.google.com/ns/1.0"
_ITEMS = frozenset(("item", "entry"))
_FEEDS = frozenset(("rss", "feed", "rdf", "channel"))
_PROSE = frozenset(("title", "description", "summary", "content", "encoded"))  # may hold markup: only its text counts
_DEEPEST = 60
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBERED = re.compile(r"&#(?:(\d{1,7})|[xX]([0-9A-Fa-f]{1,6}));")
_BARE = re.compile(r"&(?!(?:[A-Za-z]\w{0,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_PROBE = b"<a b='1'>&#9;~+AGE-\\x41</a>"  # what UTF-7, HZ and escapes read otherwise
_REFERENCE = 36  # longest reference to a character, which a block of text may cut


def is_xml(head: Head) -> bool:
    """Whether a file begins as XML does, web pages aside."""
    start = head.text[:14].casefold()
    return start.startswith("<") and not start.startswith(("<!doctype html", "<html"))


def read_merchant_xml(source: Source) -> Iterator[RawRow]:
    """Yield one row an `<item>` or `<entry>`: local names, repeated elements as lists, nested ones as objects.

    Raises:
        FeedError: It is broken, declares entities, or holds neither items nor entries.
    """
    items = _Items(source)
    for text in _mended(source):
        items.feed(text)
        yield from items.take()
    items.feed("", last=True)
    yield from items.take()


def _mended(source: Source) -> Iterator[str]:
    """Yield the text of a file, made well-formed where that is plain to do."""
    held = ""
    for block in source.texts(_declared(source.head())):
        text = held + block
        cut = text.rfind("&", max(0, len(text) - _REFERENCE))
        held = text[cut:] if cut >= 0 else ""
        yield _mend(text[:cut] if cut >= 0 else text)
    yield _mend(held)


def _mend(text: str) -> str:
    return _BARE.sub("&amp;", _NUMBERED.sub(_allowed, _CONTROL.sub(" ", text)))


def _allowed(reference: re.Match[str]) -> str:
    """Return a numbered reference where XML allows its character, else a space."""
    code = int(reference[1]) if reference[1] else int(reference[2], 16)
    plain = 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    return reference[0] if plain or code in (9, 10, 13) else " "


def _declared(start: bytes) -> str:
    """Return the encoding that a file says it is in; UTF-8 where that is none, or cannot be.

    The declaration was read as ASCII: an encoding that reads ASCII otherwise (UTF-16, IDNA, escapes) cannot be.
    """
    said = _DECLARED.search(start[:200])
    try:
        found = codecs.lookup(said[1].decode("ascii") if said else "utf-8")
        usable = found._is_text_encoding and found.incrementaldecoder(MENDING).decode(_PROBE) == _PROBE.decode("ascii")
    except (LookupError, UnicodeError):
        return "utf-8-sig"
    return found.name if usable and found.name != "utf-8" else "utf-8-sig"


class _Element:
    """An element being read."""

    __slots__ = ("children", "name", "rank", "ranks", "text")

    def __init__(self, name: str, rank: int) -> None:
        self.name = name
        self.rank = rank  # a name of Google's wins over a plain one, a plain one over those of others
        self.text: list[str] = []
        self.children: dict[str, Any] = {}
        self.ranks: dict[str, int] = {}

    @property
    def value(self) -> Any:  # noqa: ANN401 - text, or an object as JSON would hold it
        return self.children or "".join(self.text).strip()

    def add(self, child: _Element) -> None:
        """Take in a child that ended; one of a better rank takes the place of others, equals stand in a list."""
        value, held = child.value, self.ranks.get(child.name, -1)
        if value in ("", {}) or child.rank < held:
            return
        if child.rank > held:
            self.children[child.name] = value
            self.ranks[child.name] = child.rank
            return
        before = self.children[child.name]
        self.children[child.name] = [*before, value] if isinstance(before, list) else [before, value]


class _Items:
    """What expat calls back; finished items wait to be taken."""

    def __init__(self, source: Source) -> None:
        self._where = repr(str(source.path))
        self._open: list[_Element] = []  # of the item at hand
        self._depth = self._prose = self._line = self._size = self._fed = 0
        self._google = "g"
        self._root = ""
        self._found = 0
        self._done: list[RawRow] = []
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.UseForeignDTD(True)  # so that "&nbsp;" is not an error
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.SkippedEntityHandler = lambda name, _parameter: self._text(html5.get(f"{name};", " "))
        self._expat.EntityDeclHandler = self._refuse
        self._expat.ExternalEntityRefHandler = self._refuse

    def feed(self, text: str, *, last: bool = False) -> None:
        data = text.encode("utf-8", "replace")
        self._fed += len(data)
        try:
            self._expat.Parse(data, last)
        except expat.ExpatError as error:
            raise FeedError(
                f"{self._where} is not valid XML ({error}); correct it, rows before it were read"
            ) from error
        if self._fed - self._expat.CurrentByteIndex > LONGEST_LINE + len(data):
            raise FeedError(f"{self._where} has a tag of over {LONGEST_LINE} bytes; is it a feed?")
        if last and not self._found and self._root not in _FEEDS:
            raise FeedError(f"{self._where} is XML (<{self._root}>) without <item> or <entry>; is it a product feed?")

    def take(self) -> list[RawRow]:
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FeedError(f"{self._where} nests over {_DEEPEST} elements; is it a product feed?")
        prefix, _, name = tag.rpartition(":")
        self._root = self._root or name.casefold()
        self._google = next(
            (a[6:] for a, uri in attributes.items() if a[:6] == "xmlns:" and uri == _GOOGLE), self._google
        )
        if not self._open:
            if name in _ITEMS:
                self._line, self._size = self._expat.CurrentLineNumber, 0
                self._open.append(_Element(name, 0))
            return
        if self._prose:
            self._prose += 1
            self._text(" ")
            return
        element = _Element(name, 2 if prefix == self._google else 1 if not prefix else 0)
        self._open.append(element)
        self._prose = int(name in _PROSE)
        if name == "link":
            self._link(element, attributes)

    @staticmethod
    def _link(element: _Element, attributes: dict[str, str]) -> None:
        """Read Atom's `<link rel="alternate" href="..."/>`; other relations are no page of the product's."""
        if attributes.get("rel", "alternate") == "alternate":
            element.text.append(attributes.get("href", ""))

    def _end(self, _tag: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        if self._prose > 1:
            self._prose -= 1
            self._text(" ")
            return
        self._prose = 0
        element = self._open.pop()
        if self._open:
            self._open[-1].add(element)
            return
        self._found += 1
        self._done.append(RawRow(self._line, element.children))

    def _text(self, text: str) -> None:
        if not self._open:
            return
        self._size += len(text)
        if self._size > LONGEST_LINE:
            raise FeedError(f"{self._where} has an item of over {LONGEST_LINE} characters; is it a feed?")
        self._open[-1].text.append(text)

    def _refuse(self, *_declared: object) -> int:
        raise FeedError(f"{self._where} declares entities of its own, which is not read; export it without them")
