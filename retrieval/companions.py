"""What goes with a product: the shelves that companions of its type stand on, and what of each fits it best.

`Query.similar_to` finds more of the same; this finds what is used with it. Types come from a word list
(`lexicon/companions.yaml`) and fit from what products say of themselves; likeness only decides among equals.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import numpy as np

import retrieval.lexicon as lexicon
from retrieval.companion_types import companion_types, shelf_of
from retrieval.document import document_text
from retrieval.errors import QueryError
from retrieval.facts import facts
from retrieval.fit import Fit, Identity, fit
from retrieval.fusion import Fused, fuse
from retrieval.plan import plan
from retrieval.predicates import any_of, has, missing, none_of
from retrieval.ranker import OWN_SHARE
from retrieval.types import Hit, Query, Ranking
from retrieval.words import normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from retrieval.companion_types import CompanionType
    from retrieval.plan import Plan
    from retrieval.pool import Snapshot
    from retrieval.predicates import Predicate
    from retrieval.store import Store
    from retrieval.types import Constraint, Product, Sort

DEEPEST: Final = 1500  # products of one shelf that are looked at
LIKENESS: Final = 0.6  # its share among what fits equally well; the rest is popularity


@dataclass(frozen=True, slots=True)
class _Placed:
    """A companion with what decides its place on its shelf."""

    product: Product
    available: bool
    fits: Fit
    score: float
    fused: Fused


def companions(
    store: Store,
    product_id: str,
    *,
    n: int = 10,
    constraints: Sequence[Constraint] = (),
    text: str = "",
    exclude: Sequence[str] = (),
    sort: Sort | None = None,
) -> Ranking:
    """Return what goes with a product, one of each shelf before a second, what can be had first.

    Every hit meets every hard constraint that is not named in `unknown`; nothing is given up, and the ranking is empty
    where the word list has no companions of the product's type, or the shop carries none of them.

    Args:
        store: Where to look.
        product_id: What the hits shall go with; none of them is of its variant group.
        n: How many hits to return, 1..200.
        constraints: As in `Query`.
        text: Words that rank; the shelf that they name comes first.
        exclude: Product ids or group keys never to return.
        sort: Orders everything that fits, instead of one of each shelf before a second.

    Raises:
        QueryError: There is no such product, or the query is out of bounds.
    """
    started = time.perf_counter()
    now = store.snapshot()
    wanted = plan(Query(text, tuple(constraints), n=n, exclude=tuple(exclude), sort=sort), now.vocabulary)
    found = store.catalogue.get([product_id])
    if not found:
        msg = f"there is no product {product_id!r} to go with; use an id of this store"
        raise QueryError(msg)
    search = _Search(store, now, found[0], wanted, frozenset(exclude))
    ordered = [] if wanted.not_carried else search.ordered()
    page = ordered[:n]
    return Ranking(
        hits=tuple(
            Hit(item.product, round(1.0 / (1 + place), 6), lexical=item.fused.lexical, dense=item.fused.dense)
            for place, item in enumerate(page)
        ),
        total=len(ordered),
        unknown=wanted.unknown,
        not_carried=wanted.not_carried,
        elapsed_ms=(time.perf_counter() - started) * 1e3,
    )


def find(store: Store, query: Query, *, goes_with: str | None = None) -> Ranking:
    """Answer a query, or find what goes with a product within its words and constraints.

    Raises:
        QueryError: There is no such product, the query has `similar_to` as well, or is out of bounds.
    """
    if goes_with is None:
        return store.search(query)
    if query.similar_to is not None:
        msg = f"give a product to be like ({query.similar_to!r}) or one to go with ({goes_with!r}), not both"
        raise QueryError(msg)
    return companions(
        store,
        goes_with,
        n=query.n,
        constraints=query.constraints,
        text=query.text,
        exclude=query.exclude,
        sort=query.sort,
    )


class _Search:
    """One search for companions over one snapshot."""

    def __init__(self, store: Store, now: Snapshot, origin: Product, wanted: Plan, exclude: frozenset[str]) -> None:
        self._store = store
        self._now = now
        self._origin = origin
        self._wanted = wanted
        self._gone = exclude | {origin.product_id, origin.group_key}
        self._identity = Identity.of(origin)
        self._brands = frozenset(name for brand in now.vocabulary.brands if (name := normal(brand)))
        self._text = f"{origin.title} {wanted.core}".strip()
        self._embedding = self._embedded()
        self._filters = (*(wish.predicate for wish in wanted.wishes), *self._implied())

    def ordered(self) -> list[_Placed]:
        """Return every companion, a round of the shelves after the other, what cannot be had last."""
        shelves = list(self._shelves())
        rounds = [item for place in zip_longest(*shelves) for item in place if item is not None]
        if self._wanted.sort is not None:
            rounds = _sorted(rounds, sort=self._wanted.sort)
        return sorted(rounds, key=lambda item: not item.available)  # stable

    def _shelves(self) -> Iterator[list[_Placed]]:
        """Yield what fits of each companion shelf, best first; a group stands on the first of its shelves only."""
        seen = set(self._gone)
        pools = [pool for choice in companion_types(self._origin) if (pool := self._pool(choice)) is not None]
        for kind, ids in self._named_first(pools):
            fresh = [key for key in ids if key not in seen and self._now.outlines.group_of(key) not in seen]
            shelf: dict[str, _Placed] = {}
            for item in self._ranked(kind, self._nearest(fresh)):
                shelf.setdefault(item.product.group_key, item)
            seen |= {self._now.outlines.group_of(key) for key in fresh}
            yield list(shelf.values())

    def _embedded(self) -> NDArray[np.float32]:
        held = self._store.dense.embeddings([self._origin.product_id]).get(self._origin.product_id)
        own: NDArray[np.float32]
        own = self._store.encoder.encode([document_text(self._origin)])[0] if held is None else held
        if not self._wanted.core:
            return own
        row = OWN_SHARE * own + (1.0 - OWN_SHARE) * self._store.encoder.encode([self._wanted.core])[0]
        mixed: NDArray[np.float32] = (row / np.linalg.norm(row)).astype(np.float32)
        return mixed

    def _pool(self, choice: Sequence[CompanionType]) -> tuple[CompanionType, list[str]] | None:
        """Return the first of a choice that this shop carries, and what of it passes the filters."""
        catalogue = self._store.catalogue
        for kind in choice:
            shelf = shelf_of(kind.name, self._now.vocabulary)
            if shelf is not None and catalogue.count_matching([shelf]):
                return kind, list(catalogue.matching([shelf, *self._filters]))
        return None

    def _named_first(self, pools: list[tuple[CompanionType, list[str]]]) -> list[tuple[CompanionType, list[str]]]:
        """Put what stands on the shelf that the text names before everything else."""
        if self._wanted.named is None:
            return pools
        meant = set(self._store.catalogue.matching([self._wanted.named]))
        named = [(kind, [key for key in ids if key in meant]) for kind, ids in pools]
        return [*((kind, ids) for kind, ids in named if ids), *pools]

    def _implied(self) -> Iterator[Predicate]:
        """Yield what goes without saying: another shelf than the product's own, and nothing made for somebody else."""
        if self._origin.product_type:
            yield none_of(has("product_type", self._origin.product_type))
        if any(wish.slot == "recipient" for wish in self._wanted.wishes):
            return
        people = {name: value for name, value in facts(self._origin).terms if name in ("gender", "age_group")}
        if people.get("gender", "unisex") != "unisex":
            yield any_of(has("gender", people["gender"], "unisex"), missing("gender"))
        age, ages = people.get("age_group", ""), lexicon.table("recipients")["ages"]
        admitted = ages.get(age, ages["baby"] if age in ages["baby"] else ()) if age else ()
        if admitted:
            yield any_of(has("age_group", *(age for age in admitted if age)), missing("age_group"))

    def _ranked(self, kind: CompanionType, ids: list[str]) -> list[_Placed]:
        """Return what fits of one shelf: what can be had, then what fits best, then likeness and popularity."""
        products = self._store.catalogue.get(ids)
        fits = {p.product_id: self._fit(p, kind) for p in products}
        kept = [p for p in products if fits[p.product_id] is not Fit.WRONG]
        scores = self._scores([p.product_id for p in kept])
        placed = [
            _Placed(p, self._now.outlines.available(p.product_id), fits[p.product_id], *scores[p.product_id])
            for p in kept
        ]
        return sorted(placed, key=lambda i: (not i.available, -i.fits, -i.score, i.product.product_id))

    def _nearest(self, ids: list[str]) -> list[str]:
        """Return all of a shelf, or of a large one what shares words with the product, then what is like it."""
        if len(ids) <= DEEPEST:
            return ids
        words = self._store.lexical.search(self._text, n=DEEPEST, among=ids)
        like = self._store.dense.search(self._embedding, n=DEEPEST, among=ids)
        return list(dict.fromkeys(key for key, _ in (*words, *like)))[:DEEPEST]

    def _fit(self, product: Product, kind: CompanionType) -> Fit:
        made, whole = (self._origin, Identity.of(product)) if kind.host else (product, self._identity)
        return fit(made, whole, brands=self._brands, bound=kind.bound, same_size=kind.same_size)

    def _scores(self, ids: list[str]) -> dict[str, tuple[float, Fused]]:
        """Return id -> (likeness and popularity, likeness) of what fits."""
        if not ids:
            return {}
        lists = (
            self._store.lexical.search(self._text, n=len(ids), among=ids),
            self._store.dense.search(self._embedding, n=len(ids), among=ids),
        )
        weight = self._store.settings.dense_weight
        fused = {i.product_id: i for i in fuse(*lists, weight=weight, top=len(ids))}
        known = self._now.outlines.renown(ids)
        most = max((figure for _, figure in known), default=0.0) or 1.0
        renown = {key: figure / most for key, figure in known}
        found = {}
        for key in ids:
            item = fused.get(key, Fused(key, 0.0, 0.0, 0.0))
            found[key] = (LIKENESS * item.score + (1.0 - LIKENESS) * renown.get(key, 0.0), item)
        return found


def _sorted(items: list[_Placed], *, sort: Sort) -> list[_Placed]:
    match sort:
        case "price_asc":
            return sorted(items, key=lambda i: i.product.offer_cents)
        case "price_desc":
            return sorted(items, key=lambda i: -i.product.offer_cents)
        case "rating_desc":
            return sorted(items, key=lambda i: -(i.product.rating or 0.0))
        case "newest":
            return sorted(items, key=lambda i: i.product.released, reverse=True)
        case "popular":
            return sorted(items, key=lambda i: -i.product.popularity)
