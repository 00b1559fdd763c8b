"""Conversations: who talks, what the state is, what was said, and the way back.

A conversation belongs to one owner: a shopper, or the guest `""` who holds its unguessable id. Each stored turn keeps
what was true before it, so that undo restores state and cart together, in one transaction.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from assistant.dialogue.state import DialogueState
from assistant.errors import ConflictError, UnknownConversationError
from assistant.history.database import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from assistant.history.database import Database, Link

_LOG = logging.getLogger(__name__)

MAX_MESSAGE_CHARS = 8000
MAX_UNDO = 20
"""How many turns can be taken back; older snapshots are dropped to bound the size of a conversation."""

_LINES = (
    "SELECT l.product_id, l.quantity, l.price_cents, l.title, c.currency FROM cart_lines l "
    "JOIN carts c ON c.cart_id = l.cart_id WHERE l.cart_id = :cart_id ORDER BY l.position"
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as loaded, before the next turn.

    Attributes:
        user_id: The owner; "" for a guest.
        version: Grows with every stored change; `save` fails when it is no longer the stored one.
        cart_before: The cart's lines as JSON when it was loaded: what undo of the next turn restores.
        cart_revision: The cart's revision when it was loaded.
    """

    conversation_id: str
    user_id: str
    cart_id: str
    state: DialogueState
    turn: int
    version: int
    cart_before: str = "[]"
    cart_revision: int = 0

    @property
    def guest(self) -> bool:
        """Whether nobody is signed in."""
        return not self.user_id


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a transcript; `reply` is the contract's JSON of an assistant's message."""

    role: Literal["user", "assistant"]
    text: str
    turn: int
    reply: Mapping[str, Any] | None = None


class _Lock:
    """A lock that a weak dictionary can hold."""

    def __init__(self) -> None:
        self.lock = threading.RLock()


class ConversationStore:
    """Conversations in the shop database."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock
        self._locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    @contextmanager
    def serialised(self, conversation_id: str) -> Iterator[None]:
        """Let one turn of a conversation run at a time in this process; other processes meet `ConflictError`."""
        with self._guard:
            entry = self._locks.setdefault(conversation_id, _Lock())
        with entry.lock:
            yield

    def create(self, user_id: str = "") -> Conversation:
        """Start a conversation with an unguessable id and an empty cart."""
        now = self._clock().timestamp()
        identity, cart_id = secrets.token_urlsafe(24), secrets.token_urlsafe(16)
        with self._database.write() as link:
            link.run("INSERT INTO carts (cart_id, touched_at) VALUES (:cart_id, :now)", cart_id=cart_id, now=now)
            link.run(
                "INSERT INTO conversations (conversation_id, user_id, cart_id, state, created_at, touched_at) "
                "VALUES (:id, :user_id, :cart_id, :state, :now, :now)",
                id=identity, user_id=user_id, cart_id=cart_id, state=_dump(DialogueState().to_json()), now=now,
            )  # fmt: skip
        return Conversation(identity, user_id, cart_id, DialogueState(), turn=0, version=0)

    def load(self, conversation_id: str, *, user_id: str | None = None) -> Conversation:
        """Return the conversation of this owner, None or "" meaning the guest who holds its id.

        Raises:
            UnknownConversationError: There is none, or it is somebody else's: the two look the same from outside.
        """
        with self._database.read() as link:
            return self._load(link, conversation_id, user_id=user_id or "")

    def _load(self, link: Link, conversation_id: str, *, user_id: str) -> Conversation:
        key = clean(conversation_id, limit=200)
        row = link.one("SELECT * FROM conversations WHERE conversation_id = :id", id=key)
        if row is None or row["user_id"] != user_id:
            raise UnknownConversationError("There is no such conversation for this shopper: start a new one.")
        lines = link.rows(_LINES, cart_id=row["cart_id"])
        cart = link.one("SELECT revision FROM carts WHERE cart_id = :cart_id", cart_id=row["cart_id"])
        return Conversation(
            conversation_id=row["conversation_id"],
            user_id=row["user_id"],
            cart_id=row["cart_id"],
            state=_state(row["state"]),
            turn=row["turn"],
            version=row["version"],
            cart_before=_dump(lines),
            cart_revision=cart["revision"] if cart else 0,
        )

    def save(
        self, conversation: Conversation, *, message: str, reply: Mapping[str, Any], state: DialogueState
    ) -> Conversation:
        """Store one turn: what the shopper said, the reply's JSON and the state after it.

        Args:
            conversation: As it was loaded before the turn; its state and cart become the way back.
            message: The shopper's words, or what a button says in their place.
            reply: The contract's JSON of the reply.
            state: The state after the turn.

        Returns:
            The conversation after the turn, ready for the next one (the cart read anew).

        Raises:
            ConflictError: Another turn was stored since it was loaded.
            UnknownConversationError: It was erased, or changed hands, in the meantime.
        """
        turn = conversation.turn + 1
        with self._database.write() as link:
            self._advance(link, conversation, state=state, turn=turn)
            link.run(
                "INSERT INTO turns (conversation_id, turn, user_text, reply, state_before, cart_before, "
                "cart_revision, at) VALUES (:id, :turn, :message, :reply, :state, :cart, :revision, :now)",
                id=conversation.conversation_id, turn=turn, message=clean(message, limit=MAX_MESSAGE_CHARS),
                reply=_dump(reply), state=_dump(conversation.state.to_json()), cart=conversation.cart_before,
                revision=conversation.cart_revision, now=self._clock().timestamp(),
            )  # fmt: skip
            link.run(
                "UPDATE turns SET state_before = '' WHERE conversation_id = :id AND turn = :old",
                id=conversation.conversation_id, old=turn - MAX_UNDO,
            )  # fmt: skip
            return self._load(link, conversation.conversation_id, user_id=conversation.user_id)

    def greet(self, conversation: Conversation, *, reply: Mapping[str, Any]) -> None:
        """Store what the assistant says before the first turn; once, a second greeting changes nothing."""
        with self._database.write() as link:
            link.run(
                "INSERT INTO turns (conversation_id, turn, reply, at) VALUES (:id, 0, :reply, :now) "
                "ON CONFLICT (conversation_id, turn) DO NOTHING",
                id=conversation.conversation_id, reply=_dump(reply), now=self._clock().timestamp(),
            )  # fmt: skip

    def _advance(self, link: Link, conversation: Conversation, *, state: DialogueState, turn: int) -> None:
        changed = link.run(
            "UPDATE conversations SET state = :state, turn = :turn, version = version + 1, touched_at = :now "
            "WHERE conversation_id = :id AND version = :version AND user_id = :user_id",
            state=_dump(state.to_json()), turn=turn, now=self._clock().timestamp(), id=conversation.conversation_id,
            version=conversation.version, user_id=conversation.user_id,
        )  # fmt: skip
        if changed != 1:
            self._load(link, conversation.conversation_id, user_id=conversation.user_id)
            raise ConflictError("Another turn of this conversation was stored first: load it again and retry.")

    def undo(self, conversation_id: str, *, user_id: str | None = None) -> Conversation | None:
        """Take the last turn back, state and cart; return what stands now, or None when nothing can be taken back.

        Raises:
            UnknownConversationError: There is no such conversation for this shopper.
        """
        with self._database.write() as link:
            conversation = self._load(link, conversation_id, user_id=user_id or "")
            last = link.one(
                "SELECT * FROM turns WHERE conversation_id = :id AND turn = :turn",
                id=conversation.conversation_id, turn=conversation.turn,
            )  # fmt: skip
            if last is None or not last["state_before"]:
                return None
            before = _state(last["state_before"])
            self._advance(link, conversation, state=before, turn=conversation.turn - 1)
            link.run(
                "DELETE FROM turns WHERE conversation_id = :id AND turn = :turn",
                id=conversation.conversation_id, turn=conversation.turn,
            )  # fmt: skip
            _restore_cart(link, conversation.cart_id, lines=last["cart_before"], revision=last["cart_revision"])
            return self._load(link, conversation.conversation_id, user_id=conversation.user_id)

    def transcript(self, conversation_id: str, *, user_id: str | None = None) -> tuple[Message, ...]:
        """Return what was said, oldest first.

        Raises:
            UnknownConversationError: There is no such conversation for this shopper.
        """
        with self._database.read() as link:
            conversation = self._load(link, conversation_id, user_id=user_id or "")
            sql = "SELECT turn, user_text, reply FROM turns WHERE conversation_id = :id ORDER BY turn"
            rows = link.rows(sql, id=conversation.conversation_id)
        return tuple(message for row in rows for message in _messages(row))

    def last_exchange(self, conversation: Conversation) -> tuple[str, str]:
        """Return what the shopper said last and what the assistant answered; "" where there is nothing yet."""
        sql = "SELECT user_text, reply FROM turns WHERE conversation_id = :id AND turn = :turn"
        with self._database.read() as link:
            row = link.one(sql, id=conversation.conversation_id, turn=conversation.turn)
        return (str(row["user_text"]), str(json.loads(row["reply"]).get("text", ""))) if row else ("", "")

    def attach(self, conversation_id: str, user_id: str) -> Conversation:
        """Give a guest's conversation to the shopper who signed in, under a new id.

        The old id stops working, so that whoever knew it before the sign-in does not read on (session fixation).
        What the guest did in it becomes the shopper's history.

        Raises:
            UnknownConversationError: There is no such guest conversation.
        """
        new_id = secrets.token_urlsafe(24)
        with self._database.write() as link:
            old = self._load(link, conversation_id, user_id="").conversation_id
            link.run(
                "UPDATE conversations SET conversation_id = :new, user_id = :user_id, version = version + 1 "
                "WHERE conversation_id = :old",
                new=new_id, old=old, user_id=user_id,
            )  # fmt: skip
            link.run("UPDATE turns SET conversation_id = :new WHERE conversation_id = :old", new=new_id, old=old)
            link.run(
                "UPDATE events SET conversation_id = :new, user_id = :user_id "
                "WHERE conversation_id = :old AND user_id IN ('', :old)",
                new=new_id, old=old, user_id=user_id,
            )  # fmt: skip
            return self._load(link, new_id, user_id=user_id)

    def latest(self, user_id: str) -> str | None:
        """Return the id of the conversation a shopper touched last, or None."""
        sql = "SELECT conversation_id FROM conversations WHERE user_id = :user_id ORDER BY touched_at DESC LIMIT 1"
        with self._database.read() as link:
            row = link.one(sql, user_id=user_id) if user_id else None
        return None if row is None else str(row["conversation_id"])

    def purge(self, *, older_than: timedelta) -> int:
        """Remove conversations untouched for that long, with their carts and guests' events; return how many."""
        limit = (self._clock() - older_than).timestamp()
        sql = "SELECT conversation_id, cart_id FROM conversations WHERE touched_at < :limit"
        with self._database.write() as link:
            rows = link.rows(sql, limit=limit)
            for row in rows:
                remove_conversation(link, row["conversation_id"], cart_id=row["cart_id"])
        return len(rows)


