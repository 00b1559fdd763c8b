"""An adjective of a material is the material: what is of oak is wooden."""

from __future__ import annotations

import pytest

from assistant.nlg.wishes import judge
from retrieval.types import Constraint, Product


@pytest.mark.parametrize(
    ("asked", "made_of"), [("wooden", "oak"), ("wood", "oak"), ("wooden", "wood"), ("wood", "wooden")]
)
def test_oak_is_wooden(asked: str, made_of: str) -> None:
    product = Product("t", "Coffee table", 9_900, "USD", material=made_of)
    verdict = judge(product, Constraint("material", "eq", asked))
    assert verdict is not None
    assert verdict.holds
