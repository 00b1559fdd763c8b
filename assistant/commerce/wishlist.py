"""The wishlist: what an owner (a shopper, or a guest's conversation) wants to remember."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from assistant.errors import CommerceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.history.database import Database

MAX_WISHES = 500


class WishlistStore:
    """Wishlists in the shop database; adding twice is adding once."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def add(self, owner: str, product_id: str) -> tuple[str, ...]:
        """Remember a product and return the list, newest first.

        Raises:
            CommerceError: The list is full, or has no owner.
        """
        if not owner:
            raise CommerceError("A wishlist needs an owner: sign in, or start a conversation.")
        with self._database.write() as link:
            known = self.products(owner)
            if product_id not in known and len(known) >= MAX_WISHES:
                raise CommerceError(f"A wishlist holds at most {MAX_WISHES} products.")
            link.run(
                "INSERT INTO wishes (owner, product_id, added_at) VALUES (:owner, :product_id, :now) "
                "ON CONFLICT (owner, product_id) DO NOTHING",
                owner=owner, product_id=product_id, now=self._clock(),
            )  # fmt: skip
            return self.products(owner)

    def remove(self, owner: str, product_id: str) -> tuple[str, ...]:
        """Forget a product, if it was there, and return the list."""
        with self._database.write() as link:
            sql = "DELETE FROM wishes WHERE owner = :owner AND product_id = :product_id"
            link.run(sql, owner=owner, product_id=product_id)
            return self.products(owner)

    def products(self, owner: str) -> tuple[str, ...]:
        """Return the product ids, newest first."""
        sql = "SELECT product_id FROM wishes WHERE owner = :owner ORDER BY added_at DESC, product_id"
        with self._database.read() as link:
            return tuple(row["product_id"] for row in link.rows(sql, owner=owner))
