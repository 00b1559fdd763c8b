"""The web application: REST, staff pages, then the shopper's page at `/`, behind one guard."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from ui.api import Doorkeeper, api_router
from ui.api_docs import docs_page
from ui.guard import Guard
from ui.session import Sessions, configured_secret
from ui.shop.handlers import Page
from ui.shop.routes import file_router, health_router, page_shell, session_router
from ui.staff import StaffDoor, staff_router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ui.settings import UiSettings
    from ui.shop.backend import ShopBackend

_LOG = logging.getLogger(__name__)
_ABOUT = (
    "A shopping assistant for programs. A conversation begins with the first message and goes on with the id that "
    "came back; the id is the key to it, so keep it secret. A shop's own programs send its API key as "
    "`Authorization: Bearer ...` and may then name any user_id."
)


def create_app(backend: ShopBackend, settings: UiSettings, *, secret: bytes | None = None) -> Guard:
    """Return the ASGI application.

    Args:
        backend: The assistant.
        settings: What the operator set.
        secret: Signs the cookies; the same one (`session.load_secret`) keeps sessions over a restart. None uses the
            configured one, else a new one.
    """
    from ui.shop.page import mount_page  # Gradio takes seconds to import: only where the page is served

    secret = secret or configured_secret(settings) or _passing_secret()
    sessions = Sessions(secret, days=settings.ui.session_days)
    app = FastAPI(
        title=f"{settings.title} API",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        telemetry={"auto_configure": False},
    )
    _answer_errors(app)
    _serve_docs(app)
    app.include_router(api_router(backend, Doorkeeper(sessions, settings.api_key)))
    app.include_router(health_router(backend))
    app.include_router(file_router(backend, settings.title))
    app.include_router(session_router(backend, sessions, settings.ui))
    app.include_router(staff_router(StaffDoor(secret, settings)))
    _close_api(app)
    page = Page(backend, settings.ui, shop_name=settings.title)
    mount_page(app, page, sessions=sessions, shop_name=settings.title)
    return Guard(app, backend, sessions=sessions, settings=settings.ui, shell=page_shell(settings.title))


def _passing_secret() -> bytes:
    _LOG.warning("no signing secret is kept: shoppers lose their place when this server restarts")
    return secrets.token_bytes(32)


def _answer_errors(app: FastAPI) -> None:
    """Answer every error as JSON that says what is wrong and never shows a traceback."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        fields = [{"field": _field(item), "problem": item["msg"]} for item in error.errors()]
        return JSONResponse({"error": "the request is not valid", "fields": fields}, status_code=422)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return JSONResponse({"error": "something went wrong on our side; it is logged"}, status_code=500)


def _field(problem: Mapping[str, Any]) -> str:
    """Say where in a request a problem is; a body that is no JSON has a position instead of a field."""
    if problem["type"] == "json_invalid":
        return "body"
    return ".".join(str(step) for step in problem["loc"][1:])


def _serve_docs(app: FastAPI) -> None:
    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        return HTMLResponse(docs_page(app.openapi()))


def _close_api(app: FastAPI) -> None:
    """Keep whatever else is asked under `/api` from reaching the page mounted at `/`."""

    @app.api_route("/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def nothing(rest: str) -> Response:
        return JSONResponse({"error": f"there is nothing at '/api/{rest[:100]}' for this method"}, status_code=404)
