"""How many requests a client may make."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ui.settings import PageSettings


class Throttle:
    """Counts requests by client and kind of request over a sliding minute, in memory."""

    def __init__(self, settings: PageSettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items = {
            "api": RateLimitItemPerMinute(settings.api_per_minute),
            "turn": RateLimitItemPerMinute(settings.turns_per_minute),
            "page": RateLimitItemPerMinute(settings.pages_per_minute),
            "sign_in": RateLimitItemPerMinute(settings.sign_ins_per_minute),
        }

    def wait_s(self, kind: str, client: str) -> int:
        """Count one request; return 0 where it is allowed, else after how many seconds to come back."""
        item = self._items[kind]
        if self._limiter.hit(item, kind, client):
            return 0
        stats = self._limiter.get_window_stats(item, kind, client)
        return max(1, round(stats.reset_time - time.time()))


def client_address(scope: Mapping[str, object], headers: Mapping[str, str], *, trusted_proxies: int) -> str:
    """Return who is asking: the peer, or what the outermost trusted proxy saw."""
    if trusted_proxies:
        hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        if len(hops) >= trusted_proxies:
            return hops[-trusted_proxies]
    client = scope.get("client")
    return str(client[0]) if isinstance(client, (tuple, list)) and client else "unknown"
