"""Scenarios, metrics, reports and benchmarks."""
