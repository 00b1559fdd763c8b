"""Scores a parser on labelled dialogues: `shoptalk eval parser FILE`.

A gold slot or value may name alternatives (`feature|style`), and a nested list in `intents` means any of these as the
main intent. Values are compared up to letter case, plural, articles, punctuation and spacing.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import ParseError
from assistant.nlu.dialogues import parse_dialogue
from assistant.nlu.values import singular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assistant.nlu.base import Parser

N_RESAMPLES = 1_000
_DATASETS = Path(__file__).parent / "datasets"
DEV = _DATASETS / "shopping_turns_dev"
"""Held out from training: talk by two authors of their own."""
OWN_DEV, OWN_TEST = _DATASETS / "talk" / "dev.jsonl", _DATASETS / "talk" / "test.jsonl"
"""Talk by two more authors, every shopper turn labelled: one half to develop against, one to look at once."""
SETS = {"dev": DEV, "talk dev": OWN_DEV}
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MARKS = re.compile(r"[^\w.]+|\.(?!\d)|(?<!\d)\.")


@dataclass(frozen=True, slots=True)
class TurnScore:
    """How one dialogue's last turn was parsed.

    Attributes:
        intent: The main intent is right.
        intents: The set of intents is right.
        hits: Constraints that are right.
        said: Constraints in the parse.
        gold: Constraints in the label.
        state: The whole state is right.
        references: The references are right (None where neither side has any).
        elapsed_ms: Wall time of the turn.
        cpu_ms: CPU time of the whole dialogue, a turn.
        detail: What was expected and what came, for error tables.
    """

    intent: bool
    intents: bool
    hits: int
    said: int
    gold: int
    state: bool
    references: bool | None
    elapsed_ms: float
    cpu_ms: float
    detail: dict[str, Any] = field(default_factory=dict, compare=False)


def score(path: Path, parser: Parser, *, seed: int = 7) -> dict[str, Any]:
    """Return the scores of `parser` on a JSON Lines file or a folder of them.

    Args:
        path: The labelled dialogues.
        parser: What is scored.
        seed: Of the bootstrap.

    Returns:
        `n`, `n_dialogues`, `intent_accuracy`, `intents_exact`, constraint `precision`, `recall` and `f1`,
        `joint_goal_accuracy`, `references_accuracy` with `n_references`, `p50_ms`, `p95_ms`, `cpu_p50_ms`,
        `cpu_p95_ms`, `ci95` with a bootstrap interval over dialogues for each rate, and `slices`: the main rates of
        long, deep and many-intent turns.

    Raises:
        ParseError: A line has no gold labels or another shape.
    """
    return summary(scored(path, parser), seed=seed)


def scored(path: Path, parser: Parser) -> list[TurnScore]:
    """Return the score of every labelled turn in a file or a folder.

    Raises:
        ParseError: A line has no gold labels or another shape.
    """
    return [score_one(parser, dialogue) for dialogue in read(path)]


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield labelled dialogues; where every shopper turn is labelled, one dialogue for each.

    Raises:
        ParseError: The file is missing, or a line is no labelled dialogue.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"cannot read {str(file)!r}: {error}; give a JSON Lines file of labelled dialogues"
            raise ParseError(msg) from error
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield from _labelled(line, f"{file}:{number}")


def _labelled(line: str, where: str) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(line)
        turns = data["dialogue"]
        if "intents" in data:
            yield data
            return
        for k, turn in enumerate(turns):
            if turn["role"] == "user":
                gold = {name: turn[name] for name in ("intents", "constraints", "references")}
                yield {"id": f"{data.get('id')}#{k}", "dialogue": turns[: k + 1], **gold}
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{where} is no labelled dialogue ({error!r}); see section 3 of the contract for its shape"
        raise ParseError(msg) from error


def score_one(parser: Parser, dialogue: dict[str, Any]) -> TurnScore:
    """Score one labelled dialogue."""
    started = time.process_time()
    found = parse_dialogue(parser, dialogue)
    n_turns = sum(turn["role"] == "user" for turn in dialogue["dialogue"])
    cpu_ms = 1000 * (time.process_time() - started) / n_turns
    gold, said = dialogue.get("constraints", []), found["constraints"]
    hits = matched(gold, said)
    main, *others = dialogue["intents"]
    wanted, got = list(dialogue.get("references", [])), found["references"]
    main_right = found["intents"][0] in (main if isinstance(main, list) else [main])
    return TurnScore(
        intent=main_right,
        intents=main_right and set(found["intents"][1:]) == {o if isinstance(o, str) else o[0] for o in others},
        hits=hits,
        said=len(said),
        gold=len(gold),
        state=hits == len(gold) == len(said),
        references=sorted(wanted) == sorted(got) if wanted or got else None,
        elapsed_ms=found["elapsed_ms"],
        cpu_ms=cpu_ms,
        detail={"gold": dialogue, "found": found},
    )


def matched(gold: Sequence[dict[str, Any]], said: Sequence[dict[str, Any]]) -> int:
    """Return how many gold constraints are met by different said ones (a largest matching)."""
    partner: dict[int, int] = {}

    def place(k: int, tried: set[int]) -> bool:
        for j, other in enumerate(said):
            if j not in tried and same_constraint(gold[k], other):
                tried.add(j)
                if j not in partner or place(partner[j], tried):
                    partner[j] = k
                    return True
        return False

    return sum(place(k, set()) for k in range(len(gold)))


def same_constraint(gold: dict[str, Any], said: dict[str, Any]) -> bool:
    """Whether a parsed constraint meets a gold one: slot, operator and value, alternatives allowed."""
    if said["slot"] not in gold["slot"].split("|") or said["op"] not in gold["op"].split("|"):
        return False
    value = gold["value"]
    options = value.split("|") if isinstance(value, str) else [value]
    return plain(said["value"]) in {plain(option) for option in options}


def plain(value: str | float) -> str:
    """Return a value without what does not count: case, plural, articles, punctuation, spacing."""
    if isinstance(value, int | float):
        return f"{float(value):g}"
    words = _ARTICLES.sub(" ", _MARKS.sub(" ", value.casefold())).split()
    return "".join(singular(word).removesuffix("s") for word in words)


def summary(scores: Sequence[TurnScore], *, seed: int = 7) -> dict[str, Any]:
    """Sum scores up, with 95 % bootstrap intervals over dialogues.

    Raises:
        ParseError: There is nothing to sum up.
    """
    if not scores:
        msg = "there is no labelled dialogue to score; give a file with at least one line"
        raise ParseError(msg)
    rng = random.Random(seed)  # noqa: S311  a seeded bootstrap, nothing secret
    talks = _by_dialogue(scores)
    resamples = [[s for talk in rng.choices(talks, k=len(talks)) for s in talk] for _ in range(N_RESAMPLES)]
    rates = {name: rate(scores) for name, rate in RATES.items()}
    intervals = {name: _interval([rate(sample) for sample in resamples]) for name, rate in RATES.items()}
    return {
        "n": len(scores),
        "n_dialogues": len(talks),
        **{name: round(value, 4) for name, value in rates.items()},
        "n_references": sum(s.references is not None for s in scores),
        "p50_ms": _quantile([s.elapsed_ms for s in scores], 0.5),
        "p95_ms": _quantile([s.elapsed_ms for s in scores], 0.95),
        "cpu_p50_ms": _quantile([s.cpu_ms for s in scores], 0.5),
        "cpu_p95_ms": _quantile([s.cpu_ms for s in scores], 0.95),
        "ci95": intervals,
        "slices": {name: _slice(scores, wanted) for name, wanted in SLICES.items()},
    }


def _by_dialogue(scores: Sequence[TurnScore]) -> list[list[TurnScore]]:
    """Return the scores with the turns of one conversation together: they are not independent."""
    talks: dict[str, list[TurnScore]] = {}
    for k, s in enumerate(scores):
        talk, hash_sign, _ = str(s.detail["gold"].get("id")).rpartition("#")
        talks.setdefault(talk if hash_sign else f"#{k}", []).append(s)
    return list(talks.values())


def _slice(scores: Sequence[TurnScore], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, float]:
    chosen = [s for s in scores if wanted(s.detail["gold"])]
    rates = ("intent_accuracy", "f1", "joint_goal_accuracy")
    return {"n": len(chosen), **{name: round(RATES[name](chosen), 4) for name in rates}} if chosen else {"n": 0}


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _ratio(scores: Sequence[TurnScore], of: Callable[[TurnScore], int]) -> float:
    total = sum(of(s) for s in scores)
    return sum(s.hits for s in scores) / total if total else 0.0


def _f1(scores: Sequence[TurnScore]) -> float:
    return 2 * sum(s.hits for s in scores) / max(1, sum(s.said + s.gold for s in scores))


RATES: dict[str, Callable[[Sequence[TurnScore]], float]] = {
    "intent_accuracy": lambda scores: _mean([s.intent for s in scores]),
    "intents_exact": lambda scores: _mean([s.intents for s in scores]),
    "precision": lambda scores: _ratio(scores, lambda s: s.said),
    "recall": lambda scores: _ratio(scores, lambda s: s.gold),
    "f1": _f1,
    "joint_goal_accuracy": lambda scores: _mean([s.state for s in scores]),
    "references_accuracy": lambda scores: _mean([s.references for s in scores if s.references is not None]),
}


LONG_TURN = 12
"""Words; a turn of more is a long one."""
DEEP_TURN = 3
SLICES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "over_12_words": lambda gold: len(gold["dialogue"][-1]["text"].split()) > LONG_TURN,
    "two_or_more_intents": lambda gold: len(gold["intents"]) > 1,
    "third_turn_or_later": lambda gold: sum(t["role"] == "user" for t in gold["dialogue"]) >= DEEP_TURN,
    "first_turn": lambda gold: sum(t["role"] == "user" for t in gold["dialogue"]) == 1,
}


def _interval(values: list[float]) -> list[float]:
    return [_quantile(values, 0.025), _quantile(values, 0.975)]


def _quantile(values: Sequence[float], q: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(q * len(ordered)))], 4)


def confusions(scores: Sequence[TurnScore]) -> Counter[tuple[str, str]]:
    """Count (gold main intent, parsed main intent) where they differ."""
    return Counter(
        (str(s.detail["gold"]["intents"][0]), s.detail["found"]["intents"][0]) for s in scores if not s.intent
    )
