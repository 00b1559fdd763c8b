"""Whether one encoder is better than another: on held-out examples, and on a shop's held-out judgments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eval.judged import Judged
from eval.retrieval_eval import build, interval, score
from retrieval.encoder.publish import Verdict
from retrieval.encoder.sentence import OnnxEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.encoder.base import Encoder
    from retrieval.encoder.own import Judgments
    from retrieval.encoder.pairs import Example
    from retrieval.index.base import Document

MOST: Final = 400  # examples a group


def compare_examples(new: Path, old: Encoder, dev: Mapping[str, Sequence[Example]]) -> dict[str, Any]:
    """Return, a group, the mean reciprocal rank of the answer among all texts held out with it, and what was gained."""
    found: dict[str, Any] = {}
    for name, examples in dev.items():
        some = examples[:MOST]
        if some:
            after, before = (reciprocal_ranks(encoder, some) for encoder in (OnnxEncoder(new), old))
            found[f"mrr {name}"] = round(float(after.mean()), 4)
            found[f"mrr {name} gained"] = interval(after - before)
    return found


def reciprocal_ranks(encoder: Encoder, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return 1 / rank of each example's answer among the answers and misses of all, (n,)."""
    texts = list(dict.fromkeys(text for e in examples for text in (e.answer, *e.misses)))
    place = {text: number for number, text in enumerate(texts)}
    likeness = encoder.encode([e.query for e in examples]) @ encoder.encode(texts).T  # (n, n_texts)
    own = likeness[np.arange(len(examples)), [place[e.answer] for e in examples]]
    return np.asarray(1.0 / (1 + (likeness > own[:, None]).sum(axis=1)), dtype=np.float64)


def compare_judgments(
    new: Path, old: Encoder, judgments: Judgments, *, documents: Sequence[Document], weight: float
) -> Verdict:
    """Search for every judged query with both encoders, alone and in the hybrid.

    Better is what has its dense interval above zero, and its hybrid one not below.
    """
    queries = {str(number): query for number, query in enumerate(judgments)}
    qrels = {key: {k: g for k, g in judgments[query].items() if g > 0} for key, query in queries.items()}
    judged = Judged(tuple(documents), queries, qrels)
    systems = build(judged, {"tuned": OnnxEncoder(new), "base": old}, weight=weight)
    ndcg = {
        name: score(name, systems.ask[name], judged).values["ndcg@10"]
        for name in ("base", "tuned", "hybrid-base", "hybrid")
    }
    dense, hybrid = interval(ndcg["tuned"] - ndcg["base"]), interval(ndcg["hybrid"] - ndcg["hybrid-base"])
    figures = {
        **{f"ndcg@10 {name}": round(float(values.mean()), 4) for name, values in ndcg.items()},
        "dense gained": dense,
        "hybrid gained": hybrid,
        "queries": len(queries),
    }
    return Verdict(better=dense[1] > 0 and hybrid[2] > 0, figures=figures)
