"""What real feeds are like: every piece of dirt through the real ingest, and nothing else is lost by it."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from retrieval.catalogue import Catalogue
from retrieval.errors import FeedError
from retrieval.ingest import CATALOGUE_FILE, QUARANTINE_FILE, ingest

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.types import Product

HEADER = "id;title;price;availability;description;release date\n"


class Shop:
    """A store in a directory of its own, fed with one file at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def feed(self, content: str | bytes, *, name: str = "feed.csv") -> dict[str, Product]:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        self.report = ingest([path], self.folder / "store")
        return self.products()

    def rows(self, *rows: dict[str, Any]) -> dict[str, Product]:
        return self.feed("\n".join(json.dumps(row) for row in rows), name="feed.jsonl")

    def products(self) -> dict[str, Product]:
        catalogue = Catalogue.open(self.folder / "store" / CATALOGUE_FILE)
        found = {p.product_id: p for p in catalogue.get(catalogue.ids())}
        catalogue.close()
        return found

    def bad(self) -> list[tuple[int, str]]:
        text = (self.folder / "store" / QUARANTINE_FILE).read_text("utf-8")
        return [(entry["line"], entry["reason"]) for entry in map(json.loads, text.splitlines())]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def row(i: int = 1, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    return {"id": f"p{i}", "title": f"Mug number {i}", "price": "5.00", "product_type": "Mugs", **fields}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_and_semicolons(shop: Shop, encoding: str, packed: bool) -> None:
    content = f"{HEADER}1;Café crème; 12,50 ;in stock;;\r\n".encode(encoding)
    found = shop.feed(gzip.compress(content) if packed else content)
    assert (found["1"].title, found["1"].price_cents) == ("Café crème", 1250)


@pytest.mark.parametrize(
    ("written", "cents", "currency"),
    [
        ("1.299,00 EUR", 129900, "EUR"),
        ("1 299,00 €", 129900, "EUR"),
        ("1\u202f299,00\u00a0€", 129900, "EUR"),
        ("1'299.00 CHF", 129900, "CHF"),
        ("CHF 1\u2019299.00", 129900, "CHF"),
        ("USD 1,299", 129900, "USD"),
        ("from $5", 500, "USD"),
        ("19,99", 1999, "USD"),
        ("0,99 €", 99, "EUR"),
        ("5 - 9 EUR", 500, "EUR"),
        ("49.99 THB", 4999, "THB"),
        ("4.990 KWD", 499, "KWD"),
        ("49.99", 4999, "USD"),
    ],
)
def test_prices_keep_their_own_currency(shop: Shop, written: str, cents: int, currency: str) -> None:
    found = shop.rows(row(price=written))["p1"]
    assert (found.price_cents, found.currency) == (cents, currency)


def test_a_currency_column(shop: Shop) -> None:
    found = shop.rows(row(1, currency="eur"), row(2, currency="€"), row(3, currency="?"), row(4, price="5 GBP"))
    assert [found[f"p{i}"].currency for i in (1, 2, 3, 4)] == ["EUR", "EUR", "USD", "GBP"]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (0, "not above zero"),
        ("0.00 EUR", "not above zero"),
        (-5, "not a positive number"),
        ("-5 EUR", "not a positive number"),
        ("€ -5", "not a positive number"),
        (1e30, "absurdly high"),
        ("1e30", "absurdly high"),
        ("1e30 EUR", "no price"),
        ("NaN", "not a positive number"),
        ("call us", "no price"),
        ("", "no price"),
        (None, "no price"),
        ([], "no price"),
    ],
)
def test_absurd_prices_are_quarantined_alone(shop: Shop, price: object, reason: str) -> None:
    found = shop.rows(row(1), row(2, price=price), row(3))
    assert set(found) == {"p1", "p3"}
    assert [line for line, _ in shop.bad()] == [2]
    assert reason in shop.bad()[0][1]


def test_markup(shop: Shop) -> None:
    found = shop.rows(
        row(1, title="<b>Mug</b> &amp; lid set", description="<p>Fine</p><script>alert(1)</script> clay"),
        row(
            2,
            title="&lt;b&gt;Mug&lt;/b&gt; &amp;amp; lid set",
            description="&amp;lt;p&amp;gt;Fine&amp;lt;/p&amp;gt; clay",
        ),
    )
    assert {p.title for p in found.values()} == {"Mug & lid set"}
    assert {p.description for p in found.values()} == {"Fine clay"}


def test_of_two_rows_with_one_id_the_later_wins(shop: Shop) -> None:
    found = shop.rows(row(1), row(1, price="6.00"), row(2, price="oops"), row(2, price="7.00"))
    assert (found["p1"].price_cents, found["p2"].price_cents) == (600, 700)
    assert (shop.report.added, shop.report.duplicates, shop.report.quarantined) == (2, 1, 1)


def test_very_long_fields(shop: Shop) -> None:
    long = "lorem ipsum " * 9000
    found = shop.feed(
        f'id,title,price,description,link\n1,"{long}",5,"{long}\n{long}",https://x/{"y" * 100_000}\n2,Mug,5,,\n'
    )
    assert (len(found), len(found["1"].title) <= 500, len(found["1"].description) <= 5000) == (2, True, True)
    assert found["1"].link == ""


