"""Commands that make weights: train parser, train encoder."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ui.console import StoreOption, emit, fail

if TYPE_CHECKING:
    from retrieval.encoder.own import Judgments
    from retrieval.encoder.train import TrainSettings
    from retrieval.types import Product

train_app = typer.Typer(help="Make weights: those that ship, or a shop's own.", no_args_is_help=True)


@train_app.command("parser")
def train_parser(
    out: Annotated[Path, typer.Option(help="Directory for the new weights.")] = Path("runs/parser"),
    minutes: Annotated[float, typer.Option(help="Stop after this much training time.", min=0.1)] = 30.0,
    seed: Annotated[int, typer.Option(help="Seed of data, initialisation and order.")] = 7,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in --out.")] = False,
    start: Annotated[Path | None, typer.Option(help="A model.pt of an earlier run to begin with.")] = None,
    keep: Annotated[float, typer.Option(help="Share of --start averaged into the result.", min=0, max=1)] = 0.0,
    generated: Annotated[float, typer.Option(help="Share of generated examples.", min=0, max=1)] = 0.2,
    public: Annotated[Path | None, typer.Option(help="Directory of public sets to mix in.")] = None,
    outside: Annotated[float, typer.Option(help="Share of their rows.", min=0, max=1)] = 0.1,
    patience: Annotated[int, typer.Option(help="Looks without a better held-out loss before it stops.", min=0)] = 0,
    test: Annotated[bool, typer.Option("--test", help="Score the test set too: once, at the very end.")] = False,
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
    rate: Annotated[float, typer.Option(help="Peak learning rate.", min=1e-6, max=1e-2)] = 4e-4,
) -> None:
    """Train the language model that parses; needs the extra `train`.

    The shipped weights are several such runs, each with --start on the one before: MODEL_CARD.md lists their options.
    """
    from assistant.llm.embedded.runtime import EmbeddedModel
    from assistant.nlu.parser import ModelParser
    from assistant.nlu.train import train
    from assistant.nlu.train_loop import TrainSettings
    from eval.parser_eval import OWN_DEV, OWN_TEST, SETS
    from eval.parser_report import judged

    settings = TrainSettings(
        out=out, minutes=minutes, seed=seed, device=device, resume=resume,
        start=start, keep=keep, generated=generated, rate=rate, public=public, outside=outside,
        validation=OWN_DEV, patience=patience, threads=threads,
    )  # fmt: skip
    last = {"talk test": OWN_TEST} if test else {}
    written = train(settings, judge=lambda folder: judged(ModelParser(EmbeddedModel(folder)), SETS, test=last))
    typer.echo(str(written))


@train_app.command("encoder")
def train_encoder(
    store: StoreOption = None,
    log: Annotated[
        list[Path] | None, typer.Option(help="The shop's search log: query, product and event or grade a row.")
    ] = None,
    qrels: Annotated[
        Path | None, typer.Option(help="The shop's judgments: BEIR layout, of which qrels/train.tsv is learnt from.")
    ] = None,
    public: Annotated[
        Path | None, typer.Option(help="For the weights that ship: directory of the public training sets.")
    ] = None,
    shop: Annotated[
        list[str] | None, typer.Option(help="For the weights that ship: NAME=STORE that examples were written for.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Directory for checkpoints and the new weights.")] = Path("runs/encoder"),
    start: Annotated[
        Path | None, typer.Option(help="Weights to begin with (default: the shop's own, or shipped).")
    ] = None,
    untuned: Annotated[bool, typer.Option("--untuned", help="Begin with the genuine all-MiniLM-L6-v2.")] = False,
    install: Annotated[bool, typer.Option(help="Put better weights into the store.")] = True,
    epochs: Annotated[float, typer.Option(help="Passes over the examples.", min=0.01, max=1000)] = 1.0,
    rate: Annotated[float, typer.Option(help="Peak learning rate.", min=1e-7, max=1e-2)] = 3e-5,
    batch: Annotated[int, typer.Option(help="Queries a step.", min=2)] = 48,
    anchor: Annotated[float, typer.Option(help="Weight of the anchor to the first embeddings.", min=0, max=1000)] = 0.0,
    keep: Annotated[float, typer.Option(help="Share of the first weights in the result.", min=0, max=1)] = 0.3,
    seed: Annotated[int, typer.Option(help="Seed of order and dropout.", min=0, max=2**32 - 1)] = 7,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in --out.")] = False,
) -> None:
    """Fine-tune the sentence encoder; needs the extra `train`.

    With --log or --qrels on a shop's own judgments: a fifth of the queries is held out, and weights that are not better
    on them are refused (exit code 1). Without either the general weights that ship are made again.
    """
    from retrieval.encoder.sentence import WEIGHTS

    own = bool(log or qrels)
    _check_options(own=own, general=bool(public or shop), start=start, untuned=untuned)
    if own and install:
        _check_writable(store)
    settings = _encoder_settings(
        out=out, epochs=epochs, rate=rate, batch=batch, anchor=anchor, keep=keep, seed=seed, device=device,
        threads=threads, resume=resume,
    )  # fmt: skip
    weights = out / "untuned" if untuned else start or WEIGHTS
    if own:
        _train_own(
            store, log or [], qrels, weights=weights, chosen=bool(start or untuned), settings=settings, install=install
        )
    else:
        _train_general(store, shop or [], public=public, weights=weights, settings=settings)


def _check_options(*, own: bool, general: bool, start: Path | None, untuned: bool) -> None:
    """Refuse before anything is trained what would be trained on other than was asked for."""
    from retrieval.encoder.checkpoint import LAYERS

    if own and general:
        fail("--public and --shop are for the weights that ship; leave them out beside --log and --qrels")
    if start is not None and untuned:
        fail(f"--start {str(start)!r} and --untuned both say what to begin with; give one")
    if start is not None and not (start / LAYERS).is_file():
        fail(f"--start {str(start)!r} holds no {LAYERS} to train on; name a folder that `train encoder` wrote")


def _check_writable(store: Path | None) -> None:
    folder = _store_dir(store)
    if folder.is_dir() and not os.access(folder, os.W_OK):
        fail(
            f"the store {str(folder)!r} cannot be written, so better weights could not be put there; give --no-install"
        )


def _encoder_settings(**options: Any) -> TrainSettings:  # noqa: ANN401
    try:
        from retrieval.encoder.train import TrainSettings
    except ImportError as error:
        fail(f"training needs the extra `train`: pip install 'shoptalk[train]' ({error})")
    return TrainSettings(start=Path(), **options)


def _train_general(
    store: Path | None, shops: list[str], *, public: Path | None, weights: Path, settings: TrainSettings
) -> None:
    from eval.encoder_eval import compare_examples
    from eval.retrieval_run import untuned
    from retrieval.encoder.mixture import general
    from retrieval.encoder.publish import make_general

    places: dict[str, Path | None] = {"sample": store}
    for pair in shops:
        name, _, place = pair.partition("=")
        if not name or not place:
            fail(f"--shop {pair!r} is not of the form NAME=STORE, e.g. --shop icecat=/stores/icecat")
        places[name] = Path(place)
    mixture = general({name: _products(place) for name, place in places.items()}, public=public)
    before = untuned()
    written = make_general(
        mixture, settings, weights=weights, judge=lambda folder, dev: compare_examples(folder, before, dev)
    )
    typer.echo(str(written))


def _train_own(
    store: Path | None,
    logs: list[Path],
    qrels: Path | None,
    *,
    weights: Path,
    chosen: bool,
    settings: TrainSettings,
    install: bool,
) -> None:
    from eval.encoder_eval import compare_judgments
    from eval.judged import has_corpus, one_a_text, read_corpus
    from eval.retrieval_run import untuned
    from retrieval.encoder.publish import install as put
    from retrieval.encoder.publish import make_own
    from retrieval.encoder.sentence import MANIFEST, OnnxEncoder
    from retrieval.settings import read_settings

    weight = read_settings().dense_weight
    judgments = _judgments(logs, qrels)
    in_folder = qrels is not None and has_corpus(qrels)
    documents = tuple(read_corpus(qrels)) if in_folder and qrels else tuple(one_a_text(_products(store)))
    if not chosen and not in_folder:
        weights = _own_weights(store) or weights
    before = OnnxEncoder(weights) if (weights / MANIFEST).is_file() else untuned()
    folder, verdict = make_own(
        judgments,
        {document.product_id: document.text for document in documents},
        settings,
        weights=weights,
        judge=lambda new, held_out: compare_judgments(new, before, held_out, documents=documents, weight=weight),
    )
    emit({"weights": str(folder), "better": verdict.better, **verdict.figures})
    if not verdict.better:
        typer.echo("shoptalk: the new weights are not better on the held-out queries and were not installed", err=True)
        raise typer.Exit(1)
    if install and not in_folder:
        typer.echo(f"installed in {put(folder, _store_dir(store))}", err=True)


def _judgments(logs: list[Path], qrels: Path | None) -> Judgments:
    from eval.judged import read_judgments
    from retrieval.encoder.own import read_log

    found: Judgments = read_judgments(qrels, split="train") if qrels else {}
    for path in logs:
        told, skipped = read_log(path)
        if skipped:
            typer.echo(f"shoptalk: {skipped} rows of {path} have no query, product and event", err=True)
        for query, grades in told.items():
            merged = found.setdefault(query, {})
            merged.update({key: max(grade, merged.get(key, 0)) for key, grade in grades.items()})
    return found


def _products(store: Path | None) -> list[Product]:
    from assistant.bootstrap import open_store, read_settings

    with closing(open_store(read_settings(store=store))) as opened:
        return [product for batch in opened.catalogue.products() for product in batch]


def _store_dir(store: Path | None) -> Path:
    from assistant.bootstrap import read_settings

    return read_settings(store=store).store_dir


def _own_weights(store: Path | None) -> Path | None:
    """Return the weights that the store has of its own."""
    from retrieval.encoder.registry import INSTALLED

    folder = _store_dir(store) / INSTALLED
    return folder if folder.is_dir() else None
