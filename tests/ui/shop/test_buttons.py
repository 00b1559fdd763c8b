from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dialogue.acts import Acts, Drop
from retrieval.types import Constraint
from ui.shop.buttons import BadPressError, Press, read_press, turn_number

_TITLES = {"p1": "Ridge shoes", "p2": "Harbour shoes", "p3": "Fjord jacket"}
_ONE = Constraint("quantity", "eq", 1.0)


def _read(**fields: object) -> Press:
    return read_press(fields, _TITLES.__getitem__)


@pytest.mark.parametrize(
    ("fields", "acts"),
    [
        ({"act": "add", "id": "p1"}, Acts(("add_to_cart",), product_ids=("p1",))),
        ({"act": "add", "id": "p1", "chosen": "1"}, Acts(("add_to_cart",), product_ids=("p1",), exact=True)),
        ({"act": "more", "id": "p1"}, Acts(("add_to_cart",), add=(_ONE,), product_ids=("p1",), exact=True)),
        ({"act": "fewer", "id": "p1"}, Acts(("remove_from_cart",), add=(_ONE,), product_ids=("p1",))),
        ({"act": "remove", "id": "p1"}, Acts(("remove_from_cart",), product_ids=("p1",))),
        ({"act": "similar", "id": "p1"}, Acts(("more_like_this",), product_ids=("p1",))),
        ({"act": "compare", "ids": '["p1", "p2"]'}, Acts(("compare",), product_ids=("p1", "p2"))),
        (
            {"act": "drop", "slot": "price", "op": "lte", "value": "80.0", "group": "1"},
            Acts(("relax",), drop=(Drop("price", 80.0, 1),)),
        ),
        (
            {"act": "drop", "slot": "brand", "op": "ne", "value": '"Zed"', "group": ""},
            Acts(("relax",), drop=(Drop("brand", "Zed"),)),
        ),
        ({"act": "checkout"}, Acts(("checkout",))),
        ({"act": "restart"}, Acts(("start_over",))),
        ({"act": "person"}, Acts(("human_agent",))),
        ({"act": "say", "text": "  Under \n $80 "}, None),
    ],
)
def test_buttons_say_acts(fields: dict[str, object], acts: Acts | None) -> None:
    press = _read(**fields)

    assert press.acts == acts
    assert press.echo == press.echo.strip() != ""


def test_names_are_the_catalogues() -> None:
    assert _read(act="compare", ids='["p1", "p2", "p3"]').echo == "Compare Ridge shoes, Harbour shoes and Fjord jacket"
    assert _read(act="drop", slot="price", op="lte", value="80").echo == "Forget “up to $80”"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"act": None},
        {"act": "delete"},
        {"act": ["add"]},
        {"act": "add"},
        {"act": "add", "id": "none"},
        {"act": "add", "id": 5},
        {"act": "add", "id": "x" * 201},
        {"act": "say", "text": ""},
        {"act": "say", "text": "x" * 2001},
        {"act": "compare", "ids": '["p1"]'},
        {"act": "compare", "ids": '["p1", "p1"]'},
        {"act": "compare", "ids": "p1,p2"},
        {"act": "compare", "ids": '[["p1"], "p2"]'},
        {"act": "compare", "ids": "[" * 999},
        {"act": "compare", "ids": json.dumps(["p1", "p2", "p3", "p4", "p5"])},
        {"act": "drop", "slot": "x", "op": "eq", "value": "1"},
        {"act": "drop", "slot": "price", "op": "x", "value": "1"},
        {"act": "drop", "slot": "price", "op": "lte", "value": "true"},
        {"act": "drop", "slot": "price", "op": "lte", "value": "{}"},
        {"act": "drop", "slot": "price", "op": "lte"},
    ],
)
def test_what_is_no_button_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadPressError):
        read_press(fields, _TITLES.__getitem__)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["act", "id", "ids", "text", "slot", "op", "value", "group"]),
        st.none()
        | st.integers()
        | st.text(max_size=20)
        | st.sampled_from(["add", "drop", "compare", "say", "price", "lte"]),
    )
)
def test_any_fields_give_a_press_or_a_refusal(fields: dict[str, object]) -> None:
    try:
        press = read_press(fields, _TITLES.__getitem__)
    except BadPressError:
        return
    assert press.echo


@pytest.mark.parametrize("turn", ["", "x", "-1", "1.5", "٣", "9" * 9, None])
def test_a_turn_is_a_small_number(turn: object) -> None:
    with pytest.raises(BadPressError):
        turn_number({"turn": turn})
    assert turn_number({"turn": "12"}) == 12
