"""The parts a turn works with, named by what they do; `bootstrap` alone knows which classes they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assistant.commerce.cart import Cart, CartStore
    from assistant.commerce.orders import OrderStore
    from assistant.commerce.users import UserStore
    from assistant.dialogue.acts import Acts
    from assistant.dialogue.state import DialogueState
    from assistant.history.base import Profile
    from assistant.history.conversations import Conversation, ConversationStore
    from assistant.history.database import Database
    from assistant.history.profile import Profiles
    from assistant.history.store import SqlEventStore
    from assistant.nlu.base import Parser
    from assistant.recommender.base import Recommender
    from assistant.reply import Card
    from assistant.service.knowledge import KnowledgeBase
    from assistant.service.orders import OrderDesk
    from assistant.settings import Settings
    from assistant.tracing import Trace
    from retrieval.store import Store
    from retrieval.types import Product, Review


@dataclass(frozen=True, slots=True)
class House:
    """Everything that outlives a turn."""

    settings: Settings
    store: Store
    database: Database
    parser: Parser
    recommender: Recommender
    events: SqlEventStore
    profiles: Profiles
    conversations: ConversationStore
    carts: CartStore
    orders: OrderStore
    desk: OrderDesk
    knowledge: KnowledgeBase
    users: UserStore
    draw: Callable[[Product], str]
    name: str = ""


@dataclass(slots=True)
class Desk:
    """What this turn looked at: the source of its evidence and of the names of things."""

    products: dict[str, Product] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)

    def take(self, products: Sequence[Product]) -> None:
        """Remember products looked at."""
        for product in products:
            self.products[product.product_id] = product
            self.names[product.product_id] = product.title


@dataclass(slots=True)
class Turn:
    """One turn under way. Only `cart` changes while acts are carried out, and `desk` fills.

    Attributes:
        number: From 1.
        message: What the shopper said, or the echo of a button.
        owner: Whose history this is: the shopper's id, or the conversation's for a guest.
        user_id: The signed-in shopper, "" for a guest.
        state: After tracking and deciding.
    """

    number: int
    message: str
    conversation: Conversation
    user_id: str
    owner: str
    acts: Acts
    state: DialogueState
    profile: Profile
    cart: Cart
    trace: Trace
    desk: Desk = field(default_factory=Desk)
