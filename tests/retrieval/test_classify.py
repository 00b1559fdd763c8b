"""Product types where the feed has none."""

from __future__ import annotations

import pytest

from retrieval.classify import Untyped, classify, named_type
from retrieval.heads import head_phrases


@pytest.mark.parametrize(
    ("title", "brand", "expected"),
    [
        ("Xerox 006R90321 toner cartridge Original Black 6 pc(s)", "Xerox", "Toner cartridge"),
        ('HP Pavilion dv7 Notebook Silver 43.2 cm (17") Intel 4 GB', "HP", "Laptop"),
        ("Leitz Notebook A4 squared", "Leitz", "Paper notebook"),
        ("DELL R440 server Xeon 2.1 GHz Rack 1U", "DELL", "Server"),
        ("Soft Shell Case for Apple iPhone 7", "", "Case"),
        ("Laptop backpack 15 inch, grey", "", "Laptop backpack"),
        ("Screen protector smartphone 2 pack", "", "Screen protector"),
        ("Case Logic EVA 100 grey", "Case Logic", ""),
        ("HP 85 Original Cyan 1 pc(s)", "HP", ""),
    ],
)
def test_named_in_the_title(title: str, brand: str, expected: str) -> None:
    assert (
        named_type(Untyped("1", title, brand=brand, signs=("processor family",) if "Intel" in title else ()))
        == expected
    )


def test_the_hint_of_a_type_attribute_counts() -> None:
    assert named_type(Untyped("1", "XPS 13 9300", hint="Ultrabook")) == "Ultrabook"
    assert named_type(Untyped("1", "XPS 13 9300", hint="1")) == ""


def test_the_unnamed_are_voted_for_where_it_is_clear() -> None:
    signs = ("page yield", "printing colours", "supply type")
    named = [
        Untyped(f"n{i}", f"{brand} T{i} toner cartridge Cyan", brand=brand, signs=signs)
        for i in range(6)
        for brand in ("Epson", "Oki")
    ]
    mugs = [Untyped(f"m{i}", f"Mug {i} blue", brand=f"B{i}", signs=("capacity", "dishwasher safe")) for i in range(6)]
    odd = [Untyped("u", "Oki C610 Cyan", brand="Oki", signs=signs), Untyped("v", "Zed Q1")]
    found = classify([*named, *mugs, *odd])
    assert found["u"] == "Toner cartridge"
    assert "v" not in found


def test_one_name_for_one_thing() -> None:
    items = [Untyped(f"a{i}", f"Acme ethernet cable {i} m", brand=f"B{i}") for i in range(3)]
    found = classify([*items, Untyped("b", "Bolt patch cable 2 m", brand="Bolt")])
    assert set(found.values()) == {"Ethernet cable"}


@pytest.mark.parametrize(
    ("title", "brand", "expected"),
    [
        ("Halden women's trail running shoes - Blue, size 9", "Halden", "trail running shoe"),
        ("Insignia - Soft shell case for Galaxo - Black", "Insignia", "soft shell case"),
        ("Set of 4 mugs with lids", "", "mug"),
    ],
)
def test_heads(title: str, brand: str, expected: str) -> None:
    assert head_phrases(title, brand=brand)[-1] == expected


def test_part_numbers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Untyped(f"p{i}", f"Acme x{i}y toner cartridge", brand=f"b{i % 3}") for i in range(400)]
    items += [Untyped("odd", "Acme x1y toner", brand="b1")]
    whole = classify(items)
    monkeypatch.setattr("retrieval.classify._SIGNS", 50)
    assert classify(items) == whole
