"""Draws what the shopper sees as HTML: pure functions from plain values to escaped text.

Everything that comes from a feed, a shopper or a model passes through Jinja's autoescape; the templates have no
`safe` filter and no script.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jinja2

from ui import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.reply import CartLine
    from retrieval.types import Constraint
    from ui.shop.backend import SamplePersona
    from ui.shop.starters import Starter

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = wording.money
    environment.filters["sources"] = wording.sources
    environment.filters["chip"] = wording.chip
    environment.filters["src"] = wording.picture_src
    environment.filters["compact"] = json.dumps
    return environment


def render(template: str, /, **values: Any) -> str:  # noqa: ANN401 - whatever the template needs
    """Return a template of `ui/templates` filled in, every value escaped."""
    return _environment().get_template(f"{template}.jinja").render(**values)


def answer(reply: Mapping[str, Any], *, image_hosts: frozenset[str] = frozenset()) -> str:
    """Return everything of a reply that is not its text: cards by group, comparison, hand-off, thumbs.

    Args:
        reply: `Reply.to_json()`.
        image_hosts: Hosts that pictures may be loaded from besides this server.
    """
    return render(
        "answer",
        reply=reply,
        sections=_sections(reply),
        chosen=_chosen(reply.get("constraints") or ()),
        hosts=image_hosts,
    )


def _sections(reply: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Split the cards by what they answer, and what was asked for from what only comes near.

    One thing asked for needs no heading; several carry their product types.
    """
    products: Sequence[Mapping[str, Any]] = reply.get("products") or ()
    roles = sorted({int(card.get("role", 0)) for card in products})
    names = {c.get("group", 0): str(c["value"]) for c in reply.get("constraints") or () if c["slot"] == "category"}
    sections = []
    for role in roles:
        name = names.get(role, "").capitalize() if len(roles) > 1 else ""
        cards = [card for card in products if card.get("role", 0) == role]
        near = f"Close to what you asked: {name}" if name else "Close to what you asked"
        sections.append((name, [card for card in cards if not _is_alternative(card)]))
        sections.append((near, [card for card in cards if _is_alternative(card)]))
    return [(heading, cards) for heading, cards in sections if cards]


def _is_alternative(card: Mapping[str, Any]) -> bool:
    return "alternative" in str(card.get("label") or "")


def _chosen(constraints: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the sizes and colours that the shopper asked for, to select them on the cards."""
    wanted = (c["value"] for c in constraints if c["slot"] in {"size", "color"} and c["op"] == "eq")
    return frozenset(str(value).casefold() for value in wanted)


def hero(text: str, suggestions: Sequence[str], starters: Sequence[Starter] = ()) -> str:
    """Return the greeting of an empty conversation with shelves to begin with and its first suggestions."""
    return render("hero", text=text, suggestions=suggestions, starters=starters)


def quick(replies: Sequence[str]) -> str:
    """Return the quick replies above the message box; "" for none."""
    return render("quick", replies=replies) if replies else ""


def chips(constraints: Sequence[Constraint], *, has_talk: bool) -> str:
    """Return what the shopper is understood to want, each wish removable, with undo and start over."""
    return render("chips", constraints=constraints, has_talk=has_talk)


def cart(lines: Sequence[CartLine], sizes: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the cart panel; `sizes` by product id are told where the title does not."""
    n_pieces = sum(line.quantity for line in lines)
    total = sum(line.quantity * line.price_cents for line in lines)
    return render("cart", lines=lines, sizes=sizes, n_pieces=n_pieces, total_cents=total)


def header(*, shop_name: str, personas: Sequence[SamplePersona], user_id: str | None) -> str:
    """Return the top bar: name, person to talk to, and who is shopping (sample store only)."""
    current = next((persona for persona in personas if persona.user_id == user_id), None)
    return render("header", shop_name=shop_name, personas=personas, current=current)
