from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ui.guard import Guard
from ui.session import Session, Sessions
from ui.settings import PageSettings
from ui.throttle import client_address

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from ui.shop.memory import MemoryShop

_PAGE = {"accept": "text/html"}
_SESSIONS = Sessions(b"0" * 32, days=1)


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a page on GET, else the number of bytes that came in."""
    if scope["method"] == "GET":
        body = (
            '<html><head><meta property="og:image" content="https://x"><script>1</script></head><body>é</body></html>'
        )
        await HTMLResponse(body)(scope, receive, send)
        return
    total, more = 0, True
    while more:
        message = await receive()
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    await PlainTextResponse(str(total))(scope, receive, send)


def _client(shop: MemoryShop, **settings: object) -> TestClient:
    guard = Guard(_echo, shop, sessions=_SESSIONS, settings=PageSettings.model_validate(settings))
    return TestClient(guard, base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload",
        "/gradio_api/file=http://example.org/",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/proxy=x",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/heartbeat/x",
        "/gradio_api/run/say",
        "/gradio_api/call/say",
        "/gradio_api/component_server",
        "/gradio_api/queue/status",
        "/config",
        "/monitoring",
        "/monitoring/summary",
        "/login",
        "/logout",
        "/docs",
        "/openapi.json",
        "/pwa_icon",
        "/custom_component/x",
        "/svelte/x",
        "/deep_link",
        "/file=/etc/passwd",
        "/static",
    ],
)
def test_only_listed_paths_are_served(client: TestClient, path: str) -> None:
    for method in ("GET", "POST"):
        answer = client.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"


def test_every_answer_is_dressed(client: TestClient) -> None:
    for path in ("/", "/healthz", "/api/docs", "/nothing", "/ui/shop.css", "/agent"):
        headers = client.get(path, headers=_PAGE).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "default-src 'self'" in headers["content-security-policy"]


def test_scripts_carry_the_nonce_of_their_answer(client: TestClient) -> None:
    first, second = (client.get("/", headers=_PAGE) for _ in range(2))
    nonces = [re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"])[0] for page in (first, second)]

    assert nonces[0] != nonces[1]
    tags = re.findall(r"<script[^>]*>", first.text)
    assert len(tags) > 2
    assert all(f'nonce="{nonces[0]}"' in tag for tag in tags)
    assert "'unsafe-inline'" not in re.findall(r"script-src[^;]*", first.headers["content-security-policy"])[0]


def test_the_page_names_no_other_host(client: TestClient) -> None:
    page = client.get("/", headers=_PAGE).text
    loads = re.findall(r"(?:src|href|content)=\"(https?://[^\"]+)", page)

    assert [address for address in loads if not address.startswith("http://127.0.0.1")] == []


def test_a_page_keeps_its_letters_and_length(shop: MemoryShop) -> None:
    answer = _client(shop).get("/", headers=_PAGE)

    assert "é" in answer.text
    assert "og:image" not in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_first_visit_begins_a_conversation_that_a_second_goes_on_with(client: TestClient, shop: MemoryShop) -> None:
    first = client.get("/", headers=_PAGE).headers["set-cookie"]
    second = client.get("/", headers=_PAGE).headers["set-cookie"]
    sessions = [_SESSIONS.read(header.split(";")[0].removeprefix("sid=")) for header in (first, second)]

    assert "HttpOnly" in first
    assert "SameSite=Lax" in first
    assert sessions[0] is not None
    assert sessions[0] == sessions[1]
    assert shop.cart(sessions[0].conversation_id) == ()


@pytest.mark.parametrize("cookie", ["", "sid=", "sid=forged", "sid=a.b.c", 'sid="', "sid=" + "x" * 3000])
def test_a_forged_cookie_gets_a_new_conversation(shop: MemoryShop, cookie: str) -> None:
    answer = _client(shop).get("/", headers={**_PAGE, "cookie": cookie})

    assert "sid=" in answer.headers["set-cookie"]


def test_a_conversation_that_is_gone_is_replaced(shop: MemoryShop) -> None:
    gone = _SESSIONS.header(Session("gone"), secure=False).split(";")[0]

    fresh = _client(shop).get("/", headers={**_PAGE, "cookie": gone}).headers["set-cookie"].split(";")[0]

    session = _SESSIONS.read(fresh.removeprefix("sid="))
    assert session is not None
    assert session.conversation_id != "gone"


def test_programs_that_look_at_the_page_begin_nothing(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/", headers={"accept": "*/*"}).headers


def test_the_cookie_is_secure_behind_a_trusted_proxy_only(shop: MemoryShop) -> None:
    https = {**_PAGE, "x-forwarded-proto": "https"}

    assert "Secure" in _client(shop, trusted_proxies=1).get("/", headers=https).headers["set-cookie"]
    assert "Secure" not in _client(shop).get("/", headers=https).headers["set-cookie"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_may_not_post(shop: MemoryShop, headers: dict[str, str]) -> None:
    client = _client(shop)

    assert client.post("/api/chat", content=b"x", headers=headers).status_code == 403
    assert client.post("/api/chat", content=b"x", headers={"origin": "http://127.0.0.1"}).status_code == 200
    assert client.get("/", headers=headers).status_code == 200


def test_bodies_are_bounded_whether_or_not_they_say_their_length(shop: MemoryShop) -> None:
    client = _client(shop, max_body_bytes=5000)

    assert client.post("/api/chat", content=b"x" * 5000).text == "5000"
    assert client.post("/api/chat", content=b"x" * 5001).status_code == 413
    assert client.post("/api/chat", content=iter([b"x" * 3000, b"x" * 3000])).status_code == 413
    assert client.post("/api/chat", content=b"x", headers={"content-length": "-1"}).status_code == 413


def test_a_large_body_never_reaches_the_assistant(client: TestClient) -> None:
    answer = client.post("/api/chat", content=iter([b'{"message": "'] + [b"x" * 9000] * 10 + [b'"}']))

    assert answer.status_code in {400, 413}


def test_turns_and_pages_are_counted(shop: MemoryShop) -> None:
    client = _client(shop, turns_per_minute=2, pages_per_minute=2)

    for path, method in (("/gradio_api/queue/join", "POST"), ("/", "GET")):
        codes = [client.request(method, path).status_code for _ in range(4)]
        assert codes[0] == 200
        assert codes[3] == 429
    assert client.get("/api/docs").status_code == 200


def test_a_client_is_who_the_trusted_proxy_saw() -> None:
    scope = {"client": ("10.0.0.1", 5)}
    headers = {"x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3"}

    assert client_address(scope, headers, trusted_proxies=0) == "10.0.0.1"
    assert client_address(scope, headers, trusted_proxies=1) == "3.3.3.3"
    assert client_address(scope, headers, trusted_proxies=2) == "2.2.2.2"
    assert client_address(scope, {}, trusted_proxies=1) == "10.0.0.1"
    assert client_address({"client": None}, {}, trusted_proxies=0) == "unknown"


def test_web_sockets_are_refused(shop: MemoryShop) -> None:
    with pytest.raises(WebSocketDisconnect), _client(shop).websocket_connect("/"):
        pass
