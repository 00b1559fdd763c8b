"""Ratings that the feed does not give: the mean of what reviews say of a product and its variants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
import sqlalchemy as sa

import retrieval.tables as tables
from retrieval.records import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

_T = tables.product.c
_BATCH: Final = 500  # bound parameters a statement


def rate(db: sa.Connection, group_keys: Iterable[str]) -> list[tuple[str, float | None, int]]:
    """Set rating and number of ratings of the products of these groups whose feed gives no rating.

    The columns hold what counts, the body what was fed: a fed rating wins, and is there again where reviews go.

    Args:
        db: The catalogue, in a transaction that writes.
        group_keys: The groups whose products or reviews changed.

    Returns:
        (product id, rating out of 5 with one decimal or None, number of ratings) of every product that changed.
    """
    changed: list[tuple[str, float | None, int]] = []
    if db.scalar(sa.select(tables.review.c.review_id).limit(1)) is None:
        return changed
    for keys in chunks(dict.fromkeys(group_keys), _BATCH):
        told = _means(db, keys)
        beside = sa.select(_T.key, _T.product_id, _T.group_key, _T.rating, _T.n_ratings, tables.content.c.body)
        due = []
        for row in db.execute(beside.where(_T.key == tables.content.c.key, _T.group_key.in_(keys))).all():
            fed = orjson.loads(row.body)
            said = told.get(row.group_key) if fed["rating"] is None else None
            rating, n = said or (fed["rating"], fed["n_ratings"])
            if (row.rating, row.n_ratings) != (rating, n):
                due.append({"at": row.key, "to": rating, "n": n})
                changed.append((row.product_id, rating, n))
        if due:
            statement = tables.product.update().where(_T.key == sa.bindparam("at"))
            db.execute(statement.values(rating=sa.bindparam("to"), n_ratings=sa.bindparam("n")), due)
    return changed


def groups_of(db: sa.Connection, product_ids: Iterable[str]) -> set[str]:
    """Return the group keys of these products; unknown ids are skipped."""
    found: set[str] = set()
    for ids in chunks(product_ids, _BATCH):
        found.update(db.scalars(sa.select(_T.group_key).where(_T.product_id.in_(ids))))
    return found


def _means(db: sa.Connection, group_keys: list[str]) -> dict[str, tuple[float, int]]:
    said = tables.review.c
    columns = (_T.group_key, sa.func.sum(said.rating), sa.func.count())
    chosen = sa.select(*columns).where(_T.product_id == said.product_id, _T.group_key.in_(group_keys))
    rows = db.execute(chosen.group_by(_T.group_key))
    return {key: (int(total / n * 10 + 0.5) / 10, n) for key, total, n in rows}
