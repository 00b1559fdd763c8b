"""Orders are read out to their owners only; somebody else's is answered like one that does not exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.commerce.orders import Order, OrderItem
from assistant.service.knowledge import KnowledgeBase, Section
from assistant.service.orders import OrderDesk

RULES = KnowledgeBase(
    (
        Section("returns", 1, "Returning items", "You can return unused items within 30 days.", "Returns"),
        Section("returns", 2, "Cancelling an order", "An order can be cancelled until it is packed.", "Returns"),
        Section("shipping", 1, "Times", "Delivery takes 3 days.", "Shipping"),
    )
)


def order(order_id: str, user_id: str, *, day: int = 1, status: str = "shipped", tracking: str = "TRK1") -> Order:
    return Order(
        order_id=order_id,
        user_id=user_id,
        status=status,  # type: ignore[arg-type]
        placed_at=datetime(2026, 3, day, tzinfo=UTC),
        items=(OrderItem("p1", "Trail “Shoe”", 2, 7495),),
        currency="USD",
        total_cents=15_485,
        tracking=tracking,
    )


@dataclass
class Orders:
    kept: tuple[Order, ...]
    read: list[str] = field(default_factory=list)

    def orders(self, user_id: str) -> list[Order]:
        return [o for o in self.kept if o.user_id == user_id]

    def order(self, order_id: str) -> Order | None:
        return next((o for o in self.kept if o.order_id == order_id), None)


DESK = OrderDesk(
    Orders((order("K-1", "ann"), order("K-2", "ann", day=9, status="pending"), order("K-3", "bob"))), RULES
)


@pytest.mark.parametrize("typed", ["K-1", "#K-1", " k-1 ", "#k-1"])
def test_an_own_order_is_told_whatever_its_spelling(typed: str) -> None:
    answer = DESK.status("ann", order_id=typed)
    assert answer.known
    assert all(piece in answer.text for piece in ("K-1", "on its way", "2026-03-01", "154.85 USD", "TRK1", "2 x"))
    assert answer.evidence == ("order:K-1",)


def test_without_a_number_the_latest_one_is_told() -> None:
    answer = DESK.status("ann")
    assert "K-2" in answer.text
    assert "2 orders" in answer.text
    assert "TRK1" not in answer.text


@given(st.sampled_from(["status", "service"]))
def test_anothers_order_sounds_like_an_unknown_one(call: str) -> None:
    def ask(order_id: str) -> str:
        found = (
            DESK.status("ann", order_id=order_id)
            if call == "status"
            else DESK.service("cancel", "ann", order_id=order_id)
        )
        return found.text.replace(order_id, "N")

    assert ask("K-3") == ask("K-9")
    assert "bob" not in ask("K-3")
    assert "Shoe" not in ask("K-3")


def test_a_stranger_is_asked_to_sign_in() -> None:
    for answer in (DESK.status(""), DESK.status("", order_id="K-1")):
        assert not answer.known
        assert "sign in" in answer.text
        assert "K-1" not in answer.text
    assert "K-1" not in DESK.service("cancel", "", order_id="K-1").text


@pytest.mark.parametrize("request_", ["cancel", "return", "exchange"])
def test_a_stranger_who_wants_a_change_is_asked_to_sign_in_and_told_the_rule(request_: str) -> None:
    guest = DESK.service(request_, "")  # type: ignore[arg-type]
    assert "sign in" in guest.text
    assert any(ref.startswith("policy:") for ref in guest.evidence)
    assert "sign in" not in DESK.service(request_, "ann").text  # type: ignore[arg-type]


def test_no_orders_yet() -> None:
    assert "no orders" in DESK.status("zoe").text


@pytest.mark.parametrize(("request_", "evidence"), [("cancel", "policy:returns#2"), ("return", "policy:returns#1")])
def test_changes_quote_the_rule_and_offer_a_person(request_: str, evidence: str) -> None:
    answer = DESK.service(request_, "ann", order_id="K-1")  # type: ignore[arg-type]
    assert evidence in answer.evidence
    assert "order:K-1" in answer.evidence
    assert answer.text.endswith("?")
    assert "“" in answer.text


def test_without_a_rule_only_the_person_is_offered() -> None:
    answer = OrderDesk(Orders(()), KnowledgeBase(())).service("exchange", "ann")
    assert not answer.known
    assert "colleague" in answer.text
