"""Commands that fill, rebuild and forget: ingest, prepare, index, users."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ui.console import StoreOption, as_text, emit, fail, open_assistant

index_app = typer.Typer(help="Chroma and the lexical index, both made from the catalogue.", no_args_is_help=True)
users_app = typer.Typer(help="Everything held about a shopper.", no_args_is_help=True)


def ingest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Product feeds: CSV, TSV, JSON, JSON Lines, Parquet, Merchant XML, Shopify CSV; .gz too."),
    ] = None,
    reviews: Annotated[
        list[Path] | None, typer.Option("--reviews", metavar="FILE...", help="Files of product reviews.")
    ] = None,
    events: Annotated[
        list[Path] | None, typer.Option("--events", metavar="FILE...", help="Logs of what shoppers did.")
    ] = None,
    store: StoreOption = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="our=theirs: which column holds a field, e.g. title=item_name, reviews.text=said."),
    ] = None,
    currency: Annotated[str, typer.Option(help="Currency of prices that name none (ISO 4217).")] = "USD",
    price_unit: Annotated[
        Literal["major", "minor"], typer.Option(help="Whether bare numbers are 49.99 (major) or 4999 (minor).")
    ] = "major",
    full: Annotated[bool, typer.Option("--full", help="These files are the whole range.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Take product feeds, reviews and behaviour logs into a store; run it again after any interruption."""
    from assistant.bootstrap import read_settings
    from retrieval.feeds.prices import currency_code
    from ui.intake import Intake
    from ui.listing import print_report, warn_of_refusals

    settings = read_settings(store=store)
    if settings.store is None:
        fail("ingest needs a store of its own: give --store DIR or set SHOPTALK_STORE")
    if not currency_code(currency):
        fail(f"--currency {currency!r} is no currency: give its ISO 4217 code, such as EUR")
    intake = Intake(settings, settings.store, feeds=files or (), reviews=reviews or (), events=events or ())
    report = intake.run(mapping or (), currency=currency_code(currency), price_unit=price_unit, full=full)
    warn_of_refusals(report, settings.store)
    if as_json:
        emit(report)
    else:
        print_report(report, settings.store)


def prepare(store: StoreOption = None) -> None:
    """Make the store ready to serve: the sample store is generated once, any other is verified and repaired."""
    with open_assistant(store) as assistant:
        assistant.store.wait()
        typer.echo(f"ready: {assistant.describe()}", err=True)


@index_app.command("rebuild")
def rebuild(store: StoreOption = None) -> None:
    """Rebuild both indexes from the catalogue."""
    from assistant.bootstrap import open_store, read_settings
    from ui.listing import progress

    with progress("Indexing") as advance, open_store(read_settings(store=store)) as target:
        target.rebuild(progress=advance)
        typer.echo(f"indexed {target.catalogue.count()} products in {target.folder}", err=True)


@users_app.command("export")
def export(user_id: Annotated[str, typer.Argument(callback=as_text)], store: StoreOption = None) -> None:
    """Print everything held about a shopper as JSON."""
    with open_assistant(store) as assistant:
        emit(assistant.export_user(user_id))


@users_app.command("erase")
def erase(
    user_id: Annotated[str, typer.Argument(callback=as_text)],
    store: StoreOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove everything held about a shopper, everywhere."""
    if not yes:
        typer.confirm(f"Erase everything held about {user_id!r}?", abort=True, err=True)
    with open_assistant(store) as assistant:
        emit({"user_id": user_id, "erased": assistant.erase_user(user_id)})
