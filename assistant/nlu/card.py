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
| data | `assistant/nlu/data/book` ({n_dialogues:,} authored dialogues, {n_turns:,} labelled turns), values exchanged, \
noise added, in front of imagined shops; some from `assistant/nlu/data/grammar.yaml`; {public} |
| data sha256 | `{data_sha256}` |
| training | {stages}; bf16 autocast, torch {torch} |

## Held-out scores

{scores}
{pictures}
## Limits

English only is measured. Long stories, indirect needs and several requests in one turn are parsed worst. Of a shop the
model knows only which words of a turn its catalogue has; mapping them to the shop's own is plain code behind it.
Its confidence is calibrated on first turns (`manifest.json`). Nothing in the weights comes from a shop's own shoppers:
the dialogues were written for this project, the rest are the public sets named above.

Repeat with `shoptalk train parser`.
"""
_MEASURES = (
    "n", "intent_accuracy", "f1", "precision", "recall", "joint_goal_accuracy", "references_accuracy", "cpu_p50_ms",
    "cpu_p95_ms",
)  # fmt: skip
_PUBLIC = (
    "{share:.0%} of the last stage from public sets (bitext, ABCD, banking77, clinc150, MultiDoGO: training splits)"
)


def write_card(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Write `MODEL_CARD.md` to `folder`; `facts` are those of `training.json`."""
    from assistant.nlu.pictures import draw

    path = folder / "MODEL_CARD.md"
    pictures = "".join(f"\n![{name.removesuffix('.png')}]({name})\n" for name in draw(folder, facts))
    share = facts.get("outside") or 0.0
    public = _PUBLIC.format(share=share) if share else "no public sets"
    stages = "; then ".join(_stage(stage) for stage in (*facts.get("earlier", []), facts))
    scores = _scores(facts.get("held_out", {}))
    filled = {**facts, "stages": stages, "scores": scores, "pictures": pictures, "public": public}
    path.write_text(_CARD.format(**filled), encoding="utf-8")
    return path


def _stage(facts: Mapping[str, Any]) -> str:
    kept = facts.get("keep") or 0.0
    averaged = f", then averaged with its start ({kept:.0%} of it)" if kept else ""
    mixed = ", ".join(f"{share:.0%} {what}" for what, share in facts.get("mixed", {}).items())
    averaged += f", then averaged: {mixed}" if mixed else ""
    return (
        "{steps} steps of {batch} ({samples} examples, {generated:.0%} generated), {wall_seconds:.0f} s on {device}, "
        "{threads} thread(s), seed {seed}, peak rate {rate}"
    ).format(**facts) + averaged


def _scores(held_out: Mapping[str, Any]) -> str:
    """Return a table: a row for each measure, a column for each held-out set, 95 % intervals in brackets."""
    sets: Mapping[str, Any] = held_out.get("sets", {})
    if not sets:
        return "Not measured."
    rows = [f"| {measure} | " + " | ".join(_cell(sets[name], measure) for name in sets) + " |" for measure in _MEASURES]
    return "\n".join([f"| measure | {' | '.join(sets)} |", "| --- |" + " --- |" * len(sets), *rows])


def _cell(figures: Mapping[str, Any], measure: str) -> str:
    low_high = figures.get("ci95", {}).get(measure)
    return f"{figures.get(measure, '')}" + (f" [{low_high[0]} to {low_high[1]}]" if low_high else "")
