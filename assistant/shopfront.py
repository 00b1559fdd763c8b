"""What the shop offers beside the talk: conversations, carts, search, recommendations, products, shoppers' rights."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assistant.dialogue.events import Event
from assistant.dialogue.system import SystemAct
from assistant.errors import UnknownConversationError
from assistant.history import privacy
from assistant.nlg.plan import ReplyPlan, Step
from assistant.nlg.quick_replies import quick_replies
from assistant.nlg.responder import respond as put_into_words
from assistant.recommender.base import Wish
from assistant.reply import Reply
from assistant.tracing import Trace
from assistant.turn import listing
from retrieval.companions import find
from retrieval.types import Query

if TYPE_CHECKING:
    from assistant.commerce.users import User
    from assistant.history.conversations import Message
    from assistant.reply import CartLine
    from assistant.turn.house import House
    from retrieval.facets import Facets
    from retrieval.store import Store
    from retrieval.types import Constraint, Product, Ranking, Sort


class Shopfront:
    """The assistant's rooms as its users reach them. `house` holds the parts."""

    def __init__(self, house: House) -> None:
        self.house = house

    @property
    def store(self) -> Store:
        """The catalogue with its indexes."""
        return self.house.store

    def close(self) -> None:
        """Release files and connections; the assistant cannot be used afterwards."""
        self.house.database.close()
        self.house.store.close()

    def describe(self) -> str:
        """Return one line about what is served."""
        model = self.house.settings.model
        named = f"{model.backend} ({model.name})" if model.name else model.backend
        return f"{self.store.catalogue.count()} products from {self.house.settings.store_dir}; model: {named}"

    def ready(self) -> dict[str, str]:
        """Return `"ok"` or a problem by component."""
        return {
            **self.store.health(),
            "parser": "ok",
            "database": "ok" if self.house.events.revision() >= 0 else "lost",
        }

    # Conversations

    def start(self, *, user_id: str | None = None) -> str:
        """Begin a conversation and return its unguessable id.

        Raises:
            UnknownUserError: There is no such shopper.
        """
        if user_id:
            self.house.users.get(user_id)
        return self.house.conversations.create(user_id or "").conversation_id

    def welcome(self, *, conversation_id: str, user_id: str | None = None) -> Reply:
        """Return the greeting and the first suggestions; it is stored as the conversation's opening."""
        conversation = self.house.conversations.load(conversation_id, user_id=user_id)
        name = self.house.users.get(user_id).name.split(" ")[0] if user_id else ""
        plan = ReplyPlan(0, (Step(SystemAct("greet")),), shop=self.house.name, shopper=name)
        reply = Reply(0, put_into_words(plan), conversation_id, quick_replies=quick_replies(plan))
        self.house.conversations.greet(conversation, reply=reply.to_json())
        return reply

    def undo(self, conversation_id: str, *, user_id: str | None = None) -> bool:
        """Take the last turn back, cart included; False where there is none."""
        before = {line.product_id: line.quantity for line in self.cart(conversation_id, user_id=user_id)}
        conversation = self.house.conversations.undo(conversation_id, user_id=user_id)
        if conversation is None:
            return False
        owner, now = conversation.user_id or conversation_id, datetime.now(UTC)
        after = {line.product_id: line.quantity for line in self.house.carts.load(conversation.cart_id).lines}
        for product_id in before.keys() | after.keys():
            change = after.get(product_id, 0) - before.get(product_id, 0)
            if change:  # events are never edited: what was undone is balanced by its opposite
                detail = {"quantity": abs(change), "undo": True}
                name = "add_to_cart" if change > 0 else "remove_from_cart"
                self.house.events.append([Event(owner, name, now, product_id, conversation_id, detail)])  # type: ignore[arg-type]
        return True

    def feedback(self, conversation_id: str, turn: int, *, liked: bool, user_id: str | None = None) -> None:
        """Note a thumb up or down on a turn."""
        conversation = self.house.conversations.load(conversation_id, user_id=user_id)
        owner = conversation.user_id or conversation_id
        detail = {"turn": turn, "liked": liked}
        self.house.events.append([Event(owner, "feedback", datetime.now(UTC), "", conversation_id, detail)])

    def transcript(self, conversation_id: str, *, user_id: str | None = None) -> tuple[Message, ...]:
        """Return the conversation, oldest line first."""
        return self.house.conversations.transcript(conversation_id, user_id=user_id)

    def cart(self, conversation_id: str, *, user_id: str | None = None) -> tuple[CartLine, ...]:
        """Return the cart's lines."""
        conversation = self.house.conversations.load(conversation_id, user_id=user_id)
        return self.house.carts.load(conversation.cart_id).lines

    def constraints(self, conversation_id: str, *, user_id: str | None = None) -> tuple[Constraint, ...]:
        """Return what the shopper is understood to want."""
        return self.house.conversations.load(conversation_id, user_id=user_id).state.constraints

    def current(self, conversation_id: str, *, user_id: str | None = None) -> Reply:
        """Return where the conversation stands, as a reply that says nothing new."""
        conversation = self.house.conversations.load(conversation_id, user_id=user_id)
        cart = self.house.carts.load(conversation.cart_id).lines
        state = conversation.state
        return Reply(conversation.turn, "", conversation_id, constraints=state.constraints, cart=cart)

    # Shoppers

    def personas(self) -> tuple[User, ...]:
        """Return the shoppers that anybody may play: those of the sample store, nobody in a real shop."""
        return self.house.users.personas() if self.house.settings.is_sample else ()

    def sign_in(self, conversation_id: str, user_id: str) -> str:
        """Become a shopper; a guest's talk and cart come along. Return the id of the conversation to go on with.

        Raises:
            UnknownUserError: There is no such shopper.
        """
        self.house.users.get(user_id)
        try:
            return self.house.conversations.attach(conversation_id, user_id).conversation_id
        except UnknownConversationError:
            return self.start(user_id=user_id)

    def export_user(self, user_id: str) -> dict[str, Any]:
        """Return everything held about a shopper.

        Raises:
            UnknownUserError: Nothing is held under that id.
        """
        return privacy.export(self.house.database, user_id)

    def erase_user(self, user_id: str) -> dict[str, int]:
        """Remove a shopper everywhere; return how many rows went, by table."""
        return privacy.erase(self.house.database, user_id)

    # Goods

    def search(
        self,
        text: str,
        *,
        constraints: tuple[Constraint, ...] = (),
        n: int = 10,
        sort: Sort | None = None,
        like: str | None = None,
        goes_with: str | None = None,
    ) -> Ranking:
        """Search without a conversation: by words, for more like a product, or for what goes with one."""
        query = Query(text=text, constraints=constraints, n=n, sort=sort, similar_to=like)
        return find(self.store, query, goes_with=goes_with)

    def facets(self, text: str, *, constraints: tuple[Constraint, ...] = ()) -> Facets:
        """Count by which values, ranges and attributes a search by words can be narrowed."""
        return self.store.retriever.narrowings(Query(text=text, constraints=constraints))

    def recommend(self, *, query: str | None, user_id: str | None, top_n: int) -> dict[str, Any]:
        """Return recommendations in the contract's shape, each with its reasons.

        Raises:
            UnknownUserError: There is no such shopper.
        """
        trace = Trace()
        if user_id:
            self.house.users.get(user_id)
        profile = self.house.profiles.of(user_id)
        ranking = self.search(query, n=min(200, top_n * 4)) if query else None
        chosen = self.house.recommender.recommend(Wish(profile, ranking=ranking, n=top_n))
        items = listing.reasoned(self.house, chosen, profile=profile)
        return {"items": items, "strategy": chosen.strategy, "elapsed_ms": round(trace.elapsed_ms, 2)}

    def catalogue_product(self, product_id: str) -> Product | None:
        """Return a product as the catalogue has it, or None."""
        found = self.store.catalogue.get([product_id])
        return found[0] if found else None

    def product(self, product_id: str) -> dict[str, Any] | None:
        """Return a product with its variants and a summary of its reviews as JSON, or None."""
        found = self.catalogue_product(product_id)
        return None if found is None else listing.product_json(self.house, found)

    def picture(self, product_id: str) -> str | None:
        """Return a product's picture as SVG, or None."""
        found = self.catalogue_product(product_id)
        return None if found is None else self.house.draw(found)
