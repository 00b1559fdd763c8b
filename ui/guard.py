"""The door: what may come in, and what every answer carries.

Pure ASGI, so that streamed answers are not held back. Only the paths listed here are served at all: Gradio brings
many more routes (uploads, a file proxy, deep links, monitoring, its own configuration) that a shop does not want.
"""

from __future__ import annotations

import gzip
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response

from assistant.errors import UnknownConversationError
from ui.session import SHOPPER_COOKIE, Session, Sessions, cookie_value
from ui.throttle import Throttle, client_address

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ui.settings import PageSettings
    from ui.shop.backend import ShopBackend

_EXACT = frozenset({
    "/", "/theme.css", "/favicon.ico", "/favicon.svg", "/manifest.json", "/robots.txt", "/healthz", "/readyz",
    "/agent", "/eval", "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/startup-events",
    "/gradio_api/app_id", "/gradio_api/cancel",
})  # fmt: skip
_PREFIXES = ("/assets/", "/static/", "/ui/", "/pictures/", "/api/", "/session/", "/staff/", "/agent/", "/eval/")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SCRIPT = re.compile(rb"<script(?=[\s>])", re.IGNORECASE)
_BODY = re.compile(rb"<body[^>]*>", re.IGNORECASE)
_CRAWLER_META = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*', re.IGNORECASE)
_WORTH_ZIPPING = 2_000  # bytes
_FIXED_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
}


class _TooLargeError(Exception):
    """A request body grew over the limit while it was read."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What is put into the shopper's page as it passes: the end of its head, and the beginning of its body."""

    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: int
    reason: str
    retry_after_s: int = 0

    def response(self) -> Response:
        headers = {"retry-after": str(self.retry_after_s)} if self.retry_after_s else None
        return JSONResponse({"error": self.reason}, status_code=self.status, headers=headers)


