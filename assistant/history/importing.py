"""Behaviour logs of the shop's own -> events. Reading a file again adds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING, Any

import yaml

from assistant.dialogue.events import Event
from assistant.history.store import event_row
from retrieval.errors import RowError
from retrieval.feeds.cleaning import plain
from retrieval.feeds.columns import ColumnMap, plain_name
from retrieval.feeds.dates import read_time
from retrieval.feeds.files import batches, check_files, usable_rows
from retrieval.feeds.quarantine import Quarantine
from retrieval.feeds.rows import read_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from assistant.dialogue.events import EventName
    from assistant.history.database import Database
    from retrieval.feeds.files import Progress

EVENT_QUARANTINE = "quarantine.events.jsonl"
_BATCH = 1000  # rows a transaction
_QUERY_CHARS = 500
_MOST = 100_000  # of one product in one event
_COUNTED = frozenset({"add_to_cart", "remove_from_cart", "purchase"})
_ABOUT_NOTHING = frozenset({"search", "begin_checkout"})  # events that need no product
_INSERT = (
    "INSERT INTO events (user_id, name, at, product_id, conversation_id, detail) "
    "SELECT :user_id, :name, :at, :product_id, :conversation_id, :detail WHERE NOT EXISTS (SELECT 1 FROM events "
    "WHERE user_id = :user_id AND at = :at AND name = :name AND product_id = :product_id AND detail = :detail)"
)
_KNOW = (
    "INSERT INTO users (user_id, name, blurb, card, persona) VALUES (:user_id, '', '', '[]', 0) "
    "ON CONFLICT (user_id) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class EventReport:
    """What became of a log: `read` rows; `added` and `unchanged` events; `passed_over` rows are about no product."""

    read: int = 0
    added: int = 0
    unchanged: int = 0
    passed_over: int = 0
    quarantined: int = 0


def import_events(
    files: Sequence[Path],
    database: Database,
    *,
    quarantine: Path,
    mapping: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> EventReport:
    """Read behaviour logs into the shop database, and let it know the shoppers they name.

    An event is known already where shopper, name, time, product and detail are the same.

    Args:
        files: Logs, in any format that feeds have.
        database: The shop database.
        quarantine: Where bad rows go, with line and reason; written anew.
        mapping: Field of an event -> their column, over what column names say.
        progress: Told (done, total) bytes.

    Raises:
        FeedError: A file as a whole cannot be read; what was read before it is kept.
        HistoryError: The database refuses.
    """
    reader = EventReader(mapping)
    check_files(files)
    quarantine.parent.mkdir(parents=True, exist_ok=True)
    rows = found = added = passed_over = 0
    with Quarantine(quarantine) as bad:
        for batch in batches(usable_rows(files, reader.events, bad=bad, progress=progress), _BATCH):
            events = [event_row(event) for _, _, some in batch for event in some]
            with database.write() as link:
                link.many(_KNOW, [{"user_id": user_id} for user_id in sorted({row["user_id"] for row in events})])
                added += link.many(_INSERT, events)
            rows += len(batch)
            found += len(events)
            passed_over += sum(not some for _, _, some in batch)
        quarantined = bad.n
    return EventReport(rows + quarantined, added, found - added, passed_over, quarantined)


@cache
def _words() -> dict[str, Any]:
    text = resources("assistant.history").joinpath("events.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def event_fields() -> frozenset[str]:
    """Return the names of our fields that a column of a log can be mapped to."""
    return frozenset(_words()["fields"])


@cache
def _names() -> dict[str, EventName]:
    known = {plain_name(said): name for name, words in _words()["names"].items() for said in (name, *words)}
    return known | dict.fromkeys(_words()["passed_over"], "")


class EventReader:
    """Turns rows of a log into events.

    Args:
        mapping: Field of an event -> their column, over what names say.

    Raises:
        FeedError: `mapping` names a field that an event does not have.
    """

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        self._columns = ColumnMap(mapping, _words()["fields"])

    def events(self, values: Mapping[str, Any]) -> list[Event]:
        """Read one row: one event, one a product where it names several (GA4's `items`), none where it is about none.

        Raises:
            RowError: No shopper, no time that can be, no product, or an event of no known name.
        """
        placed, _ = self._columns.place(values)
        said = str(placed.get("event") or "")
        name = _names().get(plain_name(said))
        if name is None:
            raise RowError(f"no event: {said[:60]!r} is none of {', '.join(_words()['names'])}")
        if not name:
            return []
        user_id, when = read_id(placed.get("user_id")), read_time(placed.get("time"))
        if not user_id:
            raise RowError("no user_id")
        if when is None:
            raise RowError(f"no time that can be: {str(placed.get('time', ''))[:60]!r}")
        items = placed.get("items")
        several = [self._columns.place(i)[0] for i in items if isinstance(i, dict)] if isinstance(items, list) else []
        return [_event(name, user_id, when, placed=placed | item) for item in several or [{}]]


def _event(name: EventName, user_id: str, when: datetime, *, placed: Mapping[str, Any]) -> Event:
    product_id = read_id(placed.get("product_id"))
    if not product_id and name not in _ABOUT_NOTHING:
        raise RowError("no product_id")
    detail: dict[str, Any] = {"quantity": _quantity(placed.get("quantity"))} if name in _COUNTED else {}
    query = plain(placed.get("query"), most=_QUERY_CHARS)
    return Event(user_id, name, when, product_id, detail=detail | ({"query": query} if query else {}))


def _quantity(value: object) -> int:
    if value is None:
        return 1
    try:
        found = float(str(value).replace(",", "."))
    except ValueError:
        found = 0
    if not 1 <= found <= _MOST:
        raise RowError(f"the quantity {str(value)[:40]!r} is not from 1 to {_MOST}")
    return int(found)
