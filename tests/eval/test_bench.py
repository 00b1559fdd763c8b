"""The benchmark has the contract's shape; its figures are never asserted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eval.bench import measure

if TYPE_CHECKING:
    from assistant.settings import Settings


def test_the_benchmark_measures_turns_stages_chroma_and_throughput(sample_settings: Settings) -> None:
    figures = measure(sample_settings, n=10)
    assert {"turn", "stages", "chroma_query", "throughput", "rss_mb", "startup_s"} <= figures.keys()
    assert {"p50_ms", "p95_ms", "p99_ms", "n", "cpu_p50_ms"} <= figures["turn"].keys()
    assert {"parse", "retrieve", "explain", "respond"} <= figures["stages"].keys()
    assert set(figures["throughput"]) == {"1", "8", "32"}
    assert figures["turn"]["n"] == 10
