"""Reads the sample store that ships with the product: goods, reviews, shoppers, what they did, orders, policies."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.commerce.orders import Order
from assistant.commerce.users import User
from assistant.dialogue.events import Event
from assistant.errors import CommerceError, SampleError
from retrieval.types import Review

if TYPE_CHECKING:
    from collections.abc import Iterator

PRODUCTS, REVIEWS, USERS, EVENTS, ORDERS = (
    f"{name}.jsonl.gz" for name in ("products", "reviews", "users", "events", "orders")
)
FILES = (PRODUCTS, REVIEWS, USERS, EVENTS, ORDERS)
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, CommerceError)
_TRAILER_BYTES = 8  # CRC-32 and length of the content end every gzip file


def sample_dir() -> Path:
    """Return the directory that holds the sample store's files."""
    return Path(__file__).parent / "data"


def policies_dir() -> Path:
    """Return the directory of the shop's policies, one Markdown document each."""
    return sample_dir() / "policies"


def products_path() -> Path:
    """Return the feed of products: gzipped JSON Lines with Google Merchant field names.

    Raises:
        SampleError: It is missing.
    """
    return _path(PRODUCTS)


def version() -> str:
    """Return a short name of this very data: it changes with the content of any file but the policies.

    Raises:
        SampleError: A file is missing or cut short.
    """
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(_trailer(_path(name)))
    return digest.hexdigest()[:12]


def read_reviews() -> Iterator[Review]:
    """Yield what buyers wrote, product by product.

    Raises:
        SampleError: The file is missing or damaged.
    """
    for row in _rows(REVIEWS):
        with _Row(REVIEWS, row):
            review = Review(**row)
        yield review


def read_users() -> Iterator[User]:
    """Yield the shoppers, personas first.

    Raises:
        SampleError: The file is missing or damaged.
    """
    for row in _rows(USERS):
        with _Row(USERS, row):
            user = User.from_json(row)
        yield user


def read_events() -> Iterator[Event]:
    """Yield what shoppers did, by shopper, oldest first.

    Raises:
        SampleError: The file is missing or damaged.
    """
    for row in _rows(EVENTS):
        with _Row(EVENTS, row):
            when = datetime.fromtimestamp(row["at"], tz=UTC)
            event = Event(row["user_id"], row["name"], when, row["product_id"], detail=row.get("detail", {}))
        yield event


def read_orders() -> Iterator[Order]:
    """Yield the orders, oldest first.

    Raises:
        SampleError: The file is missing or damaged.
    """
    for row in _rows(ORDERS):
        with _Row(ORDERS, row):
            order = Order.from_json(row)
        yield order


class _Row:
    """Turns whatever is wrong with one row into a SampleError that names the file."""

    def __init__(self, name: str, row: dict[str, Any]) -> None:
        self._name, self._row = name, row

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _DAMAGE):
            raise SampleError(
                f"{_where(self._name)} has a bad row {str(self._row)[:80]!r}: {error!r}. {_CURE}"
            ) from error


_CURE = "Write the sample store anew: python -m assistant.sample.generate"


def _where(name: str) -> Path:
    return sample_dir() / name


def _path(name: str) -> Path:
    path = _where(name)
    if not path.is_file():
        raise SampleError(f"The sample store has no {path}. {_CURE}")
    return path


def _trailer(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < _TRAILER_BYTES:
            raise SampleError(f"{path} is cut short. {_CURE}")
        file.seek(-_TRAILER_BYTES, os.SEEK_END)
        return file.read()


def _rows(name: str) -> Iterator[dict[str, Any]]:
    path = _path(name)
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except _DAMAGE as error:
        raise SampleError(f"{path} cannot be read: {error!r}. {_CURE}") from error
