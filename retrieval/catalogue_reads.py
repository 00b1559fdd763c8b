"""Reading the catalogue: products by id, exact filters, extremes, facets, reviews."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import sqlalchemy as sa

import retrieval.tables as tables
from retrieval.index.base import fingerprint
from retrieval.outline import Outline
from retrieval.records import Digest, chunks, product_of, untyped_of
from retrieval.types import Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from retrieval.classify import Untyped
    from retrieval.predicates import Predicate
    from retrieval.types import Product

BATCH: Final = 500  # bound parameters a statement, far below every database's limit
REMEMBERED: Final = 64  # tests whose answers are kept: up to 4 bytes a product each
_T = tables.product.c
_BODY = tables.content.c.body
_COUNTED_COLUMNS = {"category": _T.product_type, "brand": _T.brand, "size": _T.size}
_COUNTED_TERMS = ("brand", "color", "size", "material", "attribute")
STORED: Final = (_BODY, _T.derived_type, _T.vanished, _T.rating, _T.n_ratings)
_PARTS = 60  # counted by one statement
_MOST_VALUES = 20_000  # looked at: model numbers are as many as products, and no facet


@dataclass(frozen=True, slots=True)
class Counted:
    """How often a value occurs among products: in how many, in how many variant groups, and the key of the first."""

    value: str
    n_products: int
    n_groups: int
    first: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What passes some predicates, counted; values by name, those of most products first.

    Attributes:
        every: All of it.
        written: `category` (`product_type` paths), `brand` and `size` as feeds wrote them.
        facts: The values of those fields of facts (`facts.TERM_FIELDS`) that shoppers narrow by.
    """

    every: Counted
    written: Mapping[str, Sequence[Counted]]
    facts: Mapping[str, Sequence[Counted]]


