"""Export shows everything, erase leaves nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from assistant.commerce.cart import CartStore
from assistant.commerce.orders import OrderStore
from assistant.commerce.users import User, UserStore
from assistant.commerce.wishlist import WishlistStore
from assistant.dialogue.events import Event
from assistant.dialogue.state import DialogueState
from assistant.errors import UnknownUserError
from assistant.history import privacy
from assistant.history.conversations import ConversationStore
from assistant.history.database import TABLES, Database
from assistant.history.store import SqlEventStore
from retrieval.types import Product

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "zweihundertsiebzehn"


def live(database: Database, user_id: str) -> None:
    """Leave a trace of a shopper in every table."""
    UserStore(database).insert([User(user_id, name=f"{SECRET} Smith", blurb=SECRET, card=(SECRET,))])
    conversations = ConversationStore(database)
    conversation = conversations.create(user_id)
    CartStore(database).add(conversation.cart_id, Product("p1", f"{SECRET} shoes", 100, "USD"), key=SECRET)
    conversations.save(conversation, message=SECRET, reply={"text": SECRET}, state=DialogueState(turn=1))
    now = datetime.now(UTC)
    SqlEventStore(database).append(
        [Event(user_id, "search", now, conversation_id=conversation.conversation_id, detail={"query": SECRET})]
    )
    WishlistStore(database).add(user_id, SECRET)
    OrderStore(database).insert(
        [
            {
                "order_id": f"o-{uuid4().hex}",
                "user_id": user_id,
                "status": "shipped",
                "placed_at": "2026-01-02T03:04:05+00:00",
                "items": [{"product_id": "p1", "title": "Shoes", "quantity": 1, "price_cents": 100}],
                "currency": "USD",
                "total_cents": 100,
                "shipping": {"address": SECRET},
                "tracking": SECRET,
            }
        ]
    )


def dump(database: Database) -> str:
    with database.read() as link:
        return json.dumps({table: link.rows(f"SELECT * FROM {table}") for table in TABLES})  # noqa: S608


def test_export_shows_every_kind(database: Database) -> None:
    who = f"ada-{uuid4().hex}"
    live(database, who)
    held = privacy.export(database, who)
    assert held["user_id"] == who
    for table in ("users", "events", "conversations", "turns", "cart_lines", "wishes", "orders"):
        assert len(held[table]) == 1, table
    assert held["events"][0]["detail"] == {"query": SECRET}
    assert held["orders"][0]["shipping"] == {"address": SECRET}
    json.dumps(held)


def test_erase_leaves_nothing_in_the_tables_nor_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    database = Database.open(path)
    who = f"ada-{uuid4().hex}"
    live(database, who)
    live(database, "somebody-else")
    before = privacy.export(database, "somebody-else")
    counts = privacy.erase(database, who)
    assert counts == dict.fromkeys(("users", "events", "conversations", "turns", "cart_lines", "wishes", "orders"), 1)
    assert who not in dump(database)
    assert privacy.export(database, "somebody-else") == before
    privacy.erase(database, "somebody-else")
    assert SECRET not in dump(database)
    with database.read() as link:  # book-keeping stays, without the person
        assert link.number("SELECT COUNT(*) FROM orders WHERE total_cents = 100 AND user_id LIKE 'erased-%'") == 2
        assert link.number("SELECT COUNT(DISTINCT user_id) FROM orders") == 2
    database.close()
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert SECRET.encode() not in left
    assert who.encode() not in left


@pytest.mark.parametrize("who", ["nobody", "", "' OR '1'='1"])
def test_an_unknown_shopper_is_said_to_be_unknown(database: Database, who: str) -> None:
    ConversationStore(database).create()  # a guest's, owned by ""
    with pytest.raises(UnknownUserError):
        privacy.export(database, who)
    with pytest.raises(UnknownUserError):
        privacy.erase(database, who)
