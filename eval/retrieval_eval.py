"""`shoptalk eval retrieval`: judged queries against every system, one row a system.

Whole corpus, linear gain, unjudged is irrelevant. All systems rank the same documents:

- `bm25`: words of one text a document, stemmed: the textbook's baseline.
- `base`, `tuned`: cosine of the untuned encoder's embeddings, and of the shop's; exact.
- `lexical`: the shop's lexical index: title and text, model numbers, compounds, misspelt words mended.
- `hybrid`, `hybrid-base`: `lexical` fused with `tuned`, and with `base`; the mended words are embedded too.

Intervals are 95 % bootstraps over queries, 2,000 resamples; differences are paired.

References:
    MacAvaney, Macdonald and Ounis, Streamlining Evaluation with ir-measures, ECIR 2022.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assistant.errors import AssistantError
from retrieval.fusion import dense_share, fuse
from retrieval.index.base import Document
from retrieval.index.lexical import TantivyIndex
from retrieval.index.memory import MemoryDenseIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from eval.judged import Judged, Qrels
    from retrieval.encoder.base import Encoder

Scored = list[tuple[str, float]]
System = Callable[[str], Scored]

DEPTH: Final = 200  # of each list
RESAMPLES: Final = 2000
BATCH: Final = 256  # documents encoded between two looks at the progress
MEASURES: Final = ("ndcg@10", "mrr@10", "recall@100")


@dataclass(frozen=True, slots=True)
class Scores:
    """What one system reached.

    Attributes:
        system: Its name.
        values: Measure -> one figure a query, in the order of the queries.  # (n_queries,)
        ms: Milliseconds a query.
        docs_per_s: Documents indexed a second; None where the parts are counted elsewhere.
    """

    system: str
    values: Mapping[str, NDArray[np.float64]]
    ms: Sequence[float]
    docs_per_s: float | None = None


@dataclass
class Systems:
    """Every system over one corpus, each ready to be asked.

    Attributes:
        ask: Name -> what answers a query.
        docs_per_s: Name -> documents indexed a second.
    """

    ask: dict[str, System] = field(default_factory=dict)
    docs_per_s: dict[str, float] = field(default_factory=dict)


def build(
    judged: Judged,
    encoders: Mapping[str, Encoder],
    *,
    weight: float,
    progress: Callable[[int, int], None] | None = None,
) -> Systems:
    """Index the corpus for every system.

    Args:
        judged: The set.
        encoders: `"tuned"` and, where it is at hand, `"base"`.
        weight: Share of the dense score in a hybrid, 0..1.
        progress: Told (done, total) documents.
    """
    systems = Systems()
    plain = TantivyIndex(None)
    bare = [Document(document.product_id, "", document.text) for document in judged.documents]
    systems.docs_per_s["bm25"] = _timed(len(bare), lambda: plain.upsert(bare))
    systems.ask["bm25"] = partial(plain.search, n=DEPTH)
    dense: dict[str, System] = {}
    for number, (name, encoder) in enumerate(sorted(encoders.items())):
        index = MemoryDenseIndex(encoder.dimension)
        begin = partial(_index, judged.documents, encoder, index=index, progress=progress, turn=(number, len(encoders)))
        systems.docs_per_s[name] = _timed(len(judged.documents), begin)
        dense[name] = systems.ask[name] = partial(_likest, encoder=encoder, index=index)
    own = TantivyIndex(None, is_word=getattr(encoders["tuned"], "is_word", None))
    systems.docs_per_s["lexical"] = _timed(len(judged.documents), lambda: own.upsert(judged.documents))
    systems.ask["lexical"] = lambda text: own.search(own.mend(text), n=DEPTH)
    for name, found in dense.items():
        hybrid = partial(_hybrid, lexical=own, dense=found, weight=weight)
        systems.ask["hybrid" if name == "tuned" else f"hybrid-{name}"] = hybrid
    return systems


def evaluate(judged: Judged, systems: Systems) -> Iterator[dict[str, Any]]:
    """Yield a row a system, as the contract says, with paired differences in NDCG to its rivals."""
    done: dict[str, Scores] = {}
    for name, ask in systems.ask.items():
        done[name] = score(name, ask, judged, docs_per_s=systems.docs_per_s.get(name))
    for scores in done.values():
        yield row(scores, against={k: done[k] for k in _RIVALS.get(scores.system, ()) if k in done})


_RIVALS: Final = {
    "tuned": ("bm25", "base"),
    "lexical": ("bm25",),
    "hybrid-base": ("bm25",),
    "hybrid": ("bm25", "lexical", "tuned", "hybrid-base"),
}


def score(name: str, ask: System, judged: Judged, *, docs_per_s: float | None = None) -> Scores:
    """Ask every query and score the answers."""
    run: dict[str, dict[str, float]] = {}
    ms: list[float] = []
    for query_id, text in judged.queries.items():
        begun = time.perf_counter()
        found = ask(text)
        ms.append((time.perf_counter() - begun) * 1e3)
        run[query_id] = _descending(found)
    return Scores(name, measured(run, judged.qrels), ms, docs_per_s)


def measured(run: Mapping[str, Mapping[str, float]], qrels: Qrels) -> dict[str, NDArray[np.float64]]:
    """Return measure -> one figure a query, in the order of `qrels`.

    Raises:
        AssistantError: The extra `eval` is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise AssistantError("retrieval is scored with ir-measures: pip install 'shoptalk[eval]'") from error
    names = {str(m): name for m, name in zip(_parsed(ir_measures), MEASURES, strict=True)}
    order = {query_id: place for place, query_id in enumerate(qrels)}
    found = {name: np.zeros(len(order)) for name in MEASURES}
    answered = {query_id: dict(hits) for query_id, hits in run.items() if hits}
    for figure in ir_measures.iter_calc(_parsed(ir_measures), qrels, answered):
        found[names[str(figure.measure)]][order[figure.query_id]] = figure.value
    return found


