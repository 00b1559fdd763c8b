"""Constraints decided exactly: what is asked, what passes, what cannot be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.filters import person, predicate, whom
from retrieval.outline import Outlines
from retrieval.predicates import all_of, any_of, between, has, missing, none_of, says
from retrieval.sieve import Sieve
from retrieval.types import Constraint, Op, Product, Slot
from retrieval.vocabulary import Vocabulary
from tests.retrieval.conftest import product

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue
    from retrieval.predicates import Predicate

CASES: list[tuple[Slot, Op, str | float, str]] = [
    ("category", "eq", "shoes", "0 1 2 3"),
    ("category", "eq", "running shoes", "0 1 2"),
    ("category", "eq", "trail shoe", "0 1"),
    ("category", "eq", "phone", "5"),
    ("category", "eq", "mobile phone", "5"),
    ("category", "eq", "phone case", "4"),
    ("category", "eq", "case", "4"),
    ("category", "eq", "gaming laptop", "6"),
    ("category", "eq", "lpatop", "6"),
    ("category", "eq", "coffee table", "10"),
    ("category", "eq", "desk", "11"),
    ("category", "eq", "kettle", "12"),
    ("category", "ne", "shoes", "4 5 6 7 8 9 10 11 12"),
    ("category", "ne", "sofa", "0 1 2 3 4 5 6 7 8 9 10 11 12"),
    ("brand", "eq", "sonvoa", "0 1 9"),
    ("brand", "eq", "Vela", "6 12"),
    ("brand", "ne", "Halden", "0 1 4 5 6 7 9 10 11 12"),
    ("color", "eq", "blue", "0 1"),
    ("color", "eq", "navy", "0 1"),
    ("color", "eq", "red", "2 3"),
    ("color", "eq", "white", "2 5 8"),
    ("color", "ne", "red", "0 1 4 5 6 7 8 9 10 11 12"),
    ("material", "eq", "leather", "3 7"),
    ("material", "ne", "leather", "0 1 2 4 5 6 8 10 11 12"),
    ("material", "eq", "wood", "10"),
    ("size", "eq", "9", "0"),
    ("size", "eq", "UK 9", "0"),
    ("size", "eq", "12", ""),
    ("size", "eq", "large", "8"),
    ("size", "eq", "15 inch", "6"),
    ("size", "eq", "128GB", "5"),
    ("size", "eq", "7 years", "9"),
    ("size", "gte", "1 litre", "12"),
    ("size", "eq", "140 x 70 cm", "11"),
    ("price", "lte", 35, "4 9 12"),
    ("price", "lte", 79, "2 4 7 8 9 12"),
    ("price", "approx", 85, "0 1 2"),
    ("rating", "gte", 4, "0"),
    ("recipient", "eq", "husband", "0 1 4 5 6 7 8 10 11 12"),
    ("recipient", "eq", "kids", "0 1 2 3 4 5 6 7 9 10 11 12"),
    ("feature", "ne", "waterproof", "2 3 4 5 6 7 8 9 10 11 12"),
    ("feature", "eq", "waterproof", "0 1"),
    ("feature", "eq", "waterproof: yes", "0 1"),
    ("feature", "ne", "Waterproof: Yes", "2 3 4 5 6 7 8 9 10 11 12"),
    ("feature", "eq", "use: gaming", "6"),
    ("feature", "eq", "use gaming", "6"),  # one product is enough for a fact
]


@pytest.mark.parametrize(("slot", "op", "value", "expected"), CASES)
def test_what_passes(shop: Catalogue, slot: Slot, op: Op, value: str | float, expected: str) -> None:
    compiled = predicate(Constraint(slot, op, value), Vocabulary.of(shop))
    assert compiled is not None
    assert set(shop.matching([compiled])) == {f"p{n}" for n in expected.split()}


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("category", "sofa"),
        ("category", "dress"),
        ("category", "office table"),
        ("brand", "Halder"),  # another letter is another name
        ("brand", "Unheard"),
        ("color", "glow"),
        ("size", "5 mAh"),
        ("feature", "cures baldness"),
        ("feature", "waterproof: no"),
        ("occasion", "wedding"),
        ("recipient", "teacher"),
        ("order_id", "K-1"),
        ("quantity", 2.0),
    ],
)
def test_what_cannot_be_decided(shop: Catalogue, slot: Slot, value: str | float) -> None:
    assert predicate(Constraint(slot, "eq", value), Vocabulary.of(shop)) is None


def test_another_currency_cannot_be_decided(shop: Catalogue) -> None:
    vocabulary = Vocabulary.of(shop)
    assert predicate(Constraint("price", "lte", 50, currency="EUR"), vocabulary) is None
    assert predicate(Constraint("price", "lte", 50, currency="USD"), vocabulary) is not None


def test_a_price_is_met_in_its_own_currency_alone(catalogue: Catalogue) -> None:
    rows = (("a", 4000, "USD"), ("b", 9000, "USD"), ("c", 5000, "EUR"), ("d", 3000, "EUR"), ("e", 7000, "USD"))
    catalogue.upsert([product(i, price_cents=cents, currency=code) for i, cents, code in rows])
    vocabulary = Vocabulary.of(catalogue)

    def found(op: Op, value: float, currency: str | None = None) -> list[str]:
        test = predicate(Constraint("price", op, value, currency=currency), vocabulary)
        assert test is not None
        return catalogue.matching([test])

    assert found("lte", 60) == found("lte", 60, "USD") == ["a"]
    assert found("gte", 20) == ["a", "b", "e"]
    assert found("lte", 40, "EUR") == ["d"]
    assert found("approx", 52, "EUR") == ["c"]
    assert found("ne", 70) == ["a", "b", "c", "d"]
    assert predicate(Constraint("price", "lte", 60, currency="GBP"), vocabulary) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("husband", ("male", "adult")),
        ("6 year old son", ("", "kids")),
        ("granddaughter", ("female", "kids")),
        ("newborn", ("", "baby")),
        ("boss", ("", "")),
    ],
)
def test_who_it_is_for(said: str, expected: tuple[str, str]) -> None:
    assert person(said) == expected


@pytest.mark.parametrize(
    ("said", "words"), [("5 year old nephew", "nephew"), ("my 6-year-olds", "my"), ("8 yo", "kids"), ("men", "men")]
)
def test_an_age_is_left_out_of_the_words(said: str, words: str) -> None:
    assert whom(said) == words


WORDS = ("navy", "Blue", "black", "leather", "faux leather", "suede", "Sonova", "shoe", "case", "9", "XL", "27 inch",
         "women's", "kids", "5 l", "%", "_", "' or 1=1 --", "waterproof")  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
LEAVES = st.one_of(
    st.builds(lambda f, v: has(f, *v), st.sampled_from(("brand", "color", "color_any", "size", "material", "head")),
              st.lists(st.sampled_from([w.lower() for w in WORDS]), max_size=3)),
    st.builds(lambda v: has("product_type", v), TEXT.filter(bool)),
    st.builds(lambda v: has("currency", v), st.sampled_from(("USD", "EUR"))),
    st.builds(lambda f, v: says(f, v), st.sampled_from(("title", "words", "prose")), st.sampled_from(WORDS)),
    st.builds(lambda f, low, high: between(f, low, high), st.sampled_from(("price", "rating", "length", "volume")),
              st.none() | st.integers(0, 900), st.none() | st.integers(0, 900)),
    st.builds(missing, st.sampled_from(("gender", "age_group", "size"))),
)  # fmt: skip


def joined(parts: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    joins = st.sampled_from((all_of, any_of, none_of))
    return st.builds(lambda join, some: join(*some), joins, st.lists(parts, max_size=3))


PREDICATES = LEAVES | joined(LEAVES) | joined(LEAVES | joined(LEAVES))
FIELDS: dict[str, Any] = {
    "title": TEXT.filter(bool), "brand": TEXT, "product_type": TEXT, "color": TEXT, "size": TEXT, "material": TEXT,
    "gender": st.sampled_from(("", "male", "women", "unisex")), "description": TEXT,
    "price_cents": st.integers(1, 1000), "rating": st.none() | st.floats(1, 5),
    "attributes": st.dictionaries(TEXT.filter(bool), TEXT | st.booleans() | st.floats(0, 9), max_size=2),
}  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries(FIELDS), min_size=1, max_size=4), st.lists(PREDICATES, min_size=1, max_size=8))
def test_sql_and_python_agree(catalogue: Catalogue, rows: list[dict[str, Any]], tests: list[Predicate]) -> None:
    products = [Product(product_id=f"x{i}", currency="USD", **row) for i, row in enumerate(rows)]
    catalogue.upsert(products)
    catalogue.mark_unavailable([i for i in catalogue.ids() if i not in {p.product_id for p in products}])
    sieve = Sieve(catalogue, Outlines(catalogue.outlines()))
    for compiled in tests:
        passing = sorted(p.product_id for p in products if compiled.holds(p))
        assert catalogue.matching([compiled]) == passing
        assert list(sieve.select((compiled,))) == passing
    assert list(sieve.select(tuple(tests))) == catalogue.matching(tests)


@pytest.mark.parametrize(("op", "value", "passes"), [("lte", 1e300, 13), ("gte", 1e300, 0), ("ne", -1e308, 13)])
def test_a_price_that_no_database_can_hold(shop: Catalogue, op: Op, value: float, passes: int) -> None:
    test = predicate(Constraint("price", op, value), Vocabulary.of(shop))
    assert test is not None
    assert len(shop.matching([test])) == passes
