"""Shopify's product CSV: one product a variant, whatever the file is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from retrieval.catalogue import Catalogue
from retrieval.ingest import CATALOGUE_FILE, ingest

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.ingest import IngestReport
    from retrieval.types import Product

HEADER = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,SEO Title,"
    "Google Shopping / Gender,Fabric (product.metafields.custom.fabric),Variant Image,Cost per item,Status"
)
ROWS = """
tee,Plain summer tee,<p>Soft &amp; <b>light</b></p>,Ark,Apparel > Shirts,Tees,"cotton, summer",true,Color,Black,Size,M,TEE-BM,150,shopify,4,deny,19.00,25.00,'0095205603217,https://c.example/1.jpg,1,Buy,female,jersey,https://c.example/b.jpg,7.10,active
tee,,,,,,,,,Black,,L,TEE-BL,150,shopify,0,deny,19.00,,,https://c.example/2.jpg,2,,,,,,
tee,,,,,,,,,White,,L,,0,shopify,0,continue,21.00,,,,,,,,,,
tee,,,,,,,,,,,,,,,,,,,,https://c.example/3.jpg,3,,,,,,
mug,Clay mug,A mug,Ark,,Mugs,,true,Title,Default Title,,,,,,-3,deny,9.00,,,https://c.example/m.jpg,1,,,,,,active
pot,Secret pot,Not yet,Ark,,Pots,,true,Title,Default Title,,,POT,,,1,deny,99.00,,,,,,,,,,draft
jar,Old jar,Gone,Ark,,Jars,,false,Title,Default Title,,,JAR,,,1,deny,9.00,,,,,,,,,,active
bad,Bad one,x,Ark,,Jars,,true,Title,Default Title,,,BAD,,,1,deny,call us,,,,,,,,,,active
"""


def take(tmp_path: Path, text: str, *, name: str = "products_export_1.csv") -> tuple[IngestReport, dict[str, Product]]:
    (tmp_path / name).write_text(text, "utf-8")
    report = ingest([tmp_path / name], tmp_path / "store")
    catalogue = Catalogue.open(tmp_path / "store" / CATALOGUE_FILE)
    found = {p.product_id: p for p in catalogue.get(catalogue.ids())}
    catalogue.close()
    return report, found


@pytest.mark.parametrize("name", ["products_export_1.csv", "export", "shop.dat", "a.tsv"])
def test_every_variant_is_a_product(tmp_path: Path, name: str) -> None:
    report, found = take(tmp_path, HEADER + ROWS, name=name)
    assert set(found) == {"TEE-BM", "TEE-BL", "tee-white-l", "mug"}
    assert (report.read, report.added, report.withdrawn, report.quarantined) == (7, 4, 2, 1)
    first, second, third = found["TEE-BM"], found["TEE-BL"], found["tee-white-l"]
    assert {p.item_group_id for p in (first, second, third)} == {"tee"}
    assert (first.color, first.size, second.size, third.color) == ("Black", "M", "L", "White")
    assert (first.price_cents, first.sale_price_cents) == (2500, 1900)
    assert (second.title, second.brand, second.description) == ("Plain summer tee", "Ark", "Soft & light")
    assert (second.sale_price_cents, third.price_cents) == (None, 2100)
    assert [p.availability for p in (first, second, third)] == ["in_stock", "out_of_stock", "backorder"]
    assert (first.gtin, second.gtin, first.gender) == ("0095205603217", "", "female")
    assert (first.image_link, second.image_link) == ("https://c.example/b.jpg", "https://c.example/1.jpg")
    assert (first.product_type, first.google_product_category) == ("Tees", "Apparel > Shirts")
    assert first.attributes == {"tags": "cotton, summer", "weight": "150 g"}
    assert {p.material for p in (first, second, third)} == {"jersey"}
    assert found["mug"].availability == "in_stock"  # nobody counts them
    assert found["mug"].attributes == {}


def test_what_is_archived_is_sold_no_longer(tmp_path: Path) -> None:
    report, found = take(tmp_path, HEADER + ROWS.replace("draft", "active"))
    assert "POT" in found
    report, found = take(tmp_path, HEADER + ROWS.replace("draft", "archived"))
    assert "POT" not in found
    assert (report.removed, report.unchanged) == (1, 4)


def test_variants_that_share_a_sku_are_all_kept(tmp_path: Path) -> None:
    _, found = take(tmp_path, HEADER + ROWS.replace("TEE-BL", "TEE-BM"))
    assert {"TEE-BM", "tee-black-l"} <= set(found)


def test_a_broken_first_row_takes_its_variants_into_quarantine(tmp_path: Path) -> None:
    report, found = take(tmp_path, HEADER + ROWS.replace("tee,Plain summer tee,", 'tee,"Plain summer tee,'))
    assert set(found) == {"mug"}
    assert report.quarantined == 3 + 1


def test_the_newer_column_names(tmp_path: Path) -> None:
    text = (
        "Title,URL handle,Description,Vendor,Type,Published on online store,Status,SKU,Option1 name,Option1 value,"
        "Price,Compare-at price,Inventory tracker,Inventory quantity,Continue selling when out of stock,"
        "Product image URL\n"
        "Stool of wood,stool,<p>A stool</p>,Fir,Stools,TRUE,Active,ST-1,Material,Oak,49.00,60.00,shopify,3,FALSE,https://c/1.jpg\n"
        ",stool,,,,,,ST-2,,Ash,45.00,,shopify,0,TRUE,\n"
    )
    _, found = take(tmp_path, text)
    assert (found["ST-1"].material, found["ST-1"].price_cents, found["ST-1"].sale_price_cents) == ("Oak", 6000, 4900)
    assert (found["ST-2"].title, found["ST-2"].material, found["ST-2"].availability) == (
        "Stool of wood",
        "Ash",
        "backorder",
    )
