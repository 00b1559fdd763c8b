"""Facets: what can be narrowed by, and that each value leaves exactly what its count says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from retrieval.facets import MOST_ATTRIBUTES, MOST_VALUES, Facets, bits, count_facets
from retrieval.facts import attribute_terms
from retrieval.filters import predicate
from retrieval.predicates import between, has
from retrieval.types import Product
from retrieval.vocabulary import Vocabulary
from tests.retrieval.conftest import product

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue
    from retrieval.predicates import Predicate


def bottle(i: int) -> Product:
    """Sixty variants of thirty bottles, sold in two currencies."""
    thing = i // 2
    attributes: dict[str, str | float | bool] = {
        "Capacity": ("500 ml", "750 ml", "1 L")[thing % 3],
        "insulated": thing % 2 == 0,
        "leak-proof": ("Yes", "no", "-")[thing % 3],
        "model number": f"MN{i}",
        "lid <b>": "screw: top" if thing % 4 else "flip",
    }
    if thing < 2:
        attributes["rare"] = True
    return product(
        f"b{i:02}",
        title=f"{('Norda', 'Serac')[thing % 2]} bottle {thing}",
        brand=("Norda", "Serac")[thing % 2],
        product_type="Home > Kitchen > Water bottles" if thing % 5 else "Home > Travel > Flasks",
        color=("navy", "red/white", "blue", "black")[i % 4],
        size=("500 ml", "1 L", "UK 9")[i % 3],
        material=("steel", "glass")[thing % 2],
        price_cents=900 + 250 * thing,
        currency="EUR" if thing % 10 == 9 else "USD",
        rating=(2.5, 3.5, 4.5, None)[thing % 4],
        item_group_id=f"g{thing}",
        attributes=attributes,
    )


@pytest.fixture
def bottles(catalogue: Catalogue) -> Catalogue:
    catalogue.upsert([bottle(i) for i in range(60)])
    return catalogue


def counted(catalogue: Catalogue, *predicates: Predicate, taken: frozenset[Any] = frozenset()) -> Facets:
    return count_facets(catalogue, Vocabulary.of(catalogue), predicates, taken=taken)


def groups(catalogue: Catalogue, *predicates: Predicate) -> int:
    return len({p.group_key for p in catalogue.get(catalogue.matching(predicates))})


@pytest.mark.parametrize("given", [(), (has("brand", "norda"),), (between("price", 2000, 6000), has("color", "blue"))])
def test_a_value_leaves_what_its_count_says(bottles: Catalogue, given: tuple[Predicate, ...]) -> None:
    found = counted(bottles, *given)
    assert found.total == groups(bottles, *given)
    assert {f.kind for f in found.facets} == {"value", "range", "attribute"}
    for facet in found.facets:
        for value in facet.values:
            tests = [predicate(c, Vocabulary.of(bottles)) for c in value.constraints]
            assert tests
            assert groups(bottles, *given, *(t for t in tests if t is not None)) == value.count > 0
            assert None not in tests


def test_every_kind_of_facet_is_there_as_feeds_wrote_it(bottles: Catalogue) -> None:
    found = {f.name: f for f in counted(bottles).facets}
    assert list(found)[:7] == ["category", "brand", "color", "size", "material", "price", "rating"]
    assert {(v.value, v.count) for v in found["Capacity"].values} == {("500 ml", 10), ("750 ml", 10), ("1 L", 10)}
    assert {(v.value, v.count) for v in found["insulated"].values} == {("yes", 15), ("no", 15)}
    assert {(v.value, v.count) for v in found["leak-proof"].values} == {("yes", 10), ("no", 10)}
    assert {(v.value, v.count) for v in found["lid <b>"].values} == {("screw: top", 22), ("flip", 8)}
    assert {(v.value, v.count) for v in found["brand"].values} == {("Norda", 15), ("Serac", 15)}
    assert [(v.value, v.count) for v in found["rating"].values] == [("4 and up", 7), ("3 and up", 15), ("2 and up", 23)]
    assert found["price"].currency == "USD"
    assert sum(v.count for v in found["price"].values) == 27  # not the three in EUR
    assert "rare" not in found  # two of thirty


def test_those_that_tell_most_apart_come_first_and_few(catalogue: Catalogue) -> None:
    rows = [
        product(f"x{i}", attributes={"even": i % 2 == 0, "seldom": i == 0 or i > 97, "same": "all",
                                     **{f"a{k}": str(i % (k + 2)) for k in range(15)}, "long": "w" * 61})
        for i in range(100)
    ]  # fmt: skip
    catalogue.upsert(rows)
    attributes = counted(catalogue).of("attribute")
    assert [f.name for f in attributes] == [f"a{k}" for k in range(14, 2, -1)]
    assert len(attributes) == MOST_ATTRIBUTES
    assert max(len(f.values) for f in attributes) <= MOST_VALUES
    assert bits([50, 50], total=100) == pytest.approx(1.0)
    assert bits([1] * 20, total=1000) < bits([100], total=1000)


def test_what_is_asked_for_already_is_no_facet(bottles: Catalogue) -> None:
    names = {f.name for f in counted(bottles, has("brand", "norda"), taken=frozenset({"brand"})).facets}
    assert "brand" not in names
    assert "material" not in names  # all Norda are of steel: it narrows nothing
    assert counted(bottles, has("brand", "nobody")) == Facets()


def test_what_no_filter_could_say_is_not_offered(catalogue: Catalogue) -> None:
    names = ("x" * 201, "%_'\"; --", "\u2122", "Ok")
    catalogue.upsert([product(f"h{i}", brand=names[i % 4], attributes={"a:b": "c: d", "%": 1.0}) for i in range(8)])
    found = {f.name: [v.value for v in f.values] for f in counted(catalogue).facets}
    assert found == {"brand": ["Ok"]}
    assert catalogue.matching([has("attribute", "a b: c d")]) == [f"h{i}" for i in range(8)]


def test_facts_of_attributes_are_short_and_bounded() -> None:
    told: dict[str, str | float | bool] = {
        "Water-proof": True,
        "Use": " Trail  Running ",
        "g": 2.5,
        "n": "N/A",
        "": "x",
        "x": "",
    }
    assert attribute_terms(told) == {"water proof: yes", "use: trail running", "g: 2.5"}
    assert attribute_terms({"a" * 61: "x", "b": "y" * 61}) == set()
    assert len(attribute_terms({f"a{i}": "x" for i in range(100)})) == 40
