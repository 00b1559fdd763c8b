"""Scores the intents of a parser on public sets of service talk: bitext, ABCD, and clinc150's out-of-scope rows.

The sets are read where they lie (`assistant.nlu.data.public` says how and maps their labels); only their held-out
splits are used here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.errors import ParseError
from assistant.nlu import language
from assistant.nlu.data import public

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from assistant.llm.base import LanguageModel

KEPT = 0.95
_OUT = "<i:out_of_scope>"
_MARGIN = 1.96


def score_intents(model: LanguageModel, folder: Path, *, ours: Sequence[str]) -> dict[str, Any]:
    """Return the accuracy of the main intent on each set that is in `folder`.

    Args:
        model: The language model behind the parser; it must tell the probability of its first word.
        folder: Directory of public sets.
        ours: Shopping turns that are in scope: the threshold for out of scope keeps 95 % of them.

    Returns:
        For each set `n`, a rate and its 95 % interval (Wilson); for ABCD with the intents its flows mostly mean, and
        with those of all their issues; for clinc150 the recall of its out-of-scope test rows at the threshold, and the
        share found by the most likely intent alone.

    Raises:
        ParseError: None of the sets is there.
    """
    found: dict[str, Any] = {}
    bitext = [_top(model, e.text, "") == e.intents[0] for e in public.bitext(folder, "test")]
    abcd = [(_top(model, e.text, e.assistant_text), flow) for e, flow in public.abcd(folder, "dev")]
    right = {
        "bitext_test": bitext,
        "abcd_dev": [intent in public.abcd_intents_of(flow) for intent, flow in abcd],
        "abcd_dev_with_subflows": [intent in public.abcd_intents_of(flow, with_subflows=True) for intent, flow in abcd],
    }
    for name, hits in right.items():
        if hits:
            found[name] = {"n": len(hits), "accuracy": _share(hits), "ci95": wilson(sum(hits), len(hits))}
    foreign = [e.text for e in public.clinc_oos(folder, "test")]
    if foreign:
        found["clinc150_oos_test"] = _out_of_scope(model, foreign, ours)
    if not found:
        msg = f"none of the public sets is in {str(folder)!r}; see assistant/nlu/data/public.py for what is read"
        raise ParseError(msg)
    return found


def _out_of_scope(model: LanguageModel, foreign: Sequence[str], ours: Sequence[str]) -> dict[str, Any]:
    kept = sorted(_outness(model, ours))
    threshold = kept[min(len(kept) - 1, int(KEPT * len(kept)))]
    scores = _outness(model, foreign)
    caught = [score > threshold for score in scores]
    return {
        "n": len(caught), "n_ours": len(kept), "threshold": round(threshold, 6), "recall_at_95_kept": _share(caught),
        "ci95": wilson(sum(caught), len(caught)), "recall_of_top_intent": _share([score > 0.5 for score in scores]),
    }  # fmt: skip


def _outness(model: LanguageModel, texts: Iterable[str]) -> list[float]:
    return [_first(model, text, "").get(_OUT, 0.0) for text in texts]


def _top(model: LanguageModel, text: str, said: str) -> str:
    first = _first(model, text, said)
    return max(first, key=lambda word: first[word])[3:-1]


def _first(model: LanguageModel, text: str, said: str) -> dict[str, float]:
    return dict(model.complete(language.present(text, said), language.CommandGrammar()).first)


def _share(hits: Sequence[bool]) -> float:
    return round(sum(hits) / len(hits), 4)


def wilson(hits: int, n: int) -> list[float]:
    """Return the 95 % interval of a rate.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    p, z2 = hits / n, _MARGIN**2
    middle, half = p + z2 / (2 * n), _MARGIN * ((p * (1 - p) + z2 / (4 * n)) / n) ** 0.5
    return [round((middle - half) / (1 + z2 / n), 4), round((middle + half) / (1 + z2 / n), 4)]
