"""Commands that measure: eval dialogues, parser, recommender."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.console import StoreOption, emit

eval_app = typer.Typer(help="Scripted dialogues and measurements.", no_args_is_help=True)


@eval_app.command("dialogues")
def dialogues(
    path: Annotated[Path, typer.Argument(help="A scenario file, or a directory of them.")],
    store: StoreOption = None,
    out: Annotated[Path, typer.Option(help="Where report.html and results.json go.")] = Path("runs/dialogues"),
) -> None:
    """Play scenarios; the last line is the summary as JSON. Exit code 1 if one fails that is not expected to."""
    from assistant.bootstrap import read_settings
    from eval.report import write
    from eval.runner import Runner, summary
    from eval.scenario import load
    from ui.listing import print_result

    scenarios = load(path)
    runner = Runner(read_settings(store=store))
    try:
        results = runner.run(scenarios, progress=print_result)
    finally:
        runner.close()
    write(results, out)
    figures = summary(results)
    emit(figures)
    if figures["failed"]:
        raise typer.Exit(1)


@eval_app.command("parser")
def parser(
    file: Annotated[Path, typer.Argument(help="Dialogues with gold intents, constraints and references (JSON lines).")],
    store: StoreOption = None,
) -> None:
    """Score the parser on a labelled file."""
    from assistant.bootstrap import open_parser, read_settings
    from eval.parser_eval import score

    emit(score(file, open_parser(read_settings(store=store))))


@eval_app.command("recommender")
def recommender(
    file: Annotated[Path, typer.Argument(help="CSV with user_id,item_id,timestamp.")],
    items: Annotated[Path | None, typer.Option("--items", help="Product feed with the items' texts.")] = None,
) -> None:
    """Score recommenders by leave-last-out over all items."""
    from eval.recommender_eval import evaluate, item_texts
    from retrieval.encoder.registry import get

    texts, embed = (item_texts(items), get("sentence").encode) if items else (None, None)
    for row in evaluate(file, texts=texts, embed=embed):
        emit(row)
