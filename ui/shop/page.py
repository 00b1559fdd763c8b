"""The shopper's page in Gradio; the only file that knows Gradio.

The chat window is output only, nothing is kept in Gradio's state, and buttons inside HTML reach Python through one
hidden component, the bridge. What a browser may send is a text box and the `data-*` attributes of a button.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator  # Gradio reads the annotations of its listeners
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import TYPE_CHECKING, Any

# Gradio reads these when it is imported: no telemetry, no look at the model hub.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr

from ui import cards
from ui.session import SHOPPER_COOKIE, Session, Sessions, cookie_value
from ui.shop.buttons import MAX_TEXT

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ui.shop.handlers import Page, View

_CONCURRENT_TURNS = 20
_WAITING_TURNS = 200
_KEPT_PAGES = 500  # Gradio's own record of open pages; ours are in the cookie and the store
_FIELDS = ("act", "id", "ids", "text", "chosen", "slot", "op", "value", "group", "turn")
_BRIDGE = """
document.addEventListener('shop:act', (event) => {
  trigger('act', {...event.detail});
});
window.dispatchEvent(new Event('shop:ready'));
"""


def mount_page(app: FastAPI, page: Page, *, sessions: Sessions, shop_name: str) -> None:
    """Mount the shopper's page at `/` of `app`; mount it last, since it takes every path that is left.

    Args:
        app: Where to mount it.
        page: What the events do.
        sessions: Reads the cookie that says which conversation a browser is in.
        shop_name: For the title and the header.
    """

    async def mount() -> None:
        _mount(app, _Screen(page, sessions, shop_name).build())

    # Gradio makes locks while it builds, and an event loop for them that nobody closes where none is running.
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(asyncio.run, mount()).result()


def _mount(app: FastAPI, demo: gr.Blocks) -> None:
    demo.state_session_capacity = _KEPT_PAGES
    gr.mount_gradio_app(
        app,
        demo,
        path="/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        pwa=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size="1kb",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
    )


class _Screen:
    """The components of the page and what connects them."""

    def __init__(self, page: Page, sessions: Sessions, shop_name: str) -> None:
        self._page = page
        self._sessions = sessions
        self._shop_name = shop_name
        self._personas = page.personas()

    def build(self) -> gr.Blocks:
        """Return the page."""
        title = f"{self._shop_name}: shopping assistant"
        with gr.Blocks(analytics_enabled=False, fill_width=True, title=title) as demo:
            self._lay_out()
            self._connect(demo)
        demo.queue(default_concurrency_limit=_CONCURRENT_TURNS, max_size=_WAITING_TURNS)
        return demo

    def _lay_out(self) -> None:
        bar = cards.header(shop_name=self._shop_name, personas=self._personas, user_id=None)
        self._header = _html(bar, "st-header")
        with gr.Row(elem_id="st-main"):
            with gr.Column(elem_id="st-talk"):
                self._chips = _html(cards.chips((), has_talk=False), "st-chips")
                self._chat = gr.Chatbot(
                    elem_id="chat",
                    show_label=False,
                    label="Conversation",
                    container=False,
                    autoscroll=False,
                    height=None,
                    buttons=[],
                    render_markdown=False,
                    sanitize_html=True,
                    feedback_options=None,
                    latex_delimiters=[],
                    layout="bubble",
                )
                self._quick = _html("", "st-quick")
                self._box = gr.Textbox(
                    elem_id="st-box",
                    label="Your message",
                    show_label=False,
                    container=False,
                    placeholder="What are you looking for?",
                    submit_btn="Send",
                    max_length=MAX_TEXT,
                    lines=1,
                    max_lines=5,
                )
                _html(cards.render("note"), "st-note")
            with gr.Column(elem_id="st-side"):
                self._cart = _html(cards.cart(()), "st-cart-panel")
        self._live = _html("", "st-live")
        self._bridge = gr.HTML("", visible="hidden", elem_id="st-bridge", js_on_load=_BRIDGE)

    def _connect(self, demo: gr.Blocks) -> None:
        parts = [self._chat, self._chips, self._quick, self._cart, self._header, self._live]
        quiet: dict[str, Any] = {
            "show_progress": "hidden",
            "show_progress_on": [self._bridge],  # out of sight: its ticking must not be read aloud
            "api_visibility": "private",
        }
        demo.load(self._restore, None, parts, **quiet)
        self._box.submit(self._say, [self._box], [self._box, *parts], trigger_mode="once", **quiet)
        self._bridge.act(self._act, None, parts, trigger_mode="multiple", **quiet)

    def _restore(self, request: gr.Request) -> list[Any]:
        return _updates(self._page.restore(self._session(request)))

    def _say(self, text: str, request: gr.Request) -> Iterator[list[Any]]:
        for view in self._page.say(str(text or ""), self._session(request)):
            yield ["" if view.talk is not None else gr.skip(), *_updates(view)]

    def _act(self, event: gr.EventData, request: gr.Request) -> Iterator[list[Any]]:
        fields = {name: getattr(event, name, None) for name in _FIELDS}
        for view in self._page.act(fields, self._session(request)):
            yield _updates(view)

    def _session(self, request: gr.Request) -> Session | None:
        return self._sessions.read(cookie_value(request.headers.get("cookie"), SHOPPER_COOKIE))


def _html(value: str, elem_id: str) -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def _updates(view: View) -> list[Any]:
    talk: Any = gr.skip() if view.talk is None else [_message(b.role, b.text, b.html) for b in view.talk]
    status = None if view.status is None else escape(view.status)
    rest = (view.chips, view.quick, view.cart, view.header, status)
    return [talk, *(gr.skip() if part is None else part for part in rest)]


def _message(role: str, text: str, html: str) -> dict[str, Any]:
    # Even with Markdown off Gradio draws a message's text as (sanitized) HTML, and would load its images.
    words = escape(text, quote=False)
    drawn = [gr.HTML(html, apply_default_css=False, render=False, js_on_load=None)] if html else []
    return {"role": role, "content": [*([words] if words else []), *drawn]}
