"""Event stores: the shop database, and a double in memory that behaves the same."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assistant.dialogue.events import EVENT_NAMES, Event
from assistant.errors import HistoryError
from assistant.history.database import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.history.database import Database

MAX_DETAIL_CHARS = 4000
_SEQUENCE_NAMES = ("purchase", "add_to_cart")
_INSERT = (
    "INSERT INTO events (user_id, name, at, product_id, conversation_id, detail) "
    "VALUES (:user_id, :name, :at, :product_id, :conversation_id, :detail)"
)


class SqlEventStore:
    """Events in the shop database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Store events in one transaction and return them with their ids.

        Raises:
            HistoryError: An event is not well-formed; none of them is stored.
        """
        rows = [(event, event_row(event)) for event in events]
        stored: list[Event] = []
        with self._database.write() as link:
            for event, row in rows:
                stored.append(replace(event, event_id=link.number(f"{_INSERT} RETURNING event_id", **row)))
        return stored

    def load(self, events: Iterable[Event], *, source: str) -> int:
        """Insert many events once: a second load of the same `source` changes nothing. Returns how many went in."""
        with self._database.write() as link:
            if not self._database.claim(f"events:{source}"):
                return 0
            rows = [event_row(event) for event in events]
            link.many(_INSERT, rows)
        return len(rows)

    def events(self, user_id: str, *, limit: int = 1000) -> list[Event]:
        """Return a shopper's latest `limit` events, oldest first; none for the nameless guest `""`."""
        if not user_id:
            return []
        sql = "SELECT * FROM events WHERE user_id = :user_id ORDER BY at DESC, event_id DESC LIMIT :n"
        with self._database.read() as link:
            rows = link.rows(sql, user_id=user_id, n=limit)
        return [_event(row) for row in reversed(rows)]

    def purchases(self) -> Sequence[tuple[str, str, float]]:
        """Return (user id, product id, unix time) of every purchase, by user then time."""
        return self._sequences(("purchase",))

    def interactions(self) -> Sequence[tuple[str, str, float]]:
        """Return purchases and carts as (user id, product id, unix time), by user then time."""
        return self._sequences(_SEQUENCE_NAMES)

    def revision(self) -> int:
        """Return a number that grows whenever `interactions` would."""
        with self._database.read() as link:
            sql = "SELECT MAX(event_id) FROM events WHERE name = :name"
            return max(link.number(sql, name=name) for name in _SEQUENCE_NAMES)

    def _sequences(self, names: tuple[str, ...]) -> list[tuple[str, str, float]]:
        sql = (
            "SELECT user_id, product_id, at FROM events WHERE name IN (:first, :last) "
            "AND user_id <> '' AND product_id <> '' ORDER BY user_id, at, event_id"
        )
        with self._database.read() as link:
            rows = link.rows(sql, first=names[0], last=names[-1])
        return [(row["user_id"], row["product_id"], row["at"]) for row in rows]

    def export(self, user_id: str) -> dict[str, Any]:
        """Return every event of a shopper as JSON."""
        return {"events": [event_json(event) for event in self.events(user_id, limit=1_000_000_000)]}

    def erase(self, user_id: str) -> int:
        """Remove every event of a shopper; return how many went. `privacy.erase` covers the other tables too."""
        with self._database.write() as link:
            return link.run("DELETE FROM events WHERE user_id = :user_id AND user_id <> ''", user_id=user_id)


class MemoryEventStore:
    """The double: the same behaviour, forgotten at exit."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._next_id = 1
        self._sources: set[str] = set()
        self._lock = threading.Lock()

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Store events and return them with their ids.

        Raises:
            HistoryError: An event is not well-formed; none of them is stored.
        """
        rows = [(event, event_row(event)) for event in events]
        with self._lock:
            stored = [_event({**row, "event_id": self._next_id + i}) for i, (_, row) in enumerate(rows)]
            self._next_id += len(stored)
            self._events += stored
        return stored

    def load(self, events: Iterable[Event], *, source: str) -> int:
        """Insert many events once for each `source`; return how many went in."""
        if source in self._sources:
            return 0
        self._sources.add(source)
        return len(self.append(events))

    def events(self, user_id: str, *, limit: int = 1000) -> list[Event]:
        """Return a shopper's latest `limit` events, oldest first; none for the nameless guest `""`."""
        own = [event for event in self._events if user_id and event.user_id == user_id]
        own.sort(key=lambda event: (event.when, event.event_id))
        return own[-limit:] if limit else []

    def purchases(self) -> Sequence[tuple[str, str, float]]:
        """Return (user id, product id, unix time) of every purchase, by user then time."""
        return self._sequences(("purchase",))

    def interactions(self) -> Sequence[tuple[str, str, float]]:
        """Return purchases and carts as (user id, product id, unix time), by user then time."""
        return self._sequences(_SEQUENCE_NAMES)

    def revision(self) -> int:
        """Return a number that grows whenever `interactions` would."""
        return max((event.event_id for event in self._events if event.name in _SEQUENCE_NAMES), default=0)

    def _sequences(self, names: tuple[str, ...]) -> list[tuple[str, str, float]]:
        found = [e for e in self._events if e.name in names and e.user_id and e.product_id]
        found.sort(key=lambda event: (event.user_id, event.when, event.event_id))
        return [(event.user_id, event.product_id, event.when.timestamp()) for event in found]

    def export(self, user_id: str) -> dict[str, Any]:
        """Return every event of a shopper as JSON."""
        return {"events": [event_json(event) for event in self.events(user_id, limit=1_000_000_000)]}

    def erase(self, user_id: str) -> int:
        """Remove every event of a shopper; return how many went."""
        with self._lock:
            kept = [event for event in self._events if not user_id or event.user_id != user_id]
            gone = len(self._events) - len(kept)
            self._events = kept
        return gone


def event_json(event: Event) -> dict[str, Any]:
    """Return one event as JSON, its time in ISO 8601."""
    return {
        "event_id": event.event_id,
        "name": event.name,
        "when": event.when.isoformat(),
        "product_id": event.product_id,
        "conversation_id": event.conversation_id,
        "detail": dict(event.detail),
    }


def event_row(event: Event) -> dict[str, Any]:
    """Return the columns of one event.

    Raises:
        HistoryError: Its name, time or detail is not what an event may carry.
    """
    if event.name not in EVENT_NAMES:
        raise HistoryError(f"Unknown event {event.name!r}: use one of {', '.join(EVENT_NAMES)}.")
    if event.when.tzinfo is None:
        raise HistoryError(f"Event {event.name!r} has a time without a zone: use UTC.")
    try:
        detail = json.dumps(dict(event.detail), separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise HistoryError(f"The detail of event {event.name!r} is not JSON.") from error
    if len(detail) > MAX_DETAIL_CHARS:
        raise HistoryError(f"The detail of event {event.name!r} is over {MAX_DETAIL_CHARS} characters.")
    return {
        "user_id": clean(event.user_id, limit=200),
        "name": event.name,
        "at": event.when.timestamp(),
        "product_id": clean(event.product_id, limit=200),
        "conversation_id": clean(event.conversation_id, limit=200),
        "detail": detail,
    }


def _event(row: dict[str, Any]) -> Event:
    return Event(
        user_id=row["user_id"],
        name=row["name"],
        when=datetime.fromtimestamp(row["at"], tz=UTC),
        product_id=row["product_id"],
        conversation_id=row["conversation_id"],
        detail=json.loads(row["detail"] or "{}"),
        event_id=row["event_id"],
    )
