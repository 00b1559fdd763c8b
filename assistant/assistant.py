"""The assistant: one utterance in, one reply out, through the stages in order, with no logic of its own."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assistant.dialogue.policy import apply, decide
from assistant.dialogue.references import resolve
from assistant.dialogue.tracker import track
from assistant.errors import AssistantError, UnknownConversationError
from assistant.shopfront import Shopfront
from assistant.tracing import Trace, turn_id
from assistant.turn import compose, facts, understand
from assistant.turn.house import Turn
from assistant.turn.perform import perform
from assistant.turn.remember import events
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from assistant.dialogue.acts import Acts
    from assistant.history.conversations import Conversation
    from assistant.reply import Reply

_LOG = logging.getLogger(__name__)
MAX_MESSAGE = 2_000
"""Longest message read, in characters; the rest is ignored."""


class Assistant(Shopfront):
    """Talks to shoppers. Everything beside the talk itself is in `Shopfront`."""

    def respond(
        self, message: str, *, conversation_id: str, user_id: str | None = None, acts: Acts | None = None
    ) -> Reply:
        """Answer one turn.

        Args:
            message: What the shopper typed, or the echo of a button.
            conversation_id: From `start`.
            user_id: The signed-in shopper; None for a guest.
            acts: What a button means; then nothing is parsed.

        Raises:
            UnknownConversationError: There is no such conversation for this shopper.
        """
        with self.house.conversations.serialised(conversation_id):
            conversation = self.house.conversations.load(conversation_id, user_id=user_id)
            token = turn_id.set(f"{conversation_id[:8]}:{conversation.turn + 1}")
            try:
                return self._turn(message[:MAX_MESSAGE], conversation, acts)
            except UnknownConversationError:
                raise
            except (AssistantError, RetrievalError) as error:
                _LOG.warning("turn degraded: %s", type(error).__name__, exc_info=_LOG.isEnabledFor(logging.DEBUG))
                return compose.degraded(self.house, conversation)
            finally:
                turn_id.reset(token)

    def _turn(self, message: str, conversation: Conversation, given: Acts | None) -> Reply:
        house, trace = self.house, Trace()
        cart = house.carts.load(conversation.cart_id)
        lines = facts.cart_items(house, cart)
        with trace.stage("parse"):
            acts = given or understand.read(house, message, conversation)
        with trace.stage("track"):
            state = track(conversation.state, acts)
            pointed = resolve(state, acts, message if given is None else "", cart=lines)
        with trace.stage("decide"):
            known = facts.gather(
                house, state, acts, pointed=pointed.product_ids, cart=lines, signed_in=not conversation.guest
            )
            decided = decide(state, acts, pointed, known)
            state = apply(state, decided)
        owner = conversation.user_id or conversation.conversation_id
        with trace.stage("profile"):
            profile = house.profiles.of(owner)
        turn = Turn(
            conversation.turn + 1, message, conversation, conversation.user_id, owner, acts, state, profile, cart, trace
        )
        steps = perform(house, turn, decided)
        with trace.stage("respond"):
            plan = compose.plan(house, turn, steps)
            text = compose.words(house, turn, plan)
        with trace.stage("remember"):
            house.events.append(events(turn, steps, when=datetime.now(UTC)))
            state = compose.shown(house, turn, steps)
        reply = compose.reply(turn, steps, said=plan, text=text, state=state)
        house.conversations.save(conversation, message=message, reply=reply.to_json(), state=state)
        return replace(reply, elapsed_ms=trace.elapsed_ms)
