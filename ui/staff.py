"""Staff sign-in for the service console and the reports; `python -m ui.staff` makes the password's hash."""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ui import cards
from ui.guard import is_secure
from ui.session import STAFF_COOKIE, Signer, cookie_header

if TYPE_CHECKING:
    from ui.settings import UiSettings

_LOG2_N, _R, _P = 15, 8, 1  # scrypt: about 32 MB and 0.1 s a try
_MIN_PASSWORD = 10
_PAGES = {
    "/agent": ("Service console", "Conversations that are handed to a person will be answered here."),
    "/eval": ("Reports", "Reports of scenario runs and benchmarks will be read here."),
}


def hash_password(password: str) -> str:
    """Return a salted scrypt hash of a password, as `SHOPTALK_STAFF__PASSWORD_HASH` takes it."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, log2_n=_LOG2_N, r=_R, p=_P)
    return f"scrypt.{_LOG2_N}.{_R}.{_P}.{_text(salt)}.{_text(digest)}"


def check_password(password: str, stored: str) -> bool:
    """Return whether `password` has the hash `stored`; False too where `stored` is not such a hash."""
    try:
        scheme, log2_n, r, p, salt, digest = stored.split(".")
        expected = base64.urlsafe_b64decode(digest)
        actual = _scrypt(password, base64.urlsafe_b64decode(salt), log2_n=int(log2_n), r=int(r), p=int(p))
    except ValueError:
        return False
    return scheme == "scrypt" and hmac.compare_digest(actual, expected)


def _scrypt(password: str, salt: bytes, *, log2_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**log2_n, r=r, p=p, maxmem=2**27, dklen=32)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()


class StaffDoor:
    """The sign-in of the shop's own people: one password, a signed cookie that ends with the shift."""

    def __init__(self, secret: bytes, settings: UiSettings) -> None:
        stored = settings.staff.password_hash
        self._hash = stored.get_secret_value() if stored else None
        # Signed with the hash too, so that a changed password ends every session.
        key = hashlib.sha256(secret + (self._hash or "").encode()).digest()
        self._signer = Signer(key, "staff", max_age_s=settings.staff.session_hours * 3600)
        self._page = settings.ui

    @property
    def is_set_up(self) -> bool:
        """Whether anybody can sign in at all."""
        return self._hash is not None

    def is_staff(self, request: Request) -> bool:
        """Return whether the request comes from somebody signed in."""
        return self.is_set_up and self._signer.read(request.cookies.get(STAFF_COOKIE)) == "staff"

    def opens(self, password: str) -> bool:
        """Return whether `password` is the right one."""
        return self._hash is not None and check_password(password, self._hash)

    def cookie(self, request: Request, *, signed_in: bool) -> str:
        """Return the `Set-Cookie` value that begins or ends a staff session."""
        value = self._signer.sign("staff") if signed_in else ""
        secure = is_secure(request.scope, request.headers, self._page)
        age = self._signer.max_age_s if signed_in else 0
        return cookie_header(STAFF_COOKIE, value, max_age_s=age, secure=secure, same_site="Strict")


def staff_router(door: StaffDoor) -> APIRouter:
    """Return the staff pages and their sign-in."""
    router = APIRouter(include_in_schema=False)

    @router.get("/agent")
    @router.get("/eval")
    def page(request: Request) -> Response:
        path = request.url.path
        if not door.is_set_up:
            return HTMLResponse(cards.render("staff_closed"), status_code=403)
        if not door.is_staff(request):
            return RedirectResponse(f"/staff/sign-in?to={path}", status_code=303)
        title, about = _PAGES[path]
        return HTMLResponse(cards.render("staff_page", title=title, about=about))

    @router.get("/staff/sign-in")
    def sign_in_form(to: str = "/agent") -> Response:
        if not door.is_set_up:
            return HTMLResponse(cards.render("staff_closed"), status_code=403)
        return HTMLResponse(cards.render("staff_sign_in", to=_own_page(to), problem=""))

    @router.post("/staff/sign-in")
    def sign_in(
        request: Request,
        password: Annotated[str, Form(max_length=200)] = "",
        to: Annotated[str, Form(max_length=100)] = "/agent",
    ) -> Response:
        if not door.is_set_up:
            return HTMLResponse(cards.render("staff_closed"), status_code=403)
        if not door.opens(password):
            page = cards.render("staff_sign_in", to=_own_page(to), problem="That is not the staff password.")
            return HTMLResponse(page, status_code=403)
        response = RedirectResponse(_own_page(to), status_code=303)
        response.headers.append("set-cookie", door.cookie(request, signed_in=True))
        return response

    @router.post("/staff/sign-out")
    def sign_out(request: Request) -> Response:
        response = RedirectResponse("/staff/sign-in", status_code=303)
        response.headers.append("set-cookie", door.cookie(request, signed_in=False))
        return response

    return router


def _own_page(path: str) -> str:
    return path if path in _PAGES else "/agent"


def main() -> int:
    """Ask for a password twice and print what to set."""
    password = getpass.getpass("New staff password: ")
    if len(password) < _MIN_PASSWORD:
        sys.stderr.write(f"A staff password has at least {_MIN_PASSWORD} characters.\n")
        return 2
    if getpass.getpass("Again: ") != password:
        sys.stderr.write("The two passwords differ.\n")
        return 2
    sys.stdout.write(f"SHOPTALK_STAFF__PASSWORD_HASH={hash_password(password)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
