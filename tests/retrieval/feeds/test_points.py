"""Whether "1.299" is 1299 or 1.30 is told by the other prices of its file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from retrieval.catalogue import Catalogue
from retrieval.feeds.points import Point, point_of
from retrieval.feeds.prices import read_price
from retrieval.ingest import CATALOGUE_FILE, QUARANTINE_FILE, ingest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("prices", "point"),
    [
        (["1.299", "12,99"], "thousands"),
        (["1.299", "2.499,00"], "thousands"),
        (["1.299", "1.299.000"], "thousands"),
        (["1.299", "899"], "thousands"),
        (["1.299", "12.5"], "decimal"),
        (["83.325", "69.4375", "899"], "decimal"),
        (["1.299", "0.990"], "decimal"),
        (["1.299", "1,299.00"], "decimal"),
        (["1.299", "1299.500"], "decimal"),
        (["1.299", "12.5", "12,5"], ""),
        (["1.299", "12.500"], ""),
        (["1.299", "12.99 EUR", "1299", "call us", ""], ""),
    ],
)
def test_other_prices_tell(prices: list[str], point: Point) -> None:
    assert point_of(prices) == point
    assert point_of(reversed(prices)) == point


def ingested(folder: Path, rows: list[dict[str, Any]], **more: Any) -> tuple[dict[str, int], list[str]]:  # noqa: ANN401
    feed = folder / "feed.jsonl"
    told = [{"id": f"p{i}", "title": f"Steel kettle {i}", **row} for i, row in enumerate(rows)]
    feed.write_text("\n".join(map(json.dumps, told)), "utf-8")
    ingest([feed], folder / "store", **more)
    catalogue = Catalogue.open(folder / "store" / CATALOGUE_FILE)
    cents = {p.product_id: p.offer_cents for p in catalogue.get(catalogue.ids())}
    catalogue.close()
    bad = (folder / "store" / QUARANTINE_FILE).read_text("utf-8").splitlines()
    return cents, [json.loads(line)["reason"] for line in bad]


def test_a_feed_is_read_as_it_is_written(tmp_path: Path) -> None:
    german: list[dict[str, Any]] = [{"price": "1.299"}, {"price": "12,99"}, {"price": 1.299}, {"price": "1.299 EUR"}]
    assert ingested(tmp_path, german) == ({"p0": 129900, "p1": 1299, "p2": 130, "p3": 129900}, [])
    computed: list[dict[str, Any]] = [{"price": "83.325"}, {"price": "12.5"}, {"price": {"value": "83.325"}}]
    assert ingested(tmp_path, computed, full=True) == ({"p0": 8332, "p1": 1250, "p2": 8332}, [])
    dinars = [{"price": "4.990"}, {"price": "12.500", "currency": "KWD"}]
    assert ingested(tmp_path, dinars, full=True, currency="KWD") == ({"p0": 499, "p1": 1250}, [])


def test_what_nothing_tells_is_put_aside_and_loses_nothing_else(tmp_path: Path) -> None:
    found, reasons = ingested(tmp_path, [{"price": "1.299"}, {"price": "19.99 EUR"}])
    assert found == {"p1": 1999}
    assert reasons == ["the price '1.299' may be 1299 or 1.30, and the feed's other prices do not tell: write one"]


def test_each_file_is_asked_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;title;price\na1;Kettle;1.299\na2;Cup;12,99\n", "utf-8")
    (tmp_path / "b.csv").write_text("id,title,price\nb1,Kettle,1.299\nb2,Cup,12.5\n", "utf-8")
    ingest([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "store")
    catalogue = Catalogue.open(tmp_path / "store" / CATALOGUE_FILE)
    assert [p.price_cents for p in catalogue.get(["a1", "a2", "b1", "b2"])] == [129900, 1299, 130, 1250]
    catalogue.close()


@pytest.mark.parametrize(
    ("written", "cents"), [("0.999", 100), ("1299.500", 129950), ("12.5000", 1250), ("1.299", 129900)]
)
def test_without_a_feed_a_point_groups_where_it_can(written: str, cents: int) -> None:
    found = read_price(written, unit="major")
    assert found is not None
    assert found.cents == cents
