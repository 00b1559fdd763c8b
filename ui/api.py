"""The REST interface: the assistant for programs, with bodies checked and bounded."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from assistant.errors import UnknownConversationError, UnknownUserError
from retrieval.errors import QueryError
from retrieval.types import Constraint, Op, Slot
from ui.session import SHOPPER_COOKIE, Session
from ui.shapes import facets_json, ranking_json

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ui.session import Sessions
    from ui.shop.backend import ShopBackend

_MAX_FILTERS = 20
_MAX_FILTER_TEXT = 4_000
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChatBody(_Body):
    """One turn."""

    message: Text = Field(examples=["Trail shoes under 80, no leather"])
    conversation_id: Identifier | None = Field(
        default=None, description="As the first answer gave it; none begins one."
    )
    user_id: Identifier | None = Field(default=None, description="Believed only with the API key or a sign-in.")


class RecommendBody(_Body):
    """A wish for ideas."""

    query: Text | None = Field(default=None, examples=["a gift for a runner"])
    user_id: Identifier | None = Field(default=None, description="Believed only with the API key or a sign-in.")
    top_n: int = Field(default=6, ge=1, le=50)


class FilterBody(_Body):
    """One hard constraint of a search."""

    slot: Slot
    op: Op = "eq"
    value: Annotated[str, StringConstraints(max_length=200)] | Annotated[float, Field(strict=True)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    group: int = Field(default=0, ge=0, le=9)


class Doorkeeper:
    """Decides for whom a request speaks."""

    def __init__(self, sessions: Sessions, api_key: SecretStr | None) -> None:
        self._sessions = sessions
        self._api_key = api_key.get_secret_value().encode() if api_key else None

    def user(self, request: Request, claimed: str | None) -> str | None:
        """Return the shopper that a request speaks for.

        With the API key that is whoever the body names; without, the shopper signed in by cookie.

        Raises:
            HTTPException: 401 for a wrong key, 403 where the named shopper is not the one signed in.
        """
        if self._has_key(request):
            return claimed
        session = self.session(request)
        own = session.user_id if session else None
        if claimed is not None and claimed != own:
            detail = (
                "user_id is believed only with the shop's API key (Authorization: Bearer ...) or the shopper's sign-in"
            )
            raise HTTPException(403, detail)
        return claimed

    def session(self, request: Request) -> Session | None:
        """Return the session in the request's cookie."""
        return self._sessions.read(request.cookies.get(SHOPPER_COOKIE))

    def _has_key(self, request: Request) -> bool:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return False
        known = self._api_key is not None and hmac.compare_digest(sent.strip().encode(), self._api_key)
        if scheme.lower() != "bearer" or not known:
            raise HTTPException(401, "the API key is not valid", headers={"www-authenticate": "Bearer"})
        return True


def read_filters(
    text: Annotated[str | None, Query(alias="filter", max_length=_MAX_FILTER_TEXT)] = None,
) -> list[FilterBody]:
    """Read the `filter` of a search: a JSON list of constraints.

    Raises:
        HTTPException: 422 where it is anything else.
    """
    if not text:
        return []
    try:
        items = json.loads(text)
        if not isinstance(items, list) or len(items) > _MAX_FILTERS:
            message = f"expected a list of at most {_MAX_FILTERS}"
            raise ValueError(message)
        return [FilterBody.model_validate(item) for item in items]
    except (ValueError, RecursionError) as error:
        detail = f'filter must be JSON such as [{{"slot": "price", "op": "lte", "value": 80}}]: {str(error)[:300]}'
        raise HTTPException(422, detail) from error


def _check_search(words: str, *, like: str | None, goes_with: str | None, facets: bool) -> None:
    if facets and (like is not None or goes_with is not None):
        raise HTTPException(422, "facets are counted for words and filters, not with like or goes_with")
    if not words and like is None and goes_with is None:
        raise HTTPException(422, "give q, the words to look for, or the id of a product in like or goes_with")


def api_router(backend: ShopBackend, doorkeeper: Doorkeeper) -> APIRouter:
    """Return the routes under `/api`."""
    router = APIRouter(prefix="/api", tags=["shop"])

    @router.post("/chat", summary="One turn of a conversation")
    def chat(body: ChatBody, request: Request) -> dict[str, Any]:
        """Answer one message. Without `conversation_id` a conversation begins; keep the id that comes back."""
        user_id = doorkeeper.user(request, body.user_id)
        try:
            conversation_id = body.conversation_id or backend.start(user_id=user_id)
            reply = backend.respond(body.message, conversation_id=conversation_id, user_id=user_id)
        except (UnknownConversationError, UnknownUserError) as error:
            raise HTTPException(404, str(error)) from error
        return {**reply.to_json(), "conversation_id": conversation_id}

    @router.post("/recommend", summary="What to recommend")
    def recommend(body: RecommendBody, request: Request) -> dict[str, Any]:
        """Recommend products for a wish, for a shopper, or for anybody."""
        user_id = doorkeeper.user(request, body.user_id)
        try:
            return backend.recommend(query=body.query, user_id=user_id, top_n=body.top_n)
        except UnknownUserError as error:
            raise HTTPException(404, str(error)) from error

    @router.get("/search", summary="Search without a conversation")
    def search(
        filters: Annotated[list[FilterBody], Depends(read_filters)],
        q: Annotated[Words, Query(description="What to look for; may be left out with `like` or `goes_with`")] = "",
        like: Annotated[Identifier | None, Query(description="The id of a product: more like it")] = None,
        goes_with: Annotated[Identifier | None, Query(description="The id of a product: what goes with it")] = None,
        n: Annotated[int, Query(ge=1, le=100)] = 10,
        facets: Annotated[bool, Query(description="Also count by what the hits can be narrowed")] = False,
    ) -> dict[str, Any]:
        """Return the best hits; `filter` is a JSON list of hard constraints.

        With `like` they are products like that one, with `goes_with` what is used with it (a case for a phone): only
        what the shop's word list knows to go together, so it may be nothing.

        With `facets` the answer also has `facets`: brands, colors, price bands, ratings and attributes of everything
        that passes, each value with its `count` of products (variants of one product count once). To narrow by a value,
        add its `filter` to the list, such as {"slot": "feature", "op": "eq", "value": "capacity: 500 ml"} or
        {"slot": "price", "op": "lte", "value": 49.99}; `total` is then that count. `low` and `high` of a price are in
        cents, `high` itself excluded. Where the words name a category, all is counted within it, and `facets_within`
        is to be added too.
        """
        _check_search(q, like=like, goes_with=goes_with, facets=facets)
        wishes = tuple(Constraint(f.slot, f.op, f.value, currency=f.currency, group=f.group) for f in filters)
        try:
            ranking = backend.search(q, constraints=wishes, n=n, like=like, goes_with=goes_with)
            more = facets_json(backend.facets(q, constraints=wishes)) if facets else {}
        except QueryError as error:
            raise HTTPException(422, str(error)) from error
        return {**ranking_json(ranking), **more}

    @router.get("/products/{product_id:path}", summary="One product")
    def product(product_id: str) -> dict[str, Any]:
        """Return a product with its variants and what its reviews say."""
        found = backend.product(product_id) if len(product_id) <= 200 else None
        if found is None:
            raise HTTPException(404, f"there is no product {product_id[:100]!r}")
        return found

    return router
