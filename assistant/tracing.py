"""Which turn is being answered, and how long each stage of it took."""

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
    """Collects wall milliseconds by stage; a stage entered twice adds up."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as part of stage `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + (time.perf_counter() - started) * 1000

    @property
    def elapsed_ms(self) -> float:
        """Wall milliseconds since the trace began."""
        return (time.perf_counter() - self._started) * 1000


class TurnFilter:
    """A logging filter that puts the turn id on every record as `record.turn`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Annotate and keep the record."""
        record.turn = turn_id.get()
        return True
