"""Which turn is being answered, how long each stage of it took, and what an operator should know about it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

turn_id: ContextVar[str] = ContextVar("turn_id", default="-")
"""Conversation prefix and turn number of the turn being answered, for logs; never any shopper text."""


class Trace:
    """Collects wall milliseconds by stage; a stage entered twice adds up.

    Attributes:
        notes: What was out of the ordinary, by what it is about; never any shopper text.
    """

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.stages: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as part of stage `name`."""
        started, token = time.perf_counter(), _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)
            self.stages[name] = self.stages.get(name, 0.0) + (time.perf_counter() - started) * 1000

    @property
    def elapsed_ms(self) -> float:
        """Wall milliseconds since the trace began."""
        return (time.perf_counter() - self._started) * 1000


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def note(about: str, text: str) -> None:
    """Put a note on the trace of the turn whose stage is running; outside of a stage there is nowhere to put it."""
    trace = _current.get()
    if trace is not None:
        trace.notes[about] = text


class TurnFilter:
    """A logging filter that puts the turn id on every record as `record.turn`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Annotate and keep the record."""
        record.turn = turn_id.get()
        return True
