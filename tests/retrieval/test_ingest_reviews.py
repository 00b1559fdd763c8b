"""Review files -> catalogue: by product or group, bad rows aside, again without change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrieval.catalogue import Catalogue
from retrieval.errors import FeedError
from retrieval.ingest import CATALOGUE_FILE, ingest
from retrieval.ingest_reviews import REVIEW_QUARANTINE, ReviewReport, ingest_reviews
from retrieval.outline import Outlines
from retrieval.predicates import between
from retrieval.types import Review

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTS = (
    "id,title,price,item_group_id\nk1,Steel kettle small,39,\nt1,Tee black medium,19,tee\nt2,Tee black large,19,tee\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "feed.csv").write_text(PRODUCTS, "utf-8")
    ingest([tmp_path / "feed.csv"], tmp_path / "store")
    return tmp_path / "store"


def reviews(store: Path, product_id: str) -> list[Review]:
    catalogue = Catalogue.open(store / CATALOGUE_FILE)
    found = catalogue.reviews(product_id)
    catalogue.close()
    return found


def take(store: Path, rows: list[dict[str, Any]], **mapping: str) -> ReviewReport:
    path = store.parent / "reviews.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return ingest_reviews([path], store, mapping=mapping)


def test_columns_are_recognised_in_every_format(store: Path) -> None:
    row = {
        "asin": "k1", "overall": 4.5, "reviewText": "Boils <b>fast</b>", "summary": "Good", "reviewerName": "Ann",
        "unixReviewTime": 1767350000,
    }  # fmt: skip
    (store / "a.csv").write_text(",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n", "utf-8")
    (store / "a.jsonl").write_text(json.dumps(row), "utf-8")
    pq.write_table(pa.Table.from_pylist([row]), store / "a.parquet")
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        assert ingest_reviews([store / name], store) == ReviewReport(read=1, taken=1)
    (found,) = reviews(store, "k1")  # the same review three times
    assert (found.rating, found.text, found.title, found.author) == (5, "Boils fast", "Good", "Ann")
    assert found.written == "2026-01-02"


def test_bad_rows_are_put_aside_with_their_reason(store: Path) -> None:
    good = {"product_id": "k1", "rating": 5, "text": "Fine", "date": "2026-01-02"}
    report = take(store, [
        good, {**good, "rating": 0}, {**good, "rating": "6"}, {**good, "rating": None}, {**good, "product_id": "zz"},
        {**good, "product_id": ""}, {**good, "text": " "}, {**good, "rating": "5 out of 5", "text": "Great"},
        {**good, "text": "Dated", "date": "9999-99-99"},
    ])  # fmt: skip
    assert report == ReviewReport(read=9, taken=3, quarantined=6)
    assert {(r.text, r.written) for r in reviews(store, "k1")} == {
        ("Fine", "2026-01-02"), ("Great", "2026-01-02"), ("Dated", ""),
    }  # fmt: skip
    bad = [json.loads(line) for line in (store / REVIEW_QUARANTINE).read_text("utf-8").splitlines()]
    reasons = {b["line"]: b["reason"] for b in bad}
    assert sorted(reasons) == [2, 3, 4, 5, 6, 7]
    assert "not from 1 to 5" in reasons[2]
    assert "no rating" in reasons[4]
    assert "no product 'zz' in the catalogue" in reasons[5]
    assert (reasons[6], reasons[7]) == ("no product_id", "no text")


def test_a_group_may_be_named_for_its_variants(store: Path) -> None:
    report = take(store, [{"product_handle": "tee", "rating": 4, "body": "Soft"}])
    assert report.taken == 1
    assert [r.text for r in reviews(store, "t2")] == ["Soft"]


def test_an_id_makes_it_one_review(store: Path) -> None:
    row = {"review_id": "r1", "product_id": "k1", "rating": 4, "text": "Good"}
    take(store, [row])
    take(store, [{**row, "text": "Broke after a week", "rating": 1}])
    assert [(r.rating, r.text) for r in reviews(store, "k1")] == [(1, "Broke after a week")]


def ratings(store: Path) -> dict[str, tuple[float | None, int]]:
    catalogue = Catalogue.open(store / CATALOGUE_FILE)
    found = {p.product_id: (p.rating, p.n_ratings) for some in catalogue.products() for p in some}
    assert catalogue.matching([between("rating", 0, None)]) == sorted(k for k, (r, _) in found.items() if r is not None)
    outlines = Outlines(catalogue.outlines())
    assert outlines.first(outlines.everything, sort="rating_desc", n=9) == sorted(
        found, key=lambda k: (-(found[k][0] or 0), -found[k][1], k)
    )
    catalogue.close()
    return found


def refeed(store: Path, text: str, **more: Any) -> None:  # noqa: ANN401
    (store.parent / "feed.csv").write_text(text, "utf-8")
    ingest([store.parent / "feed.csv"], store, **more)


def rated(*stars: int, product_id: str = "t1") -> list[dict[str, Any]]:
    return [
        {"product_id": product_id, "rating": n, "text": f"No {i}", "review_id": f"{product_id}{i}"}
        for i, n in enumerate(stars)
    ]


def test_reviews_rate_what_the_feed_does_not(store: Path) -> None:
    assert set(ratings(store).values()) == {(None, 0)}
    take(store, [*rated(5, 4, 4), *rated(2, product_id="t2")])
    assert ratings(store) == {"k1": (None, 0), "t1": (3.8, 4), "t2": (3.8, 4)}  # 3.75; a group is one thing
    take(store, rated(1, 1, 1))  # the same reviews, thought over
    assert ratings(store)["t2"] == (1.3, 4)
    take(store, [{**rated(1)[0], "product_id": "k1"}])  # moved to another product
    assert ratings(store) == {"k1": (1.0, 1), "t1": (1.3, 3), "t2": (1.3, 3)}


def test_a_fed_rating_wins_and_a_feed_without_one_keeps_the_reviews(store: Path) -> None:
    take(store, rated(5, 4))
    refeed(store, "id,title,price,rating,rating_count\nt1,Tee black medium,19,2.5,80\n")
    assert ratings(store)["t1"] == (2.5, 80)
    take(store, rated(5, 5, 5))
    assert ratings(store)["t1"] == (2.5, 80)
    refeed(store, PRODUCTS.replace(",19,", ",18,") + "t3,Tee red large,18,tee\n", full=True)
    assert ratings(store) == {"k1": (None, 0), **dict.fromkeys(("t1", "t2", "t3"), (5.0, 3))}
    refeed(
        store, PRODUCTS.replace("t1,Tee black medium,19,tee", "t1,Tee black medium,19,") + "t3,Tee red large,18,tee\n"
    )
    assert ratings(store) == {"k1": (None, 0), "t1": (5.0, 3), "t2": (None, 0), "t3": (None, 0)}


def test_ratings_are_a_change_of_the_catalogue_but_of_no_document(store: Path) -> None:
    catalogue = Catalogue.open(store / CATALOGUE_FILE)
    due = catalogue.pending()
    catalogue.mark_indexed(due.products)
    before = (catalogue.checksum(), catalogue.revision())
    catalogue.add_reviews([Review("r", "k1", 4, "Boils")])
    assert catalogue.checksum() == before[0]
    assert (rated_ := catalogue.revision()) != before[1]
    assert catalogue.count_pending() == 0
    assert [p.rating for p in catalogue.get(["k1"])] == [4.0]
    catalogue.add_reviews([Review("r", "k1", 4, "Boils"), Review("r2", "zz", 4, "Of nothing that is sold")])
    assert catalogue.revision() == rated_
    catalogue.derive_types({"k1": "Kitchen > Kettles"})
    assert [(p.product_type, p.rating) for p in catalogue.get(["k1"])] == [("Kitchen > Kettles", 4.0)]
    catalogue.close()


def test_mapping(store: Path) -> None:
    assert take(store, [{"product_id": "k1", "note": 4, "said": "Good"}], rating="note", text="said").taken == 1
    with pytest.raises(FeedError, match="no field 'prize'"):
        take(store, [], prize="x")


def test_a_bad_file(store: Path) -> None:
    with pytest.raises(FeedError, match="no feed file"):
        ingest_reviews([store / "nope.csv"], store)
