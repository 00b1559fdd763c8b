"""Every format read the same way, and what is broken in it."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.errors import FeedError
from retrieval.feeds import read_feed
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
        ("a.csv", b"", "no header"),
        ("a.csv", b"justone\n1\n", "no header"),
        ("a.json", b"<html>", "not JSON"),
        ("a.json", b'[{"id": 1}, {"id": ', "not valid JSON"),
        ("a.json", b'[{"id": 1}', "ends before"),
        ("a.json", b"[" * 100_000, "not valid JSON"),
        ("a.jsonl.gz", gzip.compress(b'{"id": 1}\n' * 50)[:-12], "gzip"),
        ("a.xlsx", b"PK", "no reader"),
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


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    told: list[int] = []
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n' * 2000)
    list(read_feed(Source(path, on_bytes=told.append)))
    assert told == sorted(told)
    assert 0 < told[-1] <= path.stat().st_size


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.csv.gz"]))
def test_any_bytes_end_in_rows_or_a_feed_error(tmp_path: Path, content: bytes, name: str) -> None:
    with suppress(FeedError):
        assert all(row.line > 0 for row in read(tmp_path / name, content))
