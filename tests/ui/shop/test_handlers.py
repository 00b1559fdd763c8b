from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.errors import HistoryError
from ui.session import Session
from ui.settings import PageSettings
from ui.shop.handlers import Page, View

if TYPE_CHECKING:
    from ui.shop.memory import MemoryShop


@pytest.fixture
def page(shop: MemoryShop) -> Page:
    return Page(shop, PageSettings(turns_shown=2), shop_name="Shop", chunk_pause_s=0)


@pytest.fixture
def session(shop: MemoryShop) -> Session:
    return Session(shop.start())


def _last(views: list[View]) -> View:
    return views[-1]


def test_an_empty_talk_greets_with_suggestions(page: Page, session: Session) -> None:
    view = page.restore(session)

    assert view.talk is not None
    assert "What are you looking for" in view.talk[0].html
    assert 'data-act="say"' in view.talk[0].html
    assert view.chips == ""
    assert view.header is not None
    assert "Amara" in view.header


def test_a_turn_echoes_then_grows_then_is_whole(page: Page, session: Session) -> None:
    views = list(page.say("shoes", session))

    assert [bubble.text for bubble in views[0].talk or ()] == ["shoes", ""]
    texts = [(view.talk or ())[-1].text for view in views[1:]]
    assert len(texts) > 1
    assert all(texts[-1].startswith(text) for text in texts)
    whole = _last(views)
    assert "st-card" in (whole.talk or ())[-1].html
    assert "data-act" in (whole.quick or "")
    assert "Shoes" in (whole.chips or "")
    assert "products shown" in (whole.status or "")


def test_reloading_draws_the_same_screen(page: Page, session: Session) -> None:
    last = _last(list(page.say("shoes", session)))

    again = page.restore(session)

    assert (again.talk, again.chips, again.quick, again.cart) == (last.talk, last.chips, last.quick, last.cart)


def test_only_the_latest_turns_are_drawn(page: Page, session: Session) -> None:
    for _ in range(3):
        list(page.say("shoes", session))

    assert len(page.restore(session).talk or ()) == 4


def test_the_cart_follows_its_buttons(page: Page, session: Session) -> None:
    steps = [("add", 1), ("more", 2), ("fewer", 1), ("remove", 0)]

    for act, n in steps:
        view = _last(list(page.act({"act": act, "id": "p1"}, session)))
        assert f'data-count="{n}"' in (view.cart or "")


def test_undo_takes_a_turn_back(page: Page, session: Session) -> None:
    list(page.act({"act": "add", "id": "p1"}, session))

    view = _last(list(page.act({"act": "undo"}, session)))

    assert 'data-count="0"' in (view.cart or "")
    assert view.status == "The last step is taken back."
    assert _last(list(page.act({"act": "undo"}, session))).status == "There is nothing to take back."


def test_a_thumb_is_noted_and_redraws_nothing(page: Page, shop: MemoryShop, session: Session) -> None:
    list(page.say("shoes", session))

    view = _last(list(page.act({"act": "unlike", "turn": "1"}, session)))

    assert shop.thumbs[-1] == (session.conversation_id, 1, False)
    assert view.talk is None
    assert view.status


@pytest.mark.parametrize("fields", [{"act": "add", "id": "none"}, {"act": "x"}, {"act": "like", "turn": "x"}])
def test_a_button_that_is_none_changes_nothing(page: Page, session: Session, fields: dict[str, object]) -> None:
    views = list(page.act(fields, session))

    assert len(views) == 1
    assert views[0].talk is None
    assert views[0].status


def test_empty_and_endless_words_reach_nobody(page: Page, session: Session) -> None:
    assert list(page.say("  ", session)) == []
    assert "2,000" in (_last(list(page.say("x" * 2001, session))).status or "")
    assert len(page.restore(session).talk or ()) == 1


@pytest.mark.parametrize("session_now", [None, Session("gone")])
def test_without_a_conversation_the_page_asks_to_reload(page: Page, session_now: Session | None) -> None:
    lists = [
        list(page.say("shoes", session_now)),
        list(page.act({"act": "checkout"}, session_now)),
        [page.restore(session_now)],
    ]
    lists += [list(page.act({"act": "like", "turn": "1"}, None)), list(page.act({"act": "undo"}, None))]

    for views in lists:
        assert "Reload" in (_last(views).status or "")


def test_a_fault_is_said_and_the_words_can_be_sent_again(
    page: Page, shop: MemoryShop, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise HistoryError("the disk is full")

    monkeypatch.setattr(shop, "respond", broken)
    monkeypatch.setattr(shop, "undo", broken)
    monkeypatch.setattr(shop, "feedback", broken)

    view = _last(list(page.say("red shoes", session)))

    assert "disk" not in (view.talk or ())[-1].text
    assert "red shoes" in (view.quick or "")
    assert "wrong" in (_last(list(page.act({"act": "undo"}, session))).status or "")
    assert "could not" in (_last(list(page.act({"act": "like", "turn": "1"}, session))).status or "")


def test_a_stranger_cannot_read_a_shoppers_talk(page: Page, shop: MemoryShop) -> None:
    own = Session(shop.start(user_id="amara"), "amara")
    list(page.say("shoes", own))

    view = page.restore(Session(own.conversation_id))

    assert "shoes" not in str(view.talk)
