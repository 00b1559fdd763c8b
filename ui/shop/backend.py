"""What the web application needs from the assistant, as a port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.dialogue.acts import Acts
    from assistant.reply import CartLine, Reply
    from retrieval.facets import Facets
    from retrieval.types import Constraint, Ranking


class TalkMessage(Protocol):
    """One line of a conversation; `reply` is `Reply.to_json()` for the assistant's lines."""

    @property
    def role(self) -> str:
        """Who spoke: `"user"` or `"assistant"`."""
        ...

    @property
    def text(self) -> str:
        """What was said."""
        ...

    @property
    def turn(self) -> int:
        """Number of the turn, from 1."""
        ...

    @property
    def reply(self) -> Mapping[str, Any] | None:
        """The whole answer, for the assistant's lines."""
        ...


class SamplePersona(Protocol):
    """A shopper of the sample store that anybody may play."""

    @property
    def user_id(self) -> str:
        """Their id."""
        ...

    @property
    def name(self) -> str:
        """Their name."""
        ...

    @property
    def blurb(self) -> str:
        """Who they are, in a sentence."""
        ...


class ShopBackend(Protocol):
    """The assistant as the page and the REST interface see it.

    Every method that takes a conversation id raises `UnknownConversationError` where there is no such conversation
    or it belongs to somebody else.
    """

    def start(self, *, user_id: str | None = None) -> str:
        """Begin a conversation and return its unguessable id."""
        ...

    def respond(
        self, message: str, *, conversation_id: str, user_id: str | None = None, acts: Acts | None = None
    ) -> Reply:
        """Answer one turn; `acts` stands for a pressed button and is not parsed."""
        ...

    def welcome(self, *, conversation_id: str, user_id: str | None = None) -> Reply:
        """Return the greeting and the first suggestions."""
        ...

    def undo(self, conversation_id: str, *, user_id: str | None = None) -> bool:
        """Take the last turn back, cart included; False where there is none."""
        ...

    def feedback(self, conversation_id: str, turn: int, *, liked: bool, user_id: str | None = None) -> None:
        """Note a thumb up or down on a turn."""
        ...

    def transcript(self, conversation_id: str, *, user_id: str | None = None) -> Sequence[TalkMessage]:
        """Return the conversation, oldest line first."""
        ...

    def cart(self, conversation_id: str, *, user_id: str | None = None) -> tuple[CartLine, ...]:
        """Return the cart."""
        ...

    def constraints(self, conversation_id: str, *, user_id: str | None = None) -> tuple[Constraint, ...]:
        """Return what the shopper is understood to want."""
        ...

    def personas(self) -> Sequence[SamplePersona]:
        """Return the shoppers that anybody may play; empty in a real shop."""
        ...

    def sign_in(self, conversation_id: str, user_id: str) -> str:
        """Become a persona; return the id of the conversation to go on with."""
        ...

    def search(
        self,
        text: str,
        *,
        constraints: tuple[Constraint, ...] = (),
        n: int = 10,
        like: str | None = None,
        goes_with: str | None = None,
    ) -> Ranking:
        """Search without a conversation: by words, for more like a product, or for what goes with one."""
        ...

    def facets(self, text: str, *, constraints: tuple[Constraint, ...] = ()) -> Facets:
        """Count by what a search by words can be narrowed."""
        ...

    def recommend(self, *, query: str | None, user_id: str | None, top_n: int) -> dict[str, Any]:
        """Return recommendations in the contract's shape."""
        ...

    def product(self, product_id: str) -> dict[str, Any] | None:
        """Return a product as JSON, or None."""
        ...

    def picture(self, product_id: str) -> str | None:
        """Return a product's picture as SVG, or None."""
        ...

    def ready(self) -> dict[str, str]:
        """Return `"ok"` or a problem by component."""
        ...
