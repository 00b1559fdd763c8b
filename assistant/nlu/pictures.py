"""Draws the pictures of the model card: confusion of intents, slot errors, the learning curve. Training time only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CONFUSION, SLOTS, CURVE = "confusion.png", "slot_errors.png", "curve.png"
_DPI = 80


def draw(folder: Path, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Write the pictures that `facts` (of `training.json`) have figures for; return their file names."""
    held_out = facts.get("held_out", {})
    made: list[str] = []
    if held_out.get("confusion"):
        _save(_confusion(held_out["confusion"]), folder / CONFUSION)
        made.append(CONFUSION)
    if held_out.get("slot_errors"):
        _save(_slots(held_out["slot_errors"], held_out.get("slot_counts", {})), folder / SLOTS)
        made.append(SLOTS)
    curve = [row for stage in (*facts.get("earlier", []), facts) for row in stage.get("curve", [])]
    if curve:
        _save(_curve([*facts.get("earlier", []), facts]), folder / CURVE)
        made.append(CURVE)
    return tuple(made)


def _save(figure: Any, path: Path) -> None:  # noqa: ANN401
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    plt.close(figure)


def _confusion(pairs: Sequence[tuple[str, str, int]]) -> Any:  # noqa: ANN401  matplotlib is there for training alone
    """Draw (authored, parsed, count) triples as a matrix."""
    names = sorted({name for authored, parsed, _ in pairs for name in (authored, parsed)})
    table = np.zeros((len(names), len(names)))
    for authored, parsed, count in pairs:
        table[names.index(authored), names.index(parsed)] = count
    figure, axes = plt.subplots(figsize=(9, 8.5), layout="constrained")
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), said in np.ndenumerate(table):
        if said > 0:
            shade = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{said:.0f}", ha="center", va="center", color=shade, fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="parsed", ylabel="authored", title="Main intent, held-out turns")
    return figure


def _slots(errors: Mapping[str, Mapping[str, int]], counts: Mapping[str, int]) -> Any:  # noqa: ANN401  matplotlib is there for training alone
    """Draw how often each slot was read wrongly and how; `counts` are the authored constraints of each."""
    slots = sorted(errors, key=lambda slot: sum(errors[slot].values()))
    kinds = sorted({kind for found in errors.values() for kind in found})
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    left = np.zeros(len(slots))
    for kind in kinds:
        widths = np.array([errors[slot].get(kind, 0) for slot in slots])
        axes.barh(slots, widths, left=left, label=kind)
        left += widths
    axes.set_yticks(range(len(slots)), [f"{slot} (of {counts.get(slot, 0)})" for slot in slots])
    axes.set(xlabel="constraints", title="Wrong constraints by slot, held-out turns")
    axes.legend()
    return figure


def _curve(stages: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401  matplotlib is there for training alone
    """Draw the loss over the examples seen, stage after stage, and the held-out loss where it was watched."""
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    before = 0
    for number, stage in enumerate(stages, start=1):
        rows = stage.get("curve", [])
        train = [(before + row["samples"], row["loss"]) for row in rows if "loss" in row]
        held_out = [(before + row["samples"], row["validation"]) for row in rows if "validation" in row]
        if train:
            axes.plot(*zip(*train, strict=True), linewidth=1, color=f"C{number - 1}", label=f"stage {number}")
        if held_out:
            axes.plot(*zip(*held_out, strict=True), "k.-", label="held out" if number == len(stages) else None)
        before += int(stage.get("samples", 0))
    axes.set(xlabel="examples seen", ylabel="loss per token", yscale="log", title="Learning curve")
    axes.legend()
    return figure
