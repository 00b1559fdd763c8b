"""Measures retrieval at scale in one run: the encoder, exact filters, both indexes, whole searches, ingest, memory.

Everything is measured on one store of `bench_store` in one process, so that figures can be set against each other.
What is searched for is made from the store's own shelves, brands and colours.

What is cached: the encoder keeps embeddings of texts, the sieve what passes the last 16 sets of filters, the
vocabulary what a category word means, the catalogue the answers to the last 64 single tests (a brand, a colour, a
shelf) and its database pages. No text and no set of filters is asked for twice but where a figure is called warm; a
brand or a colour by itself may come again, as it does in a shop. What is read once a revision is in `first_search_ms`.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eval.bench import figures_of, since
from eval.bench_store import Copies, build, text_of, write_feed
from retrieval.encoder import registry
from retrieval.ingest import ingest
from retrieval.predicates import between
from retrieval.store import Store
from retrieval.types import Constraint, Query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from eval.bench_store import Tell
    from retrieval.predicates import Predicate
    from retrieval.settings import RetrievalSettings

    Samples = list[tuple[float, float]]  # wall and CPU milliseconds
    Hits = list[tuple[str, float]]

SHARES: Final = {"0.1%": 0.001, "1%": 0.01, "10%": 0.1, "50%": 0.5, "100%": 1.0}
DEPTH: Final = 100  # hits asked of an index
TIE: Final = 1e-5  # cosines as near as that are equal: float32 sums depend on their order
WARM_UP: Final = 3
FORMS: Final = (
    "{color} {shelf}",
    "{brand} {shelf}",
    "{shelf} for {whom}",
    "{brand} {color} {shelf}",
    "a good {shelf} under {price}",
    "something like a {shelf} in {color} for {whom}",
)
WHOM: Final = ("my sister", "travel", "a small kitchen", "winter", "my dad", "school", "the office", "a birthday")


def measure(
    settings: RetrievalSettings,
    *,
    products: int = 20_000,
    n: int = 100,
    ingested: int = 2000,
    keep: Path | None = None,
    seed: int = 7,
    tell: Tell = lambda what, done, total: None,
) -> dict[str, Any]:
    """Return the JSON of `shoptalk bench --retrieval`; all times are milliseconds of wall and CPU.

    Args:
        settings: Of the store that is measured.
        products: How many it holds.
        n: Samples of every figure.
        ingested: Rows of the ingest that is set against the bare encoder; 0 leaves it out.
        keep: Where the store lies or is to be built and left; None builds it in a temporary folder.
        seed: Decides rows and queries.
        tell: Told (what, done, total) while the store is built.

    Raises:
        StoreError: `keep` holds anything but a benchmark store.
    """
    with tempfile.TemporaryDirectory(prefix="shoptalk-bench-") as scratch:
        folder = keep if keep is not None else Path(scratch) / "store"
        built = build(folder, settings, products=products, seed=seed, tell=tell)
        begun = time.perf_counter()
        with Store.open(folder, settings) as store:
            opened_s = round(time.perf_counter() - begun, 2)
            measured = _measured(store, n=n, rng=random.Random(seed))  # noqa: S311 - a benchmark, nothing secret
        ingest_figures = _ingest(Path(scratch), settings, copies=Copies(seed=seed), n=ingested) if ingested else {}
    return {"products": products, "build": built, "open_s": opened_s, **measured, "ingest": ingest_figures}


def _measured(store: Store, *, n: int, rng: random.Random) -> dict[str, Any]:
    texts = _texts(store, rng=rng)
    begun = (time.perf_counter(), time.process_time())
    store.search(Query(next(texts)))
    first = round(since(begun)[0], 2)
    search = {
        "plain": _search(store, _plain(texts), n=n),
        "constrained": _search(store, _constrained(store, texts, rng=rng), n=n),
    }
    rss_mb = _rss_mb()  # before the oracle's own matrix
    encode, rows = _encode(store, texts, n=n)
    oracle = _Oracle(store)
    return {
        "encode": encode,
        "filtered": {name: _filtered(oracle, rows, share=share, rng=rng) for name, share in SHARES.items()},
        "chroma_query": _bare(oracle, rows),
        "first_search_ms": first,
        "search": search,
        "rss_mb": rss_mb,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


# Whole searches


def _search(store: Store, queries: Iterator[Query], *, n: int) -> dict[str, Any]:
    """Time distinct queries, and each again right after it: what is warm then is asked for a second time."""
    cold: Samples = []
    warm: Samples = []
    found = relaxed = 0
    for number in range(n + WARM_UP):
        query = next(queries)
        for samples in (cold, warm):
            with _timed(samples):
                ranking = store.search(query)
        if number < WARM_UP:
            cold.clear()
            warm.clear()
        else:
            found += bool(ranking.hits)
            relaxed += bool(ranking.relaxed)
    return {**figures_of(cold), "warm": figures_of(warm), "answered": found, "relaxed": relaxed}


def _plain(texts: Iterator[str]) -> Iterator[Query]:
    return (Query(text) for text in texts)


def _constrained(store: Store, texts: Iterator[str], *, rng: random.Random) -> Iterator[Query]:
    """Yield queries with one to four hard constraints; no two ask for the same price, so no filter is known."""
    vocabulary = store.vocabulary
    prices = store.snapshot().outlines.offer_cents
    low, high = int(prices.min(initial=0)), int(prices.max(initial=0))
    shelves = [path.rsplit(">", 1)[-1].strip() for path in vocabulary.shelves]
    for text in texts:
        wishes = [Constraint("price", rng.choice(("lte", "gte")), round(rng.uniform(low, high / 10) / 100, 2))]
        if rng.random() < 0.7:
            wishes.append(Constraint("category", "eq", rng.choice(shelves)))
        if rng.random() < 0.5:
            wishes.append(Constraint("color", rng.choice(("eq", "ne")), rng.choice(vocabulary.colors)))
        if rng.random() < 0.3:
            wishes.append(Constraint("brand", rng.choice(("eq", "ne")), rng.choice(vocabulary.brands)))
        yield Query("" if len(wishes) > 1 and rng.random() < 0.3 else text, tuple(wishes))


def _texts(store: Store, *, rng: random.Random) -> Iterator[str]:
    """Yield distinct texts without end, as shoppers write them."""
    vocabulary = store.vocabulary
    shelves = [path.rsplit(">", 1)[-1].strip().lower() for path in vocabulary.shelves]
    seen: set[str] = set()
    while True:
        text = rng.choice(FORMS).format(
            shelf=rng.choice(shelves),
            brand=rng.choice(vocabulary.brands or ("new",)),
            color=rng.choice(vocabulary.colors or ("black",)),
            whom=rng.choice(WHOM),
            price=rng.randrange(20, 900),
        )
        if text not in seen:
            seen.add(text)
            yield text


# The parts


def _encode(store: Store, texts: Iterator[str], *, n: int) -> tuple[dict[str, Any], list[NDArray[np.float32]]]:
    """Time the encoder on texts that it has not seen; return the figures and the embeddings (d,)."""
    samples: Samples = []
    rows = []
    for _ in range(n):
        text = next(texts)
        with _timed(samples):
            row = store.encoder.encode([text])[0]
        rows.append(row)
    return figures_of(samples), rows


class _Oracle:
    """Every embedding and price of a store, and exact answers from them."""

    def __init__(self, store: Store) -> None:
        priced = [(p.offer_cents, p.product_id) for batch in store.catalogue.products() for p in batch]
        self.store = store
        self.prices = sorted(cents for cents, _ in priced)
        self.ids = [product_id for _, product_id in priced]
        self._row = {product_id: row for row, product_id in enumerate(self.ids)}
        held = store.dense.embeddings(self.ids)
        self._matrix = np.stack([held.pop(product_id) for product_id in self.ids])  # (n, d)

    def recall(self, hits: Hits, embedding: NDArray[np.float32], *, among: Collection[str]) -> float:
        """Return the share of the best `DEPTH` of `among` that `hits` hold, ties counting for each other."""
        rows = np.array([self._row[product_id] for product_id in among])
        scores = (self._matrix @ embedding)[rows]
        wanted = min(DEPTH, len(rows))
        bar = float(np.partition(scores, len(scores) - wanted)[len(scores) - wanted]) - TIE
        passing = dict(zip(among, scores.tolist(), strict=True))
        held = sum(passing.get(product_id, -2.0) >= bar for product_id, _ in hits)
        return float(min(1.0, held / wanted))


def _filtered(
    oracle: _Oracle, rows: Sequence[NDArray[np.float32]], *, share: float, rng: random.Random
) -> dict[str, Any]:
    """Time what passes a window of prices, the dense index among it, and both together."""
    store = oracle.store
    filters: Samples = []
    dense: Samples = []
    both: Samples = []
    passing: list[int] = []
    recalls: list[float] = []
    for embedding in rows:
        window = _window(oracle.prices, share=share, rng=rng)
        begun = (time.perf_counter(), time.process_time())
        with _timed(filters):
            among = store.snapshot().sieve.select((window,))
        with _timed(dense):
            hits = store.dense.search(embedding, n=DEPTH, among=among)
        both.append(since(begun))
        passing.append(len(among))
        recalls.append(oracle.recall(hits, embedding, among=among))
    return {
        **figures_of(both),
        "filter": figures_of(filters),
        "dense": figures_of(dense),
        "passing": round(float(np.mean(passing))),
        "recall@100": round(float(np.mean(recalls)), 4),
    }


def _window(prices: Sequence[int], *, share: float, rng: random.Random) -> Predicate:
    """Return a test that about a share of all prices passes, another one each time."""
    size = max(1, round(share * len(prices)))
    start = rng.randint(0, len(prices) - size)
    return between("price", prices[start] - rng.random(), prices[start + size - 1] + rng.random())


def _bare(oracle: _Oracle, rows: Sequence[NDArray[np.float32]]) -> dict[str, Any]:
    """Time the plain nearest neighbours of Chroma over everything."""
    samples: Samples = []
    recalls = []
    for embedding in rows:
        with _timed(samples):
            hits = oracle.store.dense.search(embedding, n=DEPTH)
        recalls.append(oracle.recall(hits, embedding, among=oracle.ids))
    return {**figures_of(samples), "recall@100": round(float(np.mean(recalls)), 4)}


# Ingest


def _ingest(scratch: Path, settings: RetrievalSettings, *, copies: Copies, n: int) -> dict[str, Any]:
    """Time an ingest with the real encoder, and before and after it half of its texts through the encoder alone."""
    feed, folder = scratch / "feed.jsonl", scratch / "ingested"
    rows = list(copies.products(n))
    texts = [text_of(row) for row in rows]
    write_feed(feed, rows)
    bare: Samples = []
    with Store.open(folder, settings) as store:
        encoder = registry.get(settings.encoder)
        for one in (store.encoder, encoder):
            one.encode(texts[:WARM_UP])
        with _timed(bare):
            encoder.encode(texts[: n // 2])
        begun = (time.perf_counter(), time.process_time())
        report = ingest([feed], folder, catalogue=store.catalogue, indexer=store.indexer())
        store.settle()
        wall, cpu = since(begun)
        with _timed(bare):
            encoder.encode(texts[n // 2 :])
    bare_wall, bare_cpu = (sum(column) for column in zip(*bare, strict=True))
    return {
        "n": report.indexed,
        "docs_per_s": round(report.indexed / wall * 1e3, 1),
        "encoder_docs_per_s": round(n / bare_wall * 1e3, 1),
        "ratio": round(bare_wall / wall, 3),
        "cpu_ratio": round(bare_cpu / cpu, 3),
    }


# Measuring


@contextmanager
def _timed(samples: Samples) -> Iterator[None]:
    """Add the wall and CPU milliseconds of a block to `samples`."""
    begun = (time.perf_counter(), time.process_time())
    yield
    samples.append(since(begun))


def _rss_mb() -> float:
    """Return the memory held now, where the system tells it, else the most that was ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return round(pages * resource.getpagesize() / 2**20, 1)
