"""What a model card tells of a parser on held-out talk: rates, confusion of intents, errors by slot."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.parser_errors import slot_errors
from eval.parser_eval import scored, summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from assistant.nlu.base import Parser
    from eval.parser_eval import TurnScore

    Floats = NDArray[np.float64]

_ENOUGH = 40
_ROUNDS = 25


def judged(parser: Parser, sets: Mapping[str, Path], *, test: Mapping[str, Path] | None = None) -> dict[str, Any]:
    """Score a parser on several labelled sets.

    Args:
        parser: What is scored.
        sets: Name and place of each set.
        test: Sets that are scored and used for nothing else.

    Returns:
        `sets`: the summary of each (`parser_eval.summary`). Over those of `sets` alone, `confusion`: authored main
        intent, parsed main intent and their count; `slot_errors`: slot -> kind of error -> count;
        `slot_counts`: slot -> constraints; `calibration`.
    """
    by_set = {name: scored(path, parser) for name, path in sets.items()}
    scores = [s for found in by_set.values() for s in found]
    pairs = Counter((_main(s.detail["gold"], s.detail["found"]), s.detail["found"]["intents"][0]) for s in scores)
    slots = Counter(c["slot"].split("|")[0] for s in scores for c in s.detail["gold"].get("constraints", []))
    return {
        "sets": {
            **{name: summary(found) for name, found in by_set.items()},
            **{name: summary(scored(path, parser)) for name, path in (test or {}).items()},
        },
        "confusion": [[*pair, count] for pair, count in sorted(pairs.items())],
        "slot_errors": {slot: dict(kinds) for slot, kinds in slot_errors(scores).items()},
        "slot_counts": dict(slots),
        "calibration": calibration(scores),
    }


def calibration(scores: Sequence[TurnScore]) -> dict[str, float]:
    """Fit the probability that a turn was read right to the parser's confidence, on first turns.

    Returns:
        `scale` and `offset` of a logistic regression over the logit of the confidence, and the expected calibration
        error before and after it. Empty where there is nothing to fit.
    """
    first = [s for s in scores if sum(turn["role"] == "user" for turn in s.detail["gold"]["dialogue"]) == 1]
    x = np.array([_logit(s.detail["found"]["confidence"]) for s in first])
    y = np.array([float(s.state and s.intent) for s in first])
    if len(first) < _ENOUGH or y.min() == y.max():
        return {}
    scale, offset = _fitted(x, y)
    after = _sigmoid(scale * x + offset)
    errors = {"error_before": _calibration_error(_sigmoid(x), y), "error_after": _calibration_error(after, y)}
    return {"scale": round(scale, 4), "offset": round(offset, 4), **errors}


def _fitted(x: Floats, y: Floats) -> tuple[float, float]:
    """Fit a logistic regression by Newton's method, held a little towards (1, 0)."""
    design = np.stack([x, np.ones_like(x)], axis=1)
    start = np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(_ROUNDS):
        p = _sigmoid(design @ weights)
        gradient = design.T @ (p - y) + (weights - start)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + np.eye(2)
        weights -= np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])


def _calibration_error(p: Floats, y: Floats) -> float:
    """Return the mean distance between said and true shares over ten bins of equal size."""
    bins = np.array_split(np.argsort(p), 10)
    return round(float(sum(len(b) * abs(p[b].mean() - y[b].mean()) for b in bins if len(b)) / len(p)), 4)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def _logit(p: float) -> float:
    bounded = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def _main(gold: dict[str, Any], found: dict[str, Any]) -> str:
    """Return the authored main intent; where several are right, the parsed one if it is among them."""
    main = gold["intents"][0]
    if isinstance(main, str):
        return main
    got: str = found["intents"][0]
    return got if got in main else str(main[0])
