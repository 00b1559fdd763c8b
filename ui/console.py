"""What the commands share: options, JSON lines, one-line errors, opening the assistant."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.assistant import Assistant

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Store directory; default $SHOPTALK_STORE, else the sample store.")
]
MAX_LINE = 200_000
"""Longest line read from stdin, in characters."""


class ManyFiles(TyperCommand):
    """A command whose `--reviews` and `--events` take every word up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer keeps its own click
        """Repeat the option before each of its files, as click wants it."""
        spread: list[str] = []
        current = ""
        for word in args:
            if word.startswith("-"):
                current = word if word in ("--reviews", "--events") else ""
                spread.append(word)
            elif current and spread[-1] != current:
                spread += [current, word]
            else:
                spread.append(word)
        return super().parse_args(ctx, spread)


def emit(value: Any) -> None:  # noqa: ANN401 - any JSON
    """Write one JSON object on a line of its own, at once."""
    import orjson

    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()


def fail(message: str) -> NoReturn:
    """Write one line on stderr and exit with code 2."""
    sys.stderr.write("shoptalk: " + " ".join(message.split()) + "\n")
    sys.exit(2)


def read_lines() -> Iterator[tuple[int, str]]:
    """Yield (1-based number, text) of the lines on stdin that are not blank, whatever their encoding."""
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        line = raw.decode("utf-8", errors="replace").strip()
        if line:
            yield number, line[:MAX_LINE]


@contextmanager
def open_assistant(store: Path | None) -> Iterator[Assistant]:
    """Open the assistant over a store and close it after use."""
    from assistant.bootstrap import open_assistant as build
    from assistant.bootstrap import read_settings

    assistant = build(read_settings(store=store))
    try:
        yield assistant
    finally:
        assistant.close()
