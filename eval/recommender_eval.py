"""`shoptalk eval recommender`: leave-last-out over all items, one row a system.

Protocol: each shopper's repeated items count once, where they first occur; a shopper with three or more items gives
the last one as the target and trains with the rest (the others only train); every item of the file is ranked, the
shopper's own history masked. `hr@10` is how often the target is among the first ten, `ndcg@10` rewards it for being
near the top, `coverage` is the share of all items that some shopper is recommended.
"""

from __future__ import annotations

import csv
import importlib
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from assistant.errors import AssistantError
from assistant.recommender.assortment import Sequences
from assistant.recommender.collaborative import ItemItem, recency
from assistant.recommender.popularity import popularity
from assistant.recommender.scoring import CONTENT_WEIGHT, POPULARITY_WEIGHT
from retrieval.feeds import read_feed
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

TOP = 10
MIN_ITEMS = 3
_COLUMNS = ("user_id", "item_id", "timestamp")


class EvalInputError(AssistantError):
    """The file to evaluate on is missing, empty or not in the contract's columns."""


@dataclass(frozen=True, slots=True)
class Split:
    """A leave-last-out split.

    Attributes:
        items: Item ids by position.
        train: What every system may learn from.
        history: Each tested shopper's training items, earliest first.
        targets: Each tested shopper's held-out item.  # (n_users,)
    """

    items: tuple[str, ...]
    train: Sequences
    history: tuple[tuple[int, ...], ...]
    targets: NDArray[np.int64]


class System(Protocol):
    """A recommender under test."""

    def fit(self, split: Split) -> None:
        """Learn from `split.train`."""
        ...

    def scores(self, history: Sequence[int]) -> NDArray[np.float64]:
        """Return one score an item, shape (n_items,), for a history given earliest first."""
        ...


def read_interactions(path: Path) -> list[tuple[str, str, float]]:
    """Return (user id, item id, unix time) of a CSV file with a header.

    Raises:
        EvalInputError: The file is missing, empty, or a column or time cannot be read (the line is named).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise EvalInputError(f"{path}: no column {missing[0]!r}; the header needs {','.join(_COLUMNS)}.")
            rows = [_interaction(row, where=f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvalInputError(f"{path} cannot be read as CSV: {error}.") from error
    if not rows:
        raise EvalInputError(f"{path} has a header and no row.")
    return rows


def _interaction(row: Mapping[str, str | None], *, where: str) -> tuple[str, str, float]:
    user_id, item_id, when = ((row[column] or "").strip() for column in _COLUMNS)
    if not user_id or not item_id:
        raise EvalInputError(f"{where}: user_id or item_id is empty.")
    try:
        return user_id, item_id, float(when)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        raise EvalInputError(f"{where}: timestamp {when!r} is neither unix seconds nor ISO 8601.") from None
    return user_id, item_id, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def split(rows: Iterable[tuple[str, str, float]]) -> Split:
    """Hold out each shopper's last item.

    Raises:
        EvalInputError: No shopper has enough items.
    """
    items: dict[str, int] = {}
    by_user: dict[str, list[tuple[float, int]]] = {}
    for user_id, item_id, when in rows:
        by_user.setdefault(user_id, []).append((when, items.setdefault(item_id, len(items))))
    train: list[tuple[int, int, float]] = []
    history: list[tuple[int, ...]] = []
    targets: list[int] = []
    for user, found in enumerate(by_user.values()):
        found.sort(key=lambda entry: entry[0])  # stable: rows of one moment keep the order of the file
        first: dict[int, float] = {}
        for when, item in found:
            first.setdefault(item, when)
        own = list(first.items())
        if len(own) >= MIN_ITEMS:
            targets.append(own.pop()[0])
            history.append(tuple(item for item, _ in own))
        train += [(user, item, when) for item, when in own]
    if not targets:
        raise EvalInputError(f"No shopper has {MIN_ITEMS} different items: nothing can be held out.")
    return Split(tuple(items), Sequences.of(train), tuple(history), np.array(targets, dtype=np.int64))


class Popularity:
    """The same list for everybody."""

    def fit(self, split: Split) -> None:
        """Count."""
        self._scores = np.bincount(split.train.items, minlength=len(split.items)).astype(np.float64)

    def scores(self, history: Sequence[int]) -> NDArray[np.float64]:
        """Return the counts."""
        del history
        return self._scores


class ItemKnn:
    """Item-item cosine over whole histories, order and recency ignored: the usual baseline."""

    def fit(self, split: Split) -> None:
        """Multiply the normalised shopper-item matrix by itself."""
        matrix = _matrix(split)
        norms = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1.0))
        scaled = matrix.multiply(1.0 / norms).tocsr()
        cosines = (scaled.T @ scaled).tocsr()
        self._near = ItemItem(cosines.indptr, cosines.indices, cosines.data)

    def scores(self, history: Sequence[int]) -> NDArray[np.float64]:
        """Return the summed cosines to the history."""
        return self._near.scores([(item, 1.0) for item in history])


class Ours:
    """The product's blend: sequential item-item, content where texts are given, popularity."""

    def __init__(self, embeddings: NDArray[np.float32] | None = None) -> None:
        self._embeddings = embeddings  # (n_items, d)

    def fit(self, split: Split) -> None:
        """Learn both models."""
        n_items = len(split.items)
        self._together = ItemItem.fit(split.train, n_items=n_items)
        self._popular = popularity(np.zeros(n_items), split.train)

    def scores(self, history: Sequence[int]) -> NDArray[np.float64]:
        """Return the blend for a history."""
        past = recency(list(reversed(history)))
        total = self._together.scores(past) + POPULARITY_WEIGHT * self._popular
        return total + CONTENT_WEIGHT * self._content(past)

    def _content(self, past: Sequence[tuple[int, float]]) -> NDArray[np.float64] | float:
        if self._embeddings is None:
            return 0.0
        rows = self._embeddings[[item for item, _ in past]]
        taste = np.array([weight for _, weight in past]) @ rows
        length = float(np.linalg.norm(taste))
        return (self._embeddings @ (taste / length).astype(np.float32)).astype(np.float64) if length else 0.0


