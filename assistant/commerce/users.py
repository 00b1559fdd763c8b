"""Shoppers: who may be signed in, and the sample store's personas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.errors import CommerceError, UnknownUserError
from assistant.history.database import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assistant.history.database import Database


@dataclass(frozen=True, slots=True)
class User:
    """One shopper; a `persona` can be picked on the page of the sample store.

    Attributes:
        blurb: Who they are, in a sentence.
        card: Further lines for the persona's card.
    """

    user_id: str
    name: str = ""
    blurb: str = ""
    card: tuple[str, ...] = ()
    persona: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> User:
        """Read a plain dictionary: `user_id` (or `id`), `name`, `blurb`, `card` or `tastes`, `persona`.

        Raises:
            CommerceError: There is no id.
        """
        user_id = str(data.get("user_id") or data.get("id") or "")
        if not user_id:
            raise CommerceError(f"A shopper needs a `user_id`; the fields given are {sorted(data)!r}.")
        return cls(
            user_id=user_id,
            name=str(data.get("name") or ""),
            blurb=str(data.get("blurb") or ""),
            card=_lines(data.get("card") or data.get("tastes")),
            persona=bool(data.get("persona")),
        )


class UserStore:
    """Shoppers in the shop database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, users: Iterable[User | Mapping[str, Any]]) -> int:
        """Add shoppers, replacing those whose id is known; return how many.

        Raises:
            CommerceError: One has no id; none is stored.
        """
        rows = [_row(user if isinstance(user, User) else User.from_json(user)) for user in users]
        with self._database.write() as link:
            link.many(
                "INSERT INTO users (user_id, name, blurb, card, persona) VALUES (:user_id, :name, :blurb, :card, "
                ":persona) ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, blurb = excluded.blurb, "
                "card = excluded.card, persona = excluded.persona",
                rows,
            )
        return len(rows)

    def get(self, user_id: str) -> User:
        """Return one shopper.

        Raises:
            UnknownUserError: There is no such shopper.
        """
        key = clean(user_id, limit=200)
        with self._database.read() as link:
            row = link.one("SELECT * FROM users WHERE user_id = :user_id", user_id=key)
        if row is None:
            raise UnknownUserError(f"There is no shopper {user_id!r}: check the id.")
        return _user(row)

    def personas(self) -> tuple[User, ...]:
        """Return the personas, by name."""
        with self._database.read() as link:
            rows = link.rows("SELECT * FROM users WHERE persona = 1 ORDER BY name, user_id")
        return tuple(_user(row) for row in rows)


def _row(user: User) -> dict[str, Any]:
    return {
        "user_id": clean(user.user_id, limit=200),
        "name": clean(user.name, limit=200),
        "blurb": clean(user.blurb, limit=2000),
        "card": json.dumps(list(user.card)),
        "persona": int(user.persona),
    }


def _user(row: Mapping[str, Any]) -> User:
    return User(
        user_id=row["user_id"],
        name=row["name"],
        blurb=row["blurb"],
        card=tuple(json.loads(row["card"] or "[]")),
        persona=bool(row["persona"]),
    )


def _lines(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(f"{key}: {entry}" for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(str(entry) for entry in value)
    return (str(value),) if value else ()
