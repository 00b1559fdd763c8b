"""Pictures of products: every shelf recognised, colours kept, and nothing hostile let through."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.sample.pictures import FALLBACK, draw, silhouette
from assistant.sample.shelf import shelves, table
from retrieval.types import Product

MAX_BYTES = 4_000
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {f"{SVG}{tag}" for tag in ("svg", "title", "rect", "circle", "ellipse", "path", "g")}
EVERY_SHELF = {shelf.path: shelf for shelf in shelves()}


def product(title: str = "Thing", *, product_type: str = "", color: str = "", google: str = "") -> Product:
    return Product(
        product_id="1", title=title, price_cents=100, currency="USD",
        product_type=product_type, color=color, google_product_category=google,
    )  # fmt: skip


def checked(picture: str) -> ElementTree.Element:
    """Return the parsed picture after checking that it is small and holds nothing but shapes."""
    assert len(picture.encode()) < MAX_BYTES
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own text
    assert {element.tag for element in root.iter()} <= SHAPES
    attributes = {(name, value) for element in root.iter() for name, value in element.items()}
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"href", "style", "id"}]
    assert not [value for name, value in attributes if name != "aria-label" and ("url(" in value or "$" in value)]
    return root


def test_every_shelf_of_the_sample_store_has_a_drawing() -> None:
    plain = {shelf.path for shelf in shelves() if shelf.silhouette == "box"}
    for path, shelf in EVERY_SHELF.items():
        one = product(shelf.noun, product_type=path, color="navy")
        checked(draw(one))
        assert silhouette(one) != FALLBACK or path in plain, path


def test_the_sample_store_shows_many_different_things() -> None:
    assert len({silhouette(product(s.noun, product_type=s.path)) for s in shelves()}) >= 100


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Men's Trail Running Shoes", "shoe"),
        ("Case for phones with card holder", "box"),
        ("Kids' summer dresses, 2 pack", "dress"),
        ("Stainless steel water bottle", "bottle"),
        ("Stackable wine glasses", "glassware"),
        ("Bluetooth headphones with charging cable", "headphones"),
        ("Leather watch strap and watch", "watch"),
        ("Dog bed", "petbed"),
        ("Desk lamp", "lamp"),
        ("Lamp desk", "desk"),
        ("", FALLBACK),
        ("Zorgblatt 3000", FALLBACK),
    ],
)
def test_other_shops_are_drawn_by_their_words(title: str, name: str) -> None:
    assert silhouette(product(title)) == name


def test_the_shelf_is_believed_before_the_title_and_the_title_before_the_category() -> None:
    assert silhouette(product("Tent print", product_type="Clothing > T-shirts")) == "shirt"
    assert silhouette(product("Tent Vega", google="Apparel & Accessories > Shoes")) == "tent"
    assert silhouette(product("Vega", google="Apparel & Accessories > Shoes")) == "shoe"


@pytest.mark.parametrize("name", sorted(table("colors")["colors"]))
def test_the_colour_of_the_product_is_kept(name: str) -> None:
    tint = table("colors")["colors"][name][1]
    assert f'<g fill="{tint}"' in draw(product("mug", color=name))
    assert f'<g fill="{tint}"' in draw(product("mug", color=name.upper()))


def test_an_unknown_colour_falls_back_to_the_family_named_in_it_or_to_a_quiet_one() -> None:
    red = table("colors")["colors"]["red"][1]
    assert f'<g fill="{red}"' in draw(product("mug", color="Sunset Red / Matte"))
    assert draw(product("mug", color="Zorg")) == draw(product("mug"))


def test_a_pale_product_has_a_visible_outline() -> None:
    group = checked(draw(product("sandal", color="white"))).find(f"{SVG}g")
    assert group is not None
    assert int(group.attrib["stroke"][1:3], 16) < 0xC0


def test_the_label_is_the_title() -> None:
    root = checked(draw(product('Mug "5 < 6" & <script>alert(1)</script>')))
    assert root.attrib["aria-label"] == 'Mug "5 < 6" & <script>alert(1)</script>'
    assert root.findtext(f"{SVG}title") == root.attrib["aria-label"]


def test_same_product_same_picture() -> None:
    one = product("Trail shoe", product_type="Shoes > Running", color="teal")
    assert draw(one) == draw(one)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_a_valid_picture(title: str, color: str, product_type: str) -> None:
    checked(draw(product(title, product_type=product_type, color=color)))


def test_the_longest_title_stays_small() -> None:
    for letter in ("&", '"', "<", "\U0001f9e6", "\x00", "\ud800", "$c"):
        for name in ("bear", "bowlpet", "printer"):
            checked(draw(product(letter * 5_000, product_type=name)))
