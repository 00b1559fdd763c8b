"""A shopper's rights: everything held about them as JSON, and its removal everywhere."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from assistant.errors import UnknownUserError
from assistant.history.conversations import remove_conversation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.history.database import Database, Link

_OWNED = {
    "users": "SELECT * FROM users WHERE user_id = :user_id",
    "events": "SELECT * FROM events WHERE user_id = :user_id ORDER BY at, event_id",
    "conversations": "SELECT * FROM conversations WHERE user_id = :user_id ORDER BY created_at",
    "turns": (
        "SELECT t.* FROM turns t JOIN conversations c ON c.conversation_id = t.conversation_id "
        "WHERE c.user_id = :user_id ORDER BY c.created_at, t.turn"
    ),
    "cart_lines": (
        "SELECT l.* FROM cart_lines l JOIN conversations c ON c.cart_id = l.cart_id "
        "WHERE c.user_id = :user_id ORDER BY c.created_at, l.position"
    ),
    "wishes": "SELECT * FROM wishes WHERE owner = :user_id ORDER BY added_at",
    "orders": "SELECT * FROM orders WHERE user_id = :user_id ORDER BY placed_at",
}
_JSON_COLUMNS = frozenset({"detail", "state", "reply", "state_before", "cart_before", "items", "shipping", "card"})


def export(database: Database, user_id: str) -> dict[str, Any]:
    """Return everything the shop holds about a shopper, table by table, JSON columns as values.

    Raises:
        UnknownUserError: Nothing is held under this id.
    """
    with database.read() as link:
        held = {table: [_plain(row) for row in rows] for table, rows in _held(link, user_id).items()}
    if not any(held.values()):
        raise UnknownUserError(f"Nothing is held about a shopper {user_id!r}: check the id.")
    return {"user_id": user_id, **held}


def erase(database: Database, user_id: str) -> dict[str, int]:
    """Remove a shopper everywhere; return how many rows went, by table.

    Orders stay as book-keeping without the person: owner, address and tracking number are replaced by a random
    mark that nothing else carries.

    Raises:
        UnknownUserError: Nothing is held under this id.
    """
    with database.write() as link:
        held = _held(link, user_id)
        if not any(held.values()):
            raise UnknownUserError(f"Nothing is held about a shopper {user_id!r}: check the id.")
        for row in held["conversations"]:
            remove_conversation(link, row["conversation_id"], cart_id=row["cart_id"])
        for sql in (
            "DELETE FROM events WHERE user_id = :user_id",
            "DELETE FROM wishes WHERE owner = :user_id",
            "DELETE FROM users WHERE user_id = :user_id",
        ):
            link.run(sql, user_id=user_id)
        for row in held["orders"]:
            _pseudonymise(link, row["order_id"])
    database.vacuum_log()
    return {table: len(rows) for table, rows in held.items()}


def _held(link: Link, user_id: str) -> dict[str, list[dict[str, Any]]]:
    if not user_id:  # "" marks every guest: never one person
        return {table: [] for table in _OWNED}
    return {table: link.rows(sql, user_id=user_id) for table, sql in _OWNED.items()}


def _pseudonymise(link: Link, order_id: str) -> None:
    link.run(
        "UPDATE orders SET user_id = :mark, shipping = '{}', tracking = '' WHERE order_id = :order_id",
        mark=f"erased-{secrets.token_hex(8)}", order_id=order_id,
    )  # fmt: skip


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: json.loads(value) if column in _JSON_COLUMNS and value else value for column, value in row.items()}
