"""Where a parser errs: the worst turns as a table, and how often each slot is missed, made up or misread."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from eval.parser_eval import same_constraint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eval.parser_eval import TurnScore

N_WORST = 50
KINDS = ("missed", "made up", "other value", "other slot", "other operator")


def slot_errors(scores: Iterable[TurnScore]) -> dict[str, Counter[str]]:
    """Count, for each slot, the ways in which its constraints were read wrongly (`KINDS`)."""
    counts: dict[str, Counter[str]] = {}
    for score in scores:
        for slot, kind, _ in _errors(score):
            counts.setdefault(slot, Counter())[kind] += 1
    return counts


def worst(scores: Sequence[TurnScore], n: int = N_WORST) -> str:
    """Return a Markdown table of the `n` turns with the most wrong, the wrong intents first among equals."""
    wrong = [s for s in scores if not (s.state and s.intent)]
    wrong.sort(key=lambda s: (-_weight(s), s.detail["gold"].get("id") or ""))
    rows = [_row(s) for s in wrong[:n]]
    return "\n".join(["| turn | said | intent | what went wrong |", "| --- | --- | --- | --- |", *rows]) + "\n"


def _weight(score: TurnScore) -> float:
    return score.gold + score.said - 2 * score.hits + 1.5 * (not score.intent)


def _row(score: TurnScore) -> str:
    gold, found = score.detail["gold"], score.detail["found"]
    said = _cell(gold["dialogue"][-1]["text"], 160)
    wanted, got = str(gold["intents"][0]), found["intents"][0]
    intent = got if score.intent else f"{got}, not {_cell(wanted, 60)}"
    wrong = "; ".join(f"{kind}: {what}" for _, kind, what in _errors(score))
    return f"| {gold.get('id')} | {said} | {intent} | {_cell(wrong, 240)} |"


def _cell(text: str, longest: int) -> str:
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return short.replace("|", "/").replace("\n", " ")


def _errors(score: TurnScore) -> list[tuple[str, str, str]]:
    """Return (slot, kind, what) of every wrong constraint; a misread one counts once, under the gold slot."""
    gold = list(score.detail["gold"].get("constraints", []))
    said = list(score.detail["found"]["constraints"])
    for g in list(gold):
        hit = next((s for s in said if same_constraint(g, s)), None)
        if hit is not None:
            gold.remove(g)
            said.remove(hit)
    out = []
    for kind, alike in _LIKENESS.items():
        for g in list(gold):
            near = next((s for s in said if alike(g, s)), None)
            if near is not None:
                gold.remove(g)
                said.remove(near)
                out.append((g["slot"].split("|")[0], kind, f"{_told(g)} read as {_told(near)}"))
    out += [(g["slot"].split("|")[0], "missed", _told(g)) for g in gold]
    return out + [(s["slot"], "made up", _told(s)) for s in said]


def _words(constraint: dict[str, Any]) -> set[str]:
    return set(str(constraint["value"]).casefold().replace("|", " ").split())


def _slots(constraint: dict[str, Any]) -> set[str]:
    return set(constraint["slot"].split("|"))


_LIKENESS: dict[str, Callable[[dict[str, Any], dict[str, Any]], bool]] = {
    "other operator": lambda g, s: s["slot"] in _slots(g) and s["op"] != g["op"] and bool(_words(g) & _words(s)),
    "other slot": lambda g, s: s["slot"] not in _slots(g) and bool(_words(g) & _words(s)),
    "other value": lambda g, s: s["slot"] in _slots(g) and s["op"] == g["op"],
}


def _told(constraint: dict[str, Any]) -> str:
    group = f" /{constraint['group']}" if constraint.get("group") else ""
    return f"{constraint['slot']} {constraint['op']} {constraint['value']}{group}"
