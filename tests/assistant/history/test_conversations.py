"""Conversations: ownership, restart, conflict, undo."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.commerce.cart import CartStore
from assistant.dialogue.events import Event
from assistant.dialogue.state import DialogueState, Question, ShownItem
from assistant.errors import ConflictError, UnknownConversationError
from assistant.history.conversations import MAX_UNDO, ConversationStore
from assistant.history.database import Database
from assistant.history.store import SqlEventStore
from retrieval.types import Constraint, Product

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.history.conversations import Conversation

PRODUCTS = [Product(f"p{i}", f"Thing {i}", 100 + i, "USD") for i in range(4)]


@pytest.fixture
def store(database: Database) -> ConversationStore:
    return ConversationStore(database)


def say(store: ConversationStore, conversation: Conversation, words: str) -> Conversation:
    state = replace(
        conversation.state,
        turn=conversation.state.turn + 1,
        constraints=(*conversation.state.constraints, Constraint("feature", "eq", words)),
    )
    return store.save(conversation, message=words, reply={"text": f"heard {words}"}, state=state)


def test_a_turn_comes_back_whole(store: ConversationStore) -> None:
    conversation = store.create()
    state = DialogueState(
        turn=1,
        constraints=(Constraint("price", "lte", 80.0, currency="USD"),),
        shown=(ShownItem("p1", "Thing 1", 1, 1),),
        question=Question("Which colour?", slot="color", options=("red", "blue")),
    )
    store.save(conversation, message="shoes under 80", reply={"text": "Here.", "turn": 1}, state=state)
    loaded = store.load(conversation.conversation_id)
    assert loaded.state == state
    assert loaded.turn == 1
    said = store.transcript(conversation.conversation_id)
    assert [(m.role, m.text, m.turn) for m in said] == [("user", "shoes under 80", 1), ("assistant", "Here.", 1)]
    assert said[1].reply == {"text": "Here.", "turn": 1}


def test_a_greeting_is_stored_once_and_is_no_turn(store: ConversationStore) -> None:
    conversation = store.create()
    store.greet(conversation, reply={"text": "Hello."})
    store.greet(conversation, reply={"text": "Hello again."})
    assert [m.text for m in store.transcript(conversation.conversation_id)] == ["Hello."]
    assert store.load(conversation.conversation_id).turn == 0
    assert store.undo(conversation.conversation_id) is None


def test_ids_are_long_and_different(store: ConversationStore) -> None:
    ids = {store.create().conversation_id for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 32


def test_only_the_owner_gets_in(store: ConversationStore) -> None:
    guest, ada = store.create(), store.create("ada")
    for conversation_id, user_id in (
        (ada.conversation_id, "bob"),
        (ada.conversation_id, None),
        (guest.conversation_id, "bob"),
        ("nonsense", None),
        ("x' OR '1'='1", None),
    ):
        for action in (store.load, store.transcript, store.undo):
            with pytest.raises(UnknownConversationError):
                action(conversation_id, user_id=user_id)
    assert store.load(ada.conversation_id, user_id="ada").user_id == "ada"
    assert store.load(guest.conversation_id).guest


def test_talk_and_cart_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    database = Database.open(path)
    conversation = ConversationStore(database).create("ada")
    CartStore(database).add(conversation.cart_id, PRODUCTS[0], key="k")
    say(ConversationStore(database), conversation, "waterproof")
    database.close()
    database = Database.open(path)
    back = ConversationStore(database).load(conversation.conversation_id, user_id="ada")
    assert back.state.constraints == (Constraint("feature", "eq", "waterproof"),)
    assert CartStore(database).load(back.cart_id).quantity("p0") == 1
    database.close()


def test_the_second_of_two_turns_at_once_fails_cleanly(store: ConversationStore) -> None:
    loaded = store.create("ada")
    say(store, loaded, "first")
    with pytest.raises(ConflictError):
        say(store, loaded, "second")
    now = store.load(loaded.conversation_id, user_id="ada")
    assert [c.value for c in now.state.constraints] == ["first"]
    assert len(store.transcript(loaded.conversation_id, user_id="ada")) == 2


def test_serialised_turns_all_arrive(store: ConversationStore) -> None:
    conversation = store.create()

    def turn(words: str) -> None:
        with store.serialised(conversation.conversation_id):
            say(store, store.load(conversation.conversation_id), words)

    threads = [threading.Thread(target=turn, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = store.load(conversation.conversation_id).state
    assert {c.value for c in state.constraints} == {f"w{i}" for i in range(6)}


Step = tuple[str, int]
steps = st.lists(
    st.lists(st.tuples(st.sampled_from(["add", "remove", "clear"]), st.integers(0, 3)), max_size=3),
    min_size=1,
    max_size=5,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=steps)
def test_undo_walks_back_over_state_and_cart(database: Database, turns: list[list[Step]]) -> None:
    store, carts = ConversationStore(database), CartStore(database)
    conversation = store.create()
    past = []
    for number, changes in enumerate(turns):
        past.append((conversation.state, carts.load(conversation.cart_id)))
        for place, (what, which) in enumerate(changes):
            product = PRODUCTS[which]
            if what == "add":
                carts.add(conversation.cart_id, product, key=f"{number}:{place}")
            elif what == "clear":
                carts.clear(conversation.cart_id)
            elif carts.load(conversation.cart_id).quantity(product.product_id):
                carts.remove(conversation.cart_id, product.product_id, key=f"{number}:{place}")
        conversation = say(store, conversation, f"turn {number}")
    for state, cart in reversed(past):
        back = store.undo(conversation.conversation_id)
        assert back is not None
        assert back.state == state
        assert carts.load(conversation.cart_id) == cart
    assert store.undo(conversation.conversation_id) is None
    assert store.transcript(conversation.conversation_id) == ()


def test_doing_again_what_was_undone_counts(database: Database) -> None:
    store, carts = ConversationStore(database), CartStore(database)
    conversation = store.create()
    carts.add(conversation.cart_id, PRODUCTS[0], key="turn-1")
    say(store, conversation, "add it")
    back = store.undo(conversation.conversation_id)
    assert back is not None
    assert carts.load(back.cart_id).n_items == 0
    assert carts.add(back.cart_id, PRODUCTS[0], key="turn-1").n_items == 1


def test_undo_restores_the_currency_of_the_cart(database: Database) -> None:
    store, carts = ConversationStore(database), CartStore(database)
    conversation = store.create()
    carts.add(conversation.cart_id, PRODUCTS[0], key="a")
    conversation = say(store, conversation, "add it")
    carts.clear(conversation.cart_id)
    carts.add(conversation.cart_id, replace(PRODUCTS[1], currency="EUR"), key="b")
    say(store, conversation, "the other")
    store.undo(conversation.conversation_id)
    assert [(line.product_id, line.currency) for line in carts.load(conversation.cart_id).lines] == [("p0", "USD")]


def test_undo_reaches_back_a_bounded_way(store: ConversationStore) -> None:
    conversation = store.create()
    for number in range(MAX_UNDO + 3):
        conversation = say(store, conversation, f"turn {number}")
    undone = 0
    while store.undo(conversation.conversation_id) is not None:
        undone += 1
    assert undone == MAX_UNDO


def test_signing_in_takes_the_talk_along_under_a_new_id(database: Database) -> None:
    store, carts, events = ConversationStore(database), CartStore(database), SqlEventStore(database)
    who = f"ada-{uuid4().hex}"
    guest = store.create()
    carts.add(guest.cart_id, PRODUCTS[0], key="k")
    say(store, guest, "waterproof")
    events.append([Event("", "view_item", datetime.now(UTC), "p1", guest.conversation_id)])
    mine = store.attach(guest.conversation_id, who)
    assert mine.conversation_id != guest.conversation_id
    assert mine.turn == 1
    assert carts.load(mine.cart_id).n_items == 1
    assert len(store.transcript(mine.conversation_id, user_id=who)) == 2
    assert [event.product_id for event in events.events(who)] == ["p1"]
    assert store.latest(who) == mine.conversation_id
    with pytest.raises(UnknownConversationError):
        store.load(guest.conversation_id)
    with pytest.raises(UnknownConversationError):
        store.attach(mine.conversation_id, "bob")


def test_old_conversations_are_purged(database: Database) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    old = ConversationStore(database, clock=lambda: now - timedelta(days=90)).create()
    store = ConversationStore(database, clock=lambda: now)
    fresh = store.create()
    CartStore(database).add(old.cart_id, PRODUCTS[0], key="k")
    SqlEventStore(database).append([Event("", "view_item", now, "p1", old.conversation_id)])
    assert store.purge(older_than=timedelta(days=30)) >= 1
    assert store.load(fresh.conversation_id)
    with pytest.raises(UnknownConversationError):
        store.load(old.conversation_id)
    assert CartStore(database).load(old.cart_id).lines == ()
    with database.read() as link:
        sql = "SELECT COUNT(*) FROM events WHERE conversation_id = :id"
        assert link.number(sql, id=old.conversation_id) == 0


def test_a_state_of_another_version_does_not_stop_the_talk(database: Database, store: ConversationStore) -> None:
    conversation = say(store, store.create(), "hello")
    with database.write() as link:
        sql = "UPDATE conversations SET state = '{}' WHERE conversation_id = :id"
        link.run(sql, id=conversation.conversation_id)
    loaded = store.load(conversation.conversation_id)
    assert loaded.state == DialogueState()
    assert loaded.turn == 1


@pytest.mark.parametrize("words", ["\x00\ud800", "x" * 50_000, "'); DROP TABLE turns; --", "<script>"])
def test_hostile_words_are_kept_as_words(store: ConversationStore, words: str) -> None:
    conversation = store.create()
    store.save(conversation, message=words, reply={"text": words}, state=DialogueState(turn=1))
    said = store.transcript(conversation.conversation_id)
    assert len(said) == 2
    assert len(said[0].text) <= 8000
