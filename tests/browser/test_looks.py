"""Whether everybody can use the page: axe, sizes, nothing cut off, light and dark, said aloud once."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PACKAGE = find_spec("axe_playwright_python")  # carries axe-core as one file; its Python is not used
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
_AXE = (Path(_PACKAGE.origin).parent / "axe.min.js").read_text(encoding="utf-8")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_CUT_OFF = """
() => [...document.querySelectorAll('#st-header *, #st-talk *, #st-side *')].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || !element.checkVisibility() || element.closest('.st-sr, #st-live, svg, [hidden]')) return false;
  for (let up = element.parentElement; up; up = up.parentElement) {
    if (up.matches('.st-cards, .st-chips, .st-quick, .st-table-wrap, .st-picture')) return false;
    const clips = getComputedStyle(up).overflowX !== 'visible' || up === document.body;
    if (clips && box.right > up.getBoundingClientRect().right + 1) return true;
  }
  return false;
}).map((element) => element.outerHTML.slice(0, 120))
"""
_SMALL = """
(least) => [...document.querySelectorAll('button, select, summary, textarea')].filter((element) => {
  const box = element.getBoundingClientRect();
  return element.checkVisibility() && (box.height < least || box.width < 24);
}).map((element) => element.outerHTML.slice(0, 120))
"""


def _axe(page: Page) -> list[str]:
    """Return every violation that axe finds."""
    page.evaluate(_AXE)
    found: dict[str, Any] = page.evaluate("(tags) => axe.run({runOnly: {type: 'tag', values: tags}})", _RULES)
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def _say(page: Page, words: str) -> None:
    answers = page.locator("#chat .st-answer")
    before = answers.count()
    page.locator("#st-box textarea").fill(words)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(before + 1)


def _check(page: Page, size: str) -> None:
    assert _axe(page) == []
    assert page.evaluate(_CUT_OFF) == []
    assert page.evaluate(_SMALL, 44 if size == "phone" else 24) == []


@pytest.mark.parametrize("light", ["light", "dark"], indirect=True)
def test_every_state_is_open_to_everybody(page: Page, size: str) -> None:
    assert page.evaluate("document.documentElement.lang") == "en"
    _check(page, size)

    _say(page, "shoes")
    _check(page, size)

    for button in page.locator("[data-compare]").all()[:2]:
        button.click()
    page.locator("#st-tray").get_by_role("button", name="Compare 2").click()
    expect(page.locator(".st-table")).to_be_visible()
    card = page.locator(".st-card:has([data-act=add])").first
    choice = card.locator("select[data-choice]")
    if choice.count():
        choice.select_option(choice.locator("option:not([disabled]):not([value=''])").first.get_attribute("value"))
    card.locator("[data-act=add]").click()
    expect(page.locator("#st-cart-panel [data-count='1']")).to_have_count(1)
    if size == "phone":
        page.locator("[data-cart-toggle]").click()
    _check(page, size)


@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_it_fits_the_smallest_phone(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    _say(page, "shoes")

    assert page.evaluate(_CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_an_answer_is_said_once_when_it_is_whole(page: Page) -> None:
    page.evaluate(
        "() => { window.said = []; const live = document.querySelector('#st-live');"
        " new MutationObserver(() => window.said.push(live.textContent.trim()))"
        ".observe(live, {childList: true, subtree: true, characterData: true}); }"
    )
    _say(page, "shoes")
    page.wait_for_timeout(300)

    spoken = [text for text in dict.fromkeys(page.evaluate("window.said")) if text]
    assert len(spoken) == 1
    assert "shown" in spoken[0]
    assert page.locator("#chat [aria-live]").count() == 0


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_light_and_dark_can_be_switched_and_stay(page: Page) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)

    page.locator("[data-theme-switch]").click()
    switched = page.evaluate(paper)
    page.reload()
    page.wait_for_selector(".st-suggestion")

    assert switched != before
    assert page.evaluate(paper) == switched


@pytest.mark.parametrize("size", ["desktop"], indirect=True)
def test_plain_pages_are_open_to_everybody_too(page: Page, watch: Any) -> None:  # noqa: ANN401 - a fixture's own type
    page.goto(f"{watch.home}/api/docs")
    assert _axe(page) == []
    watch.forgiven = True  # a closed page answers 403
    page.goto(f"{watch.home}/agent")
    assert _axe(page) == []