class Als:
    """Matrix factorisation of the `implicit` package, where it is installed."""

    def __init__(self, library: Any, *, seed: int = 7) -> None:  # noqa: ANN401  # an untyped optional package
        self._library = library
        self._seed = seed

    def fit(self, split: Split) -> None:
        """Factorise the shopper-item matrix."""
        with importlib.import_module("threadpoolctl").threadpool_limits(1, "blas"):  # it has threads of its own
            model = self._library.als.AlternatingLeastSquares(factors=128, random_state=self._seed)
            model.fit(_matrix(split), show_progress=False)
        self._vectors = np.asarray(model.item_factors, dtype=np.float64)
        self._regularised = np.linalg.inv(self._vectors.T @ self._vectors + 0.01 * np.eye(self._vectors.shape[1]))

    def scores(self, history: Sequence[int]) -> NDArray[np.float64]:
        """Fold the history in and return its product with every item."""
        taste = self._regularised @ self._vectors[list(history)].sum(axis=0)
        return np.asarray(self._vectors @ taste, dtype=np.float64)


def evaluate(
    path: Path,
    *,
    texts: Mapping[str, str] | None = None,
    embed: Embed | None = None,
    max_users: int | None = None,
    seed: int = 7,
) -> list[dict[str, Any]]:
    """Return one row a system: `system, hr@10, ndcg@10, coverage, n_users, n_items, train_s, predict_s`.

    Args:
        path: A CSV file `user_id,item_id,timestamp`.
        texts: Item id -> title, for the content part of `ours`; with `embed`.
        embed: Turns texts into unit vectors, such as `Encoder.encode`.
        max_users: Test on a random sample of that many shoppers; all train.
        seed: Draws the sample.

    Raises:
        EvalInputError: The file cannot be used.
    """
    data = split(read_interactions(path))
    tested = np.arange(len(data.targets))
    if max_users is not None and max_users < len(tested):
        tested = np.sort(np.random.default_rng(seed).choice(tested, size=max_users, replace=False))
    return [_row(name, system, data=data, tested=tested) for name, system in _systems(data, texts=texts, embed=embed)]


