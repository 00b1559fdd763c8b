"""Search: constraints decide what may be shown, words and likeness decide in which order."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from retrieval.arrange import stock_first
from retrieval.errors import QueryError
from retrieval.facets import Facets, count_facets
from retrieval.fusion import Fused
from retrieval.outline import COUNTED
from retrieval.plan import ALTERNATIVES, plan
from retrieval.pool import Order, Pool
from retrieval.predicates import has
from retrieval.ranker import Ranker
from retrieval.relax import Relaxation, relax
from retrieval.types import Constraint, Hit, Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.catalogue import Catalogue
    from retrieval.encoder.base import Encoder
    from retrieval.index.base import DenseIndex
    from retrieval.outline import Selection
    from retrieval.plan import Plan
    from retrieval.pool import Snapshot, WordIndex
    from retrieval.predicates import Predicate
    from retrieval.relax import Wish
    from retrieval.types import Product, Query, Slot, Sort

REMEMBERED: Final = 16  # counts of facets kept: a conversation asks for the same ones again
NEAREST: Final = 50  # products that stand for a category this shop does not carry, or that are like one, where sorted


class Retriever:
    """Answers a query over one store. Safe to call from several threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        encoder: Encoder,
        *,
        lexical: WordIndex,
        dense: DenseIndex,
        snapshot: Callable[[], Snapshot],
        dense_weight: float = 0.4,
        candidates: int = 200,
    ) -> None:
        """Wire the parts.

        Args:
            catalogue: Counts facets and gives the products that are shown.
            encoder: Embeds the words of a query.
            lexical: Ranks by words.
            dense: Ranks by likeness.
            snapshot: Gives what is known of the catalogue's present revision, and what decides filters.
            dense_weight: Share of likeness in a score, 0..1.
            candidates: How many variant groups of each list are fused.
        """
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._ranker = Ranker(encoder, lexical=lexical, dense=dense, dense_weight=dense_weight, candidates=candidates)
        self._narrowings = lru_cache(maxsize=REMEMBERED)(self._count_narrowings)

    def use(self, *, lexical: WordIndex, dense: DenseIndex) -> None:
        """Ask these indexes from the next search on."""
        self._ranker.lexical, self._ranker.dense = lexical, dense

    def search(self, query: Query) -> Ranking:
        """Return the best hits, one a variant group, best first.

        Every hit meets every hard constraint that is named neither in `relaxed` nor in `unknown`.

        Raises:
            QueryError: The query is out of bounds, or `similar_to` names no product.
        """
        started = time.perf_counter()
        now = self._snapshot()
        wanted = plan(query, now.vocabulary)
        origin = self._origin(query)
        relaxation = self._relaxed(wanted, query, now=now, origin=origin)
        pool = self._pool(relaxation.kept, query, now=now, origin=origin)
        needed = query.offset + query.n
        order = self._ordered(wanted, pool, now=now, relaxation=relaxation, origin=origin, needed=needed)
        hits = self._page(order, pool, query=query, now=now)
        return Ranking(
            hits=tuple(hits),
            total=order.among.count_groups(),
            relaxed=relaxation.constraints,
            unknown=wanted.unknown,
            not_carried=wanted.not_carried or self._unheard(wanted),
            elapsed_ms=(time.perf_counter() - started) * 1e3,
        )

    def _unheard(self, wanted: Plan) -> tuple[str, ...]:
        """Return model numbers asked for by name that this shop has not, where no shelf says what is meant."""
        return () if wanted.has_category else tuple(self._ranker.lexical.unheard(wanted.core))

    def facets(self, query: Query) -> dict[str, list[tuple[str, int]]]:
        """Count the values of shelf, brand, color, size and material over everything that passes the hard constraints.

        Raises:
            QueryError: The query is out of bounds.
        """
        now = self._snapshot()
        wanted = plan(query, now.vocabulary)
        passing = now.sieve.select(tuple(wish.predicate for wish in wanted.wishes))
        return {name: now.outlines.counts(name, passing) for name in COUNTED}

    def narrowings(self, query: Query, *, most: int | None = None) -> Facets:
        """Count by which values, ranges and attributes what passes the hard constraints can be narrowed.

        What a search gives up so that something is left is given up here too. Where the text alone names a shelf, it is
        counted within that shelf, and `within` says so.

        Args:
            query: As for `search`.
            most: Of more products nothing is counted: attributes of a whole shop take seconds and narrow nothing.

        Raises:
            QueryError: The query is out of bounds, or asks for what is like a product.
        """
        if query.similar_to is not None:
            raise QueryError("facets are counted for words and filters, not for what is like a product")
        now = self._snapshot()
        wanted = plan(query, now.vocabulary)
        kept = self._relaxed(wanted, query, now=now, origin=None).kept
        predicates = tuple(wish.predicate for wish in kept)
        taken: set[Slot] = {wish.slot for wish in kept if wish.slot in ALTERNATIVES and not wish.negative}
        within = () if wanted.named is None else (*predicates, wanted.named)
        if within and now.sieve.select(within):
            predicates, taken = within, {*taken, "category"}
        else:
            within = ()
        if most is not None and len(now.sieve.select(predicates)) > most:
            return Facets()
        found = self._narrowings(now.revision, predicates, frozenset(taken))
        return replace(found, within=(Constraint("category", "eq", query.text.strip()),)) if within else found

    def _count_narrowings(self, revision: str, predicates: tuple[Predicate, ...], taken: frozenset[Slot]) -> Facets:
        """Count at `revision`, which is part of the key of what is remembered."""
        del revision
        return count_facets(self._catalogue, self._snapshot().vocabulary, predicates, taken=taken)

    # What may be shown

    def _origin(self, query: Query) -> Product | None:
        """Return the product that the hits shall be like."""
        if query.similar_to is None:
            return None
        found = self._catalogue.get([query.similar_to])
        if not found:
            msg = f"there is no product {query.similar_to!r} to be similar to; use an id of this store"
            raise QueryError(msg)
        return found[0]

    def _relaxed(self, wanted: Plan, query: Query, *, now: Snapshot, origin: Product | None) -> Relaxation:
        if not query.relax:
            return Relaxation(wanted.wishes)
        return relax(wanted.wishes, count=lambda kept: len(self._pool(kept, query, now=now, origin=origin).chosen))

    def _pool(self, wishes: Sequence[Wish], query: Query, *, now: Snapshot, origin: Product | None) -> Pool:
        predicates = tuple(wish.predicate for wish in wishes)
        passing = now.sieve.select(predicates)
        gone = set(query.exclude)
        if origin is not None:
            gone |= {origin.product_id, origin.group_key}
        excluded = frozenset(key for name in gone for key in (name, *now.outlines.members(name)) if key in passing)
        chosen = passing.without(excluded) if excluded else passing
        return Pool(predicates, chosen, passing=len(passing), excluded=excluded)

    # In which order

    def _ordered(
        self,
        wanted: Plan,
        pool: Pool,
        *,
        now: Snapshot,
        relaxation: Relaxation,
        origin: Product | None,
        needed: int,
    ) -> Order:
        """Return at least the best `needed` groups of the pool, best first."""
        if not pool.chosen:
            return Order((), pool.chosen)
        sort = wanted.sort or _towards(relaxation)
        if origin is not None and wanted.sort is not None:
            return self._alike_sorted(origin, wanted, pool=pool, now=now)
        if origin is not None:
            ranked = self._ranker.alike(origin, wanted.core, pool=pool, now=now)
        elif sort is not None:
            return self._extreme(wanted, pool, sort=sort, now=now, needed=needed)
        elif wanted.core:
            ranked = self._ranker.asked(wanted, pool=pool, now=now)
        else:
            return Order(self._sorted(pool.chosen, sort="popular", now=now, needed=needed), pool.chosen)
        ranked = stock_first(ranked, now.outlines, allowed=pool.chosen, variety=not wanted.asks_brand)
        if origin is None:
            ranked = self._shelf_first(ranked, wanted, pool=pool, now=now)
        return Order(self._then_rest(ranked, pool, now=now, needed=needed), pool.chosen)

    def _shelf_first(self, ranked: list[Fused], wanted: Plan, *, pool: Pool, now: Snapshot) -> list[Fused]:
        """Put the shelf that the text names before everything else; `ranked` as it is where it names none."""
        shelf = self._shelf(wanted, pool, now=now)
        if shelf is None:
            return ranked
        first = stock_first(
            self._ranker.typical(wanted, pool=shelf, now=now),
            now.outlines,
            allowed=shelf.chosen,
            variety=not wanted.asks_brand,
        )
        seen = {item.product_id for item in first}
        return [*first, *(item for item in ranked if item.product_id not in seen)]

    def _shelf(self, wanted: Plan, pool: Pool, *, now: Snapshot) -> Pool | None:
        """Return what of the pool stands on the shelf that the text names; None where that is nothing."""
        if wanted.named is None:
            return None
        predicates = (*pool.predicates, wanted.named)
        passing = now.sieve.select(predicates)
        chosen = passing.without(pool.excluded) if pool.excluded else passing
        return Pool(predicates, chosen, len(passing), pool.excluded) if chosen else None

    def _alike_sorted(self, origin: Product, wanted: Plan, *, pool: Pool, now: Snapshot) -> Order:
        """Sort what is truly like the product: the `NEAREST` groups on its shelf, of the whole pool if none is there.

        They are chosen before exclusions, which is how a talk pages: what was seen must not bring up what is less like.
        """
        own = {origin.product_id, *now.outlines.members(origin.group_key)}
        on_shelf = (*pool.predicates, has("product_type", origin.product_type))
        shelf = _without(own, on_shelf, now=now) if origin.product_type else None
        among = shelf if shelf is not None and shelf.chosen else _without(own, pool.predicates, now=now)
        ranked = self._ranker.alike(origin, wanted.core, pool=among, now=now)
        nearest = list(dict.fromkeys(now.outlines.group_of(item.product_id) for item in ranked))[:NEAREST]
        alike = now.outlines.selection(
            key
            for group in nearest
            for key in now.outlines.members(group)
            if key in among.chosen and key in pool.chosen
        )
        return Order(self._sorted(alike, sort=wanted.sort or "popular", now=now, needed=len(alike)), alike)

    def _extreme(self, wanted: Plan, pool: Pool, *, sort: Sort, now: Snapshot, needed: int) -> Order:
        """Sort everything that passes; words narrow it only where the whole pool can be asked for them."""
        narrowed = self._narrowed(wanted, pool, now=now) or pool.chosen
        return Order(self._sorted(narrowed, sort=sort, now=now, needed=needed), narrowed)

    def _narrowed(self, wanted: Plan, pool: Pool, *, now: Snapshot) -> Selection | None:
        """Return what of the pool the words of the query mean; None where they say no more than the filters."""
        if wanted.not_carried:
            return self._nearest(wanted, pool, now=now)
        shelf = self._shelf(wanted, pool, now=now)
        if shelf is not None:
            return shelf.chosen
        if not wanted.extra:
            return None
        lexical = self._ranker.lexical
        holding = {key for key in lexical.holding_all(lexical.mend(wanted.extra)) if key in pool.chosen}
        if holding or wanted.has_category:
            return now.outlines.selection(holding)
        return self._nearest(wanted, pool, now=now)

    def _nearest(self, wanted: Plan, pool: Pool, *, now: Snapshot) -> Selection:
        best = self._ranker.asked(wanted, pool=pool, now=now)[:NEAREST]
        return now.outlines.selection(item.product_id for item in best)

    def _sorted(self, among: Selection, *, sort: Sort, now: Snapshot, needed: int) -> list[Fused]:
        """Return the first of a selection by `sort`, at least `needed` groups where there are as many."""
        currency = now.vocabulary.currency if len(now.vocabulary.currencies) > 1 else ""
        limit = math.ceil(needed * now.outlines.spread() * 2)
        while True:
            found = now.outlines.first(among, sort=sort, n=limit, currency=currency)
            if len(found) == len(among) or len(set(map(now.outlines.group_of, found))) >= needed:
                return _placed(found)
            limit *= 4

    def _then_rest(self, ranked: list[Fused], pool: Pool, *, now: Snapshot, needed: int) -> list[Fused]:
        """Append what the indexes did not rank, the popular first, where paging reaches that far."""
        seen = {item.product_id for item in ranked}
        groups = {now.outlines.group_of(product_id) for product_id in seen}
        if len(groups) >= needed or len(seen) >= len(pool.chosen):
            return ranked
        rest = now.outlines.first(pool.chosen, sort="popular", n=len(pool.chosen))
        return [*ranked, *(Fused(key, 0.0, 0.0, 0.0) for key in rest if key not in seen)]

    # What is shown

    def _page(self, order: Order, pool: Pool, *, query: Query, now: Snapshot) -> list[Hit]:
        """Collapse variants and cut the page.

        Where the catalogue has changed since the snapshot, what no longer passes is left out.
        """
        group_of = now.outlines.group_of
        best: dict[str, Fused] = {}
        for item in order.items:
            best.setdefault(group_of(item.product_id), item)
        page = list(best.values())[query.offset : query.offset + query.n]
        products = {p.product_id: p for p in self._catalogue.get([item.product_id for item in page])}
        if self._catalogue.revision() != now.revision:
            products = {key: p for key, p in products.items() if all(test.holds(p) for test in pool.predicates)}
        return [
            Hit(
                product,
                item.score,
                lexical=item.lexical,
                dense=item.dense,
                group_size=sum(key in order.among for key in now.outlines.members(product.group_key)),
            )
            for item in page
            if (product := products.get(item.product_id)) is not None
        ]


def _without(gone: set[str], predicates: tuple[Predicate, ...], *, now: Snapshot) -> Pool:
    passing = now.sieve.select(predicates)
    excluded = frozenset(key for key in gone if key in passing)
    return Pool(predicates, passing.without(excluded), len(passing), excluded)


def _placed(product_ids: Sequence[str]) -> list[Fused]:
    """Score an order by place alone."""
    return [Fused(key, round(1.0 / (1 + place), 6), 0.0, 0.0) for place, key in enumerate(product_ids)]


def _towards(relaxation: Relaxation) -> Sort | None:
    """Return the order that puts first what is nearest to a price that had to be given up."""
    ops = {constraint.op for constraint in relaxation.constraints if constraint.slot == "price"}
    if ops & {"lte", "lt"}:
        return "price_asc"
    return "price_desc" if ops & {"gte", "gt"} else None
