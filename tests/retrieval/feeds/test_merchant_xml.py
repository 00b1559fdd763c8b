"""Google Merchant XML: RSS and Atom, what is wrong in real ones, and what must never be read."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from retrieval.errors import FeedError
from retrieval.feeds import read_feed
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.rows import RowReader
from retrieval.feeds.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.types import Product

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title><link>https://s.example</link>
<item>
  <title>Plain title</title><g:title>Mug &amp; lid</g:title><link>https://s.example/1?a=1&amp;region=2</link>
  <description>A <b>fine</b> mug<br/>of clay &nbsp;&eacute;</description>
  <g:id>A1</g:id><g:price>12.00 USD</g:price><g:sale_price>9.00 USD</g:sale_price>
  <g:availability>in_stock</g:availability><g:image_link>https://s.example/1.jpg</g:image_link>
  <g:additional_image_link>https://s.example/2.jpg</g:additional_image_link>
  <g:additional_image_link>https://s.example/3.jpg</g:additional_image_link>
  <g:product_detail><g:section_name>Size</g:section_name><g:attribute_name>Capacity</g:attribute_name>
    <g:attribute_value>350 ml</g:attribute_value></g:product_detail>
  <g:product_detail><g:attribute_name>Glaze</g:attribute_name><g:attribute_value>matt</g:attribute_value></g:product_detail>
  <g:shipping><g:country>US</g:country><g:price>4.95 USD</g:price></g:shipping>
  <g:shipping><g:country>CA</g:country><g:price>9.95 USD</g:price></g:shipping>
  <media:content url="x"/><atom:link rel="self" href="https://other.example"/>
</item>
<item><g:id>A2</g:id><title><![CDATA[Pan & <i>pot</i>]]></title><g:price>5 USD</g:price></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:goog="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><id>tag:s.example,1</id><goog:id>A1</goog:id><title>Mug of clay</title><summary>A mug.</summary>
<link rel="alternate" href="https://s.example/1"/><link rel="edit" href="https://s.example/edit"/>
<goog:price>12 EUR</goog:price></entry></feed>"""


def rows(path: Path, content: str | bytes) -> list[dict[str, Any]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return [dict(row.values) for row in read_feed(Source(path))]


def product(values: dict[str, Any]) -> Product:
    return RowReader(ColumnMap(), currency="USD").product(values)


def test_rss(tmp_path: Path) -> None:
    mug, pan = rows(tmp_path / "a.xml", RSS)
    assert mug["shipping"] == [{"country": "US", "price": "4.95 USD"}, {"country": "CA", "price": "9.95 USD"}]
    assert mug["additional_image_link"] == ["https://s.example/2.jpg", "https://s.example/3.jpg"]
    found = product(mug)
    assert (found.product_id, found.title, found.price_cents, found.sale_price_cents) == ("A1", "Mug & lid", 1200, 900)
    assert (found.link, found.image_link) == ("https://s.example/1?a=1&region=2", "https://s.example/1.jpg")
    assert found.description == "A fine mug of clay \u00e9"
    assert found.attributes == {"capacity": "350 ml", "glaze": "matt"}
    assert product(pan).title == "Pan & pot"


def test_atom_by_content_and_any_prefix(tmp_path: Path) -> None:
    (mug,) = rows(tmp_path / "feed.php", ATOM)
    found = product(mug)
    assert (found.product_id, found.title, found.link) == ("A1", "Mug of clay", "https://s.example/1")
    assert (found.description, found.price_cents, found.currency) == ("A mug.", 1200, "EUR")


def test_lines_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(RSS, "utf-8")
    assert [row.line for row in read_feed(Source(tmp_path / "a.xml"))] == [3, 17]


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1252", "iso-8859-1", "utf-8-sig"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><rss><item><id>1</id><title>Caf\u00e9</title></item></rss>'
    assert rows(tmp_path / "a.xml", text.encode(encoding))[0]["title"] == "Caf\u00e9"


@pytest.mark.parametrize("claimed", ["idna", "punycode", "unicode_escape", "utf-7", "hz", "rot13", "cp037", "nonsense"])
def test_an_encoding_that_cannot_be_is_not_believed(tmp_path: Path, claimed: str) -> None:
    head = f'<?xml version="1.0" encoding="{claimed}"?>'
    assert rows(tmp_path / "f.xml", head + r"<rss><item><title>Mug +AGE- \x41</title></item></rss>") == [
        {"title": r"Mug +AGE- \x41"}
    ]


def test_what_feeds_get_wrong_is_mended(tmp_path: Path) -> None:
    text = "<rss><item><id>1</id><g:title>Salt & Pepper\x0b&#x1F; AT&T</g:title><link>/a?b=1&c=2</link></item></rss>"
    found = rows(tmp_path / "a.xml", text)[0]
    assert " ".join(found["title"].split()) == "Salt & Pepper AT&T"
    assert found["link"] == "/a?b=1&c=2"
    claimed = '<?xml version="1.0" encoding="utf-8"?><rss><item><id>Caf\u00e9</id></item></rss>'.encode("cp1252")
    assert rows(tmp_path / "b.xml", claimed) == [{"id": "Caf\u00e9"}]


def test_a_block_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(tmp_path / "a.xml", RSS)
    for size in (1, 7, 40):
        monkeypatch.setattr("retrieval.feeds.source._BLOCK", size)
        assert rows(tmp_path / "a.xml", RSS) == whole


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><rss><item><id>&i;</id></item></rss>"
)


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><id>&x;</id></item></rss>',
        '<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><rss><item><id>1</id></item></rss>',
        '<!DOCTYPE rss [<!ENTITY x "y">]><rss><item><id>1</id></item></rss>',
    ],
)
def test_entities_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FeedError, match="declares entities"):
        rows(tmp_path / "a.xml", content)


def test_an_outer_document_type_is_never_fetched(tmp_path: Path) -> None:
    text = '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd"><rss><item><id>1</id></item></rss>'
    assert rows(tmp_path / "a.xml", text) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("<rss><item>" + "<a>" * 100, "nests over"),
        ("<rss><item><a>" + "y" * 50_000, "item of over 9000"),
        ('<rss><item><a b="' + "y" * 500_000, "tag of over 9000"),
    ],
)
def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, match: str) -> None:
    monkeypatch.setattr("retrieval.feeds.merchant_xml.LONGEST_LINE", 9000)
    with pytest.raises(FeedError, match=match):
        rows(tmp_path / "a.xml", content)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    item = "<item><g:id>{}</g:id><title>Mug</title><description>" + "long " * 200 + "</description></item>"
    peaks = []
    for n in (200, 4000):
        path = tmp_path / f"{n}.xml"
        path.write_text("<rss>" + "".join(item.format(i) for i in range(n)) + "</rss>", "utf-8")
        tracemalloc.start()
        assert sum(1 for _ in read_feed(Source(path))) == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000
