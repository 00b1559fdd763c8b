"""What a shopper does, from the first words to the cart, on a desktop and on a phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Server, Watch


def say(page: Page, words: str) -> None:
    """Type words, send them, and wait until the whole answer is there."""
    answers = page.locator("#chat .st-answer")
    before = answers.count()
    page.locator("#st-box textarea").fill(words)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(before + 1)


def newest(page: Page) -> Locator:
    return page.locator("#chat .st-answer").last


def put_in_cart(card: Locator) -> None:
    """Press a card's button, choosing its first option that can be bought where there is a choice."""
    choice = card.locator("select[data-choice]")
    if choice.count():
        value = choice.locator("option:not([disabled]):not([value=''])").first.get_attribute("value")
        choice.select_option(value)
    card.locator("[data-act=add]").click()


def pieces(page: Page, n: int) -> None:
    expect(page.locator("#st-cart-panel [data-count]")).to_have_attribute("data-count", str(n))


def open_cart(page: Page) -> None:
    toggle = page.locator("[data-cart-toggle]")
    if toggle.is_visible():
        toggle.click()


def test_search_refine_compare_add_reload_undo(page: Page) -> None:
    say(page, "shoes")
    expect(newest(page).locator(".st-card")).not_to_have_count(0)
    assert newest(page).locator(".st-card").count() >= 2

    say(page, "under $100")
    expect(page.locator(".st-chip", has_text="$100")).to_be_visible()
    for price in newest(page).locator(".st-now").all_inner_texts():
        assert float(re.sub(r"[^\d.]", "", price)) <= 100

    for button in page.locator("#chat .st-answer").first.locator("[data-compare]").all()[:2]:
        button.click()
    page.locator("#st-tray").get_by_role("button", name="Compare 2").click()
    table = page.locator(".st-table").last
    expect(table).to_be_visible()
    assert table.locator("thead th").count() == 2
    assert table.locator("tbody th").count() >= 2

    answers = page.locator("#chat .st-answer").count()
    put_in_cart(page.locator(".st-card:has([data-act=add])").last)
    expect(page.locator("#chat .st-answer")).to_have_count(answers + 1)
    pieces(page, 1)

    page.reload()
    expect(page.locator("#chat .st-answer")).to_have_count(answers + 1)
    pieces(page, 1)
    expect(page.locator(".st-chip", has_text="$100")).to_be_visible()

    page.locator("[data-act=undo]").click()
    expect(page.locator("#chat .st-answer")).to_have_count(answers)
    pieces(page, 0)


@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_the_cart_counts_up_and_down(page: Page) -> None:
    say(page, "shoes")
    put_in_cart(newest(page).locator(".st-card:has([data-act=add])").first)
    pieces(page, 1)
    expect(page.locator("[data-cart-count]")).to_have_text("1")
    open_cart(page)

    page.locator("#st-side").get_by_role("button", name="One more").click()
    pieces(page, 2)
    page.wait_for_timeout(800)  # a double click counts once, so a second wish comes later
    page.locator("#st-side").get_by_role("button", name="One fewer").click()
    pieces(page, 1)
    page.locator("#st-side").get_by_role("button", name="Remove").click()
    pieces(page, 0)
    expect(page.locator("#st-cart-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#st-side")).to_be_hidden()


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_wishes_can_be_taken_back_one_by_one(page: Page) -> None:
    say(page, "shoes")
    say(page, "under $100")
    chips = page.locator(".st-chip")
    expect(chips.filter(has_text="$100")).to_have_count(1)
    before = chips.count()

    chips.filter(has_text="$100").click()

    expect(chips).to_have_count(before - 1)
    expect(page.locator("#st-wishes-title")).to_be_focused()
    page.locator("[data-act=restart]").click()
    expect(chips).to_have_count(0)


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_the_keyboard_is_enough(page: Page) -> None:
    page.locator(".st-suggestion").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chat .st-answer")).to_have_count(1)
    say(page, "shoes")

    newest(page).locator(".st-card summary").first.focus()
    page.keyboard.press("Enter")
    expect(newest(page).locator("details[open] .st-source").first).to_be_visible()
    like = newest(page).locator("[data-act=like]")
    like.focus()
    page.keyboard.press("Space")
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#st-live")).to_contain_text("noted")
    expect(like).to_be_focused()
    similar = newest(page).locator("[data-act=similar]").first
    similar.focus()
    answers = page.locator("#chat .st-answer").count()
    page.keyboard.press("Enter")
    expect(page.locator("#chat .st-answer")).to_have_count(answers + 1)


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_a_person_is_always_at_hand(page: Page) -> None:
    page.locator("[data-act=person]:visible").click()

    expect(newest(page).locator(".st-notice")).to_be_visible()


@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_a_persona_can_be_played_and_left(page: Page) -> None:
    page.locator("#st-persona summary").click()
    option = page.locator("#st-persona button[name=user_id]").first
    name = option.locator("strong").inner_text()
    option.click()
    expect(page.locator(".st-hero h2")).to_contain_text(name.split()[0])

    page.locator("#st-persona summary").click()
    expect(page.locator("#st-persona .st-menu-title")).to_contain_text(name)
    page.get_by_role("button", name="Shop as a stranger").click()
    page.locator("#st-persona summary").click()
    expect(page.locator("#st-persona .st-menu-title")).not_to_contain_text(name)


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_what_a_shopper_types_stays_text(page: Page) -> None:
    say(page, '<img src=x onerror="window.owned=1"> ![x](https://evil.example/x.png) ${window.owned=1} **shoes**')

    assert page.evaluate("window.owned") is None
    assert page.locator("#chat img[src='x'], #chat img[src*='evil']").count() == 0
    expect(page.locator("#chat .user-row").last).to_contain_text("<img src=x onerror")


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_a_talk_and_its_cart_outlive_the_server(page: Page, server: Server, watch: Watch) -> None:
    say(page, "shoes")
    put_in_cart(newest(page).locator(".st-card:has([data-act=add])").first)
    pieces(page, 1)
    answers = page.locator("#chat .st-answer").count()

    watch.forgiven = True  # while the server is away the browser rightly complains
    server.stop()
    server.start()
    page.reload()

    expect(page.locator("#chat .st-answer")).to_have_count(answers)
    pieces(page, 1)