class CatalogueReads:
    """The half of the catalogue that changes nothing."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._keys = lru_cache(maxsize=REMEMBERED)(self._read_keys)

    def get(self, product_ids: Sequence[str]) -> list[Product]:
        """Return the products with these ids in the order asked; unknown ids are skipped."""
        found: dict[str, Product] = {}
        with self._engine.connect() as db:
            for ids in chunks(dict.fromkeys(product_ids), BATCH):
                found.update(_products(db, _T.product_id.in_(ids)))
        return [found[i] for i in product_ids if i in found]

    def resolve(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the product id that each of `ids` stands for: itself, or the first variant of the group so called."""
        found: dict[str, str] = {}
        with self._engine.connect() as db:
            for some in chunks(ids, BATCH):
                named = sa.select(_T.group_key, sa.func.min(_T.product_id)).where(_T.group_key.in_(some))
                found.update((row[0], row[1]) for row in db.execute(named.group_by(_T.group_key)))
                own = db.scalars(sa.select(_T.product_id).where(_T.product_id.in_(some)))
                found.update({product_id: product_id for product_id in own})
        return found

    def variants(self, group_key: str) -> list[Product]:
        """Return every offer of a variant group that is still sold, in id order."""
        with self._engine.connect() as db:
            found = _products(db, sa.and_(_T.group_key == group_key, ~_T.vanished))
        return [found[i] for i in sorted(found)]

    def ids(self) -> list[str]:
        """Return the id of every product that is sold, sorted."""
        return self.matching(())

    def fingerprints(self) -> dict[str, int]:
        """Return id and text of everything that is sold as 64 bits each, as the indexes keep them, by id."""
        chosen = sa.select(_T.product_id, _T.document_hash).where(~_T.vanished)
        with self._engine.connect() as db:
            return {row.product_id: fingerprint(row.product_id, row.document_hash) for row in db.execute(chosen)}

    def products(self, *, batch: int = 512) -> Iterator[list[Product]]:
        """Iterate over everything that is sold, in batches, in key order."""
        last = -1
        while True:
            with self._engine.connect() as db:
                chosen = sa.select(_T.key, *STORED).where(_T.key == tables.content.c.key)
                rows = db.execute(chosen.where(_T.key > last, ~_T.vanished).order_by(_T.key).limit(batch)).all()
            if not rows:
                return
            last = rows[-1].key
            yield [stored_product(r) for r in rows]

    def outlines(self) -> list[Outline]:
        """Return the outline of everything that is sold."""
        columns = (
            _T.key, _T.product_id, _T.group_key, _T.in_stock, _T.brand, _T.popularity, _T.n_ratings, _T.offer_cents,
            _T.currency, _T.rating, _T.released, _T.product_type, _T.color, _T.size, _T.material,
        )  # fmt: skip
        with self._engine.connect() as db:
            return [Outline._make(row) for row in db.execute(sa.select(*columns).where(~_T.vanished))]

    def untyped(self, *, batch: int = 2000) -> Iterator[Untyped]:
        """Iterate over products whose feed gave no product type, as classification reads them."""
        last = -1
        while True:
            with self._engine.connect() as db:
                chosen = sa.select(_T.key, _BODY).where(
                    _T.key == tables.content.c.key, _T.key > last, ~_T.vanished, _T.fed_type == ""
                )
                rows = db.execute(chosen.order_by(_T.key).limit(batch)).all()
            if not rows:
                return
            last = rows[-1].key
            yield from (untyped_of(r.body) for r in rows)

    def matching(self, predicates: Sequence[Predicate]) -> list[str]:
        """Return the ids of everything that passes all `predicates`, sorted."""
        with self._engine.connect() as db:
            return sorted(db.scalars(sa.select(_T.product_id).where(*_passing(predicates))))

    def keys(self, test: Predicate, *, among: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
        """Return the keys of what passes one test, each once or oftener; of products no longer sold there may be some.

        Args:
            test: No combination of others.
            among: Keys to look at alone; without it the answer is kept until the catalogue changes.
        """
        if among is None:
            return self._keys(self.revision(), test)
        with self._engine.connect() as db:
            listed = [_listed(db, tables.keys_where(test, among=some)) for some in chunks(among.tolist(), BATCH)]
        return np.concatenate([np.empty(0, dtype=np.int32), *listed])

    def _read_keys(self, revision: str, test: Predicate) -> NDArray[np.int32]:
        """Read at `revision`, which is part of the key of what is remembered."""
        del revision
        with self._engine.connect() as db:
            return _listed(db, tables.keys_where(test))

    def checksum(self) -> str:
        """Return what changes when any id or document text changes; what the indexes must agree with. Constant time."""
        return f"{self._digest().documents:016x}"

    def revision(self) -> str:
        """Return what changes when anything about any product changes. Constant time."""
        return f"{self._digest().rows:016x}"

    def _digest(self) -> Digest:
        with self._engine.connect() as db:
            found = db.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == "digest"))
        return read_digest(found or "0 0")

    def count_matching(self, predicates: Sequence[Predicate]) -> int:
        """Return how many products pass all `predicates`."""
        with self._engine.connect() as db:
            return db.scalar(sa.select(sa.func.count()).select_from(tables.product).where(*_passing(predicates))) or 0

    def facets(self) -> dict[str, list[tuple[str, int]]]:
        """Return the values of shelf (`product_type` path), brand, color, size and material with counts, most first."""
        columns = {"shelf": _T.product_type, "brand": _T.brand, "color": _T.color, "size": _T.size}
        found: dict[str, list[tuple[str, int]]] = {}
        with self._engine.connect() as db:
            for name, column in {**columns, "material": _T.material}.items():
                chosen = sa.select(column, sa.func.count()).where(column != "", *_passing(()))
                rows = db.execute(chosen.group_by(column).order_by(sa.func.count().desc(), column))
                found[name] = [(value, n) for value, n in rows]
        return found

    def tally(self, predicates: Sequence[Predicate] = ()) -> Tally:
        """Count everything that passes, and its values."""
        columns = (_T.key, _T.group_key, *_COUNTED_COLUMNS.values())
        passing = sa.select(*columns).where(*_passing(predicates)).cte("passing")
        some, t = passing.c, tables.term.c
        counts = (sa.func.count(), sa.func.count(some.group_key.distinct()), sa.func.coalesce(sa.func.min(some.key), 0))
        facts = sa.select(sa.literal("facts"), t.field, t.value, *counts).where(t.key == some.key)
        fields = {tables.term_field(field): field for field in _COUNTED_TERMS}
        facts = facts.where(t.field.in_(fields)).group_by(t.field, t.value)
        parts = [sa.select(sa.literal(""), sa.literal(""), sa.literal(""), *counts), _most(facts, counts[0])]
        for name, column in _COUNTED_COLUMNS.items():
            value = some[column.name]
            written = sa.select(sa.literal("written"), sa.literal(name), value, *counts).where(value != "")
            parts.append(_most(written.group_by(value), counts[0]))
        found: dict[str, dict[str, list[Counted]]] = {"facts": {}, "written": {}, "": {}}
        with self._engine.connect() as db:
            for kind, name, value, n_products, n_groups, first in db.execute(sa.union_all(*parts)):
                found[kind].setdefault(fields.get(name, name), []).append(Counted(value, n_products, n_groups, first))
        for one in (ones for kind in found.values() for ones in kind.values()):
            one.sort(key=lambda c: (-c.n_products, c.value))
        return Tally(found[""][""][0], found["written"], found["facts"])

    def count_groups(self, predicates: Sequence[Predicate], parts: Sequence[Predicate]) -> list[int]:
        """Return of how many variant groups there are products that pass all `predicates` and, for each part, that."""
        counted: list[int] = []
        with self._engine.connect() as db:
            for some in chunks(parts, _PARTS):
                tests = [sa.case((tables.where(part), _T.group_key)) for part in some]
                chosen = sa.select(*(sa.func.count(test.distinct()) for test in tests)).where(*_passing(predicates))
                counted += db.execute(chosen).one()
        return counted

    def offers(self, predicates: Sequence[Predicate] = ()) -> list[tuple[int, int]]:
        """Return every offer in cents over everything that passes with how many products have it, lowest first."""
        chosen = sa.select(_T.offer_cents, sa.func.count()).where(*_passing(predicates)).group_by(_T.offer_cents)
        with self._engine.connect() as db:
            return [(cents, n) for cents, n in db.execute(chosen.order_by(_T.offer_cents))]

    def attributes(self, keys: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return the attributes of products, as fed, by the keys that `tally` gives."""
        found: dict[int, dict[str, Any]] = {}
        with self._engine.connect() as db:
            for some in chunks(dict.fromkeys(keys), BATCH):
                rows = db.execute(sa.select(tables.content).where(tables.content.c.key.in_(some)))
                found.update((row.key, orjson.loads(row.body)["attributes"]) for row in rows)
        return found

    def term_counts(self, field: str) -> dict[str, int]:
        """Return the values of a field of facts (`facts.TERM_FIELDS`) with how many products have each."""
        t = tables.term.c
        with self._engine.connect() as db:
            rows = db.execute(
                sa.select(t.value, sa.func.count().label("n"))
                .where(t.field == tables.term_field(field))
                .group_by(t.value)
            )
            return {row.value: row.n for row in rows}

    def dimensions(self) -> set[str]:
        """Return the dimensions of measure that some product has."""
        with self._engine.connect() as db:
            return set(db.scalars(sa.select(tables.measure.c.dimension).distinct()))

    def currencies(self) -> list[str]:
        """Return the currencies sold in, the most frequent first."""
        chosen = sa.select(_T.currency).where(~_T.vanished).group_by(_T.currency)
        with self._engine.connect() as db:
            return list(db.scalars(chosen.order_by(sa.func.count().desc(), _T.currency)))

    def count(self) -> int:
        """Return how many products are sold."""
        return self.count_matching(())

    def reviews(self, product_id: str, *, n: int = 50) -> list[Review]:
        """Return the newest `n` reviews of a product, those of its other variants included."""
        t = tables.review.c
        key = sa.select(_T.group_key).where(_T.product_id == product_id).scalar_subquery()
        group = sa.select(_T.product_id).where(_T.group_key == key)
        chosen = sa.select(tables.review).where(sa.or_(t.product_id == product_id, t.product_id.in_(group)))
        with self._engine.connect() as db:
            rows = db.execute(chosen.order_by(t.written.desc(), t.review_id).limit(n))
            return [Review(**row) for row in rows.mappings()]

    def review(self, review_id: str) -> Review | None:
        """Return one review, or None."""
        with self._engine.connect() as db:
            chosen = sa.select(tables.review).where(tables.review.c.review_id == review_id)
            row = db.execute(chosen).mappings().first()
        return None if row is None else Review(**row)


def _most(chosen: sa.Select[Any], count: sa.ColumnElement[int]) -> sa.Select[Any]:
    """Return what selects the rows of `chosen` with the highest counts."""
    return sa.select(chosen.order_by(count.desc()).limit(_MOST_VALUES).subquery())


def _listed(db: sa.Connection, found: sa.Select[tuple[int]]) -> NDArray[np.int32]:
    """Return the one column of `found`; in SQLite as one value, several times faster than as rows."""
    if db.dialect.name != "sqlite":
        return np.array(db.scalars(found).all(), dtype=np.int32)
    listed = db.scalar(sa.select(sa.func.json_group_array(found.subquery().c.key)))
    return np.array(orjson.loads(listed or "[]"), dtype=np.int32)


def read_digest(text: str) -> Digest:
    """Return a digest as it is kept, two hexadecimal numbers."""
    documents, rows = text.split()
    return Digest(int(documents, 16), int(rows, 16))


def _passing(predicates: Sequence[Predicate]) -> list[sa.ColumnElement[bool]]:
    # "is not true" and not "is false": an index on `vanished` would be chosen before those that narrow something
    return [_T.vanished.is_not(True), *(tables.where(p) for p in predicates)]


def _products(db: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[str, Product]:
    chosen = sa.select(_T.product_id, *STORED).where(_T.key == tables.content.c.key, condition)
    return {r.product_id: stored_product(r) for r in db.execute(chosen)}


def stored_product(row: Any) -> Product:  # noqa: ANN401 - SQLAlchemy types the columns of a row as Any as well
    """Rebuild a product from the columns `STORED`."""
    return product_of(
        row.body,
        derived_type=row.derived_type,
        vanished=row.vanished,
        rating=row.rating,
        n_ratings=row.n_ratings,
    )
