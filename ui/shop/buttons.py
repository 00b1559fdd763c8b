"""What a pressed button says: the words that are echoed and the acts that are done, from untrusted fields.

Only short words and ids come from the browser. Ids are looked up, so a name on the screen is the catalogue's and
never what the browser sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from assistant.dialogue.acts import Acts, Drop
from retrieval.types import Constraint, Op, Slot
from ui import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_TEXT = 2_000  # characters of a message, as in the REST interface
_MAX_ID = 200
_MAX_COMPARED = 4
_SLOTS: tuple[Slot, ...] = get_args(Slot)
_OPS: tuple[Op, ...] = get_args(Op)


class BadPressError(ValueError):
    """The browser sent a button that this page does not have; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button in words, and as acts; no acts means that the words are to be parsed like typed ones."""

    echo: str
    acts: Acts | None = None


def read_press(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    """Return what the button with `fields` (its `data-*` attributes) says.

    Args:
        fields: As the browser sent them.
        title_of: Looks a product id up; raises `KeyError` for an unknown one.

    Raises:
        BadPressError: Where a field is missing, too long, or names something that does not exist.
    """
    name = fields.get("act")
    reader = _READERS.get(name) if isinstance(name, str) else None
    if reader is None:
        message = f"no button is called {str(name)[:40]!r}"
        raise BadPressError(message)
    return reader(fields, title_of)


def _say(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    return Press(_text(fields, "text", MAX_TEXT))


def _add(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    product_id, title = _product(fields, title_of)
    exact = fields.get("chosen") == "1"
    return Press(f"Add {title} to the cart", Acts(("add_to_cart",), product_ids=(product_id,), exact=exact))


def _more(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    product_id, title = _product(fields, title_of)
    one = Constraint("quantity", "eq", 1.0)
    return Press(f"One more {title}", Acts(("add_to_cart",), add=(one,), product_ids=(product_id,), exact=True))


def _fewer(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    product_id, title = _product(fields, title_of)
    one = Constraint("quantity", "eq", 1.0)
    return Press(f"One fewer {title}", Acts(("remove_from_cart",), add=(one,), product_ids=(product_id,)))


def _remove(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    product_id, title = _product(fields, title_of)
    return Press(f"Remove {title} from the cart", Acts(("remove_from_cart",), product_ids=(product_id,)))


def _similar(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    product_id, title = _product(fields, title_of)
    return Press(f"Show me more like {title}", Acts(("more_like_this",), product_ids=(product_id,)))


def _compare(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    ids = _json(fields, "ids")
    if not isinstance(ids, list) or not 1 < len(ids) <= _MAX_COMPARED or len(set(map(str, ids))) != len(ids):
        message = f"compare takes 2 to {_MAX_COMPARED} different products"
        raise BadPressError(message)
    found = [_product({"id": product_id}, title_of) for product_id in ids]
    echo = "Compare " + " and ".join([", ".join(title for _, title in found[:-1]), found[-1][1]])
    return Press(echo, Acts(("compare",), product_ids=tuple(product_id for product_id, _ in found)))


def _drop(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    slot = next((slot for slot in _SLOTS if slot == fields.get("slot")), None)
    op = next((op for op in _OPS if op == fields.get("op")), None)
    value = _json(fields, "value")
    if slot is None or op is None or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        message = "the wish to forget is not one of this page"
        raise BadPressError(message)
    group = str(fields.get("group", ""))
    drop = Drop(slot, value, int(group) if group.isascii() and group.isdigit() and len(group) < 3 else None)
    label = wording.chip(Constraint(slot, op, value))
    return Press(f"Forget “{label}”", Acts(("relax",), drop=(drop,)))


def _checkout(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    return Press("Check out", Acts(("checkout",)))


def _restart(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    return Press("Start over", Acts(("start_over",)))


def _person(fields: Mapping[str, object], title_of: Callable[[str], str]) -> Press:
    return Press("I want to talk to a person", Acts(("human_agent",)))


_READERS: dict[str, Callable[[Mapping[str, object], Callable[[str], str]], Press]] = {
    "say": _say,
    "add": _add,
    "more": _more,
    "fewer": _fewer,
    "remove": _remove,
    "similar": _similar,
    "compare": _compare,
    "drop": _drop,
    "checkout": _checkout,
    "restart": _restart,
    "person": _person,
}


def _text(fields: Mapping[str, object], name: str, limit: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        message = f"{name} must be text of 1 to {limit} characters"
        raise BadPressError(message)
    return " ".join(value.split())


def _product(fields: Mapping[str, object], title_of: Callable[[str], str]) -> tuple[str, str]:
    product_id = _text(fields, "id", _MAX_ID)
    try:
        return product_id, title_of(product_id)
    except KeyError as error:
        message = f"there is no product {product_id[:40]!r}"
        raise BadPressError(message) from error


def _json(fields: Mapping[str, object], name: str) -> object:
    text = _text(fields, name, 1_000)
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{name} is not JSON"
        raise BadPressError(message) from error
    return value


def turn_number(fields: Mapping[str, object]) -> int:
    """Return the turn that a thumb is about.

    Raises:
        BadPressError: Where it is not a number.
    """
    value = str(fields.get("turn", ""))
    if not (value.isascii() and value.isdigit() and len(value) < 7):
        message = f"turn must be a number, not {value[:20]!r}"
        raise BadPressError(message)
    return int(value)
