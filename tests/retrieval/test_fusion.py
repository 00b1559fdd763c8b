"""Fusion keeps order within a list, scales to 0..1 and never invents a product."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.fusion import fuse, normalised

hits = st.dictionaries(
    st.sampled_from([f"p{i}" for i in range(12)]), st.floats(-5, 50, allow_nan=False), max_size=12
).map(lambda d: sorted(d.items(), key=lambda pair: (-pair[1], pair[0])))


@given(hits, hits, st.floats(0, 1))
@settings(max_examples=60)
def test_scores_are_shares_and_best_first(
    lexical: list[tuple[str, float]], dense: list[tuple[str, float]], weight: float
) -> None:
    fused = fuse(lexical, dense, weight=weight)
    assert {item.product_id for item in fused} == {key for key, _ in lexical} | {key for key, _ in dense}
    assert all(0 <= value <= 1.000001 for item in fused for value in (item.score, item.lexical, item.dense))
    assert [(-i.score, i.product_id) for i in fused] == sorted((-i.score, i.product_id) for i in fused)


@given(hits, st.floats(0.1, 100), st.floats(-50, 50))
@settings(max_examples=40)
def test_the_scale_of_a_list_does_not_matter(lexical: list[tuple[str, float]], factor: float, shift: float) -> None:
    scaled = [(key, score * factor + shift) for key, score in lexical]
    one, other = normalised(lexical, top=200), normalised(scaled, top=200)
    spread = max((s for _, s in lexical), default=0.0) - min((s for _, s in lexical), default=0.0)
    if spread > 1e-3:
        assert all(abs(one[key] - other[key]) < 1e-4 for key in one)


def test_weights_decide_and_missing_scores_are_zero() -> None:
    lexical, dense = [("a", 9.0), ("b", 1.0)], [("c", 0.9), ("a", 0.1)]
    assert [i.product_id for i in fuse(lexical, dense, weight=0.4)] == ["a", "c", "b"]
    assert fuse(lexical, dense, weight=1.0)[0].product_id == "c"
    assert fuse(lexical, dense, weight=0.0)[0].score == 1.0
    assert fuse([], [], weight=0.4) == []


def test_how_much_better_counts_not_only_the_place() -> None:
    lexical = [("a", 10.0), ("b", 9.9), ("z", 0.0)]
    dense = [("b", 0.9), ("a", 0.2), ("z", 0.1)]
    assert fuse(lexical, dense)[0].product_id == "b"


def test_variants_do_not_fill_the_list() -> None:
    lexical = [(f"a{i}", 10.0) for i in range(50)] + [("b0", 5.0), ("c0", 1.0)]
    kept = normalised(lexical, top=2, group_of=lambda key: key[0])
    assert "b0" in kept
    assert "c0" not in kept
    assert len(kept) == 51


def test_a_list_of_equals_is_all_best() -> None:
    assert normalised([("a", 2.0), ("b", 2.0)], top=200) == {"a": 1.0, "b": 1.0}
