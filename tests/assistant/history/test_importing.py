"""Behaviour logs -> events: common names, times in every unit, bad rows aside, the same file twice adds nothing."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from assistant.commerce.users import UserStore
from assistant.history.importing import EventReader, EventReport, import_events
from assistant.history.store import SqlEventStore
from retrieval.errors import FeedError, RowError

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.history.database import Database

LOG = """user_id,item_id,event,timestamp,quantity
ann,k1,view,1767350000,
ann,k1,add_to_cart,1767350010000,2
ann,k1,buy,2026-01-02T11:00:00+00:00,2
bob,t1,wishlist,2026-01-02 11:00:00,
bob,,page_view,1767350000,
"""
AT = datetime(2026, 1, 2, 10, 33, 20, tzinfo=UTC)


def take(database: Database, path: Path, content: str, **mapping: str) -> EventReport:
    path.write_text(content, "utf-8")
    return import_events([path], database, quarantine=path.parent / "bad.jsonl", mapping=mapping)


def row(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    return {"user_id": "ann", "product_id": "k1", "event": "view_item", "timestamp": 1767350000, **fields}


def test_a_log_becomes_events(database: Database, tmp_path: Path) -> None:
    report = take(database, tmp_path / "log.csv", LOG)
    assert report == EventReport(read=5, added=4, passed_over=1)
    events = SqlEventStore(database)
    assert [(e.name, e.product_id, e.detail) for e in events.events("ann")] == [
        ("view_item", "k1", {}), ("add_to_cart", "k1", {"quantity": 2}), ("purchase", "k1", {"quantity": 2}),
    ]  # fmt: skip
    assert events.events("ann")[0].when == AT
    assert [e.name for e in events.events("bob")] == ["add_to_wishlist"]
    assert UserStore(database).get("ann").user_id == "ann"  # who is known may talk


def test_the_same_file_twice_adds_nothing(database: Database, tmp_path: Path) -> None:
    take(database, tmp_path / "log.csv", LOG)
    before = SqlEventStore(database).events("ann")
    assert take(database, tmp_path / "log.csv", LOG) == EventReport(read=5, unchanged=4, passed_over=1)
    assert SqlEventStore(database).events("ann") == before
    grown = LOG + "ann,k2,view,1767350000,\n" + "ann,k2,view,1767350000,\n"
    assert take(database, tmp_path / "other.csv", grown).added == 1


def test_a_known_name_is_kept(database: Database, tmp_path: Path) -> None:
    UserStore(database).insert([{"user_id": "ann", "name": "Ann Lee"}])
    take(database, tmp_path / "log.csv", LOG)
    assert UserStore(database).get("ann").name == "Ann Lee"


def test_bad_rows_are_put_aside_with_their_reason(database: Database, tmp_path: Path) -> None:
    bad = {
        "no user_id": row(user_id=""),
        "no product_id": row(product_id=None),
        "no event: 'dance'": row(event="dance"),
        "no event: ''": row(event=""),
        "no time that can be: '9999-99-99'": row(timestamp="9999-99-99"),
        "no time that can be: '0'": row(timestamp=0),
        "no time that can be: '-5'": row(timestamp="-5"),
        "no time that can be: ''": row(timestamp=None),
        f"no time that can be: '{int(time.time()) + 9 * 86400}'": row(timestamp=int(time.time()) + 9 * 86400),
        "the quantity '0'": row(event="buy", quantity=0),
        "the quantity 'two'": row(event="buy", quantity="two"),
    }
    lines = [*map(json.dumps, bad.values()), "{broken", json.dumps(row())]
    report = take(database, tmp_path / "log.jsonl", "\n".join(lines))
    assert report == EventReport(read=13, added=1, quarantined=12)
    told = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text("utf-8").splitlines()]
    assert [t["line"] for t in told] == list(range(1, 13))
    for reason, entry in zip([*bad, "not JSON"], told, strict=True):
        assert entry["reason"].startswith(reason)


@pytest.mark.parametrize(
    "written",
    [
        1767350000, 1767350000.0, "1767350000", 1767350000000, "1767350000000", 1767350000000000,
        "2026-01-02T10:33:20Z", "2026-01-02 10:33:20 UTC", "2026-01-02T12:33:20+02:00", "2026-01-02T10:33:20",
    ],
)  # fmt: skip
def test_times_in_every_unit(written: object) -> None:
    (event,) = EventReader().events(row(timestamp=written))
    assert event.when == AT


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("view_item", "view_item"), ("click", "view_item"), ("View", "view_item"), ("addToCart", "add_to_cart"),
        ("add-to-cart", "add_to_cart"), ("cart", "add_to_cart"), ("remove_from_cart", "remove_from_cart"),
        ("fav", "add_to_wishlist"), ("begin_checkout", "begin_checkout"), ("transaction", "purchase"),
        ("Product Added", "add_to_cart"), ("Order Completed", "purchase"), ("view_search_results", "search"),
    ],
)  # fmt: skip
def test_names_that_logs_use(said: str, name: str) -> None:
    assert [event.name for event in EventReader().events(row(event=said))] == [name]


def test_a_search_needs_no_product() -> None:
    (event,) = EventReader().events(row(event="search", product_id="", search_term="red <b>kettle</b>"))
    assert (event.name, event.product_id, event.detail) == ("search", "", {"query": "red kettle"})


def test_ga4_names_several_items_in_one_event() -> None:
    found = EventReader().events({
        "user_pseudo_id": "u1", "event_name": "purchase", "event_timestamp": 1767350000000000,
        "items": [{"item_id": "k1", "quantity": 2}, {"item_id": "t1"}],
    })  # fmt: skip
    assert [(e.user_id, e.product_id, e.detail["quantity"]) for e in found] == [("u1", "k1", 2), ("u1", "t1", 1)]


def test_mapping() -> None:
    reader = EventReader({"user_id": "who", "time": "moment"})
    (event,) = reader.events({"who": "ann", "moment": 1767350000, "sku": "k1", "action": "view", "user_id": "zz"})
    assert (event.user_id, event.product_id) == ("ann", "k1")
    with pytest.raises(RowError, match="no user_id"):
        reader.events(row())
    with pytest.raises(FeedError, match="no field 'title'"):
        EventReader({"title": "x"})
