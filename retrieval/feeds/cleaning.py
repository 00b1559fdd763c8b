"""Hostile text made plain: no markup, no control characters, bounded length."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

# control characters, and the invisible ones that reorder or hide text on a screen
_CONTROL = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACE = re.compile(r"\s+")
_SILENT = frozenset(("script", "style", "template", "noscript", "iframe", "object", "svg"))
_MARKUP_CHARS = 200_000
_UNESCAPES = 2  # feeds that were escaped twice are common


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(value: object, *, most: int) -> str:
    """Return `value` as one line of text without markup, at most `most` characters, cut at a word."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if not text:
        return ""
    text = text[:_MARKUP_CHARS]
    if "&" in text:
        for _ in range(_UNESCAPES):
            text = unescape(text)
    if "<" in text:
        text = _without_tags(text)
    text = _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()
    text = text.encode("utf-8", "ignore").decode("utf-8")  # lone surrogates cannot be stored
    if len(text) <= most:
        return text
    cut = text[:most]
    return (cut.rsplit(" ", 1)[0] if " " in cut[most // 2 :] else cut).rstrip()


def _without_tags(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    parser.close()
    return "".join(parser.parts)


def web_address(value: object, *, most: int = 2000) -> str:
    """Return `value` where it is an http(s) address or a path on this site, of at most `most` characters; else ""."""
    words = _CONTROL.sub(" ", value).split(maxsplit=1) if isinstance(value, str) else []
    text = _escaped_once(words[0]) if words else ""
    if len(text) > most or set(text) & set('<>"\\'):
        return ""
    if text.startswith("/") and not text.startswith("//"):
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def _escaped_once(text: str) -> str:
    """Undo "&amp;" alone: to HTML "&region=2" would be a registered trademark, and addresses are full of such."""
    text = text[:_MARKUP_CHARS].encode("utf-8", "ignore").decode("utf-8")
    for _ in range(_UNESCAPES):
        text = text.replace("&amp;", "&")
    return text
