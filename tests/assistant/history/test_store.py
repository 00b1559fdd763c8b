"""One contract over both event stores."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.dialogue.events import EVENT_NAMES, Event
from assistant.errors import HistoryError
from assistant.history.store import MemoryEventStore, SqlEventStore

if TYPE_CHECKING:
    from assistant.history.database import Database

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest) -> MemoryEventStore | SqlEventStore:
    if request.param == "memory":
        return MemoryEventStore()
    database: Database = request.getfixturevalue("database")
    return SqlEventStore(database)


def user() -> str:
    return f"u-{uuid4().hex}"


json_values = st.dictionaries(
    st.text(max_size=8), st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20)), max_size=3
)
events = st.builds(
    Event,
    user_id=st.just(""),
    name=st.sampled_from(EVENT_NAMES),
    when=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda when: when.replace(microsecond=0)
    ),
    product_id=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    conversation_id=st.text("abc-_09", max_size=12),
    detail=json_values,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(events, max_size=6))
def test_what_is_appended_comes_back_in_time_order(store: MemoryEventStore | SqlEventStore, found: list[Event]) -> None:
    from dataclasses import replace

    who = user()
    stored = store.append([replace(event, user_id=who) for event in found])
    assert [replace(event, event_id=0) for event in stored] == [replace(event, user_id=who) for event in found]
    assert len({event.event_id for event in stored}) == len(found)
    assert store.events(who) == sorted(stored, key=lambda event: (event.when, event.event_id))


def test_the_latest_events_are_kept_and_come_oldest_first(store: MemoryEventStore | SqlEventStore) -> None:
    who = user()
    store.append([Event(who, "view_item", DAY + timedelta(days=i), product_id=f"p{i}") for i in range(5)])
    assert [event.product_id for event in store.events(who, limit=2)] == ["p3", "p4"]


def test_the_nameless_guest_has_no_history(store: MemoryEventStore | SqlEventStore) -> None:
    store.append([Event("", "view_item", DAY, product_id="p1")])
    assert store.events("") == []
    assert store.erase("") == 0


def test_sequences_are_by_user_then_time(store: MemoryEventStore | SqlEventStore) -> None:
    first, second = sorted((user(), user()))
    store.append(
        [
            Event(second, "purchase", DAY, product_id="a"),
            Event(first, "purchase", DAY + timedelta(days=1), product_id="b"),
            Event(first, "purchase", DAY, product_id="c"),
            Event(first, "add_to_cart", DAY, product_id="d"),
            Event(first, "view_item", DAY, product_id="e"),
        ]
    )
    mine = [row for row in store.purchases() if row[0] in (first, second)]
    assert [(who, what) for who, what, _ in mine] == [(first, "c"), (first, "b"), (second, "a")]
    assert mine[0][2] == DAY.timestamp()
    both = [what for who, what, _ in store.interactions() if who in (first, second)]
    assert both == ["c", "d", "b", "a"]


def test_revision_grows_with_purchases_and_carts_only(store: MemoryEventStore | SqlEventStore) -> None:
    before = store.revision()
    store.append([Event(user(), "view_item", DAY, product_id="a")])
    assert store.revision() == before
    store.append([Event(user(), "purchase", DAY, product_id="a")])
    assert store.revision() > before


def test_a_source_is_loaded_once(store: MemoryEventStore | SqlEventStore) -> None:
    who, source = user(), uuid4().hex
    batch = [Event(who, "view_item", DAY, product_id=str(i)) for i in range(300)]
    assert store.load(batch, source=source) == 300
    assert store.load(batch, source=source) == 0
    assert len(store.events(who)) == 300


def test_erase_removes_one_shopper_and_ids_are_not_given_out_again(store: MemoryEventStore | SqlEventStore) -> None:
    who, other = user(), user()
    kept = store.append([Event(other, "view_item", DAY, product_id="a")])
    gone = store.append([Event(who, "purchase", DAY, product_id="b"), Event(who, "search", DAY)])
    assert len(store.export(who)["events"]) == 2
    assert store.erase(who) == 2
    assert store.events(who) == []
    assert store.export(who) == {"events": []}
    assert store.events(other) == kept
    again = store.append([Event(who, "view_item", DAY, product_id="c")])
    assert again[0].event_id > gone[-1].event_id


@pytest.mark.parametrize(
    "broken",
    [
        Event("u", "stolen", DAY),  # type: ignore[arg-type]
        Event("u", "view_item", datetime(2026, 1, 1)),  # noqa: DTZ001
        Event("u", "view_item", DAY, detail={"x": object()}),
        Event("u", "search", DAY, detail={"query": "x" * 5000}),
    ],
)
def test_a_broken_event_stores_nothing(store: MemoryEventStore | SqlEventStore, broken: Event) -> None:
    who = user()
    with pytest.raises(HistoryError):
        store.append([Event(who, "view_item", DAY, product_id="a"), broken])
    assert store.events(who) == []


def test_hostile_text_is_stored_as_text(store: MemoryEventStore | SqlEventStore) -> None:
    who = user()
    words = "'; DROP TABLE events; -- \x00 \ud800 \U0001f600"
    store.append([Event(who, "search", DAY, product_id="p\x00\ud800", detail={"query": words})])
    (back,) = store.events(who)
    assert back.detail["query"] == words
    assert "\x00" not in back.product_id


def test_writers_in_many_threads_lose_nothing(database: Database) -> None:
    store, who = SqlEventStore(database), user()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(10):
                store.append([Event(who, "view_item", DAY, product_id="a")])
        except HistoryError as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.events(who)) == 40
