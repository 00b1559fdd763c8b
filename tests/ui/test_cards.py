from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reply import Card, CartLine, Claim, Comparison, Handoff, Reply
from retrieval.types import Constraint, Op, Slot
from ui import cards, wording

_NASTY = "</article><script>alert(1)</script>\"'><img src=x onerror=alert(1)> ${a} {{b}} & \u202e"
_TAGS = {
    "div", "article", "img", "span", "p", "h2", "h3", "h4", "s", "details", "summary", "ul", "li", "label", "select",
    "option", "button", "svg", "path", "table", "caption", "thead", "tbody", "tr", "td", "th", "strong", "section",
}  # fmt: skip


class _Walk(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _walk(html: str) -> _Walk:
    walk = _Walk()
    walk.feed(html)
    walk.close()
    return walk


def _reply(text: str) -> dict[str, Any]:
    claim = Claim(text, ("product:1:price", "review:2", "review:3"))
    card = Card(
        text, text, 1999, "USD", 2999, why=(claim, claim), image=text, brand=text, color=text, size=text, rating=4.2,
        n_ratings=1200, label=text, options=((text, text, True), ("b", text, False)),
    )  # fmt: skip
    table = Comparison((text, "2"), (text, text), ((text, (text, "")), ("Price", ("1", "1"))), verdict=text)
    handoff = Handoff(text, text)
    return Reply(3, text, products=(card,), comparison=table, handoff=handoff, quick_replies=(text,)).to_json()


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60) | st.just(_NASTY))
def test_whatever_a_feed_says_stays_text(text: str) -> None:
    html = cards.answer(_reply(text)) + cards.quick([text]) + cards.hero(text, [text])
    html += cards.chips([Constraint("brand", "ne", text)], has_talk=True)
    html += cards.cart([CartLine(text, 2, 500, "USD", text)])

    walk = _walk(html)

    assert set(walk.tags) <= _TAGS
    assert walk.handlers == []


def test_a_card_shows_what_a_shopper_decides_by() -> None:
    card = Card(
        "p1",
        "Ridge shoes",
        6400,
        "USD",
        7900,
        why=(Claim("Under your $80", ("turn:1", "product:p1:price")),),
        rating=4.6,
        n_ratings=1284,
    )

    html = cards.answer(Reply(1, "Here.", products=(card,)).to_json())
    text = " ".join("".join(_walk(html).text).split())

    for words in (
        "Ridge shoes",
        "$64.00",
        "was $79.00",
        "4.6",
        "1,284",
        "Under your $80",
        "what you said",
        "price",
        "Add to cart",
    ):
        assert words in text
    assert 'src="/pictures/p1.svg"' in html


def test_alternatives_stand_apart_from_what_was_asked() -> None:
    asked = Card("a", "Asked", 100, "USD")
    near = Card("b", "Near", 100, "USD", label="nearest alternative")

    html = cards.answer(Reply(1, "", products=(near, asked)).to_json())

    assert html.index("Asked") < html.index("Close to what you asked") < html.index("Near<")


def test_several_things_asked_for_stand_under_their_names() -> None:
    wishes = (Constraint("category", "eq", "tent"), Constraint("category", "eq", "sleeping bag", group=1))
    shown = (Card("a", "Dome", 100, "USD"), Card("b", "Cocoon", 100, "USD", role=1))

    html = cards.answer(Reply(1, "", products=shown, constraints=wishes).to_json())

    assert html.index(">Tent<") < html.index("Dome") < html.index(">Sleeping bag<") < html.index("Cocoon")


def test_the_size_that_was_asked_for_is_chosen() -> None:
    card = Card("a", "Shoes", 100, "USD", options=(("a", "41", True), ("b", "42", True), ("c", "43", False)))
    reply = Reply(1, "", products=(card,), constraints=(Constraint("size", "eq", "42"),))

    html = cards.answer(reply.to_json())

    assert re.search(r'value="b"[^>]*selected', html)
    assert re.search(r'value="c"[^>]*disabled', html)
    assert html.count("selected") == 1


def test_nothing_can_be_added_that_is_sold_out() -> None:
    html = cards.answer(Reply(1, "", products=(Card("a", "Shoes", 100, "USD", in_stock=False),)).to_json())

    assert "Out of stock" in html
    assert 'data-act="add"' not in html


def test_the_cart_adds_up_in_cents() -> None:
    html = cards.cart([CartLine("a", 3, 1999, "USD", "Shoes"), CartLine("b", 1, 1, "USD", "Lace")])

    assert "$59.98" in html
    assert 'data-count="4"' in html


def test_pictures_come_only_from_here_or_from_an_allowed_host() -> None:
    hosts = frozenset({"cdn.shop.example"})
    card = {"product_id": "a/b c"}
    own = "/pictures/a%2Fb%20c.svg"

    assert (
        wording.picture_src({**card, "image": "https://cdn.shop.example/1.jpg"}, hosts)
        == "https://cdn.shop.example/1.jpg"
    )
    assert wording.picture_src({**card, "image": "/pictures/1.svg"}, hosts) == "/pictures/1.svg"
    for foreign in (
        "https://evil.example/1.jpg",
        "//evil.example/1",
        "/\\evil.example",
        "javascript:alert(1)",
        "data:x",
        "",
    ):
        assert wording.picture_src({**card, "image": foreign}, hosts) == own


def test_wishes_read_like_words() -> None:
    said = [
        (Constraint("price", "lte", 80.0, currency="USD"), "up to $80"),
        (Constraint("price", "lt", "shown"), "cheaper than shown"),
        (Constraint("material", "ne", "leather"), "no leather"),
        (Constraint("rating", "gte", 4.0), "4 stars and up"),
        (Constraint("sort", "eq", "price_asc"), "cheapest first"),
        (Constraint("size", "eq", "42"), "size 42"),
        (Constraint("recipient", "eq", "my son"), "for my son"),
    ]

    assert [wording.chip(wish) for wish, _ in said] == [words for _, words in said]


def test_every_operator_of_every_slot_has_words() -> None:
    for slot in get_args(Slot):
        for op in get_args(Op):
            assert wording.chip(Constraint(slot, op, 3.0))


def test_sources_name_what_proves_a_claim() -> None:
    said = wording.sources(["product:1:sale_price", "review:1", "review:2", "event:9", "count:cheapest"])

    assert said == "product data: sale price · 2 customer reviews · what you did here before · counted for this answer"


def test_the_cart_tells_a_size_that_the_title_does_not() -> None:
    lines = (CartLine("p1", 1, 1000, "USD", "Ridge shoes"), CartLine("p2", 1, 1000, "USD", "Beans, 1 kg"))

    drawn = cards.cart(lines, {"p1": "<8>", "p2": "1 kg"})

    assert "Size &lt;8&gt;" in drawn
    assert "Size 1 kg" not in drawn
