"""A deterministic double of the assistant: a dozen products, a talk kept in memory, words matched one by one."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assistant.errors import UnknownConversationError, UnknownUserError
from assistant.reply import Action, Card, CartLine, Claim, Comparison, Handoff, Reply
from retrieval.errors import QueryError
from retrieval.facets import Facet, Facets, FacetValue
from retrieval.types import Constraint, Hit, Product, Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.dialogue.acts import Acts

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the talk."""

    role: str
    text: str
    turn: int
    reply: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Player:
    """A shopper to play."""

    user_id: str
    name: str
    blurb: str


@dataclass(frozen=True, slots=True)
class _Talk:
    user_id: str | None
    lines: tuple[Line, ...] = ()
    wishes: tuple[Constraint, ...] = ()
    cart: Mapping[str, int] = field(default_factory=dict)


class MemoryShop:
    """`ShopBackend` over a list of products."""

    def __init__(self, products: tuple[Product, ...], *, players: tuple[Player, ...] = ()) -> None:
        self._products = {product.product_id: product for product in products}
        self._players = players
        self._talks: dict[str, list[_Talk]] = {}
        self.thumbs: list[tuple[str, int, bool]] = []

    def start(self, *, user_id: str | None = None) -> str:
        """Begin a conversation."""
        conversation_id = secrets.token_urlsafe(16)
        self._talks[conversation_id] = [_Talk(user_id)]
        return conversation_id

    def respond(
        self, message: str, *, conversation_id: str, user_id: str | None = None, acts: Acts | None = None
    ) -> Reply:
        """Answer a turn."""
        talk = self._talk(conversation_id, user_id)
        turn = len(talk.lines) // 2 + 1
        intent = acts.main if acts else "search"
        if intent == "start_over":
            talk, reply = replace(talk, wishes=()), Reply(turn, "Fresh start. What are you looking for?")
        elif acts and intent in {"add_to_cart", "remove_from_cart"}:
            talk, reply = self._move(talk, acts, turn)
        elif acts and intent == "compare":
            reply = self._compared(acts.product_ids, turn)
        elif intent == "human_agent":
            reply = Reply(turn, "A colleague will join here.", handoff=Handoff("asked", "Wants to talk to a person."))
        else:
            talk, reply = self._found(talk, message, acts, turn)
        reply = replace(
            reply, conversation_id=conversation_id, intents=(intent,), constraints=talk.wishes, cart=self._lines(talk)
        )
        said = (Line("user", message, turn), Line("assistant", reply.text, turn, reply.to_json()))
        self._talks[conversation_id].append(replace(talk, lines=(*talk.lines, *said)))
        return reply

    def welcome(self, *, conversation_id: str, user_id: str | None = None) -> Reply:
        """Greet."""
        return Reply(0, "What are you looking for today?", quick_replies=("Red shoes", "A warm jacket", "Headphones"))

    def undo(self, conversation_id: str, *, user_id: str | None = None) -> bool:
        """Take the last turn back."""
        self._talk(conversation_id, user_id)
        steps = self._talks[conversation_id]
        return len(steps) > 1 and bool(steps.pop())

    def feedback(self, conversation_id: str, turn: int, *, liked: bool, user_id: str | None = None) -> None:
        """Note a thumb."""
        self._talk(conversation_id, user_id)
        self.thumbs.append((conversation_id, turn, liked))

    def transcript(self, conversation_id: str, *, user_id: str | None = None) -> tuple[Line, ...]:
        """Return the talk."""
        return self._talk(conversation_id, user_id).lines

    def cart(self, conversation_id: str, *, user_id: str | None = None) -> tuple[CartLine, ...]:
        """Return the cart."""
        return self._lines(self._talk(conversation_id, user_id))

    def constraints(self, conversation_id: str, *, user_id: str | None = None) -> tuple[Constraint, ...]:
        """Return the wishes."""
        return self._talk(conversation_id, user_id).wishes

    def personas(self) -> tuple[Player, ...]:
        """Return the shoppers to play."""
        return self._players

    def sign_in(self, conversation_id: str, user_id: str) -> str:
        """Become a shopper, with the cart."""
        if all(player.user_id != user_id for player in self._players):
            message = f"there is no shopper {user_id!r}"
            raise UnknownUserError(message)
        cart = self._talks[conversation_id][-1].cart
        fresh = self.start(user_id=user_id)
        self._talks[fresh] = [_Talk(user_id, cart=cart)]
        return fresh

    def search(
        self,
        text: str,
        *,
        constraints: tuple[Constraint, ...] = (),
        n: int = 10,
        like: str | None = None,
        goes_with: str | None = None,
    ) -> Ranking:
        """Return the products that share a word with `text` or with the product named, and pass a price limit.

        Raises:
            QueryError: There is no such product.
        """
        named = like or goes_with
        if named is not None and named not in self._products:
            message = f"there is no product {named!r}"
            raise QueryError(message)
        if named is not None:
            text = f"{text} {self._products[named].title}"
        words = set(re.findall(r"\w+", text.casefold()))
        limits = [float(c.value) * 100 for c in constraints if c.slot == "price" and c.op == "lte"]
        hits = [
            Hit(product, float(len(words & set(re.findall(r"\w+", product.title.casefold())))))
            for product in self._products.values()
            if product.product_id != named and all(product.offer_cents <= limit for limit in limits)
        ]
        found = sorted((hit for hit in hits if hit.score), key=lambda hit: -hit.score)
        return Ranking(tuple(found[:n]), total=len(found), elapsed_ms=1.0)

    def facets(self, text: str, *, constraints: tuple[Constraint, ...] = ()) -> Facets:
        """Count the brands of what `search` finds."""
        ranking = self.search(text, constraints=constraints, n=len(self._products))
        counts = Counter(hit.product.brand for hit in ranking.hits if hit.product.brand)
        values = tuple(FacetValue(b, n, (Constraint("brand", "eq", b),)) for b, n in counts.most_common())
        return Facets((Facet("brand", "value", values),) if values else (), ranking.total)

    def recommend(self, *, query: str | None, user_id: str | None, top_n: int) -> dict[str, Any]:
        """Return the first products."""
        items = [
            {"product_id": p.product_id, "title": p.title, "score": 1.0, "why": []} for p in self._products.values()
        ]
        return {"items": items[:top_n], "strategy": "personal" if user_id else "popular", "elapsed_ms": 1.0}

    def product(self, product_id: str) -> dict[str, Any] | None:
        """Return a product."""
        product = self._products.get(product_id)
        if product is None:
            return None
        return {"product_id": product_id, "title": product.title, "price": product.offer_cents / 100, "currency": "USD"}

    def picture(self, product_id: str) -> str | None:
        """Draw a square in the product's colour."""
        product = self._products.get(product_id)
        if product is None:
            return None
        color = re.sub(r"\W", "", product.color) or "gray"
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><rect width="400" height="400" '
            f'fill="#f3f0ea"/><rect x="110" y="110" width="180" height="180" rx="28" fill="{color}"/></svg>'
        )

    def ready(self) -> dict[str, str]:
        """Say that all is well."""
        return {"catalogue": "ok"}

    def _talk(self, conversation_id: str, user_id: str | None) -> _Talk:
        steps = self._talks.get(conversation_id)
        if steps is None or steps[-1].user_id != user_id:
            message = f"there is no conversation {conversation_id!r}"
            raise UnknownConversationError(message)
        return steps[-1]

    def _lines(self, talk: _Talk) -> tuple[CartLine, ...]:
        chosen = ((self._products[product_id], n) for product_id, n in talk.cart.items())
        return tuple(CartLine(p.product_id, n, p.offer_cents, p.currency, p.title) for p, n in chosen)

    def _move(self, talk: _Talk, acts: Acts, turn: int) -> tuple[_Talk, Reply]:
        product = self._products[acts.product_ids[0]]
        cart = dict(talk.cart)
        n = next((int(c.value) for c in acts.add if c.slot == "quantity"), 0)
        if acts.main == "add_to_cart":
            cart[product.product_id] = cart.get(product.product_id, 0) + (n or 1)
        elif n and cart.get(product.product_id, 0) > n:
            cart[product.product_id] -= n
        else:
            cart.pop(product.product_id, None)
        word = "is in your cart" if acts.main == "add_to_cart" else "is out of your cart"
        action = Action(acts.main, "done", product.product_id, n or 1)
        return replace(talk, cart=cart), Reply(turn, f"{product.title} {word}.", actions=(action,))

    def _compared(self, product_ids: tuple[str, ...], turn: int) -> Reply:
        products = [self._products[product_id] for product_id in product_ids]
        rows = (
            ("Price", tuple(f"${p.offer_cents / 100:.2f}" for p in products)),
            ("Rating", tuple(f"{p.rating:g} of 5" if p.rating else "" for p in products)),
            ("Colour", tuple(p.color for p in products)),
            ("Condition", tuple(p.condition for p in products)),
        )
        table = Comparison(product_ids, tuple(p.title for p in products), rows, "they differ in price and rating")
        return Reply(turn, "Here they are side by side, differences first.", comparison=table)

    def _found(self, talk: _Talk, message: str, acts: Acts | None, turn: int) -> tuple[_Talk, Reply]:
        kept = talk.wishes
        if acts:
            kept = tuple(w for w in kept if all((d.slot, d.value) != (w.slot, w.value) for d in acts.drop))
            titles = " ".join(self._products[i].title for i in acts.product_ids)
            text = titles or " ".join(str(w.value) for w in kept)
        else:
            text = message
            limit = re.search(r"under \$?(\d+)", message)
            kept = (Constraint("price", "lte", float(limit[1]), currency="USD"),) if limit else kept
            if found := self.search(message, n=1).hits:
                old = tuple(w for w in kept if w.slot != "category")
                kept = (Constraint("category", "eq", found[0].product.shelf), *old)
                text = f"{message} {found[0].product.shelf}"
        ranking = self.search(text, constraints=kept, n=_SHOWN)
        shown = tuple(_card(hit.product) for hit in ranking.hits)
        words = (
            f"I found {ranking.total} that fit. The first is {shown[0].title}." if shown else "We do not carry that."
        )
        reply = Reply(turn, words, products=shown, quick_replies=("Under $80", "Best rated", "Something else"))
        return replace(talk, wishes=kept), reply


def _card(product: Product) -> Card:
    why = (
        Claim(
            f"Rated {product.rating or 0:.1f} by {product.n_ratings} buyers", (f"product:{product.product_id}:rating",)
        ),
        Claim("Buyers like how it feels", ("review:1", "review:2")),
    )
    sizes = ("S", "M", "L") if product.size else ()
    return Card(
        product.product_id,
        product.title,
        product.offer_cents,
        product.currency,
        product.price_cents if product.sale_price_cents else None,
        why=why if product.rating else (),
        brand=product.brand,
        color=product.color,
        size=product.size,
        rating=product.rating,
        n_ratings=product.n_ratings,
        in_stock=product.availability == "in_stock",
        options=tuple((product.product_id, size, size != "L") for size in sizes),
    )