def remove_conversation(link: Link, conversation_id: str, *, cart_id: str) -> None:
    """Delete a conversation, its turns, its cart, its guest's events and wishes."""
    for sql in (
        "DELETE FROM cart_lines WHERE cart_id = :cart_id",
        "DELETE FROM cart_keys WHERE cart_id = :cart_id",
        "DELETE FROM carts WHERE cart_id = :cart_id",
    ):
        link.run(sql, cart_id=cart_id)
    for sql in (
        "DELETE FROM turns WHERE conversation_id = :id",
        "DELETE FROM events WHERE conversation_id = :id AND user_id IN ('', :id)",
        "DELETE FROM wishes WHERE owner = :id",
        "DELETE FROM conversations WHERE conversation_id = :id",
    ):
        link.run(sql, id=conversation_id)


def _restore_cart(link: Link, cart_id: str, *, lines: str, revision: int) -> None:
    link.run("DELETE FROM cart_lines WHERE cart_id = :cart_id", cart_id=cart_id)
    # Clicks of the turn taken back are forgotten, or doing the same again would pass for a double click.
    sql = "DELETE FROM cart_keys WHERE cart_id = :cart_id AND revision > :revision"
    link.run(sql, cart_id=cart_id, revision=revision)
    rows = [{**line, "cart_id": cart_id, "position": i} for i, line in enumerate(json.loads(lines))]
    currency = rows[0]["currency"] if rows else ""
    sql = "UPDATE carts SET revision = revision + 1, currency = :currency WHERE cart_id = :cart_id"
    link.run(sql, cart_id=cart_id, currency=currency)
    link.many(
        "INSERT INTO cart_lines (cart_id, product_id, position, quantity, price_cents, title) "
        "VALUES (:cart_id, :product_id, :position, :quantity, :price_cents, :title)",
        rows,
    )


def _messages(row: Mapping[str, Any]) -> Iterator[Message]:
    reply: dict[str, Any] = json.loads(row["reply"])
    if row["turn"]:
        yield Message("user", row["user_text"], row["turn"])
    yield Message("assistant", str(reply.get("text", "")), row["turn"], reply)


def _state(text: str) -> DialogueState:
    try:
        return DialogueState.from_json(json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        # Written by another version: the talk goes on from nothing, the cart and the transcript stay.
        _LOG.warning("A stored dialogue state cannot be read (%s): starting from an empty one.", type(error).__name__)
        return DialogueState()


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