class Guard:
    """Wraps the whole application: closed paths, sizes, rates, cookies, and the headers of every answer."""

    def __init__(
        self,
        app: ASGIApp,
        backend: ShopBackend,
        *,
        sessions: Sessions,
        settings: PageSettings,
        shell: Shell | None = None,
    ) -> None:
        self._app = app
        self._shell = shell
        self._backend = backend
        self._sessions = sessions
        self._settings = settings
        self._throttle = Throttle(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        policy_nonce = secrets.token_urlsafe(16)
        answer = _Answer(send, nonce=policy_nonce, path=scope["path"], image_hosts=self._settings.image_hosts)
        answer.zips = "gzip" in headers.get("accept-encoding", "")
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal.response()(scope, receive, answer.send)
            return
        if scope["path"] == "/" and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            answer.cookie = await self._fresh_cookie(headers, secure=is_secure(scope, headers, self._settings))
            answer.shell = self._shell
        if scope["path"] == "/":  # a page that comes compressed could not be marked
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        try:
            await self._app(scope, _limited(receive, self._settings.max_body_bytes), answer.send)
        except _TooLargeError:
            if not answer.started:
                await self._too_large().response()(scope, receive, answer.send)

    def _refusal(self, scope: Scope, headers: Headers) -> _Refusal | None:
        path: str = scope["path"]
        if path not in _EXACT and not path.startswith(_PREFIXES):
            return _Refusal(404, f"there is nothing at {path[:100]!r}")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._settings.max_body_bytes:
            return self._too_large()
        if scope["method"] not in _SAFE_METHODS and _is_foreign(headers):
            return _Refusal(403, "this request came from another site")
        kind = _kind(path, scope["method"])
        client = client_address(scope, headers, trusted_proxies=self._settings.trusted_proxies)
        wait_s = self._throttle.wait_s(kind, client) if kind else 0
        if wait_s:
            return _Refusal(429, f"too many requests; try again in {wait_s} s", wait_s)
        return None

    def _too_large(self) -> _Refusal:
        return _Refusal(413, f"the request body is larger than {self._settings.max_body_bytes} bytes")

    async def _fresh_cookie(self, headers: Headers, *, secure: bool) -> str | None:
        session = self._sessions.read(cookie_value(headers.get("cookie"), SHOPPER_COOKIE))
        if session is None or not await run_in_threadpool(self._is_alive, session):
            session = Session(await run_in_threadpool(self._backend.start))
        return self._sessions.header(session, secure=secure)

    def _is_alive(self, session: Session) -> bool:
        try:
            self._backend.cart(session.conversation_id, user_id=session.user_id)
        except UnknownConversationError:
            return False
        return True


class _Answer:
    """Puts headers on an answer; holds back a page just long enough to mark its scripts as ours."""

    def __init__(self, send: Send, *, nonce: str, path: str, image_hosts: tuple[str, ...]) -> None:
        self._send = send
        # Gradio's asset names carry a hash of their content, so a browser may keep them.
        self._cache = "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-store"
        self._nonce = nonce
        self._policy = content_policy(nonce, image_hosts)
        self._page: Message | None = None
        self._body = bytearray()
        self.cookie: str | None = None
        self.shell: Shell | None = None
        self.zips = False
        self.started = False

    async def send(self, message: Message) -> None:
        """Pass one ASGI message on."""
        if message["type"] == "http.response.start":
            self.started = True
            self._dress(message)
            if message_headers(message).get("content-type", "").startswith("text/html"):
                self._page = message
                return
        elif self._page is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page()
            return
        await self._send(message)

    def _dress(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _FIXED_HEADERS.items():
            headers[name] = value
        headers.setdefault("content-security-policy", self._policy)
        headers.setdefault("cache-control", self._cache)
        if self.cookie is not None:
            headers.append("set-cookie", self.cookie)

    async def _send_page(self) -> None:
        start, self._page = self._page, None
        if start is None:
            return
        body = _CRAWLER_META.sub(b"", bytes(self._body))
        if self.shell is not None:
            body = body.replace(b"</head>", self.shell.head + b"</head>", 1)
            tag = _BODY.search(body)
            body = body[: tag.end()] + self.shell.body + body[tag.end() :] if tag else body
        body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), body)
        headers = MutableHeaders(scope=start)
        if self.zips and len(body) > _WORTH_ZIPPING:
            body = gzip.compress(body, compresslevel=5)
            headers["content-encoding"] = "gzip"
        headers.add_vary_header("accept-encoding")
        headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def message_headers(message: Message) -> Headers:
    """Return the headers of an `http.response.start` message."""
    return Headers(raw=list(message["headers"]))


def content_policy(nonce: str, image_hosts: tuple[str, ...]) -> str:
    """Return the page's content security policy: everything from here, scripts only with `nonce`.

    Gradio compiles its HTML templates in the browser, hence `'unsafe-eval'`, and styles elements inline.
    """
    images = " ".join(["'self'", "data:", "blob:", *(f"https://{host}" for host in image_hosts)])
    return (
        f"default-src 'self'; img-src {images}; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        f"script-src 'self' 'unsafe-eval' 'nonce-{nonce}'; connect-src 'self'; worker-src 'self' blob:; "
        "frame-src 'none'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )


def is_secure(scope: Scope, headers: Headers, settings: PageSettings) -> bool:
    """Return whether the shopper's side of the connection is encrypted."""
    forwarded = headers.get("x-forwarded-proto", "") if settings.trusted_proxies else ""
    return (forwarded or scope.get("scheme", "http")) == "https"


def _kind(path: str, method: str) -> str:
    if path.startswith("/api/"):
        return "api"
    if path == "/gradio_api/queue/join":
        return "turn"
    if path.startswith("/staff/") and method == "POST":
        return "sign_in"
    return "page" if path == "/" or path.startswith("/session/") else ""


def _is_foreign(headers: Headers) -> bool:
    if headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def _limited(receive: Receive, max_bytes: int) -> Receive:
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > max_bytes:
            raise _TooLargeError
        return message

    return limited
