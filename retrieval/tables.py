"""The catalogue's tables, and predicates as SQL over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from retrieval.facts import TERM_FIELDS, TEXT_FIELDS
from retrieval.predicates import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.predicates import Predicate

metadata = sa.MetaData()

_SHORT = {"attribute": "@"}  # a third of all terms, and the name stands twice with each

product = sa.Table(
    "product",
    metadata,
    sa.Column("key", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.String, nullable=False, unique=True),
    sa.Column("group_key", sa.String, nullable=False, index=True),
    sa.Column("fed_hash", sa.String(16), nullable=False),
    sa.Column("fed_type", sa.String, nullable=False),  # "" where the feed has no shelf for it
    sa.Column("derived_type", sa.String, nullable=False, server_default=""),
    sa.Column("document_hash", sa.String(16), nullable=False),  # "" once vanished
    sa.Column("indexed_hash", sa.String(16), nullable=False, server_default=""),  # what the indexes were told
    sa.Column("vanished", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("product_type", sa.String, nullable=False, index=True),
    sa.Column("brand", sa.String, nullable=False),
    sa.Column("color", sa.String, nullable=False),
    sa.Column("size", sa.String, nullable=False),
    sa.Column("material", sa.String, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("in_stock", sa.Boolean, nullable=False),
    sa.Column("offer_cents", sa.BigInteger, nullable=False),
    sa.Column("rating", sa.Float),
    sa.Column("n_ratings", sa.Integer, nullable=False),
    sa.Column("popularity", sa.Float, nullable=False),
    sa.Column("released", sa.String, nullable=False),
)
sa.Index("product_sold", product.c.vanished, product.c.product_id)
sa.Index("product_offer", product.c.offer_cents, product.c.vanished, product.c.product_id)  # answers without the rows
sa.Index(
    "product_pending",
    product.c.key,
    sqlite_where=product.c.document_hash != product.c.indexed_hash,
    postgresql_where=product.c.document_hash != product.c.indexed_hash,
)

# The long texts stand apart, so that filters scan short rows.
content = sa.Table(
    "content",
    metadata,
    sa.Column("key", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # the product as fed, JSON
)

wording = sa.Table(
    "wording",
    metadata,
    sa.Column("key", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text, nullable=False) for name in TEXT_FIELDS),
)

term = sa.Table(
    "term",
    metadata,
    sa.Column("field", sa.String(16), primary_key=True),
    sa.Column("value", sa.String, primary_key=True),
    sa.Column("key", sa.Integer, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

measure = sa.Table(
    "measure",
    metadata,
    sa.Column("dimension", sa.String(16), primary_key=True),
    sa.Column("amount", sa.Float, primary_key=True),
    sa.Column("key", sa.Integer, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

review = sa.Table(
    "review",
    metadata,
    sa.Column("review_id", sa.String, primary_key=True),
    sa.Column("product_id", sa.String, nullable=False, index=True),
    sa.Column("rating", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("written", sa.String, nullable=False),
)

meta = sa.Table(
    "meta", metadata, sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)


class _position(sa.sql.functions.GenericFunction[int]):  # noqa: N801 - named as SQL functions are
    """Where the second text stands in the first, from 1; 0 where it does not. Several times faster than LIKE."""

    inherit_cache = True
    type = sa.Integer()


@compiles(_position, "sqlite")
def _instr(element: _position, compiler: sa.sql.compiler.SQLCompiler, **options: object) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_position, "postgresql")
def _strpos(element: _position, compiler: sa.sql.compiler.SQLCompiler, **options: object) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


_NUMBER_COLUMNS = {"price": product.c.offer_cents, "rating": product.c.rating}


def where(predicate: Predicate) -> sa.ColumnElement[bool]:
    """Compile a predicate to a condition on `product`; every value is bound, never pasted into SQL."""
    match predicate.test:
        case "all_of":
            return sa.and_(sa.true(), *(where(p) for p in predicate.parts))
        case "any_of":
            return sa.or_(sa.false(), *(where(p) for p in predicate.parts))
        case "none_of":
            return sa.not_(sa.or_(sa.false(), *(where(p) for p in predicate.parts)))
        case "phrase":
            return sa.exists().where(wording.c.key == product.c.key, _says_any(predicate)).correlate(product)
        case "between":
            return _between(predicate)
        case "missing":
            return product.c.key.not_in(sa.select(term.c.key).where(term.c.field == term_field(predicate.field)))
        case "any":
            return _has(predicate)


def keys_where(test: Predicate, *, among: Sequence[int] | None = None) -> sa.Select[tuple[int]]:
    """Return the statement for the keys of what passes a single test, from the table that decides it alone.

    A product that is no longer sold may be among them, and a key may come more than once.
    """
    match test.test:
        case "any" if test.field not in COLUMNS:
            found = _with_term(test)
        case "phrase":
            found = sa.select(wording.c.key).where(_says_any(test))
        case "between" if test.field not in _NUMBER_COLUMNS:
            found = _with_measure(test)
        case _:
            found = sa.select(product.c.key).where(where(test))
    return found if among is None else found.where(found.selected_columns[0].in_(among))


def _has(predicate: Predicate) -> sa.ColumnElement[bool]:
    if predicate.field in COLUMNS:
        return product.c[predicate.field].in_(predicate.values)
    return product.c.key.in_(_with_term(predicate))


def _with_term(predicate: Predicate) -> sa.Select[tuple[int]]:
    found = sa.select(term.c.key).where(term.c.field == term_field(predicate.field))
    return found.where(term.c.value.in_(predicate.values))


def _says_any(predicate: Predicate) -> sa.ColumnElement[bool]:
    if predicate.field not in TEXT_FIELDS:
        raise ValueError(f"{predicate.field!r} is no text field; use one of {TEXT_FIELDS}")
    text = wording.c[predicate.field]
    return sa.or_(sa.false(), *(_position(text, f" {phrase} ") > 0 for phrase in predicate.values))


def _between(predicate: Predicate) -> sa.ColumnElement[bool]:
    column: sa.ColumnElement[Any] | None = _NUMBER_COLUMNS.get(predicate.field)
    if column is not None:
        return sa.and_(column.is_not(None), *_bounds(column, predicate))
    return product.c.key.in_(_with_measure(predicate))


def _with_measure(predicate: Predicate) -> sa.Select[tuple[int]]:
    found = sa.select(measure.c.key).where(measure.c.dimension == predicate.field)
    return found.where(*_bounds(measure.c.amount, predicate))


def _bounds(column: sa.ColumnElement[Any], predicate: Predicate) -> list[sa.ColumnElement[bool]]:
    low = [] if predicate.low is None else [column >= predicate.low]
    return low if predicate.high is None else [*low, column <= predicate.high]


def term_field(field: str) -> str:
    """Return what a field of facts is called in the table of terms.

    Raises:
        ValueError: There is no such field.
    """
    if field not in TERM_FIELDS:
        raise ValueError(f"{field!r} is no field of facts; use one of {TERM_FIELDS}")
    return _SHORT.get(field, field)
