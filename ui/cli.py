"""`shoptalk`: the command line. Every command is thin and imports what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.errors import AssistantError
from retrieval.errors import RetrievalError
from ui.cli_eval import eval_app
from ui.cli_store import index_app, ingest, prepare, users_app
from ui.cli_train import train_app
from ui.console import (
    ManyFiles,
    OneLineErrors,
    StoreOption,
    as_text,
    emit,
    fail,
    open_assistant,
    read_lines,
)

app = typer.Typer(
    help="ShopTalk: the conversational shopping assistant that a shop can really run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    cls=OneLineErrors,
)
app.command(cls=ManyFiles)(ingest)
app.command()(prepare)
app.add_typer(index_app, name="index")
app.add_typer(users_app, name="users")
app.add_typer(eval_app, name="eval")
app.add_typer(train_app, name="train")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]


@app.command()
def parse(store: StoreOption = None) -> None:
    """Parse dialogues: JSON lines on stdin, parses on stdout (CONTRACT section 3)."""
    import orjson

    from assistant.bootstrap import open_parser, read_settings
    from assistant.nlu.dialogues import parse_dialogue

    parser = open_parser(read_settings(store=store))
    bad = 0
    for number, line in read_lines():
        try:
            emit(parse_dialogue(parser, orjson.loads(line)))
        except (orjson.JSONDecodeError, AssistantError) as error:
            typer.echo(f"shoptalk: line {number}: {error}", err=True)
            bad += 1
    if bad:
        raise typer.Exit(2)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help='What to look for; "" with --like or --goes-with.', callback=as_text)],
    store: StoreOption = None,
    top: Annotated[int, typer.Option("--top", min=1, max=200, help="How many hits.")] = 10,
    filter_json: Annotated[
        str,
        typer.Option("--filter", help='Constraints: \'[{"slot":"price","op":"lte","value":80}]\' or {"brand":"X"}.'),
    ] = "",
    like: Annotated[
        str | None, typer.Option("--like", help="More like this product (an id).", callback=as_text)
    ] = None,
    goes_with: Annotated[
        str | None, typer.Option("--goes-with", help="What goes with this product (an id).", callback=as_text)
    ] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Also count by what the hits can be narrowed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Search the catalogue, or find what is like a product or goes with it."""
    from assistant.bootstrap import open_store, read_settings
    from retrieval.companions import find
    from retrieval.types import Query
    from ui.listing import constraints_of, print_facets, print_ranking
    from ui.shapes import facets_json, ranking_json

    if facets and (like is not None or goes_with is not None):
        fail("--facets counts for words and --filter, not with --like or --goes-with")
    constraints = constraints_of(filter_json)
    with open_store(read_settings(store=store)) as found:
        query = Query(text=text, constraints=constraints, n=top, similar_to=like)
        ranking = find(found, query, goes_with=goes_with)
        counted = found.retriever.narrowings(query) if facets else None
    if as_json:
        emit({**ranking_json(ranking), **(facets_json(counted) if counted else {})})
        return
    print_ranking(ranking)
    if counted:
        print_facets(counted)


@app.command()
def recommend(
    user: Annotated[
        str | None, typer.Option("--user", help="The shopper; nobody gets what is popular.", callback=as_text)
    ] = None,
    query: Annotated[str | None, typer.Option("--query", help="Recommend within a search.", callback=as_text)] = None,
    store: StoreOption = None,
    top: Annotated[int, typer.Option("--top", min=1, max=50, help="How many items.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Recommend products to a shopper, each with its reasons."""
    from ui.listing import print_recommendations

    with open_assistant(store) as assistant:
        answer = assistant.recommend(query=query, user_id=user, top_n=top)
    if as_json:
        emit(answer)
    else:
        print_recommendations(answer)


@app.command()
def chat(
    user: Annotated[str | None, typer.Option("--user", help="Talk as this shopper.", callback=as_text)] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Talk to the shop in the terminal, or one utterance per line on stdin with --json."""
    with open_assistant(store) as assistant:
        if not as_json:
            from ui.terminal import converse

            converse(assistant, user_id=user)
            return
        conversation = assistant.start(user_id=user)
        for _, line in read_lines():
            emit(assistant.respond(line, conversation_id=conversation, user_id=user).to_json())


@app.command()
def demo(store: StoreOption = None) -> None:
    """Play a scripted conversation in the terminal against the real assistant."""
    from ui.terminal import play

    with open_assistant(store) as assistant:
        play(assistant)


@app.command()
def serve(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 7860,
) -> None:
    """Serve the web application: shop at /, console at /agent, reports at /eval, REST at /api/docs."""
    from ui.serve import serve as run

    run(store=store, host=host, port=port)


@app.command()
def bench(
    store: StoreOption = None,
    turns: Annotated[int, typer.Option(help="Search turns, or samples of every figure.", min=10, max=10_000)] = 100,
    retrieval: Annotated[bool, typer.Option("--retrieval", help="Measure retrieval, on a store made for it.")] = False,
    products: Annotated[int, typer.Option(help="With --retrieval: how many.", min=100, max=10_000_000)] = 20_000,
    keep: Annotated[Path | None, typer.Option(help="With --retrieval: build there, or use what was built.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a turn, its stages, bare Chroma queries and throughput in one run; or retrieval at scale."""
    from ui.listing import print_bench, print_retrieval_bench, tell

    if keep is not None and not retrieval:
        fail(f"--keep {str(keep)!r} says where the store of --retrieval lies; give --retrieval, or leave it out")
    if store is not None and retrieval:
        fail(f"--retrieval measures a store made for it, not --store {str(store)!r}; leave that out, or give --keep")
    if retrieval:
        from eval.retrieval_bench import measure as measure_retrieval
        from retrieval.settings import read_settings as read_retrieval_settings

        figures = measure_retrieval(read_retrieval_settings(), products=products, n=turns, keep=keep, tell=tell())
    else:
        from assistant.bootstrap import read_settings
        from eval.bench import measure

        figures = measure(read_settings(store=store), n=turns)
    if as_json:
        emit(figures)
    else:
        (print_retrieval_bench if retrieval else print_bench)(figures)


def main() -> None:
    """Run the command line; expected errors become one line on stderr and exit code 2."""
    try:
        app()
    except (AssistantError, RetrievalError) as error:
        fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        if error.filename is None:
            raise
        fail(f"{str(error.filename)!r} cannot be used: {error.strerror}; check the path and its permissions")
    except KeyboardInterrupt:
        sys.exit(130)