def _systems(data: Split, *, texts: Mapping[str, str] | None, embed: Embed | None) -> list[tuple[str, System]]:
    vectors = embed([texts.get(item, "") for item in data.items]) if texts and embed else None
    systems: list[tuple[str, System]] = [("popularity", Popularity()), ("itemknn", ItemKnn())]
    try:
        systems.append(("als", Als(importlib.import_module("implicit"))))
    except ImportError:
        sys.stderr.write("als: skipped, the package `implicit` is not installed\n")
    return [*systems, ("ours", Ours(vectors))]


def _matrix(split: Split) -> Any:  # noqa: ANN401  # scipy has no types
    """Return who trained with what, a sparse matrix of ones, shape (n_shoppers, n_items)."""
    sparse = importlib.import_module("scipy.sparse")
    train = split.train
    shape = (int(train.users.max()) + 1, len(split.items))
    return sparse.csr_matrix((np.ones(len(train), dtype=np.float32), (train.users, train.items)), shape=shape)


def _row(name: str, system: System, *, data: Split, tested: NDArray[np.int64]) -> dict[str, Any]:
    began = time.perf_counter()
    system.fit(data)
    trained = time.perf_counter()
    lists = [_top(system.scores(data.history[user]), seen=data.history[user]) for user in tested]
    predicted = time.perf_counter()
    gains = [_gain(found, int(target)) for found, target in zip(lists, data.targets[tested], strict=True)]
    return {
        "system": name,
        "hr@10": round(float(np.mean([gain > 0 for gain in gains])), 4),
        "ndcg@10": round(float(np.mean(gains)), 4),
        "coverage": round(len({int(item) for found in lists for item in found}) / len(data.items), 4),
        "n_users": len(tested),
        "n_items": len(data.items),
        "train_s": round(trained - began, 3),
        "predict_s": round(predicted - trained, 3),
    }


def _top(scores: NDArray[np.float64], *, seen: Sequence[int]) -> NDArray[np.int64]:
    """Return the best unseen items, ties by position."""
    open_scores = scores.copy()
    open_scores[list(seen)] = -np.inf
    n = min(TOP, len(scores) - len(seen))
    if n <= 0:
        return np.empty(0, dtype=np.int64)
    # Most scores are an exact 0; selecting among thousands of equal values is slow, so they only join when needed.
    pool = np.flatnonzero(open_scores > 0)
    if len(pool) < n:
        pool = np.flatnonzero(np.isfinite(open_scores))
    values = open_scores[pool]
    worst = np.partition(values, len(pool) - n)[len(pool) - n]
    better = pool[values > worst]
    ties = pool[values == worst][: n - len(better)]
    return np.concatenate([better[np.argsort(-open_scores[better], kind="stable")], ties])


def _gain(found: NDArray[np.int64], target: int) -> float:
    place = np.flatnonzero(found == target)
    return float(1.0 / np.log2(place[0] + 2)) if len(place) else 0.0


def item_texts(path: Path) -> dict[str, str]:
    """Read item id -> title from a product feed of any format that `shoptalk ingest` takes.

    Raises:
        FeedError: The file cannot be read.
        EvalInputError: It has no column of ids or none of titles.
    """
    columns = ColumnMap({"product_id": "item_id"}) if _has_column(path, "item_id") else ColumnMap()
    placed = (columns.place(row.values)[0] for row in read_feed(Source(path)) if not row.problem)
    texts = {
        str(fields["product_id"]): str(fields["title"]) for fields in placed if {"product_id", "title"} <= fields.keys()
    }
    if not texts:
        raise EvalInputError(f"no item of {str(path)!r} has both an id and a title: name the columns item_id and title")
    return texts


def _has_column(path: Path, name: str) -> bool:
    return any(name in row.values for row in islice(read_feed(Source(path)), 1))
