"""Reasons: strongest first, cited, true; nothing is claimed that the product's own data does not say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.history.base import Profile
from assistant.nlg.comparer import MAX_ROWS, compare
from assistant.nlg.evidence import Evidence, Fact, product_facts
from assistant.nlg.explainer import MAX_CLAIMS, explain
from assistant.nlg.grounding import check
from assistant.nlg.matching import mention
from assistant.nlg.wishes import judge, judged
from assistant.recommender.base import Signal
from retrieval.types import Constraint, Op, Product, Review, Slot

SHOE = Product(
    "p1", "Ridgeline Trail Shoe", 9995, "USD", sale_price_cents=7495, brand="Northpeak", size="9", color="Navy",
    material="mesh and rubber", gender="female", rating=4.56, n_ratings=213, popularity=7.0,
    product_type="Shoes > Trail running shoes", attributes={"waterproof": True, "weight": "280 g", "vegan": False},
    description="Light shoe for rough paths. The toe cap guards against stones. It is not made for ice.",
)  # fmt: skip
BOOT = Product(
    "p2", "Alpine Boot", 12_000, "USD", brand="Kelvik", size="10", color="Brown", material="leather",
    rating=4.1, n_ratings=20, attributes={"waterproof": False, "weight": "640 g"},
)  # fmt: skip
SNEAKER = Product("p3", "Town Sneaker", 5000, "USD", brand="Ora", rating=3.9, n_ratings=9)
SHOWN = (SHOE, BOOT, SNEAKER)
REVIEWS = (
    Review("r1", "p1", 5, "Very comfortable on long walks. Grip is great."),
    Review("r2", "p1", 5, "Not good on ice at all."),
    Review("r3", "p1", 1, "Fell apart on long walks."),
)


def wish(slot: Slot, op: Op, value: str | float) -> Constraint:
    return Constraint(slot, op, value)


def holds(product: Product, constraint: Constraint) -> bool | None:
    verdict = judge(product, constraint)
    return None if verdict is None else verdict.holds


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (wish("price", "lte", 80), True),
        (wish("price", "lte", 74.95), True),
        (wish("price", "lte", 74.94), False),
        (wish("price", "gte", 80), False),
        (wish("price", "approx", 70), True),
        (wish("price", "lt", "shown"), None),
        (Constraint("price", "lte", 80, currency="EUR"), None),
        (wish("size", "eq", "UK 9"), True),
        (wish("size", "eq", "40"), None),
        (wish("brand", "eq", "northpeak"), True),
        (wish("brand", "eq", "Kelvik"), False),
        (wish("brand", "ne", "Kelvik"), True),
        (wish("color", "eq", "navy"), True),
        (wish("color", "eq", "blue"), True),  # navy is of the family
        (wish("color", "eq", "black"), False),
        (wish("color", "ne", "blue"), False),
        (wish("material", "ne", "leather"), True),
        (wish("material", "ne", "rubber"), False),
        (wish("feature", "eq", "waterproof"), True),
        (wish("feature", "eq", "vegan"), False),
        (wish("feature", "eq", "toe cap"), True),
        (wish("feature", "eq", "made for ice"), None),  # the description denies it: no proof
        (wish("feature", "eq", "carbon plate"), None),
        (wish("recipient", "eq", "women"), True),
        (wish("rating", "gte", 4.5), True),
        (wish("category", "eq", "shoe"), None),
    ],
)
def test_wishes_are_judged_by_the_products_data(constraint: Constraint, expected: bool | None) -> None:
    assert holds(SHOE, constraint) is expected


def test_families_decide_colours_and_materials() -> None:
    suede, faux = replace(BOOT, material="suede"), replace(BOOT, material="vegan leather")
    assert holds(suede, wish("material", "eq", "leather")) is True
    assert holds(suede, wish("material", "ne", "leather")) is False
    assert holds(faux, wish("material", "eq", "leather")) is False
    assert holds(faux, wish("material", "ne", "leather")) is True


def test_alternatives_are_met_by_one_of_them() -> None:
    either = (wish("color", "eq", "black"), wish("color", "eq", "navy"))
    assert "Not black" not in str(explain(SHOE, constraints=either))
    assert [v.holds for _, v in judged(SHOE, either)] == [True]
    assert [v.holds for _, v in judged(BOOT, either)] == [False]


def test_a_wish_that_is_met_comes_first_and_cites_the_field_and_the_turn() -> None:
    claims = explain(SHOE, constraints=(wish("price", "lte", 80),), turn=3)
    assert claims[0].evidence == ("product:p1:price", "product:p1:sale_price", "turn:3")
    assert "$74.95" in claims[0].claim
    assert "$80" in claims[0].claim


def test_a_wish_that_is_not_met_is_said_before_anything_else() -> None:
    claims = explain(BOOT, constraints=(wish("feature", "eq", "waterproof"), wish("price", "lte", 80)), others=SHOWN)
    assert {c.claim for c in claims[:2]} == {"$40.00 over your $80: $120.00", "Waterproof: no"}


def test_every_product_has_reasons_of_its_own() -> None:
    for product in SHOWN:
        claims = explain(product, others=SHOWN)
        assert claims
        assert all(f"product:{product.product_id}:" in " ".join(c.evidence) for c in claims)
    assert explain(Product("x", "Thing", 100, "USD"))


def test_reviews_are_quoted_only_where_they_praise() -> None:
    claims = explain(SHOE, constraints=(wish("occasion", "eq", "long walks"),), reviews=REVIEWS)
    quoted = [c for c in claims if c.evidence[0].startswith("review:")]
    assert [c.evidence for c in quoted] == [("review:r1",)]
    assert "Fell apart" not in str(claims)
    assert not any("on ice" in c.claim for c in explain(SHOE, reviews=REVIEWS[1:]))


def test_history_is_claimed_only_with_events() -> None:
    profile = Profile("u", purchased=frozenset({"p9"}), price_bands={"Trail running shoes": (5000, 9000)}, n_events=5)
    signals = (
        Signal("bought_with", 1.0, "p9", (11,)),
        Signal("brand", 0.8, "Northpeak", (12, 13, 14)),
        Signal("price_band", 0.5, "", (12,)),
        Signal("color", 0.4, "red", (15,)),  # the product is not red
        Signal("brand", 0.3, "Northpeak"),  # nothing proves it
    )
    claims = explain(SHOE, signals=signals, profile=profile, names={"p9": "Wool Sock"})
    cited = {i for c in claims for i in c.evidence if i.startswith("event:")}
    assert cited <= {"event:11", "event:12", "event:13", "event:14"}
    assert any("“Wool Sock”" in c.claim and c.evidence == ("event:11",) for c in claims)
    assert not any("red" in c.claim.lower().split() for c in claims)


def test_bought_is_said_only_of_what_was_bought() -> None:
    signals = (Signal("bought_with", 1.0, "p9", (11,)),)
    claims = explain(SHOE, signals=signals, profile=Profile("u", n_events=1), names={"p9": "Wool Sock"})
    assert not any("bought" in c.claim for c in claims)


texts = st.sampled_from(
    ("waterproof", "navy", "leather", "not leather", "9", "mesh", "heel drop 8 mm", "", "“x”", "wool no")
)
products = st.builds(
    Product,
    product_id=st.sampled_from(("a", "b:c", "d")),
    title=texts.map(lambda t: f"Thing {t}"),
    price_cents=st.integers(200, 99_999),
    currency=st.just("USD"),
    sale_price_cents=st.none() | st.integers(1, 199),
    color=texts,
    size=texts,
    material=texts,
    description=texts,
    rating=st.none() | st.floats(1, 5),
    n_ratings=st.integers(0, 500),
    attributes=st.dictionaries(
        st.sampled_from(("waterproof", "fit: wide", "lining")), st.booleans() | texts, max_size=3
    ),
)
wishes = st.lists(
    st.builds(
        Constraint,
        slot=st.sampled_from(("price", "size", "color", "material", "feature", "brand", "rating")),
        op=st.sampled_from(("eq", "ne", "lte", "gte", "approx")),
        value=texts | st.integers(1, 900),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(products, min_size=1, max_size=4, unique_by=lambda p: p.product_id), wishes)
def test_claims_are_few_cited_and_grounded(shown: list[Product], constraints: list[Constraint]) -> None:
    facts = [fact for p in shown for fact in product_facts(p)]
    spoken = [Fact("turn:1", f"{c.slot}: {c.value} ${c.value}") for c in constraints]
    evidence = Evidence.of([*facts, *spoken])
    for product in shown:
        claims = explain(product, constraints=constraints, others=shown)
        assert 1 <= len(claims) <= MAX_CLAIMS
        for claim in claims:
            assert claim.evidence
            assert all(i in evidence or i.startswith(("count:", "turn:")) for i in claim.evidence)


@settings(max_examples=100, deadline=None)
@given(st.lists(products, min_size=2, max_size=4, unique_by=lambda p: p.product_id), wishes)
def test_a_verdict_is_grounded_in_its_products(chosen: list[Product], constraints: list[Constraint]) -> None:
    table = compare(chosen, constraints=constraints)
    assert len(table.rows) <= MAX_ROWS
    assert all(len(values) == len(chosen) for _, values in table.rows)
    evidence = Evidence.of(fact for p in chosen for fact in product_facts(p))
    assert check(table.verdict, evidence)[1] == ()


def test_differences_come_first_and_the_verdict_counts() -> None:
    table = compare((SHOE, BOOT), constraints=(wish("price", "lte", 80), wish("feature", "eq", "waterproof")))
    same = [len(set(values)) == 1 for _, values in table.rows]
    assert same == sorted(same)
    assert table.rows[0] == ("Price", ("$74.95", "$120.00"))
    assert ("Waterproof", ("yes", "no")) in table.rows
    assert "“Ridgeline Trail Shoe” meets more" in table.verdict
    assert "cheapest at $74.95" in table.verdict


def test_a_tie_is_called_a_tie() -> None:
    twin = replace(SHOE, product_id="p4", title="Twin Shoe")
    verdict = compare((SHOE, twin)).verdict
    assert "cost the same" in verdict
    assert "meets more" not in verdict


def test_a_denial_in_the_data_proves_nothing() -> None:
    assert mention(replace(BOOT, description="It is not machine washable."), "machine washable") is None
    assert mention(replace(BOOT, description="It is machine washable."), "machine washable") is not None
