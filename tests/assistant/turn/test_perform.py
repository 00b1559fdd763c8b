"""What carrying out a turn must keep: pages end, alternatives are not weighed, nothing stands in for one of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.dialogue.acts import Acts
from retrieval.types import Constraint

if TYPE_CHECKING:
    from assistant.assistant import Assistant


def wish(slot: str, value: str | float, *, op: str = "eq", group: int = 0) -> Constraint:
    return Constraint(slot, op, value, group=group)  # type: ignore[arg-type]


def test_a_further_page_never_gives_a_wish_up(shop: Assistant) -> None:
    conversation = shop.start()
    acts = Acts(("search",), add=(wish("category", "kettle"), wish("price", 25.0, op="lte")))
    reply = shop.respond("kettles under 25", conversation_id=conversation, acts=acts)
    seen = {card.product_id for card in reply.products}
    for _ in range(20):
        reply = shop.respond("show me more", conversation_id=conversation)
        assert not reply.relaxed
        assert not seen & {card.product_id for card in reply.products}
        seen |= {card.product_id for card in reply.products}
        if not reply.products:
            break
    assert not reply.products


def test_alternatives_are_shown_but_not_compared(shop: Assistant) -> None:
    acts = Acts(("compare",), add=(wish("category", "telescope"),))
    reply = shop.respond("compare telescopes", conversation_id=shop.start(), acts=acts)
    assert reply.comparison is None
    assert reply.products
    assert all(card.label for card in reply.products)


def test_what_is_not_sold_among_several_is_named_and_not_replaced(shop: Assistant) -> None:
    acts = Acts(("search",), add=(wish("category", "tent"), wish("category", "telescope", group=1)))
    reply = shop.respond("a tent and a telescope", conversation_id=shop.start(), acts=acts)
    assert {card.role for card in reply.products} == {0}
    assert "elescope" in reply.text


def test_a_brand_that_is_not_carried_is_said_and_others_labelled(shop: Assistant) -> None:
    acts = Acts(("search",), add=(wish("category", "kettle"), wish("brand", "Zzyx")))
    reply = shop.respond("Zzyx kettle", conversation_id=shop.start(), acts=acts)
    assert "Zzyx" in reply.text
    assert reply.products
    assert all(card.label for card in reply.products)


def test_a_name_alone_buys_nothing(shop: Assistant) -> None:
    conversation = shop.start()
    found = shop.respond("trampolines", conversation_id=conversation)
    name = found.products[0].title.split()[1]
    reply = shop.respond(name.lower(), conversation_id=conversation)
    assert not reply.cart


def test_nothing_is_asked_about_what_is_not_sold(shop: Assistant) -> None:
    conversation = shop.start()
    acts = Acts(("search",), add=(wish("category", "piano"),))
    reply = shop.respond("pianos", conversation_id=conversation, acts=acts)
    assert reply.products
    assert reply.question is None
    assert shop.house.conversations.load(conversation).state.question is None


def test_only_takes_the_place_of_what_was_wanted(shop: Assistant) -> None:
    conversation = shop.start()
    acts = Acts(("search",), add=(wish("category", "laptop"), wish("brand", "Zentry")))
    shop.respond("zentry laptops", conversation_id=conversation, acts=acts)
    reply = shop.respond("only Vantry", conversation_id=conversation)
    assert [str(c.value).casefold() for c in reply.constraints if c.slot == "brand"] == ["vantry"]


def test_what_was_just_said_is_no_history(shop: Assistant) -> None:
    conversation = shop.start()
    shop.respond("black laptops", conversation_id=conversation)
    reply = shop.respond("under 900", conversation_id=conversation)
    cited = {ref for card in reply.products for claim in card.why for ref in claim.evidence}
    assert not [ref for ref in cited if ref.startswith("event:")]