def test_broken_quotes(shop: Shop) -> None:
    found = shop.feed('id,title,price\n1,Mug of clay,5\n2,"Pan of iron,9\n3,"Pot, blue",7\n4,"Lid 5" wide",2\n')
    assert set(found) == {"1", "3", "4"}
    assert found["3"].title == "Pot, blue"
    assert [line for line, _ in shop.bad()] == [3]
    assert "quote" in shop.bad()[0][1]


def test_absurd_dates_cost_the_date_only(shop: Shop) -> None:
    next_year = datetime.now(UTC).year + 1
    written = [
        "0000-00-00", "0001-01-01", "9999-99-99", "31/02/2021", "2021-02-31", "2999-01-01", "soon", "", 12,
        "2021-03-01T10:00:00Z", "1.3.2021", f"{next_year}-01-01",
    ]  # fmt: skip
    found = shop.rows(*(row(i, released=date) for i, date in enumerate(written)))
    assert [found[f"p{i}"].released for i in range(len(written))] == [
        *[""] * 9, "2021-03-01", "2021-03-01", f"{next_year}-01-01",
    ]  # fmt: skip


def test_nul_bytes(shop: Shop) -> None:
    assert shop.feed("id,title,price\n1,Mu\0g of clay,5\n")["1"].title == "Mug of clay"
    assert shop.rows(row(2, title="Mug\0 of clay"))["p2"].title == "Mug of clay"


def test_what_is_not_told_of_stock(shop: Shop) -> None:
    said = [
        "https://schema.org/OutOfStock",
        "in_stock",
        "in stock",
        "out of stock",
        "preorder",
        "3 pcs",
        "0",
        "whatever",
    ]
    found = shop.rows(*(row(i, availability=word) for i, word in enumerate(said)))
    assert [found[f"p{i}"].availability for i in range(len(said))] == [
        "out_of_stock", "in_stock", "in_stock", "out_of_stock", "preorder", "in_stock", "out_of_stock", "in_stock",
    ]  # fmt: skip


def test_ratings_as_they_are_written(shop: Shop) -> None:
    said = ["4,5", "4.5 out of 5 stars", "4.5/5", "9", "none"]
    found = shop.rows(*(row(i, rating=word, reviews_count="1,234") for i, word in enumerate(said)))
    assert [found[f"p{i}"].rating for i in range(len(said))] == [4.5, 4.5, 4.5, None, None]
    assert found["p0"].n_ratings == 1234


def test_what_a_shop_pays_is_no_attribute(shop: Shop) -> None:
    found = shop.rows(row(cost="3.10", cost_of_goods_sold="3", custom_label_0="dog", glaze="matt"))
    assert found["p1"].attributes == {"glaze": "matt"}


def test_merchant_text_feeds(shop: Shop) -> None:
    head = (
        "id\ttitle\tprice\tsale price\tavailability\tproduct detail\tg:color\titem_group_id\tshipping(country:price)\n"
    )
    line = (
        "A1\tMug of clay\t49.99 USD\t39.99 USD\t{}\tGeneral:Capacity:6 kg, soft,:Plug type:EU\tblue\tG1\tUS:5.00 USD\n"
    )
    for said in ("in_stock", "in stock"):
        found = shop.feed(head + line.format(said), name="feed.txt")["A1"]
        assert (found.price_cents, found.sale_price_cents, found.availability) == (4999, 3999, "in_stock")
        assert (found.color, found.item_group_id) == ("blue", "G1")
        assert found.attributes == {"capacity": "6 kg, soft", "plug type": "EU"}


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", b"", "is empty"),
        ("a.jsonl", b"\n\n", "is empty"),
        ("a.jsonl.gz", gzip.compress(b'{"id": 1}\n' * 5000)[:-20], "not a whole gzip file"),
        ("a.gz", b"\x1f\x8b", "not a whole gzip file"),
        ("a.json", b"id,title\n1,Mug\n", "not JSON"),
        ("a.xlsx", b"PK\x03\x04", "a workbook; export it as CSV"),
        ("a.exe", b"MZ", "no reader"),
    ],
)
def test_bad_files_are_one_clear_error(shop: Shop, name: str, content: bytes, match: str) -> None:
    with pytest.raises(FeedError, match=match):
        shop.feed(content, name=name)


def test_a_directory(shop: Shop) -> None:
    with pytest.raises(FeedError, match="is a directory"):
        ingest([shop.folder], shop.folder / "store")


def test_what_came_before_a_break_is_kept(shop: Shop) -> None:
    content = gzip.compress("".join(json.dumps(row(i)) + "\n" for i in range(5000)).encode())
    with pytest.raises(FeedError, match="not a whole gzip file"):
        shop.feed(content[: len(content) // 2], name="a.jsonl.gz")
    kept = set(shop.products())
    assert len(kept) > 1000
    assert kept == {f"p{i}" for i in range(len(kept))}
