"""The parts of the blend, one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.history.base import Liking, Profile, Touch
from assistant.recommender.affinity import Taste, affinity
from assistant.recommender.assortment import Assortment, Sequences
from assistant.recommender.collaborative import ItemItem, recency
from assistant.recommender.content import near
from assistant.recommender.diversify import likeness, mmr
from assistant.recommender.popularity import popularity, standing
from assistant.recommender.repeat import RepeatWords, repeat_words
from retrieval.types import Product

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 7), st.floats(0, 1e6)), max_size=40)


def test_what_follows_scores_higher_than_what_came_before() -> None:
    found = ItemItem.fit(
        Sequences.of([(user, item, float(item)) for user in range(5) for item in (0, 1, 2)]), n_items=4
    )
    scores = found.scores([(1, 1.0)])
    assert scores[2] > scores[0] > scores[3] == 0
    assert scores[1] == 0


def test_a_basket_has_no_order() -> None:
    found = ItemItem.fit(Sequences.of([(user, item, 7.0) for user in range(3) for item in (0, 1)]), n_items=2)
    assert found.scores([(0, 1.0)])[1] == pytest.approx(found.scores([(1, 1.0)])[0])


def test_one_chance_meeting_weighs_less_than_many() -> None:
    many = [(user, item, float(item)) for user in range(9) for item in (0, 1)]
    found = ItemItem.fit(Sequences.of([*many, (20, 2, 0.0), (20, 3, 1.0)]), n_items=4)
    assert found.scores([(0, 1.0)])[1] > found.scores([(2, 1.0)])[3] > 0


@settings(max_examples=60, deadline=None)
@given(rows)
def test_item_item_never_points_at_itself_and_stays_in_bounds(found: list[tuple[int, int, float]]) -> None:
    model = ItemItem.fit(Sequences.of(found), n_items=8)
    for item in range(8):
        neighbours, weights = model.after(item)
        assert item not in neighbours
        assert len(set(neighbours.tolist())) == len(neighbours)
        assert np.isfinite(weights).all()
        assert (weights > 0).all()


def test_recency_counts_an_item_once_where_it_is_latest() -> None:
    assert recency([5, 3, 5, 2], decay=0.5) == [(5, 1.0), (3, 0.5), (2, 0.25)]


def test_popularity_is_recent_and_falls_back_to_the_catalogue() -> None:
    none = Sequences.of([])
    assert popularity(np.array([0.0, 9.0, 1.0]), none).tolist() == pytest.approx([0, 1, np.log(2) / np.log(10)])
    assert popularity(np.zeros(2), none).tolist() == [0, 0]
    year = 365 * 86_400.0
    sold = popularity(np.zeros(3), Sequences.of([(0, 0, 0.0), (1, 1, year)]))
    assert sold[1] == 1
    assert sold[0] < sold[1]
    assert sold[2] == 0


def test_standing_is_within_a_shelf_and_strict() -> None:
    shelf = np.array([0] * 10 + [1] * 6 + [2])
    sold = np.array([*range(10), 1, 1, 1, 1, 1, 1, 99], dtype=np.float64)
    share = standing(sold, shelf)
    assert share[9] == pytest.approx(0.9)
    assert share[10:16].tolist() == [0] * 6  # all alike: none is popular
    assert share[16] == 0  # alone on its shelf: nothing to outsell


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50), max_size=12), st.integers(0, 15))
def test_mmr_picks_each_once_and_the_best_first(scores: list[int], n: int) -> None:
    alike = np.full((len(scores), len(scores)), 0.5)
    picked = mmr(scores, alike, n=n)
    assert len(picked) == min(n, len(scores)) == len(set(picked))
    if picked:
        assert scores[picked[0]] == max(scores)
    assert mmr(scores, alike, n=n, relevance=1.0) == sorted(range(len(scores)), key=lambda i: -scores[i])[: len(picked)]


def test_mmr_prefers_the_other_kind_to_more_of_the_same() -> None:
    shoes = [Product(f"s{i}", "Shoe", 1, "USD", brand="Fenn", product_type="Shoes", color="red") for i in range(3)]
    alike = likeness([*shoes, Product("k", "Kettle", 1, "USD", brand="Orra", product_type="Kettles")])
    assert mmr([1.0, 0.98, 0.96, 0.8], alike, n=2) == [0, 3]
    assert alike[0, 1] == pytest.approx(1.0)
    assert alike[0, 3] == 0


def test_taste_is_near_what_was_liked() -> None:
    class Held:
        def embeddings(self, product_ids: object) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]:
            del product_ids
            return {"a": np.array([1, 0], dtype=np.float32), "b": np.array([0, 1], dtype=np.float32)}

        def search(self, embedding: object, *, n: int, among: object = None) -> list[tuple[str, float]]:
            del among
            assert np.linalg.norm(np.asarray(embedding)) == pytest.approx(1.0)
            return [("a", float(np.asarray(embedding)[0]))][:n]

    ((found, cosine),) = near(Held(), [("a", 3.0), ("b", 1.0), ("unknown", 9.0)], n=5)
    assert found == "a"
    assert cosine == pytest.approx(3 / 10**0.5)
    assert near(Held(), [("unknown", 1.0)], n=5) == []


@pytest.mark.parametrize(
    ("path", "consumable", "one_is_enough"),
    [
        ("Grocery > Coffee > Ground coffee", True, False),
        ("Kitchen > Coffee > Coffee makers", False, True),
        ("Pets > Dog > Dog food", True, False),
        ("Kitchen > Appliances > Food processors", False, True),
        ("Clothing > Men > Jeans", False, False),
        ("Sport > Socks for runners", False, False),
        ("Furniture > Sofas", False, True),
        ("Beauty > Skin > Body lotions", True, False),
        ("", False, True),
    ],
)
def test_what_is_bought_again(path: str, consumable: bool, one_is_enough: bool) -> None:
    product = Product("p", "Thing", 1, "USD", product_type=path)
    assert repeat_words().consumable(product) is consumable
    assert repeat_words().one_is_enough(product) is one_is_enough


def test_a_merchant_may_bring_words(tmp_path: Path) -> None:
    file = tmp_path / "repeat.yaml"
    file.write_text(
        "consumed: {departments: '', heads: widgets}\ncollected: {departments: '', heads: ''}\n", encoding="utf-8"
    )
    assert RepeatWords.read(file).consumable(Product("p", "x", 1, "USD", product_type="Shop > Blue widget"))


def test_an_assortment_groups_variants_in_stock_first() -> None:
    base = {"price_cents": 100, "currency": "USD", "product_type": "Shoes"}
    shop = Assortment.of(
        [
            Product("a1", "A", **base, item_group_id="a", availability="out_of_stock", popularity=3),  # type: ignore[arg-type]
            Product("a2", "A", **base, item_group_id="a", popularity=1, description="long"),  # type: ignore[arg-type]
            Product("b", "B", **base, availability="out_of_stock"),  # type: ignore[arg-type]
        ]
    )
    assert len(shop) == 2
    assert shop.face(0).product_id == "a2"
    assert shop.face(0).description == ""
    assert shop.items(["a", "a1", "b", "zzz"]) == [0, 0, 1]
    assert shop.in_stock.tolist() == [True, False]
    assert shop.popularity.tolist() == [3, 0]
    assert shop.on_shelf("Shoes").all()
    assert not shop.on_shelf("").any()


def test_affinity_is_bounded_and_names_its_proof() -> None:
    profile = Profile(
        user_id="ada",
        likings={
            "brand": (Liking("Fenn", 40.0, (1, 2)), Liking("Orra", -9.0, (3,))),
            "category": (Liking("Shoes", 40.0, (1,)),),
            "color": (Liking("Red", 40.0, (1,)),),
            "style": (Liking("retro", 40.0, (1,)),),
        },
        price_bands={"Shoes": (5000, 8000)},
        touches=(Touch("p", "purchase", 4.0, 0.0, (1,), "p", "Shoes"),),
        n_events=3,
    )
    taste = Taste(profile)
    fits = Product(
        "x", "X", 6000, "USD", brand="FENN", product_type="Shoes", color="red", attributes={"style": "Retro"}
    )
    signals = taste.signals(fits)
    assert affinity(signals) == 1.0
    assert {signal.kind for signal in signals} == {"brand", "category", "color", "style", "price_band"}
    assert all(signal.event_ids for signal in signals)
    assert next(signal.event_ids for signal in signals if signal.kind == "brand") == (1, 2)
    against = taste.signals(Product("y", "Y", 60_000, "USD", brand="Orra", product_type="Shoes"))
    assert {signal.kind: signal.weight < 0 for signal in against} == {
        "brand": True,
        "price_band": True,
        "category": False,
    }
    assert taste.signals(Product("z", "Z", 6000, "USD")) == []
    assert taste.favourites("brand", n=5) == ["Fenn"]
