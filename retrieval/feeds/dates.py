"""Dates and times as feeds and logs write them; what cannot be is none."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_EARLIEST = 1900
_FARTHEST = timedelta(days=2 * 366)  # a product may be announced; nothing is announced for the year 9999
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)")
_EPOCH = re.compile(r"\d{9,16}(?:\.\d+)?")
_MILLIS, _MICROS = 10**11, 10**14  # seconds reach the first in the year 5138


def read_date(value: object) -> str:
    """Return an ISO date: of "2026-03-01T10:00Z", "2026/3/1" or "1.3.2026"; "" where there is none that can be."""
    text = str(value or "").strip()[:40]
    iso, german = _ISO.match(text), _GERMAN.match(text)
    if iso:
        year, month, day = map(int, iso.groups())
    elif german:
        day, month, year = map(int, german.groups())
    else:
        return ""
    try:
        found = date(year, month, day)
    except ValueError:
        return ""
    return found.isoformat() if year >= _EARLIEST and found <= _today() + _FARTHEST else ""


def read_time(value: object) -> datetime | None:
    """Return a time in UTC: of ISO 8601 (UTC where it names no zone), or of seconds, milli- or microseconds since 1970.

    Returns:
        The time, or None where it is none, lies before 1990 or more than a day ahead.
    """
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()[:40]
    try:
        found = (
            _since_1970(float(text)) if _EPOCH.fullmatch(text) else datetime.fromisoformat(text.removesuffix(" UTC"))
        )
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if datetime(1990, 1, 1, tzinfo=UTC) <= found <= datetime.now(UTC) + timedelta(days=1) else None


def _since_1970(number: float) -> datetime:
    seconds = number / 1_000_000 if number >= _MICROS else number / 1000 if number >= _MILLIS else number
    return datetime.fromtimestamp(seconds, tz=UTC)


def _today() -> date:
    return datetime.now(UTC).date()
