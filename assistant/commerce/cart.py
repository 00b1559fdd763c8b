"""The cart: a pure value with exact sums, and its store, where a double click counts once."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.errors import CommerceError
from assistant.history.database import clean
from assistant.reply import CartLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assistant.history.database import Database, Link
    from retrieval.types import Product

MAX_QUANTITY = 99
MAX_LINES = 100
_MAX_PRICE_CENTS = 10**12  # far above any offer, far below where a total leaves 64 bits


@dataclass(frozen=True, slots=True)
class Cart:
    """Lines in the order they were added, one a product, all in one currency. Every change gives a new cart."""

    lines: tuple[CartLine, ...] = ()

    @property
    def currency(self) -> str:
        """The ISO 4217 code of every line; "" when empty."""
        return self.lines[0].currency if self.lines else ""

    @property
    def total_cents(self) -> int:
        """The sum of all lines, exact."""
        return sum(line.quantity * line.price_cents for line in self.lines)

    @property
    def n_items(self) -> int:
        """How many pieces."""
        return sum(line.quantity for line in self.lines)

    def quantity(self, product_id: str) -> int:
        """Return how many pieces of a product; 0 where it is not in the cart."""
        return next((line.quantity for line in self.lines if line.product_id == product_id), 0)

    def add(self, product: Product, quantity: int = 1) -> Cart:
        """Return the cart with `quantity` more pieces, at today's price.

        Raises:
            CommerceError: Out of stock, another currency, or too many.
        """
        _check_sellable(product)
        if self.lines and product.currency != self.currency:
            raise CommerceError(f"The cart is in {self.currency}; {product.title!r} is sold in {product.currency}.")
        _check_quantity(quantity)
        wanted = self.quantity(product.product_id) + quantity
        _check_quantity(wanted)
        line = CartLine(product.product_id, wanted, product.offer_cents, product.currency, product.title)
        if wanted > quantity:
            return Cart(tuple(line if old.product_id == line.product_id else old for old in self.lines))
        if len(self.lines) >= MAX_LINES:
            raise CommerceError(f"The cart holds at most {MAX_LINES} different products.")
        return Cart((*self.lines, line))

    def set_quantity(self, product_id: str, quantity: int) -> Cart:
        """Return the cart with exactly `quantity` pieces of a product in it; 0 removes the line.

        Raises:
            CommerceError: The product is not in the cart, or the quantity is out of bounds.
        """
        if not self.quantity(product_id):
            raise CommerceError("That product is not in the cart.")
        if quantity == 0:
            return Cart(tuple(line for line in self.lines if line.product_id != product_id))
        _check_quantity(quantity)
        return Cart(
            tuple(replace(line, quantity=quantity) if line.product_id == product_id else line for line in self.lines)
        )

    def remove(self, product_id: str, quantity: int | None = None) -> Cart:
        """Return the cart with `quantity` fewer pieces, the whole line by default.

        Raises:
            CommerceError: The product is not in the cart.
        """
        left = 0 if quantity is None else max(0, self.quantity(product_id) - quantity)
        return self.set_quantity(product_id, left)

    def repriced(self, products: Iterable[Product]) -> Cart:
        """Return the cart at the prices of `products`; lines whose product is not given keep theirs."""
        now = {product.product_id: product for product in products if product.currency == self.currency}
        return Cart(
            tuple(
                replace(line, price_cents=now[line.product_id].offer_cents, title=now[line.product_id].title)
                if line.product_id in now
                else line
                for line in self.lines
            )
        )


def _check_sellable(product: Product) -> None:
    if product.availability == "out_of_stock":
        raise CommerceError(f"{product.title!r} is out of stock.")
    if not 0 <= product.offer_cents <= _MAX_PRICE_CENTS:
        raise CommerceError(f"{product.title!r} has no valid price.")


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise CommerceError(f"A quantity is between 1 and {MAX_QUANTITY}, not {quantity}.")


class CartStore:
    """Carts in the shop database. Every change names its `key`: the same key again changes nothing."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def load(self, cart_id: str) -> Cart:
        """Return a cart; an unknown one is empty."""
        with self._database.read() as link:
            return _read(link, cart_id)

    def add(self, cart_id: str, product: Product, *, quantity: int = 1, key: str = "") -> Cart:
        """Add pieces and return the cart as it stands.

        Raises:
            CommerceError: Out of stock, another currency, or too many.
        """
        return self._change(cart_id, lambda cart: cart.add(product, quantity), key=key)

    def set_quantity(self, cart_id: str, product_id: str, *, quantity: int, key: str = "") -> Cart:
        """Set how many pieces of a product are in the cart (0 removes) and return it.

        Raises:
            CommerceError: The product is not in the cart, or the quantity is out of bounds.
        """
        return self._change(cart_id, lambda cart: cart.set_quantity(product_id, quantity), key=key)

    def remove(self, cart_id: str, product_id: str, *, quantity: int | None = None, key: str = "") -> Cart:
        """Take pieces out, all by default, and return the cart.

        Raises:
            CommerceError: The product is not in the cart.
        """
        return self._change(cart_id, lambda cart: cart.remove(product_id, quantity), key=key)

    def reprice(self, cart_id: str, products: Iterable[Product]) -> Cart:
        """Bring lines to today's prices and return the cart."""
        return self._change(cart_id, lambda cart: cart.repriced(products), key="")

    def clear(self, cart_id: str) -> Cart:
        """Empty the cart."""
        return self._change(cart_id, lambda _: Cart(), key="")

    def _change(self, cart_id: str, change: Callable[[Cart], Cart], *, key: str) -> Cart:
        with self._database.write() as link:
            # The update comes first: it locks the row against other writers on every database.
            sql = (
                "INSERT INTO carts (cart_id, revision, touched_at) VALUES (:cart_id, 1, :now) "
                "ON CONFLICT (cart_id) DO UPDATE SET revision = carts.revision + 1, touched_at = :now "
                "RETURNING revision"
            )
            revision = link.number(sql, cart_id=cart_id, now=self._clock())
            before = _read(link, cart_id)
            if key and not _first_time(link, cart_id, key=key, revision=revision):
                return before
            after = change(before)
            if after != before:
                _write(link, cart_id, after)
            return after


