"""Writes the model card of the parsing model from the facts of its training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CARD = """# ShopTalk's embedded parsing model

Reads one turn of shopping talk (the utterance, the last assistant text, the titles on the screen, the constraints so
far) and writes commands: intents, constraints added and dropped, items pointed at. Values are copied from the input by
character offset; decoding is masked by a grammar, so that every output is valid.

| | |
| --- | --- |
| architecture | prefix language model, 6 layers, width 384, 12 heads, pointer head; 22.9 million parameters |
| warm start | all-MiniLM-L6-v2 (Apache-2.0), sha256 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db |
| format | ONNX, int8: matrices per output channel, embeddings per row |
| language | English; characters the vocabulary does not know are kept apart by hash and copied by offset |
| data | `assistant/nlu/data/book` (1,181 authored dialogues, 2,602 labelled turns), values exchanged, noise added; \
the rest from `assistant/nlu/data/grammar.yaml` |
| data sha256 | `{data_sha256}` |
| training | {stages}; bf16 autocast, torch {torch} |

## Held-out scores

{scores}

## Limits

English only is measured. Long stories, indirect needs and several requests in one turn are parsed worst. The model has
never seen a catalogue: mending spelling and mapping words to a shop's own is plain code behind it. Its probability is
not calibrated. Nothing in the weights comes from shoppers: all dialogues were written for this project.

Repeat with `shoptalk train parser`.
"""


def write_card(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Write `MODEL_CARD.md` to `folder`; `facts` are those of `training.json`."""
    path = folder / "MODEL_CARD.md"
    stages = "; then ".join(_stage(stage) for stage in (*facts.get("earlier", []), facts))
    filled = {**facts, "stages": stages, "scores": _scores(facts.get("held_out", {}))}
    path.write_text(_CARD.format(**filled), encoding="utf-8")
    return path


def _stage(facts: Mapping[str, Any]) -> str:
    kept = facts.get("keep") or 0.0
    averaged = f", then averaged with its start ({kept:.0%} of it)" if kept else ""
    return (
        "{steps} steps of {batch} ({samples} examples, {generated:.0%} generated), {wall_seconds:.0f} s on {device}, "
        "{threads} thread(s), seed {seed}, peak rate {rate}"
    ).format(**facts) + averaged


def _scores(held_out: Mapping[str, Any]) -> str:
    """Return a table of measure, value and 95 % interval."""
    intervals: Mapping[str, Any] = held_out.get("ci95", {})
    rows = [
        f"| {name} | {value} | {' to '.join(str(v) for v in intervals[name]) if name in intervals else ''} |"
        for name, value in held_out.items()
        if name != "ci95"
    ]
    if not rows:
        return "Not measured."
    return "\n".join(["| measure | value | 95 % interval |", "| --- | --- | --- |", *rows])
