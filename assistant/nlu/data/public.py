"""Public sets of service talk, their labels mapped to our intents: training data that is read in place, never shipped.

Give `shoptalk train parser --public DIR` a directory with any of these, as their publishers lay them out; a set that is
absent is left out. All are permissive: bitext (CDLA-Sharing-1.0), ABCD (MIT), banking77 (CC BY 4.0), clinc150
(CC BY 3.0), MultiDoGO (CDLA-Permissive-1.0).
"""

from __future__ import annotations

import csv
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assistant.nlu.data.examples import Example, Wish
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.dialogue.acts import Intent

MAPPING = Path(__file__).parent / "public.yaml"
_OPENING = re.compile(r"^.{0,90}?\b(?:help|assist|do for)\b[^.?!]{0,40}[.?!]*\s*", re.IGNORECASE)
_LONGEST = 45  # words of a dialogue's opening


@lru_cache(maxsize=1)
def mapping() -> dict[str, dict[str, Any]]:
    """Return for each set what its labels mean in ours."""
    data: dict[str, dict[str, Any]] = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
    return data


def train_examples(folder: Path) -> list[Example]:
    """Return the training rows of every public set in `folder`; a label that has no counterpart of ours is left out."""
    held_out = {row["utterance"].casefold().strip() for split in ("dev", "test") for row in _bitext(folder, split)}
    found = [
        *bitext(folder, "train"),
        *(e for e, _ in abcd(folder, "train")),
        *banking(folder),
        *clinc(folder, "train"),
    ]
    found += multidogo(folder)
    return [example for example in found if example.text.casefold().strip() not in held_out]


def bitext(folder: Path, split: str) -> Iterator[Example]:
    """Yield bitext's utterances of one split, with the order number where one is marked."""
    intents = mapping()["bitext"]
    for row in _bitext(folder, split):
        adds: tuple[Wish, ...] = ()
        if row["entity_type"] == "order_id":
            start, end = int(row["start_offset"]), int(row["end_offset"])
            said = row["utterance"][start:end]
            adds = (Wish(Constraint("order_id", "eq", said.lstrip("#").strip()), start, end),) if said else ()
        yield Example(row["utterance"], (intents[row["intent"]],), adds=adds, origin="bitext")


def abcd(folder: Path, split: str) -> Iterator[tuple[Example, str]]:
    """Yield how ABCD's dialogues open (what the customer wants of the agent), each with its flow."""
    name = "train_actions_subset.jsonl" if split == "train" else f"{split}_actions.jsonl"
    first: dict[int, dict[str, Any]] = {}
    for row in _jsonl(folder / "abcd" / name):
        if row.get("flow") and row["turn_id"] < first.get(row["convo_id"], {"turn_id": 10_000})["turn_id"]:
            first[row["convo_id"]] = row
    for row in first.values():
        opening = _OPENING.match(row["context"])
        greeting = opening.group() if opening else ""
        text = " ".join(row["context"][len(greeting) :].split()[:_LONGEST])
        if text:
            intents = _by_cue(mapping()["abcd"][row["flow"]], text)
            yield Example(text, intents, greeting.strip(), origin="abcd"), row["flow"]


def _by_cue(rules: list[dict[str, str]], text: str) -> tuple[Intent, ...]:
    """Return the intent of the first rule whose cue the text has; the last rule has none."""
    chosen: Any = next(r["intent"] for r in rules if "cue" not in r or re.search(r["cue"], text, re.IGNORECASE))
    return (chosen,)


def abcd_intents_of(flow: str, *, with_subflows: bool = False) -> frozenset[str]:
    """Return the intents of ours that a flow of ABCD may mean, `with_subflows` also those of its rarer issues."""
    also = mapping()["abcd_also"].get(flow, ()) if with_subflows else ()
    return frozenset(rule["intent"] for rule in mapping()["abcd"][flow]).union(also)


def banking(folder: Path) -> Iterator[Example]:
    """Yield banking77's training rows: some refunds and payments, the rest is no business of a shop."""
    intents = mapping()["banking77"]
    for row in _csv(folder / "banking77" / "train.csv"):
        intent = intents.get(row["category"], intents["otherwise"])
        if intent:
            yield Example(row["text"], (intent,), origin="banking77")


def clinc(folder: Path, split: str) -> Iterator[Example]:
    """Yield clinc150's rows of one split, in scope there and out of it."""
    path = folder / "clinc150_oos" / "data_full.json"
    if not path.is_file():
        return
    intents = mapping()["clinc150"]
    data = json.loads(path.read_text(encoding="utf-8"))
    for text, label in [*data[split], *data[f"oos_{split}"]]:
        intent = intents.get(label, intents["otherwise"])
        if intent:
            yield Example(text, (intent,), origin="clinc150")


def clinc_oos(folder: Path, split: str) -> Iterator[Example]:
    """Yield clinc150's own out-of-scope rows of one split."""
    path = folder / "clinc150_oos" / "data_full.json"
    if path.is_file():
        for text, _ in json.loads(path.read_text(encoding="utf-8"))[f"oos_{split}"]:
            yield Example(text, ("out_of_scope",), origin="clinc150")


def multidogo(folder: Path) -> Iterator[Example]:
    """Yield MultiDoGO's training turns that greet, thank, agree or ask for what no shop sells."""
    intents = mapping()["multidogo"]
    seen: set[str] = set()
    for path in sorted((folder / "multidogo" / "turn_level").glob("*/train.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                intent, text = intents.get(row["intent"] or ""), (row["utterance"] or "").strip()
                if intent and text and text.casefold() not in seen:
                    seen.add(text.casefold())
                    yield Example(text, (intent,), origin="multidogo")


def _bitext(folder: Path, split: str) -> Iterator[dict[str, str]]:
    return _csv(folder / "bitext_customer_support" / f"{split}.csv")


def _csv(path: Path) -> Iterator[dict[str, str]]:
    if path.is_file():
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from csv.DictReader(lines)


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)
