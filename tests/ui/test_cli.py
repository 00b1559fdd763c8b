"""The command line as programs use it: JSON lines out, one-line errors, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.settings import Settings

FEED = """id,title,brand,price,product_type,color,description
k1,Steel kettle 1.7 l,Norda,39.90 USD,Kitchen > Kettles,silver,A kettle of steel.
k2,Glass kettle 1 l,Norda,24.50 USD,Kitchen > Kettles,clear,A kettle of glass.
t1,Toaster for two slices,Brill,29.00 USD,Kitchen > Toasters,black,Toasts two slices.
bad,No price here,Brill,,Kitchen > Toasters,black,Nothing.
"""


def run(*arguments: str, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ui.cli import main; main()", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("merchant")
    (folder / "feed.csv").write_text(FEED, "utf-8")
    report = lines(run("ingest", str(folder / "feed.csv"), "--store", str(folder / "store"), "--json"))[0]
    assert (report["read"], report["added"], report["quarantined"]) == (4, 3, 1)
    return folder / "store"


def test_ingest_again_changes_nothing(store: Path) -> None:
    report = lines(run("ingest", str(store.parent / "feed.csv"), "--store", str(store), "--json"))[0]
    assert (report["added"], report["updated"], report["unchanged"], report["quarantined"]) == (0, 0, 3, 1)
    row = json.loads((store / "quarantine.jsonl").read_text("utf-8").splitlines()[0])
    assert row["line"] == 5


REVIEWS = "product_id,rating,text\nk1,5,Boils fast\nk1,9,Off the scale\n"
EVENTS = "user_id,item_id,event,timestamp\nann,k1,view,1767350000\nann,k1,buy,1767350100\nann,k1,dance,1767350200\n"


def test_ingest_reviews_and_events(store: Path) -> None:
    told, logged, more = (store.parent / name for name in ("r.csv", "e.csv", "r2.csv"))
    told.write_text(REVIEWS, "utf-8")
    more.write_text(REVIEWS.replace("k1", "t1"), "utf-8")
    logged.write_text(EVENTS, "utf-8")
    files = ("--reviews", str(told), str(more), "--events", str(logged))
    for added in (2, 0):
        report = lines(run("ingest", *files, "--store", str(store), "--json"))[0]
        assert (report["read"], report["reviews"], report["events"]) == (0, 2, added)
    assert report["review_rows"] == {"read": 4, "taken": 2, "quarantined": 2}
    assert report["event_rows"]["quarantined"] == 1
    assert "dance" in (store / "quarantine.events.jsonl").read_text("utf-8")
    assert "t1" in (store / "quarantine.reviews.jsonl").read_text("utf-8")
    text = run("ingest", str(store.parent / "feed.csv"), *files, "--store", str(store)).stdout
    assert "3 unchanged" in text
    assert "events: 3 read" in text


def test_ingest_maps_columns_of_every_kind(store: Path) -> None:
    told = store.parent / "mapped.jsonl"
    told.write_text(json.dumps({"thing": "k1", "note": 4, "said": "Good"}), "utf-8")
    pairs = ("product_id=thing", "reviews.rating=note", "text=said")
    options = [word for pair in pairs for word in ("--map", pair)]
    report = lines(run("ingest", "--reviews", str(told), "--store", str(store), *options, "--json"))[0]
    assert report["reviews"] == 1


def test_what_is_like_a_product_and_what_goes_with_it(store: Path) -> None:
    like = lines(run("search", "", "--like", "k1", "--store", str(store), "--json"))[0]
    assert like["hits"][0]["product_id"] == "k2"
    assert "k1" not in {hit["product_id"] for hit in like["hits"]}
    with_it = lines(run("search", "", "--goes-with", "k1", "--store", str(store), "--json"))[0]
    assert [hit["product_id"] for hit in with_it["hits"]] == ["t1"]
    filters = json.dumps({"price": {"lte": 5}})
    dear = lines(run("search", "", "--goes-with", "k1", "--store", str(store), "--filter", filters, "--json"))[0]
    assert (dear["hits"], dear["total"], dear["relaxed"]) == ([], 0, [])


@pytest.mark.parametrize("option", ["--like", "--goes-with"])
def test_an_unknown_product_is_one_line(store: Path, option: str) -> None:
    done = run("search", "", option, "nobody", "--store", str(store), code=2)
    assert "'nobody'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_search(store: Path) -> None:
    filters = json.dumps({"price": {"lte": 30}})
    answer = lines(run("search", "kettle", "--store", str(store), "--filter", filters, "--json"))[0]
    assert answer["hits"][0]["product_id"] == "k2"
    assert {"title", "price", "currency", "score"} <= answer["hits"][0].keys()
    assert {"total", "relaxed", "elapsed_ms"} <= answer.keys()


def test_facets_of_a_search(store: Path) -> None:
    answer = lines(run("search", "", "--store", str(store), "--facets", "--json"))[0]
    named = {f["name"]: f for f in answer["facets"]}
    assert [(v["value"], v["count"]) for v in named["brand"]["values"]] == [("Norda", 2), ("Brill", 1)]
    price = named["price"]
    assert (price["kind"], price["currency"]) == ("range", "USD")
    assert price["values"][0] == {
        "value": "under 25", "low": None, "high": 2500, "count": 1,
        "filter": [{"slot": "price", "op": "lte", "value": 24.99, "currency": "USD", "group": 0}],
    }  # fmt: skip
    filters = json.dumps(price["values"][0]["filter"])
    assert lines(run("search", "", "--store", str(store), "--filter", filters, "--json"))[0]["total"] == 1
    told = run("search", "kettle", "--store", str(store), "--facets")
    assert "price (USD)" in told.stdout
    assert "counted within: category kettle" in told.stderr
    assert "--facets" in run("search", "", "--like", "k1", "--facets", "--store", str(store), code=2).stderr


def test_chat_answers_a_line_with_a_line(store: Path) -> None:
    replies = lines(run("chat", "--store", str(store), "--json", stdin="kettles\n\ncheapest one\n"))
    assert [reply["turn"] for reply in replies] == [1, 2]
    assert {p["product_id"] for p in replies[0]["products"]} == {"k1", "k2"}
    wanted = {
        "text",
        "intents",
        "constraints",
        "relaxed",
        "question",
        "quick_replies",
        "actions",
        "cart",
        "handoff",
        "trace",
    }
    assert wanted <= replies[0].keys()


def test_recommend_and_rebuild(store: Path) -> None:
    answer = lines(run("recommend", "--store", str(store), "--top", "2", "--json"))[0]
    assert len(answer["items"]) == 2
    run("index", "rebuild", "--store", str(store))
    assert lines(run("search", "toaster", "--store", str(store), "--json"))[0]["hits"][0]["product_id"] == "t1"


def test_parse_goes_on_after_a_bad_line() -> None:
    good = json.dumps({"id": "d1", "dialogue": [{"role": "user", "text": "red kettle under 40"}]})
    done = run("parse", stdin=f"{good}\nnot json\n{{}}\n{good}\n", code=2)
    assert [parse["id"] for parse in lines(done)] == ["d1", "d1"]
    assert {"intents", "constraints", "references", "elapsed_ms"} <= lines(done)[0].keys()
    assert "line 2" in done.stderr
    assert "line 3" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "x", "--store", "/nowhere/at/all"), "shoptalk ingest"),
        (("search", "x", "--filter", "{"), "--filter"),
        (("search", "x", "--filter", '[{"slot": "smell", "value": 1}]'), "smell"),
        (("ingest", "/no/such/feed.csv", "--store", "STORE"), "feed"),
        (("ingest", "FEED", "--store", "STORE", "--map", "title"), "our=theirs"),
        (("ingest", "FEED"), "--store"),
        (("ingest", "--store", "STORE"), "no feed file was given"),
        (("ingest", "--reviews", "FEED", "--store", "STORE"), "ingest its product feed first"),
        (("ingest", "FEED", "--store", "STORE", "--map", "reviews.text=x"), "no field 'reviews.text'"),
        (("ingest", "FEED", "--store", "STORE", "--currency", "dollars?"), "ISO 4217"),
        (("ingest", "FOLDER", "--store", "STORE"), "is a directory"),
        (("ingest", "EMPTY", "--store", "STORE"), "is empty"),
        (("eval", "dialogues", "/no/such/file.yaml"), "cannot read"),
        (("eval", "parser", "/no/such/file.jsonl"), "file.jsonl"),
        (("chat", "--user", "nobody", "--json"), "nobody"),
        (("frobnicate",), "frobnicate"),
        (("search", "x", "--top", "0"), "--top"),
        (("ingest", "LONG", "--store", "STORE"), "File name too long"),
        (("search", "x", "--store", "LONG"), "File name too long"),
        (("ingest", "--reviews", "--store", "STORE"), "--reviews needs the names of files"),
        (("ingest", "FEED", "--store", "STORE", "--map", "title=a", "--map", "feeds.title=b"), "name it once"),
        (("search", "x", "--filter", '{"price": true}'), "a text or a number"),
        (("search", "x", "--filter", '{"price": []}'), "without a value"),
        (("search", "x", "--filter", '[{"slot": "price", "value": 1, "currency": 5}]'), "ISO 4217"),
        (("index", "rebuild", "--store", "STORE"), "shoptalk ingest"),
        (("bench", "--keep", "STORE"), "--retrieval"),
        (("bench", "--retrieval", "--store", "STORE"), "made for it"),
        (("bench", "--retrieval", "--keep", "FEED"), "cannot be used"),
        (("eval", "beir", "FEED", "--out", "STORE"), "product_title"),
        (("train", "encoder", "--log", "FEED", "--start", "FOLDER"), "layers.fp16.safetensors"),
        (("train", "encoder", "--log", "FEED", "--start", "FOLDER", "--untuned"), "give one"),
        (("train", "encoder", "--log", "FEED", "--public", "FOLDER"), "weights that ship"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text(FEED, "utf-8")
    (tmp_path / "empty.csv").touch()
    places = {"STORE": str(tmp_path / "store"), "FEED": str(feed), "FOLDER": str(tmp_path)}
    places |= {"EMPTY": str(tmp_path / "empty.csv"), "LONG": "x" * 300}
    done = run(*(places.get(argument, argument) for argument in arguments), stdin="hello\n", code=2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "store" / "index.json").exists() or arguments[0] == "ingest"


def test_where_no_row_can_be_used_it_is_said_why(store: Path) -> None:
    done = run("ingest", str(store.parent / "feed.csv"), "--store", str(store), "--map", "title=nothing", "--json")
    assert lines(done)[0]["quarantined"] == 4
    assert "line 2 of 'feed.csv'" in done.stderr
    assert "no title" in done.stderr


def test_an_argument_that_is_no_text_is_searched_for_all_the_same(store: Path) -> None:
    done = run("search", "", "--like", "\udcff", "--store", str(store), code=2)
    assert "there is no product" in done.stderr


def test_users_export_and_erase(sample_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sample_settings.database_url
    assert url is not None
    monkeypatch.setenv("SHOPTALK_DATABASE_URL", url.get_secret_value())
    exported = lines(run("users", "export", "shopper-102"))[0]
    assert "shopper-102" in json.dumps(exported)
    assert lines(run("users", "erase", "shopper-102", "--yes"))[0]["erased"]
    run("users", "export", "shopper-102", code=2)


def test_help_lists_the_commands() -> None:
    text = run("--help").stdout
    for command in ("ingest", "parse", "search", "recommend", "chat", "serve", "eval", "train", "bench", "users"):
        assert command in text
