"""Commands that measure: eval dialogues, parser, intents, recommender, retrieval."""

from __future__ import annotations

from contextlib import closing
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
    file: Annotated[
        Path, typer.Argument(help="Dialogues with gold intents, constraints and references (JSON lines), or a folder.")
    ],
    store: StoreOption = None,
    vocabulary: Annotated[
        bool, typer.Option("--vocabulary", help="Parse as in the shop: its words known, its spelling used.")
    ] = False,
    errors: Annotated[
        Path | None, typer.Option("--errors", help="Where a Markdown table of the 50 worst turns goes.")
    ] = None,
) -> None:
    """Score the parser on labelled dialogues."""
    from assistant.bootstrap import open_parser, open_store, read_settings
    from eval.parser_errors import worst
    from eval.parser_eval import scored, summary

    settings = read_settings(store=store)
    if vocabulary:
        from assistant.turn.shopparser import ShopParser

        with closing(open_store(settings)) as opened:
            found = scored(file, ShopParser(open_parser(settings), opened))
    else:
        found = scored(file, open_parser(settings))
    emit(summary(found))
    if errors is not None:
        errors.parent.mkdir(parents=True, exist_ok=True)
        errors.write_text(worst(found), encoding="utf-8")


@eval_app.command("intents")
def intents(
    folder: Annotated[
        Path, typer.Argument(help="Directory of public sets: bitext_customer_support, abcd, clinc150_oos.")
    ],
    ours: Annotated[
        Path | None, typer.Option("--ours", help="Shopping turns to keep in scope; by default the development set.")
    ] = None,
) -> None:
    """Score the main intent on public sets of service talk, their labels mapped to ours."""
    from assistant.bootstrap import read_settings
    from assistant.llm.registry import load_model
    from eval.intent_eval import score_intents
    from eval.parser_eval import DEV, read

    texts = [d["dialogue"][-1]["text"] for d in read(ours or DEV) if "out_of_scope" not in d["intents"][0]]
    emit(score_intents(load_model(read_settings().model.backend), folder, ours=texts))


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


@eval_app.command("retrieval")
def retrieval(
    folder: Annotated[Path, typer.Argument(help="BEIR layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.")],
    store: StoreOption = None,
    split: Annotated[str, typer.Option(help="Which judgments of qrels/.")] = "test",
    weights: Annotated[Path | None, typer.Option(help="Encoder weights to score as `tuned`.")] = None,
    base: Annotated[bool, typer.Option(help="Score the untuned encoder too (extra `eval`).")] = True,
    queries: Annotated[int, typer.Option(help="At most so many queries, 0 for all.", min=0)] = 0,
) -> None:
    """Score BM25, dense and hybrid search on judged queries; without corpus.jsonl over the products of the store."""
    from eval.retrieval_run import run
    from ui.listing import progress

    with progress("Indexing") as advance:
        for row in run(folder, split=split, store=store, weights=weights, with_base=base, n=queries, progress=advance):
            emit(row)


@eval_app.command("beir")
def beir(
    file: Annotated[Path, typer.Argument(help="CSV of a search competition: Home Depot or CrowdFlower relevance.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    documents: Annotated[int, typer.Option(help="Keep about so many documents, 0 for all.", min=0)] = 0,
) -> None:
    """Write a public relevance set as a folder for `eval retrieval` and `train encoder --qrels`."""
    from eval.judged_sets import convert

    emit(convert(file, out, n_documents=documents))
