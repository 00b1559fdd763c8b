"""Bands with round edges, none of them empty."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from retrieval.ranges import MOST_BANDS, price_bands, rating_steps


def test_edges_are_round_and_near_the_quantiles() -> None:
    bands = price_bands([(cents, 1) for cents in range(300, 30_000, 300)])
    assert [b.text for b in bands] == ["under 50", "50 to 100", "100 to 200", "200 to 250", "250 and over"]
    assert bands[0].bounds == (("lte", 49.99),)
    assert bands[1].bounds == (("gte", 50.0), ("lte", 99.99))
    assert (bands[0].low, bands[0].high, bands[-1].low, bands[-1].high) == (None, 5000, 25_000, None)
    assert [b.text for b in price_bands([(150, 5), (400, 5)])] == ["under 2", "2 and over"]
    assert [b.text for b in price_bands([(240, 5), (310, 5)])] == ["under 2.50", "2.50 and over"]


def test_what_no_round_figure_divides_has_no_bands() -> None:
    assert price_bands([]) == []
    assert price_bands([(1999, 30)]) == []
    assert price_bands([(0, 3), (0, 4)]) == []


@given(st.dictionaries(st.integers(0, 10**8), st.integers(1, 9), max_size=30))
def test_bands_share_out_everything(prices: dict[int, int]) -> None:
    bands = price_bands(sorted(prices.items()))
    assert len(bands) <= MOST_BANDS
    held = Counter[str]()
    for cents, n in prices.items():
        inside = [b for b in bands if (b.low or 0) <= cents and (b.high is None or cents < b.high)]
        assert len(inside) == (1 if bands else 0)
        held.update({b.text: n for b in inside})
    assert set(held) == {b.text for b in bands}
    edges = [int(b.high) for b in bands[:-1] if b.high is not None]
    assert all(str(edge).rstrip("0") in {"1", "2", "25", "5", "3"} for edge in edges)  # 2.5 cents are 2 or 3


def test_ratings_go_up_from() -> None:
    assert next((s.text, s.bounds) for s in rating_steps()) == ("4 and up", (("gte", 4.0),))
