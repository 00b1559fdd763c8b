"""Every format read the same way, and what is broken in it."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.errors import FeedError
from retrieval.feeds import read_feed
from retrieval.feeds.files import check_files
from retrieval.feeds.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.feeds.base import RawRow

ROWS = [{"id": "1", "title": "Mug, blue", "price": "5.00"}, {"id": "2", "title": 'A "big" pan\nof iron', "price": "9"}]
CSV = 'id,title,price\n1,"Mug, blue",5.00\n2,"A ""big"" pan\nof iron",9\n'
FILES = {
    "a.csv": CSV,
    "b.csv": CSV.replace(",", ";").replace("Mug;", "Mug,"),
    "c.tsv": CSV.replace(",", "\t").replace("Mug\t", "Mug,"),
    "d.txt": CSV.replace(",", "|").replace("Mug|", "Mug,"),
    "e.jsonl": "\n".join(json.dumps(r) for r in ROWS) + "\n\n",
    "f.json": json.dumps(ROWS, indent=2),
    "g.json": json.dumps({"products": ROWS}),
    "h.json": "\n".join(json.dumps(r) for r in ROWS),
}


def read(path: Path, content: str | bytes) -> list[RawRow]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return list(read_feed(Source(path)))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_formats_agree(tmp_path: Path, name: str, packed: bool) -> None:
    content = FILES[name].encode("utf-8")
    path = tmp_path / (f"{name}.gz" if packed else name)
    assert [dict(r.values) for r in read(path, gzip.compress(content) if packed else content)] == ROWS


@pytest.mark.parametrize(
    "encoded",
    ["\ufeffid,title\n1,Café\n".encode(), "id,title\n1,Café\n".encode("cp1252"), "id,title\n1,Café\n".encode("utf-16")],
)
def test_encodings(tmp_path: Path, encoded: bytes) -> None:
    assert [dict(r.values) for r in read(tmp_path / "a.csv", encoded)] == [{"id": "1", "title": "Café"}]


def test_old_line_ends(tmp_path: Path) -> None:
    assert [dict(r.values) for r in read(tmp_path / "a.csv", b"id,title\r1,Mug\r2,Pan\r")] == [
        {"id": "1", "title": "Mug"},
        {"id": "2", "title": "Pan"},
    ]


def test_nul_bytes_are_dropped(tmp_path: Path) -> None:
    assert dict(read(tmp_path / "a.csv", b"id,title\n1,Mu\0g\n")[0].values) == {"id": "1", "title": "Mug"}


def test_lines_count_from_the_file(tmp_path: Path) -> None:
    assert [r.line for r in read(tmp_path / "a.csv", CSV)] == [2, 3]
    assert [r.line for r in read(tmp_path / "b.jsonl", '{"id": 1}\n\n{"id": 2}\n')] == [1, 3]
    assert [r.line for r in read(tmp_path / "c.json", '[\n{"id": 1},\n{"id": 2}\n]')] == [2, 3]


def test_one_bad_row_does_not_stop_the_rest(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", '{"id": 1}\n{"id": \n[3]\n{"id": 4}\n')
    assert [bool(r.problem) for r in rows] == [False, True, True, False]
    rows = read(tmp_path / "a.csv", "id,title\n1,Mug\n2,Pan,extra\n3,Pot\n")
    assert [bool(r.problem) for r in rows] == [False, True, False]
    assert "3 fields where the header names 2" in rows[1].problem
    rows = read(tmp_path / "a.json", '[{"id": 1}, 5, "x", {"id": 2}]')
    assert [bool(r.problem) for r in rows] == [False, True, True, False]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", b"", "is empty"),
        ("a.jsonl.gz", gzip.compress(b" \n"), "is empty"),
        ("a.csv", b"justone\n1\n", "no header"),
        ("a.json", b"<html>", "web page"),
        ("a.json", b"hello", "not JSON"),
        ("a.json", b'[{"id": 1}, {"id": ', "not valid JSON"),
        ("a.json", b'[{"id": 1}', "ends before"),
        ("a.json", b"[" * 100_000, "not valid JSON"),
        ("a.jsonl.gz", gzip.compress(b'{"id": 1}\n' * 50)[:-12], "gzip"),
        ("a.xlsx", b"PK", "no reader"),
        ("a.csv", b"PK\x03\x04...", "a zip file or a workbook"),
        ("a.md", b"a,b\n1,2\n", "no reader"),
        ("a.parquet", b"PAR1 and no more", "not a whole Parquet file"),
        ("a.xml", b"<rss><channel><item><id>1</id></channel></rss>", "not valid XML"),
        ("a.xml", b"<urlset><url/></urlset>", "without <item> or <entry>"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, match: str) -> None:
    with pytest.raises(FeedError, match=match):
        read(tmp_path / name, content)


def test_an_endless_line_is_no_feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.feeds.source.LONGEST_LINE", 1000)
    with pytest.raises(FeedError, match="line of over 1000 bytes"):
        read(tmp_path / "a.jsonl", b"x" * 5000)


def test_objects_longer_than_what_is_read_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.feeds.json_feeds._CHUNK", 16)
    rows = [{"id": i, "text": "y" * (i * 7 % 90), "list": [{"a": 1}] * (i % 4)} for i in range(60)]
    for indent in (None, 1):
        assert [dict(r.values) for r in read(tmp_path / "a.json", json.dumps(rows, indent=indent))] == rows


def test_an_array_may_be_one_line_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.feeds.source.LONGEST_LINE", 5000)
    rows = [{"id": i, "title": "Caf\u00e9 " * 10} for i in range(3000)]
    text = json.dumps(rows, ensure_ascii=False)
    for content in (text, f'{{"products": {text}}}', f"\n\n{text}"):
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            assert [dict(r.values) for r in read(tmp_path / "a.json", content.encode(encoding))] == rows


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    told: list[int] = []
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n' * 2000)
    list(read_feed(Source(path, on_bytes=told.append)))
    assert told == sorted(told)
    assert 0 < told[-1] <= path.stat().st_size


def test_names_that_lie(tmp_path: Path) -> None:
    for content, name in ((FILES["f.json"], "a.csv"), (FILES["f.json"], "a.jsonl"), (FILES["e.jsonl"], "a.txt")):
        assert [dict(r.values) for r in read(tmp_path / name, content)] == ROWS
    for name in ("a.tsv", "a.csv"):
        assert [dict(r.values) for r in read(tmp_path / name, FILES["b.csv"])] == ROWS
    assert [dict(r.values) for r in read(tmp_path / "a.csv", "sep=;\n" + FILES["b.csv"])] == ROWS


BROKEN_QUOTES = """id,title,price
1,"Mug, blue",5
2,"Pan 12" wide,9
3,"Pot of iron,7
4,"A ""big"" wok
for two",8
5,Lid 5",3
6,"Lid, 12" wide, red",3
7,"Jar",2
8,"Cup,1
"""


def test_a_broken_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", BROKEN_QUOTES)
    assert {r.values["id"]: r.values["title"] for r in rows if not r.problem} == {
        "1": "Mug, blue", "2": "Pan 12 wide", "4": 'A "big" wok\nfor two', "5": 'Lid 5"', "7": "Jar",
    }  # fmt: skip
    assert [(r.line, r.excerpt[0]) for r in rows if r.problem] == [(4, "3"), (8, "6"), (10, "8")]
    assert "a quote opens in this row" in rows[2].problem


def test_an_open_quote_does_not_swallow_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.feeds.delimited._LONGEST_RECORD", 200)
    lines = [f'{i},"Mug {i}' if i % 3 == 0 else f"{i},Mug {i}" for i in range(300)]
    rows = read(tmp_path / "a.csv", "\n".join(["id,title", *lines]))
    assert [r.line - 2 for r in rows if r.problem] == list(range(0, 300, 3))
    assert len(rows) == 300


def test_utf16_is_known_by_its_zeros(tmp_path: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        rows = read(tmp_path / "a.csv", "id,title\r\n1,Caf\u00e9\r\n".encode(encoding))
        assert [dict(r.values) for r in rows] == [{"id": "1", "title": "Caf\u00e9"}]


NESTED = [
    {"id": "1", "price": 5.5, "sizes": ["S", "M"], "specs": [{"name": "kg", "value": "3"}], "box": {"deep": {"cm": 4}}},
    {"id": "2", "price": None, "sizes": [], "specs": None, "box": {"deep": {"cm": None}}},
]


@pytest.mark.parametrize("packed", [False, True])
def test_parquet_is_nested_as_json_is(tmp_path: Path, packed: bool) -> None:
    pq.write_table(pa.Table.from_pylist(NESTED), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    rows = read(tmp_path / "b.parquet.gz", gzip.compress(content)) if packed else read(tmp_path / "b.csv", content)
    assert [dict(r.values) for r in rows] == NESTED
    assert [r.line for r in rows] == [1, 2]


def test_parquet_types_become_plain(tmp_path: Path) -> None:
    day, price = datetime(2026, 3, 1, 10, tzinfo=UTC), Decimal("49.90")
    table = pa.table({
        "at": [day], "price": [price], "raw": [b"caf\xc3\xa9"], "rating": [float("nan")],
        "map": pa.array([[("kg", 3)]], pa.map_(pa.string(), pa.int64())),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    (row,) = read_feed(Source(tmp_path / "a.parquet"))
    assert dict(row.values) == {
        "at": "2026-03-01T10:00:00+00:00", "price": 49.9, "raw": "caf\u00e9", "rating": None, "map": {"kg": 3},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (pa.timestamp("ms"), 2**62),
        (pa.duration("ms"), 2**62),
        (pa.date32(), 2**30),
        (pa.timestamp("ns", tz="No/Where"), 1),
        (pa.list_(pa.timestamp("ms")), [2**62]),
    ],
)
def test_a_parquet_value_that_python_cannot_hold_costs_nothing_else(
    tmp_path: Path, kind: pa.DataType, amount: object
) -> None:
    pq.write_table(pa.table({"id": ["a", "b"], "when": pa.array([amount, None], kind)}), tmp_path / "f.parquet")
    rows = list(read_feed(Source(tmp_path / "f.parquet")))
    assert [row.values["id"] for row in rows] == ["a", "b"]
    assert rows[1].values["when"] is None


def test_a_long_parquet_file_is_read_in_batches(tmp_path: Path) -> None:
    told: list[int] = []
    pq.write_table(pa.table({"id": list(range(1000))}), tmp_path / "a.parquet")
    rows = list(read_feed(Source(tmp_path / "a.parquet", on_bytes=told.append)))
    assert [r.values["id"] for r in rows] == list(range(1000))
    assert told == sorted(told)
    assert told[-1] == (tmp_path / "a.parquet").stat().st_size


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.csv.gz", "a.xml", "a.pq"]))
def test_any_bytes_end_in_rows_or_a_feed_error(tmp_path: Path, content: bytes, name: str) -> None:
    with suppress(FeedError):
        assert all(row.line > 0 for row in read(tmp_path / name, content))


def test_what_is_no_file_is_said_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")  # opened, it would wait for ever
    for path, match in ((tmp_path / "pipe.csv", "no feed file"), (tmp_path / ("x" * 300), "too long")):
        with pytest.raises(FeedError, match=match):
            check_files([path])
