"""What the page does on each event, without any web framework: sessions and fields in, views out.

A turn yields views as it goes: first the shopper's own words, then the first words of the answer, then all of it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assistant.errors import AssistantError, UnknownConversationError
from ui import cards
from ui.shop.buttons import MAX_TEXT, BadPressError, Press, read_press, turn_number
from ui.shop.starters import starters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assistant.reply import CartLine
    from ui.session import Session
    from ui.settings import PageSettings
    from ui.shop.backend import SamplePersona, ShopBackend, TalkMessage

_LOG = logging.getLogger(__name__)
_WORDS_A_CHUNK = 5
_CHUNK_PAUSE_S = 0.04
_GONE = "This page has lost its conversation. Reload it to go on; your cart is kept with the conversation."
_FAILED = "Something went wrong on our side. Your talk and your cart are safe; please try again."


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it is drawn: plain text, and HTML (already escaped) below it."""

    role: Literal["user", "assistant"]
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What changes on the screen; None leaves a part as it is. All are HTML but `status`, which is plain text."""

    talk: tuple[Bubble, ...] | None = None
    chips: str | None = None
    quick: str | None = None
    cart: str | None = None
    header: str | None = None
    status: str | None = None


class Page:
    """The shopper's page over an assistant."""

    def __init__(
        self, backend: ShopBackend, settings: PageSettings, *, shop_name: str, chunk_pause_s: float = _CHUNK_PAUSE_S
    ) -> None:
        self._backend = backend
        self._shop_name = shop_name
        self._settings = settings
        self._hosts = frozenset(settings.image_hosts)
        self._pause_s = chunk_pause_s

    def personas(self) -> Sequence[SamplePersona]:
        """Return the shoppers that anybody may play."""
        return self._backend.personas()

    def restore(self, session: Session | None) -> View:
        """Return the whole screen as the store has it: after a reload, an undo or a restart of the server."""
        if session is None:
            return View(talk=(Bubble("assistant", _GONE),), quick="", status=_GONE)
        try:
            return self._restored(session)
        except UnknownConversationError:
            return View(talk=(Bubble("assistant", _GONE),), quick="", status=_GONE)

    def say(self, text: str, session: Session | None) -> Iterator[View]:
        """Answer typed words."""
        words = text.strip()
        if not words:
            return
        if len(words) > MAX_TEXT:
            yield View(status=f"Please keep it under {MAX_TEXT:,} characters.")
            return
        yield from self._turn(Press(words), session)

    def act(self, fields: Mapping[str, object], session: Session | None) -> Iterator[View]:
        """Do what a button says; `fields` are its `data-*` attributes as the browser sent them."""
        try:
            if fields.get("act") == "undo":
                yield self._undone(session)
            elif fields.get("act") in {"like", "unlike"}:
                yield self._rated(fields, session)
            else:
                yield from self._turn(read_press(fields, self._title), session)
        except BadPressError as error:
            _LOG.info("button refused: %s", error)
            yield View(status="That did not work. Reload the page and try again.")

    def _turn(self, press: Press, session: Session | None) -> Iterator[View]:
        if session is None:
            yield self.restore(None)
            return
        before: tuple[Bubble, ...] = ()
        try:
            before = (*map(self._drawn, self._messages(session)), Bubble("user", press.echo))
            yield View(talk=(*before, Bubble("assistant", "", cards.render("typing"))), quick="", status="")
            reply = self._backend.respond(
                press.echo, conversation_id=session.conversation_id, user_id=session.user_id, acts=press.acts
            ).to_json()
            yield from self._spoken(before, str(reply["text"]))
            yield self._answered(reply, session)
        except UnknownConversationError:
            yield View(talk=(*before, Bubble("assistant", _GONE)), status=_GONE)
        except Exception:  # noqa: BLE001 - the last line of the page: logged, and the shopper gets words
            _LOG.exception("a turn of the page failed")
            yield self._failed(before, press)

    def _spoken(self, before: tuple[Bubble, ...], text: str) -> Iterator[View]:
        """Yield growing beginnings of the answer, a few words at a time."""
        words = text.split(" ")
        for end in range(_WORDS_A_CHUNK, min(len(words), 8 * _WORDS_A_CHUNK), _WORDS_A_CHUNK):
            yield View(talk=(*before, Bubble("assistant", " ".join(words[:end]))))
            time.sleep(self._pause_s)

    def _answered(self, reply: Mapping[str, Any], session: Session) -> View:
        """Return the whole screen as stored: another tab's turn may have come in between."""
        return View(
            talk=tuple(self._drawn(message) for message in self._messages(session)),
            quick=cards.quick(reply["quick_replies"]),
            status=_spoken_status(reply),
            **self._panels(session, has_talk=True),
        )

    def _failed(self, before: tuple[Bubble, ...], press: Press) -> View:
        retry = [press.echo] if press.acts is None else []
        talk = (*before, Bubble("assistant", _FAILED))
        return View(talk=talk, quick=cards.render("retry", replies=retry), status=_FAILED)

    def _undone(self, session: Session | None) -> View:
        if session is None:
            return self.restore(None)
        try:
            undone = self._backend.undo(session.conversation_id, user_id=session.user_id)
            view = self._restored(session)
        except AssistantError:
            _LOG.exception("undo failed")
            return View(status=_FAILED)
        status = "The last step is taken back." if undone else "There is nothing to take back."
        return View(view.talk, view.chips, view.quick, view.cart, None, status)

    def _rated(self, fields: Mapping[str, object], session: Session | None) -> View:
        if session is None:
            return self.restore(None)
        liked = fields["act"] == "like"
        turn = turn_number(fields)
        try:
            self._backend.feedback(session.conversation_id, turn, liked=liked, user_id=session.user_id)
        except AssistantError as error:
            _LOG.info("feedback refused: %s", error)
            return View(status="That could not be noted.")
        return View(
            status="Thank you, noted." if liked else "Thank you, noted. Tell me what was wrong and I will adjust."
        )

    def _restored(self, session: Session) -> View:
        messages = self._messages(session)
        if not messages:
            return View(
                talk=(self._greeting(session),),
                quick="",
                header=self._header(session),
                **self._panels(session, has_talk=False),
            )
        last = messages[-1].reply
        return View(
            talk=tuple(self._drawn(message) for message in messages),
            quick=cards.quick(last.get("quick_replies", ()) if last else ()),
            header=self._header(session),
            **self._panels(session, has_talk=True),
        )

    def _greeting(self, session: Session) -> Bubble:
        welcome = self._backend.welcome(conversation_id=session.conversation_id, user_id=session.user_id)
        first = starters(self._backend, user_id=session.user_id)
        return Bubble("assistant", "", cards.hero(welcome.text, welcome.quick_replies, first))

    def _header(self, session: Session) -> str:
        personas = self._backend.personas()
        return cards.header(shop_name=self._shop_name, personas=personas, user_id=session.user_id)

    def _panels(self, session: Session, *, has_talk: bool) -> dict[str, str]:
        who = {"user_id": session.user_id}
        wishes = self._backend.constraints(session.conversation_id, **who)
        lines = self._backend.cart(session.conversation_id, **who)
        return {"chips": cards.chips(wishes, has_talk=has_talk), "cart": cards.cart(lines, self._sizes(lines))}

    def _sizes(self, lines: Sequence[CartLine]) -> dict[str, str]:
        found = ((line.product_id, self._backend.product(line.product_id)) for line in lines)
        return {product_id: str(product.get("size") or "") for product_id, product in found if product}

    def _messages(self, session: Session) -> Sequence[TalkMessage]:
        """Return the latest turns; the stored greeting is turn 0 and drawn only while nothing else was said."""
        talk = self._backend.transcript(session.conversation_id, user_id=session.user_id)
        return [message for message in talk if message.turn > 0][-2 * self._settings.turns_shown :]

    def _drawn(self, message: TalkMessage) -> Bubble:
        if message.reply:
            return self._bubble(message.reply)
        return Bubble("user" if message.role == "user" else "assistant", message.text)

    def _bubble(self, reply: Mapping[str, Any]) -> Bubble:
        return Bubble("assistant", str(reply["text"]), cards.answer(reply, image_hosts=self._hosts))

    def _title(self, product_id: str) -> str:
        product = self._backend.product(product_id)
        if product is None:
            raise KeyError(product_id)
        return str(product["title"])


def _spoken_status(reply: Mapping[str, Any]) -> str:
    """Return what a screen reader says once, when the answer is complete."""
    n = len(reply["products"])
    shown = f" {n} product{'' if n == 1 else 's'} shown." if n else ""
    return f"{reply['text']}{shown}"
