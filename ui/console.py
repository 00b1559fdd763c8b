"""What the commands share: options, JSON lines, one-line errors, opening the assistant."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.assistant import Assistant

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Store directory; default $SHOPTALK_STORE, else the sample store.")
]
MAX_LINE = 200_000
"""Longest line read from stdin, in characters."""
_MANY = ("--reviews", "--events")


class ManyFiles(TyperCommand):
    """A command whose `--reviews` and `--events` take every word up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer keeps its own click
        """Repeat the option before each of its files, as click wants it."""
        spread: list[str] = []
        current = ""
        for word, after in zip(args, [*args[1:], "--"], strict=True):
            if word in _MANY and after.startswith("-"):
                fail(f"{word} needs the names of files after it; `{ctx.command_path} --help` lists what there is")
            if word.startswith("-"):
                current = word if word in _MANY else ""
                spread.append(word)
            elif current and spread[-1] != current:
                spread += [current, word]
            else:
                spread.append(word)
        return super().parse_args(ctx, spread)


class OneLineErrors(TyperGroup):
    """The commands, whose usage errors are one line on stderr with exit code 2, as all errors are."""

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Run the command that is named; help is shown where none is."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except TyperException as error:
            context, said = getattr(error, "ctx", None), error.format_message().rstrip(".")
            if not said:  # nothing was named, and the help is on the screen already
                sys.exit(error.exit_code)
            fail(said if context is None else f"{said}; `{context.command_path} --help` lists what there is")
        except Abort:
            sys.stderr.write("shoptalk: given up, nothing was done\n")
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def as_text(value: str | None) -> str | None:
    """Return an argument with what is not UTF-8 in it replaced: databases take no such text."""
    return None if value is None else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


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
