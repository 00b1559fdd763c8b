"""The whole assistant over the real sample store: what is shown is named, logged, remembered, and nobody else's."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.bootstrap import open_assistant, read_settings
from assistant.dialogue.acts import Acts
from assistant.dialogue.state import DialogueState
from assistant.errors import SettingsError, UnknownConversationError, UnknownUserError
from retrieval.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.assistant import Assistant
    from assistant.settings import Settings
    from retrieval.types import Query, Ranking


def test_shown_is_logged_is_what_references_resolve_to(shop: Assistant) -> None:
    conversation = shop.start()
    reply = shop.respond("coffee grinders under 150", conversation_id=conversation)
    shown = [card.product_id for card in reply.products]
    assert len(shown) >= 3
    searches = [e for e in shop.house.events.events(conversation) if e.name == "search"]
    assert searches[-1].detail["shown"] == shown
    state = shop.house.conversations.load(conversation).state
    assert [item.product_id for item in state.shown] == shown
    assert [(i.price_cents, i.currency) for i in state.shown] == [(p.price_cents, p.currency) for p in reply.products]
    stored = shop.transcript(conversation)[-1].reply
    assert stored is not None
    assert [product["product_id"] for product in stored["products"]] == shown


def test_every_card_has_a_reason_whose_evidence_exists(shop: Assistant) -> None:
    conversation = shop.start(user_id="maya-trail-runner")
    for said in ("what would you recommend for me?", "trail running shoes under 150"):
        reply = shop.respond(said, conversation_id=conversation, user_id="maya-trail-runner")
        assert reply.products
        events = {f"event:{e.event_id}" for e in shop.house.events.events("maya-trail-runner")}
        for card in reply.products:
            assert card.why
            for ref in (ref for claim in card.why for ref in claim.evidence):
                kind, _, rest = ref.partition(":")
                if kind == "event":
                    assert ref in events
                elif kind == "review":
                    assert shop.store.catalogue.review(rest) is not None
                elif kind == "product":
                    assert shop.catalogue_product(rest.rsplit(":", 1)[0]) is not None
                else:
                    assert kind in {"turn", "count"}


def test_a_conversation_belongs_to_its_owner(shop: Assistant) -> None:
    conversation = shop.start(user_id="eli-gamer")
    for stranger in (None, "maya-trail-runner"):
        with pytest.raises(UnknownConversationError):
            shop.respond("hello", conversation_id=conversation, user_id=stranger)
        with pytest.raises(UnknownConversationError):
            shop.transcript(conversation, user_id=stranger)
    with pytest.raises(UnknownUserError):
        shop.start(user_id="nobody-here")


def test_a_guest_takes_talk_and_cart_along_when_signing_in(shop: Assistant) -> None:
    guest = shop.start()
    found = shop.respond("mugs", conversation_id=guest)
    bought = Acts(("add_to_cart",), product_ids=(found.products[0].product_id,), exact=True)
    shop.respond("add it", conversation_id=guest, acts=bought)
    own = shop.sign_in(guest, "hana-home-office")
    assert own != guest
    assert [line.product_id for line in shop.cart(own, user_id="hana-home-office")] == [found.products[0].product_id]
    with pytest.raises(UnknownConversationError):
        shop.cart(guest)


def test_undo_takes_back_cart_and_state(shop: Assistant) -> None:
    conversation = shop.start()
    found = shop.respond("mugs", conversation_id=conversation)
    acts = Acts(("add_to_cart",), product_ids=(found.products[1].product_id,), exact=True)
    shop.respond("add", conversation_id=conversation, acts=acts)
    assert len(shop.cart(conversation)) == 1
    assert shop.undo(conversation)
    assert not shop.cart(conversation)
    assert shop.undo(conversation)
    assert shop.constraints(conversation) == ()
    assert not shop.undo(conversation)


def test_talk_and_cart_survive_a_restart(sample_settings: Settings, tmp_path: Path) -> None:
    from pydantic import SecretStr

    own = sample_settings.model_copy(update={"database_url": SecretStr(f"sqlite:///{tmp_path / 'shop.sqlite'}")})
    first = open_assistant(own)
    conversation = first.start()
    found = first.respond("umbrellas", conversation_id=conversation)
    acts = Acts(("add_to_cart",), product_ids=(found.products[0].product_id,), exact=True)
    first.respond("add", conversation_id=conversation, acts=acts)
    first.close()
    second = open_assistant(own)
    assert len(second.cart(conversation)) == 1
    assert [m.role for m in second.transcript(conversation)] == ["user", "assistant"] * 2
    second.close()


def test_a_search_that_does_not_answer_degrades_and_stores_nothing(
    shop: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = shop.start()

    def broken(_: Query) -> Ranking:
        raise StoreError("the index is gone")

    monkeypatch.setattr(shop.store.retriever, "search", broken)
    reply = shop.respond("kettles", conversation_id=conversation)
    assert reply.degraded
    assert reply.text
    monkeypatch.undo()
    assert shop.house.conversations.load(conversation).turn == 0
    assert shop.respond("kettles", conversation_id=conversation).products


@given(st.text(max_size=300))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gets_an_answer(shop: Assistant, text: str) -> None:
    conversation = shop.start()
    reply = shop.respond(text, conversation_id=conversation)
    assert reply.text
    stored = shop.house.conversations.load(conversation).state
    assert DialogueState.from_json(stored.to_json()) == stored


def test_a_very_long_message_is_read_as_far_as_it_goes(shop: Assistant) -> None:
    reply = shop.respond("kettle " * 20_000, conversation_id=shop.start())
    assert reply.text


def test_no_shopper_text_in_the_logs(shop: Assistant, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        shop.respond("my secret is xylotomous, show me kettles", conversation_id=shop.start())
    assert "xylotomous" not in caplog.text


def test_export_holds_everything_and_erase_leaves_nothing(shop: Assistant) -> None:
    conversation = shop.start(user_id="shopper-101")
    shop.respond("I would love a purple teapot", conversation_id=conversation, user_id="shopper-101")
    exported = shop.export_user("shopper-101")
    assert "purple teapot" in str(exported)
    assert sum(shop.erase_user("shopper-101").values()) > 0
    with pytest.raises(UnknownUserError):
        shop.export_user("shopper-101")


def test_recommendations_for_programs_have_the_contracts_shape(shop: Assistant) -> None:
    answer = shop.recommend(query=None, user_id="carla-home-barista", top_n=5)
    assert answer["strategy"] == "personal"
    assert len(answer["items"]) == 5
    assert all({"product_id", "title", "score", "why"} <= item.keys() and item["why"] for item in answer["items"])
    assert shop.recommend(query="desk lamp", user_id=None, top_n=3)["items"]


def test_settings_say_what_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOPTALK_N_PRODUCTS", "many")
    with pytest.raises(SettingsError, match="SHOPTALK_N_PRODUCTS"):
        read_settings()
    monkeypatch.undo()
    with pytest.raises(SettingsError, match="shoptalk ingest"):
        open_assistant(read_settings(store=tmp_path / "nothing"))


def test_serving_never_imports_the_training_libraries() -> None:
    code = (
        "import sys; from assistant.bootstrap import open_store, open_parser, read_settings; "
        "s = read_settings(); open_parser(s); open_store(s); "
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
