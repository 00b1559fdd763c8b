"""Measures the assistant in one run: turns, their stages, bare Chroma queries, throughput, memory, start.

Utterances are made from the store's own shelves and brands, so the same benchmark runs on any store. A bare Chroma
query is timed between the turns, so that both figures come from the same minutes of the same machine.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import SecretStr

from assistant.bootstrap import open_assistant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.assistant import Assistant
    from assistant.settings import Settings

_WARM_UP = 5
_CLIENTS = (1, 8, 32)
_FORMS = (
    "{shelf}",
    "i need a {shelf} under {price}",
    "{brand} {shelf}",
    "show me {shelf}, not {color}",
    "cheap {shelf}",
)


def measure(settings: Settings, *, n: int = 100, seed: int = 7) -> dict[str, Any]:
    """Return the contract's JSON of `shoptalk bench`; `n` search turns, wall and CPU milliseconds."""
    with tempfile.TemporaryDirectory(prefix="shoptalk-bench-") as directory:
        url = SecretStr(f"sqlite:///{Path(directory) / 'shop.sqlite'}")
        started = time.perf_counter()
        assistant = open_assistant(settings.model_copy(update={"database_url": url}))
        startup_s = time.perf_counter() - started
        try:
            said = _utterances(assistant, n=n + _WARM_UP, seed=seed)
            return {**_timed(assistant, said), "throughput": _throughput(assistant, said), **_memory(startup_s)}
        finally:
            assistant.close()


def _utterances(assistant: Assistant, *, n: int, seed: int) -> list[str]:
    rng = random.Random(seed)  # noqa: S311 - a benchmark, nothing secret
    facets = assistant.store.catalogue.facets()
    names = {slot: [value for value, _ in facets.get(slot, [])] or ["new"] for slot in ("shelf", "brand", "color")}
    return [
        rng.choice(_FORMS).format(
            shelf=rng.choice(names["shelf"]).lower(),
            brand=rng.choice(names["brand"]),
            color=rng.choice(names["color"]).lower(),
            price=rng.choice((30, 60, 120, 400)),
        )
        for _ in range(n)
    ]


def _timed(assistant: Assistant, said: Sequence[str]) -> dict[str, Any]:
    turns: list[tuple[float, float]] = []
    chroma: list[tuple[float, float]] = []
    stages: dict[str, list[float]] = {}
    for number, text in enumerate(said):
        conversation = assistant.start()
        begun = (time.perf_counter(), time.process_time())
        reply = assistant.respond(text, conversation_id=conversation)
        wall_cpu = since(begun)
        embedding = assistant.store.encoder.encode([text])[0]
        begun = (time.perf_counter(), time.process_time())
        assistant.store.dense.search(embedding, n=100)
        bare = since(begun)
        if number < _WARM_UP:
            continue
        turns.append(wall_cpu)
        chroma.append(bare)
        for stage, ms in reply.trace.items():
            stages.setdefault(stage, []).append(ms)
    return {
        "turn": figures_of(turns),
        "stages": {name: _percentiles(ms) for name, ms in stages.items()},
        "chroma_query": figures_of(chroma),
    }


def since(begun: tuple[float, float]) -> tuple[float, float]:
    """Return wall and CPU milliseconds since `(time.perf_counter(), time.process_time())`."""
    return (time.perf_counter() - begun[0]) * 1000, (time.process_time() - begun[1]) * 1000


def figures_of(samples: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return percentiles of wall and CPU milliseconds."""
    cpu = _percentiles([cpu for _, cpu in samples])
    return {**_percentiles([wall for wall, _ in samples]), "cpu_p50_ms": cpu["p50_ms"], "cpu_p95_ms": cpu["p95_ms"]}


def _percentiles(ms: Sequence[float]) -> dict[str, float]:
    p50, p95, p99 = (round(float(value), 2) for value in np.percentile(ms, (50, 95, 99)))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "n": len(ms)}


def _throughput(assistant: Assistant, said: Sequence[str]) -> dict[str, float]:
    """Turns per second with several shoppers at once, each in a conversation of their own."""

    def turn(text: str) -> None:
        assistant.respond(text, conversation_id=assistant.start())

    rates = {}
    for clients in _CLIENTS:
        begun = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(turn, said))
        rates[str(clients)] = round(len(said) / (time.perf_counter() - begun), 1)
    return rates


def _memory(startup_s: float) -> dict[str, float]:
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rss_mb": round(peak_kib / 1024, 1), "startup_s": round(startup_s, 2)}
