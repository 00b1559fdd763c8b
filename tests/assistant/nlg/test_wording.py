"""Money, plurals, wishes in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.nlg.fields import fields
from assistant.nlg.money import amounts, cents_of, money
from assistant.nlg.wording import MAX_NAME, described, flat, listed, named, number, plural
from retrieval.types import Constraint, Product


@pytest.mark.parametrize(
    ("cents", "currency", "said"),
    [
        (7495, "USD", "$74.95"), (129_900, "GBP", "£1,299.00"), (5, "EUR", "€0.05"), (129_900, "SEK", "1,299.00 SEK"),
        (-250, "USD", "-$2.50"), (100, "usd", "$1.00"),
    ],
)  # fmt: skip
def test_money_is_said(cents: int, currency: str, said: str) -> None:
    assert money(cents, currency) == said


def test_a_round_bound_is_short() -> None:
    assert money(8000, short=True) == "$80"
    assert money(8050, short=True) == "$80.50"


@given(st.integers(0, 10**9), st.sampled_from(("USD", "GBP", "EUR", "SEK", "JPY")), st.booleans())
def test_money_is_read_back_exactly(cents: int, currency: str, short: bool) -> None:
    text = f"It costs {money(cents, currency, short=short)}."
    found = amounts(text)
    assert [(a.cents, a.currency) for a in found] == [(cents, currency)]


@given(st.integers(0, 10**8))
def test_major_units_become_the_same_cents(cents: int) -> None:
    assert cents_of(cents / 100) == cents


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("trail running shoe", "trail running shoes"), ("dress", "dresses"), ("knife", "knives"), ("jeans", "jeans"),
        ("battery", "batteries"), ("toy", "toys"), ("furniture", "furniture"), ("box", "boxes"),
        ("T-shirt", "T-shirts"), ("tv 4k", "tv 4k"), ("", ""),
    ],
)  # fmt: skip
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many
    assert plural(one, 1) == one


def test_wishes_follow_the_noun_with_the_price_last() -> None:
    wishes = (
        Constraint("price", "lte", 80),
        Constraint("color", "eq", "navy"),
        Constraint("color", "eq", "black"),
        Constraint("material", "ne", "leather"),
        Constraint("size", "eq", "40 litre"),
    )
    assert described(wishes) == "in navy or in black, without leather, of 40 litre and under $80"
    assert described((Constraint("price", "gte", 5), Constraint("price", "lte", 10))) == "between $5 and $10"
    assert described((Constraint("category", "eq", "shoe"), Constraint("sort", "eq", "newest"))) == ""


@given(st.text(max_size=500))
def test_a_name_is_one_line_in_one_pair_of_quotes(title: str) -> None:
    said = named(title)
    assert said.isprintable()
    assert said.count("“") == said.count("”") == 1
    assert len(said) <= MAX_NAME + 2
    assert flat(flat(title)) == flat(title)


def test_small_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], last="or") == "a, b or c"
    assert listed([]) == ""
    assert (number(4.0), number(4.5), number(4.25)) == ("4", "4.5", "4.25")


def test_fields_keep_ids_apart() -> None:
    product = Product("a:b", "T", 100, "USD", attributes={"fit: size": "wide", "x": "", "waterproof": "Yes"})
    ids = [f.evidence_id for f in fields(product)]
    assert "product:a:b:fit  size" in ids
    assert "product:a:b:x" not in ids
    assert next(f for f in fields(product) if f.name == "waterproof").flag is True
