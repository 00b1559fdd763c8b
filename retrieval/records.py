"""A product as the catalogue stores it: its row, its facts, its hashes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from retrieval.classify import Untyped, named_type
from retrieval.document import document_text
from retrieval.facts import facts
from retrieval.index.base import fingerprint
from retrieval.types import Product, Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
_TYPE_HINTS = ("product type", "type")  # attributes that may say what a thing is
_NOT_MEASURES = {"price", "rating"}  # columns of their own


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """Ids by what an upsert did to them."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """What the indexes have not been told yet: products to (re)index, ids to remove."""

    products: tuple[Product, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Two 64-bit sums over rows; adding a row and taking it away are the same operation (exclusive or).

    Attributes:
        documents: Of ids and document texts: what the indexes must agree with.
        rows: Of everything.
    """

    documents: int = 0
    rows: int = 0

    def __xor__(self, other: Digest) -> Digest:
        return Digest(self.documents ^ other.documents, self.rows ^ other.rows)


@dataclass(frozen=True, slots=True)
class Record:
    """One row to write, with what stands beside it in other tables."""

    row: dict[str, Any]
    body: str
    wording: dict[str, str]
    terms: tuple[tuple[str, str], ...]
    measures: tuple[tuple[str, float], ...]

    @property
    def digest(self) -> Digest:
        """What this row adds to the catalogue's digest."""
        row = self.row
        return digest(row["product_id"], row["document_hash"], row["fed_hash"], row["derived_type"])


def digest(product_id: str, document_hash: str, fed_hash: str, derived_type: str) -> Digest:
    """Return what one row adds to (or takes from) the catalogue's digest."""
    return Digest(
        fingerprint(product_id, document_hash),
        int(hashed(f"{product_id}\0{fed_hash}\0{derived_type}"), 16),
    )


def hashed(text: str | bytes) -> str:
    """Return 16 hexadecimal digits that change with `text`."""
    return blake2b(text.encode("utf-8") if isinstance(text, str) else text, digest_size=8).hexdigest()


def record_of(fed: Product, *, derived_type: str | None = None) -> Record:
    """Return what to store of a product; `derived_type` is its shelf where the feed gave none, by its title if None."""
    if derived_type is None:
        derived_type = "" if fed.product_type else named_type(_untyped(fed))
    product = fed if fed.product_type else replace(fed, product_type=derived_type)
    known = facts(product)
    row: dict[str, Any] = {
        "product_id": fed.product_id,
        "group_key": fed.group_key,
        "fed_hash": fed_hash(fed),
        "fed_type": fed.product_type,
        "derived_type": derived_type,
        "document_hash": document_hash(product),
        "vanished": False,
        "product_type": product.product_type,
        "brand": fed.brand,
        "color": fed.color,
        "size": fed.size,
        "material": fed.material,
        "currency": fed.currency,
        "in_stock": fed.availability != "out_of_stock",
        "offer_cents": fed.offer_cents,
        "rating": fed.rating,
        "n_ratings": fed.n_ratings,
        "popularity": fed.popularity,
        "released": fed.released,
    }
    measures = tuple((d, a) for d, a in sorted(known.numbers) if d not in _NOT_MEASURES)
    body = orjson.dumps(fed).decode("utf-8")
    return Record(row, body, known.texts, terms=tuple(sorted(known.terms)), measures=measures)


def fed_hash(fed: Product) -> str:
    """Return the hash of everything a feed said of a product; its columns may change places."""
    return hashed(orjson.dumps(fed, option=orjson.OPT_SORT_KEYS))


def product_of(
    body: str, *, derived_type: str = "", vanished: bool = False, rating: float | None = None, n_ratings: int = 0
) -> Product:
    """Rebuild a product from its stored body; what was derived fills what the feed left open."""
    fields = orjson.loads(body)
    if fields["rating"] is None and rating is not None:
        fields |= {"rating": rating, "n_ratings": n_ratings}
    if not fields["product_type"]:
        fields["product_type"] = derived_type
    if vanished:
        fields["availability"] = "out_of_stock"
    return Product(**fields)


def untyped_of(body: str) -> Untyped:
    """Return what classification reads of a stored product."""
    return _untyped(product_of(body))


def _untyped(product: Product) -> Untyped:
    hints = [str(v) for k, v in product.attributes.items() if k in _TYPE_HINTS]
    return Untyped(
        product.product_id,
        product.title,
        brand=product.brand,
        hint=hints[0] if hints else "",
        signs=tuple(product.attributes),
    )


def document_hash(product: Product) -> str:
    """Return the hash of the text that indexes hold of `product`."""
    return hashed(document_text(product))


def review_row(review: Review) -> dict[str, Any]:
    """Return a review as a row."""
    return {name: getattr(review, name) for name in Review.__slots__}


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut `items` into lists of at most `size`."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
