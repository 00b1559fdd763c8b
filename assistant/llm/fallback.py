"""A model with another behind it: a circuit breaker leaves a failing model alone for a while."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Literal

from assistant.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.llm.base import Completion, Grammar, LanguageModel, Prompt

_LOG = logging.getLogger(__name__)


class Breaker:
    """Counts failures in a row. Closed: all may try. Open: nobody. Half open: one may, and decides.

    Args:
        failures: So many in a row open it.
        pause_s: Seconds until it is half open.
        clock: Monotonic seconds.

    References:
        Nygard, Release It! (2nd ed., 2018), "Circuit Breaker".
    """

    def __init__(self, *, failures: int, pause_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._opened: float | None = None

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """Where it stands now."""
        if self._opened is None:
            return "closed"
        return "open" if self._clock() - self._opened < self._pause_s else "half_open"

    def admits(self) -> bool:
        """Whether the caller may try; it must then report. Half open, the first caller takes the only trial."""
        with self._lock:
            state = self.state
            if state == "half_open":
                self._opened = self._clock()  # the others wait for the trial, at most another pause
            return state != "open"

    def report(self, *, good: bool) -> None:
        """Count how a try ended."""
        with self._lock:
            if good:
                self._failures, self._opened = 0, None
                return
            self._failures += 1
            if self._failures >= self._limit:
                self._opened = self._clock()


class FallbackModel:
    """Asks `first`; where it fails or is to be left alone, `second` answers and the completion says so.

    Args:
        first: The model asked for.
        second: A model that does not fail: the embedded one.
        breaker: Decides when `first` is left alone.
    """

    def __init__(self, first: LanguageModel, second: LanguageModel, *, breaker: Breaker) -> None:
        self.name = first.name
        self.breaker = breaker
        self._first = first
        self._second = second

    def complete(self, prompt: Prompt, grammar: Grammar) -> Completion:
        """Return the completion of whichever model answers.

        Raises:
            ModelError: Neither does.
        """
        if not self.breaker.admits():
            return self._instead(prompt, grammar, f"{self.name} failed repeatedly and is left alone for now")
        try:
            completion = self._first.complete(prompt, grammar)
        except ModelError as error:
            self.breaker.report(good=False)
            _LOG.warning("%s answers for %s: %s", self._second.name, self.name, error)
            return self._instead(prompt, grammar, str(error))
        self.breaker.report(good=True)
        return completion

    def _instead(self, prompt: Prompt, grammar: Grammar, excuse: str) -> Completion:
        return replace(self._second.complete(prompt, grammar), answered_by=self._second.name, excuse=excuse)
