"""Scenarios: scripted conversations as YAML that assert state, products, cart and actions, never wording.

A file holds one scenario or a list of them. Unknown keys are errors, so that a misspelt expectation cannot pass.

    name: cheaper-than-these
    tags: [refine, price]
    turns:
      - say: trail running shoes under 120
        expect:
          intents: [search]
          state: [{slot: price, op: lte, value: 120}]
          products: {at_least: 3, all: [{field: price, op: lte, value: 120}]}
      - press: {act: add_to_cart, position: 2}
        expect: {cart: {contains_shown: [{turn: 1, position: 2}]}}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.dialogue.acts import Intent
from assistant.errors import AssistantError
from retrieval.types import Op, Slot, Sort


class ScenarioError(AssistantError):
    """A scenario file does not follow the format."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StateExpectation(_Strict):
    """A constraint that must (or must not) be in the state; words compare by stem, a missing `op` or `value` is any."""

    slot: Slot
    op: Op | None = None
    value: str | float | None = None
    group: int | None = None


class FieldExpectation(_Strict):
    """A predicate on one catalogue field: `price` in major units, `shelf`, `path`, `attributes.NAME` ..."""

    field: str
    op: Literal["eq", "ne", "lte", "gte", "contains", "lacks", "in"]
    value: Any


class ShownRef(_Strict):
    """The product at 1-based `position` of what 1-based `turn` showed."""

    turn: int = Field(ge=1)
    position: int = Field(ge=1)


class ProductsExpectation(_Strict):
    """What the shown products must satisfy. An `all`, `none` or `order` needs a floor beside it."""

    at_least: int | None = None
    at_most: int | None = None
    all: tuple[FieldExpectation, ...] = ()
    none: tuple[FieldExpectation, ...] = ()
    some: tuple[FieldExpectation, ...] = ()
    first: tuple[FieldExpectation, ...] = ()
    order: Sort | None = None
    contains_shown: tuple[ShownRef, ...] = ()
    differ_from_turn: int | None = None
    labelled: bool | None = None
    roles: int | None = Field(default=None, description="How many product types of the request were answered.")
    extreme_of_catalogue: Sort | None = Field(default=None, description="The first product is the catalogue's extreme.")

    @model_validator(mode="after")
    def _floor(self) -> ProductsExpectation:
        if (self.all or self.none or self.order) and not (self.at_least or self.at_most == 0):
            raise ValueError("'all', 'none' and 'order' pass on an empty screen: add 'at_least'")
        return self


class CartExpectation(_Strict):
    """What the cart must hold after the turn; its total is always checked against its lines."""

    lines: int | None = None
    items: int | None = None
    contains_shown: tuple[ShownRef, ...] = ()
    all: tuple[FieldExpectation, ...] = ()


class ActionExpectation(_Strict):
    """An action that the turn must report."""

    type: str
    status: Literal["done", "needs_confirmation", "refused"]


class TextExpectation(_Strict):
    """Last resort: case-insensitive substrings of the reply; each entry of `mentions` is a list of alternatives."""

    mentions: tuple[tuple[str, ...], ...] = ()
    avoids: tuple[str, ...] = ()


class Expectation(_Strict):
    """What must hold after one turn; nothing said, nothing asked beyond the invariants of every turn."""

    intents: tuple[Intent, ...] = Field(default=(), description="The main intent is one of these.")
    also: tuple[Intent, ...] = Field(default=(), description="These are among the intents.")
    state: tuple[StateExpectation, ...] = ()
    state_absent: tuple[StateExpectation, ...] = ()
    state_size: int | None = None
    products: ProductsExpectation | None = None
    relaxed: tuple[Slot, ...] | None = None
    question: bool | None = None
    cart: CartExpectation | None = None
    actions: tuple[ActionExpectation, ...] = ()
    no_actions: bool = False
    comparison: int | None = Field(default=None, description="Columns of the comparison table; 0 for none.")
    handoff: bool | None = None
    evidence_kinds: tuple[str, ...] = Field(
        default=(), description="Claims cite at least one of each: event, review ..."
    )
    text: TextExpectation | None = None


class Press(_Strict):
    """A button: an act on the product at `position` of the last shown list, or the removal of a chip."""

    act: Literal["add_to_cart", "remove_from_cart", "more_like_this", "compare", "relax", "start_over", "view_cart"]
    position: int | None = None
    positions: tuple[int, ...] = ()
    slot: Slot | None = None


class Step(_Strict):
    """One thing the shopper does: says something, presses a button, undoes, or the shop's server restarts first."""

    say: str | None = None
    press: Press | None = None
    undo: bool = False
    restart: bool = False
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _one(self) -> Step:
        if sum((self.say is not None, self.press is not None, self.undo)) != 1:
            raise ValueError("a turn has exactly one of 'say', 'press', 'undo'")
        return self


class Scenario(_Strict):
    """One scripted conversation."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    why: str = ""
    tags: tuple[str, ...] = ()
    store: Literal["sample", "any"] = "sample"
    persona: str | None = None
    expected_failure: str | None = None
    turns: tuple[Step, ...] = Field(min_length=1)


def load(path: Path) -> tuple[Scenario, ...]:
    """Read the scenarios of a YAML file, or of every `*.yaml` below a directory, sorted by file name.

    Raises:
        ScenarioError: A file is missing, is no YAML, breaks the format or repeats a name.
    """
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise ScenarioError(f"no scenario (*.yaml) under {str(path)!r}: give a file or a directory that has some")
    scenarios = [scenario for file in files for scenario in _read(file)]
    names = [scenario.name for scenario in scenarios]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ScenarioError(f"scenario names must differ, repeated: {', '.join(repeated)}")
    return tuple(scenarios)


def _read(file: Path) -> list[Scenario]:
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"cannot read scenario file {str(file)!r}: {error}") from error
    found = []
    for number, item in enumerate(data if isinstance(data, list) else [data], start=1):
        try:
            found.append(Scenario.model_validate(item))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ScenarioError(f"{file}, scenario {number}, {where or 'top level'}: {first['msg']}") from error
    return found
