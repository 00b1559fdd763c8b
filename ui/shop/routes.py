"""Plain web routes beside the page: whose session it is, pictures, health, and the small files browsers ask for."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from assistant.errors import UnknownConversationError, UnknownUserError
from ui import cards
from ui.guard import Shell, is_secure
from ui.session import SHOPPER_COOKIE, Session

if TYPE_CHECKING:
    from ui.session import Sessions
    from ui.settings import PageSettings
    from ui.shop.backend import ShopBackend

_STATIC = Path(__file__).parent.parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PICTURE_HEADERS = {
    "cache-control": "public, max-age=86400",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
_FOREVER = "public, max-age=31536000, immutable"
_MAX_ID = 200


@cache
def static_files() -> dict[str, bytes]:
    """Return the style sheets and scripts by name; they are few and small, so they stay in memory."""
    return {path.name: path.read_bytes() for path in sorted(_STATIC.iterdir()) if path.suffix in _TYPES}


@cache
def _zipped(name: str) -> bytes:
    return gzip.compress(static_files()[name])


def static_url(name: str) -> str:
    """Return the address of a static file, with a mark of its content so that browsers may keep it."""
    return f"/ui/{name}?v={hashlib.sha256(static_files()[name]).hexdigest()[:12]}"


def page_shell(shop_name: str) -> Shell:
    """Return what the page carries before Gradio has built it: style sheet, script, icon, and a first sight."""
    head = (
        f'<link rel="stylesheet" href="{static_url("shop.css")}">'
        f'<script src="{static_url("shop.js")}" defer></script>'
        '<link rel="icon" href="/favicon.svg" type="image/svg+xml">'
        '<meta name="theme-color" content="#1b5e48">'
    )
    return Shell(head.encode(), cards.render("boot", shop_name=shop_name).encode())


def session_router(backend: ShopBackend, sessions: Sessions, settings: PageSettings) -> APIRouter:
    """Return the routes that change whose session it is; only the sample store's personas can be played."""
    router = APIRouter(prefix="/session", include_in_schema=False)

    def home(request: Request, session: Session) -> Response:
        response = RedirectResponse("/", status_code=303)
        secure = is_secure(request.scope, request.headers, settings)
        response.headers.append("set-cookie", sessions.header(session, secure=secure))
        return response

    @router.post("/persona")
    def persona(request: Request, user_id: Annotated[str, Form(min_length=1, max_length=_MAX_ID)]) -> Response:
        if all(known.user_id != user_id for known in backend.personas()):
            raise HTTPException(404, "there is no such persona in this shop")
        session = sessions.read(request.cookies.get(SHOPPER_COOKIE))
        try:
            conversation_id = session.conversation_id if session else backend.start()
            return home(request, Session(backend.sign_in(conversation_id, user_id), user_id))
        except (UnknownConversationError, UnknownUserError) as error:
            raise HTTPException(404, str(error)) from error

    @router.post("/leave")
    def leave(request: Request) -> Response:
        return home(request, Session(backend.start()))

    return router


def health_router(backend: ShopBackend) -> APIRouter:
    """Return what a supervisor asks."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Whether the process lives")
    def healthz() -> dict[str, str]:
        """Answer at once, whatever the state of the store."""
        return {"status": "ok"}

    @router.get("/readyz", summary="Whether every part works")
    def readyz() -> Response:
        """Answer 200 where every component is ready, else 503 with the problems."""
        parts = backend.ready()
        ready = all(state.partition(":")[0] == "ok" for state in parts.values())
        return JSONResponse({"ready": ready, "components": parts}, status_code=200 if ready else 503)

    return router


def file_router(backend: ShopBackend, shop_name: str) -> APIRouter:
    """Return pictures and the small files that browsers ask for."""
    router = APIRouter(include_in_schema=False)

    @router.get("/pictures/{name:path}")
    def picture(name: str) -> Response:
        product_id = name.removesuffix(".svg")
        drawing = backend.picture(product_id) if 0 < len(product_id) <= _MAX_ID else None
        if drawing is None:
            raise HTTPException(404, "there is no such picture")
        return Response(drawing, media_type="image/svg+xml", headers=_PICTURE_HEADERS)

    @router.get("/ui/{name}")
    def static(request: Request, name: str, v: str = "") -> Response:
        content = static_files().get(name)
        if content is None:
            raise HTTPException(404, "there is no such file")
        headers = {"cache-control": _FOREVER if v else "public, max-age=300", "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["content-encoding"] = _zipped(name), "gzip"
        return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)

    @router.get("/favicon.ico")
    @router.get("/favicon.svg")
    def favicon() -> Response:
        headers = {"cache-control": "public, max-age=86400"}
        return Response(static_files()["favicon.svg"], media_type="image/svg+xml", headers=headers)

    @router.get("/robots.txt")
    def robots() -> Response:
        return PlainTextResponse("User-agent: *\nDisallow: /agent\nDisallow: /eval\nDisallow: /api/\n")

    @router.get("/manifest.json")
    def manifest() -> dict[str, object]:
        icon = {"src": "/favicon.svg", "sizes": "any", "type": "image/svg+xml"}
        return {"name": shop_name, "start_url": "/", "display": "browser", "icons": [icon]}

    return router
