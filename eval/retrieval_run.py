"""From a folder of judged queries to rows: opens the store and the encoders that `eval.retrieval_eval` compares."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.bootstrap import open_store, read_settings
from eval.judged import Judged, has_corpus, read
from eval.retrieval_eval import build, evaluate
from retrieval.encoder.base import Encoder
from retrieval.errors import EncoderError
from retrieval.settings import read_settings as read_retrieval_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def run(
    folder: Path,
    *,
    split: str = "test",
    store: Path | None = None,
    weights: Path | None = None,
    with_base: bool = True,
    n: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of every system; see `eval.retrieval_eval`.

    Args:
        folder: BEIR layout.
        split: Which of `qrels/*.tsv`.
        store: Whose products are searched where the folder has no corpus; the sample store where None.
        weights: Scored as `tuned`; the shipped ones where None.
        with_base: Whether the untuned encoder is scored too, where its package is installed.
        n: At most so many queries, 0 for all.
        progress: Told (done, total) documents.

    Raises:
        AssistantError: The folder is not in shape, or the extra `eval` is missing.
        RetrievalError: The store or an encoder cannot be opened.
    """
    weight = read_retrieval_settings().dense_weight
    judged = _read(folder, split=split, store=store)
    if n:
        chosen = dict(islice(judged.queries.items(), n))
        judged = replace(judged, queries=chosen, qrels={query_id: judged.qrels[query_id] for query_id in chosen})
    systems = build(judged, encoders(weights, with_base=with_base), weight=weight, progress=progress)
    yield from evaluate(judged, systems)


def _read(folder: Path, *, split: str, store: Path | None) -> Judged:
    if has_corpus(folder):
        return read(folder, split=split)
    with closing(open_store(read_settings(store=store))) as opened:
        return read(folder, split=split, products=(p for batch in opened.catalogue.products() for p in batch))


def encoders(weights: Path | None, *, with_base: bool) -> dict[str, Encoder]:
    """Return `"tuned"` and, where wanted and installed, `"base"`."""
    from retrieval.encoder.sentence import WEIGHTS, OnnxEncoder

    found: dict[str, Encoder] = {"tuned": OnnxEncoder(weights or WEIGHTS)}
    if with_base:
        found["base"] = untuned()
    return found


def untuned() -> Encoder:
    """Return the untuned encoder in the precision of the shipped one; made once and kept in the user's cache.

    Raises:
        EncoderError: The extra `eval` is not installed, or the cache cannot be written.
    """
    from retrieval.encoder.export import SOURCE_SHA256, export
    from retrieval.encoder.sentence import MANIFEST, OnnxEncoder

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "shoptalk" / f"untuned-{SOURCE_SHA256[:12]}"
    try:
        if not (folder / MANIFEST).is_file():
            export(folder)
        return OnnxEncoder(folder)
    except (EncoderError, ImportError, OSError) as error:
        raise EncoderError(f"no untuned encoder: {error}; install 'shoptalk[eval]' or give --no-base") from error
