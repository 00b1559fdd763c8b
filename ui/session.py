"""Signed cookies: which conversation a browser is in and who its shopper is."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

if TYPE_CHECKING:
    from pathlib import Path

    from ui.settings import UiSettings

SHOPPER_COOKIE = "sid"
STAFF_COOKIE = "staff"
_SECRET_BYTES = 32
_MAX_COOKIE = 1_000  # characters; ours are about 150


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's place: its conversation, and the shopper it signed in as (None for a stranger)."""

    conversation_id: str
    user_id: str | None = None


class Signer:
    """Turns small JSON values into signed, dated text and back."""

    def __init__(self, secret: bytes, purpose: str, *, max_age_s: int) -> None:
        self._serializer = URLSafeTimedSerializer(
            secret, salt=f"shoptalk.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self.max_age_s = max_age_s

    def sign(self, value: Any) -> str:  # noqa: ANN401 - any JSON value
        """Return `value` as text that cannot be changed without the secret."""
        return str(self._serializer.dumps(value))

    def read(self, text: str | None) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value signed into `text`; None where it is missing, too old, too long or not ours."""
        if not text or len(text) > _MAX_COOKIE:
            return None
        try:
            return self._serializer.loads(text, max_age=self.max_age_s)
        except BadSignature:
            return None


class Sessions:
    """Reads and writes the shopper's cookie."""

    def __init__(self, secret: bytes, *, days: int) -> None:
        self._signer = Signer(secret, "shopper", max_age_s=days * 86_400)

    def read(self, cookie_value: str | None) -> Session | None:
        """Return the session in a cookie value, or None where it is not ours."""
        value = self._signer.read(cookie_value)
        if not isinstance(value, dict) or not isinstance(value.get("c"), str):
            return None
        return Session(value["c"], value.get("u") or None)

    def header(self, session: Session, *, secure: bool) -> str:
        """Return the value of a `Set-Cookie` header that keeps `session`."""
        value = self._signer.sign({"c": session.conversation_id, "u": session.user_id or ""})
        return cookie_header(SHOPPER_COOKIE, value, max_age_s=self._signer.max_age_s, secure=secure)


def cookie_header(name: str, value: str, *, max_age_s: int, secure: bool, same_site: str = "Lax") -> str:
    """Return a `Set-Cookie` value that scripts cannot read; `max_age_s` 0 deletes the cookie."""
    parts = [f"{name}={value}", f"Max-Age={max_age_s}", "Path=/", "HttpOnly", f"SameSite={same_site}"]
    return "; ".join([*parts, "Secure"] if secure else parts)


def cookie_value(header: str | None, name: str) -> str | None:
    """Return one cookie of a `Cookie` header, or None."""
    if not header:
        return None
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def configured_secret(settings: UiSettings) -> bytes | None:
    """Return the signing secret that the operator set, or None."""
    if settings.ui.secret is None:
        return None
    return hashlib.sha256(settings.ui.secret.get_secret_value().encode()).digest()


def load_secret(settings: UiSettings, directory: Path) -> bytes:
    """Return the signing secret: the configured one, else the one kept in `directory`, made on first use."""
    configured = configured_secret(settings)
    if configured is not None:
        return configured
    path = directory / "session.key"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        fresh = directory / f".session.key.{secrets.token_hex(8)}"
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(_SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_bytes()
