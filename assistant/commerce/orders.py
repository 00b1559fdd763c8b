"""Orders: what was bought, where it is. Read for service; loaded from the shop's own system or the sample store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from assistant.errors import CommerceError
from assistant.history.database import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assistant.history.database import Database

OrderStatus = Literal["pending", "processed", "shipped", "delivered", "cancelled", "returned", "exchanged"]
ORDER_STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line of an order; `price_cents` is what one piece cost then."""

    product_id: str
    title: str
    quantity: int
    price_cents: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    Attributes:
        placed_at: Timezone-aware UTC.
        total_cents: What was charged: items plus whatever the shop added (shipping, tax).
        shipping: Where it goes, as the shop labels it (`{"name": ..., "address": ...}`).
        tracking: The carrier's number, "" where there is none yet.
    """

    order_id: str
    user_id: str
    status: OrderStatus
    placed_at: datetime
    items: tuple[OrderItem, ...]
    currency: str
    total_cents: int
    shipping: Mapping[str, Any] = field(default_factory=dict)
    tracking: str = ""

    @property
    def items_cents(self) -> int:
        """The sum of the lines, exact."""
        return sum(item.quantity * item.price_cents for item in self.items)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Order:
        """Read the plain dictionary of a feed or of the sample store.

        `{order_id, user_id, status, placed_at (ISO 8601 or unix seconds), items: [{product_id, title, quantity,
        price_cents}], currency, total_cents, shipping, tracking?}`

        Raises:
            CommerceError: A field is missing or not what it should be.
        """
        try:
            return cls(
                order_id=str(data["order_id"]),
                user_id=str(data["user_id"]),
                status=_status(data["status"]),
                placed_at=_time(data["placed_at"]),
                items=tuple(_item(item) for item in data["items"]),
                currency=str(data["currency"]),
                total_cents=_cents(data["total_cents"]),
                shipping=_shipping(data.get("shipping")),
                tracking=str(data.get("tracking") or ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CommerceError(f"Order {data.get('order_id')!r} is not well-formed: {error!r}.") from error

    def to_json(self) -> dict[str, Any]:
        """Return the dictionary that `from_json` reads."""
        return {
            **asdict(self),
            "placed_at": self.placed_at.isoformat(),
            "items": [asdict(item) for item in self.items],
            "shipping": dict(self.shipping),
        }


class OrderStore:
    """Orders in the shop database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, orders: Iterable[Order | Mapping[str, Any]]) -> int:
        """Add orders, replacing those whose id is known, in one transaction; return how many.

        Raises:
            CommerceError: One is not well-formed; none is stored.
        """
        rows = [_row(order if isinstance(order, Order) else Order.from_json(order)) for order in orders]
        with self._database.write() as link:
            link.many(
                "INSERT INTO orders (order_id, user_id, status, placed_at, currency, total_cents, items, shipping, "
                "tracking) VALUES (:order_id, :user_id, :status, :placed_at, :currency, :total_cents, :items, "
                ":shipping, :tracking) ON CONFLICT (order_id) DO UPDATE SET user_id = excluded.user_id, "
                "status = excluded.status, placed_at = excluded.placed_at, currency = excluded.currency, "
                "total_cents = excluded.total_cents, items = excluded.items, shipping = excluded.shipping, "
                "tracking = excluded.tracking",
                rows,
            )
        return len(rows)

    def orders(self, user_id: str) -> list[Order]:
        """Return a shopper's orders, newest first."""
        sql = "SELECT * FROM orders WHERE user_id = :user_id ORDER BY placed_at DESC, order_id"
        with self._database.read() as link:
            rows = link.rows(sql, user_id=user_id) if user_id else []
        return [_order(row) for row in rows]

    def order(self, order_id: str) -> Order | None:
        """Return one order whoever owns it, or None: the caller checks the owner before a word is read out."""
        key = clean(order_id, limit=200)
        with self._database.read() as link:
            row = link.one("SELECT * FROM orders WHERE order_id = :order_id", order_id=key)
        return None if row is None else _order(row)

    def count(self) -> int:
        """Return how many orders there are."""
        with self._database.read() as link:
            return link.number("SELECT COUNT(*) FROM orders")


def _row(order: Order) -> dict[str, Any]:
    return {
        "order_id": clean(order.order_id, limit=200),
        "user_id": clean(order.user_id, limit=200),
        "status": order.status,
        "placed_at": order.placed_at.timestamp(),
        "currency": clean(order.currency, limit=8),
        "total_cents": order.total_cents,
        "items": json.dumps([asdict(item) for item in order.items]),
        "shipping": json.dumps(dict(order.shipping)),
        "tracking": clean(order.tracking, limit=200),
    }


def _order(row: Mapping[str, Any]) -> Order:
    return Order.from_json({**row, "items": json.loads(row["items"]), "shipping": json.loads(row["shipping"])})


def _item(data: Mapping[str, Any]) -> OrderItem:
    quantity = int(data["quantity"])
    if quantity < 1:
        raise ValueError(f"quantity {quantity} of {data['product_id']!r}")
    return OrderItem(str(data["product_id"]), str(data["title"]), quantity, _cents(data["price_cents"]))


def _status(value: object) -> OrderStatus:
    for status in ORDER_STATUSES:
        if value == status:
            return status
    raise ValueError(f"status {value!r}, not one of {', '.join(ORDER_STATUSES)}")


def _cents(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not whole cents")
    return value


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        when = value
    elif isinstance(value, (int, float)):
        when = datetime.fromtimestamp(value, tz=UTC)
    else:
        when = datetime.fromisoformat(str(value))
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _shipping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    return dict(value) if isinstance(value, Mapping) else {"label": str(value)}
