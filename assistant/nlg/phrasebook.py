"""The phrases of `phrases.yaml`: which variant is said depends on the turn alone, never on chance."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


def say(key: str, seed: int, **values: object) -> str:
    """Return the variant of `key` for `seed`, filled in.

    Args:
        key: An entry of `phrases.yaml` with variants.
        seed: The turn number, plus the place within the reply.
        **values: What the braces stand for; text in them is never read as a phrase again.

    Raises:
        KeyError: There is no such entry, or a variant needs a value that is not given.
    """
    variants = phrases()[key]
    return str(variants[seed % len(variants)]).format_map(values)


def word(table: str, key: str) -> str:
    """Return one word of a table of pieces ("most", "order"); "" where it has none for `key`."""
    return str(phrases()[table].get(key, ""))


def next_steps(situation: str) -> tuple[str, ...]:
    """Return the next steps offered in a situation."""
    return tuple(str(text) for text in phrases()["quick"].get(situation, ()))


@lru_cache(maxsize=1)
def phrases() -> dict[str, Any]:
    """Return the whole file."""
    return dict(yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8")))