def _parsed(ir_measures: Any) -> list[Any]:  # noqa: ANN401
    return [ir_measures.parse_measure(name) for name in ("nDCG@10", "RR@10", "R@100")]


def row(scores: Scores, *, against: Mapping[str, Scores]) -> dict[str, Any]:
    """Return the contract's row of one system."""
    p50, p95 = np.percentile(scores.ms, (50, 95))
    ndcg = scores.values["ndcg@10"]
    return {
        "system": scores.system,
        **{name: round(float(values.mean()), 4) for name, values in scores.values.items()},
        "interval": interval(ndcg)[1:],
        "minus": {name: interval(ndcg - other.values["ndcg@10"]) for name, other in against.items()},
        "n_queries": len(ndcg),
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "docs_per_s": None if scores.docs_per_s is None else round(scores.docs_per_s, 1),
    }


def interval(values: NDArray[np.float64], *, seed: int = 7) -> list[float]:
    """Return mean, lower and upper end of the 95 % bootstrap over queries."""
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return [round(float(figure), 4) for figure in (values.mean(), low, high)]


def _timed(n: int, work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return n / max(time.perf_counter() - begun, 1e-9)


def _index(
    documents: Sequence[Document],
    encoder: Encoder,
    *,
    index: MemoryDenseIndex,
    progress: Callable[[int, int], None] | None,
    turn: tuple[int, int],
) -> None:
    number, rounds = turn
    for start in range(0, len(documents), BATCH):
        part = documents[start : start + BATCH]
        rows = encoder.encode([document.text for document in part])
        index.upsert(Document(d.product_id, d.title, d.text, e) for d, e in zip(part, rows, strict=True))
        if progress is not None:
            progress(number * len(documents) + start + len(part), rounds * len(documents))


def _likest(text: str, *, encoder: Encoder, index: MemoryDenseIndex) -> Scored:
    return index.search(encoder.encode([text])[0], n=DEPTH)


def _hybrid(text: str, *, lexical: TantivyIndex, dense: System, weight: float) -> Scored:
    mended = lexical.mend(text)
    words = lexical.search(mended, n=DEPTH)
    share = dense_share(lexical.coverage(mended, words[0][1] if words else 0.0), weight=weight)
    fused = fuse(words, dense(mended), weight=share, top=DEPTH)
    return [(item.product_id, item.score) for item in fused]


def _descending(found: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return scores that keep the order: ties in floating point must not be broken by the scorer's own rule."""
    return {product_id: float(len(found) - place) for place, (product_id, _) in enumerate(found)}