def _first_time(link: Link, cart_id: str, *, key: str, revision: int) -> bool:
    sql = (
        "INSERT INTO cart_keys (cart_id, click, revision) VALUES (:cart_id, :key, :revision) "
        "ON CONFLICT (cart_id, click) DO NOTHING"
    )
    return link.run(sql, cart_id=cart_id, key=clean(key, limit=200), revision=revision) == 1


def _read(link: Link, cart_id: str) -> Cart:
    rows = link.rows(
        "SELECT l.product_id, l.quantity, l.price_cents, c.currency, l.title FROM cart_lines l "
        "JOIN carts c ON c.cart_id = l.cart_id WHERE l.cart_id = :cart_id ORDER BY l.position",
        cart_id=cart_id,
    )
    return Cart(tuple(CartLine(**row) for row in rows))


def _write(link: Link, cart_id: str, cart: Cart) -> None:
    if cart.currency:
        sql = "UPDATE carts SET currency = :currency WHERE cart_id = :cart_id"
        link.run(sql, cart_id=cart_id, currency=cart.currency)
    link.run("DELETE FROM cart_lines WHERE cart_id = :cart_id", cart_id=cart_id)
    link.many(
        "INSERT INTO cart_lines (cart_id, product_id, position, quantity, price_cents, title) "
        "VALUES (:cart_id, :product_id, :position, :quantity, :price_cents, :title)",
        [
            {
                "cart_id": cart_id,
                "product_id": line.product_id,
                "position": position,
                "quantity": line.quantity,
                "price_cents": line.price_cents,
                "title": clean(line.title, limit=500),
            }
            for position, line in enumerate(cart.lines)
        ],
    )
