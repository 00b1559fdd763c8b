from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import SettingsError
from ui.session import Session, Sessions, Signer, cookie_value, load_secret
from ui.settings import PageSettings, UiSettings, read_ui_settings

if TYPE_CHECKING:
    from pathlib import Path

_SESSIONS = Sessions(b"1" * 32, days=1)


def _value(header: str) -> str:
    return header.split(";")[0].removeprefix("sid=")


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=40), st.none() | st.text(min_size=1, max_size=40))
def test_a_session_comes_back_from_its_cookie(conversation_id: str, user_id: str | None) -> None:
    session = Session(conversation_id, user_id)

    assert _SESSIONS.read(_value(_SESSIONS.header(session, secure=True))) == session


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_nobody_else_can_write_one(text: str) -> None:
    assert _SESSIONS.read(text) is None


def test_a_cookie_of_another_secret_or_purpose_is_not_ours() -> None:
    other = Sessions(b"2" * 32, days=1)
    staff = Signer(b"1" * 32, "staff", max_age_s=60).sign({"c": "x", "u": ""})

    assert _SESSIONS.read(_value(other.header(Session("c"), secure=False))) is None
    assert _SESSIONS.read(staff) is None


def test_a_cookie_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    value = _value(_SESSIONS.header(Session("c"), secure=False))
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 4_000_000_000)

    assert _SESSIONS.read(value) is None


def test_cookies_are_found_by_name() -> None:
    assert cookie_value("a=1; sid=x.y-z_; b=2", "sid") == "x.y-z_"
    assert cookie_value(None, "sid") is None
    assert cookie_value("a=1", "sid") is None


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    first = load_secret(UiSettings(), folder)

    assert load_secret(UiSettings(), folder) == first
    assert len(first) == 32
    assert [path.name for path in folder.iterdir()] == ["session.key"]
    assert stat.S_IMODE((folder / "session.key").stat().st_mode) == 0o600


def test_a_configured_secret_counts_and_writes_nothing(tmp_path: Path) -> None:
    settings = UiSettings(ui=PageSettings.model_validate({"secret": "long and winding"}))

    assert load_secret(settings, tmp_path / "none") == load_secret(settings, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_API_KEY", "k")
    monkeypatch.setenv("SHOPTALK_UI__IMAGE_HOSTS", '["cdn.example"]')
    monkeypatch.setenv("SHOPTALK_STAFF__SESSION_HOURS", "2")

    settings = read_ui_settings()

    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "k"
    assert settings.ui.image_hosts == ("cdn.example",)
    assert settings.staff.session_hours == 2


def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTALK_UI__SESSION_DAYS", "never")

    with pytest.raises(SettingsError, match="SHOPTALK_UI__SESSION_DAYS"):
        read_ui_settings()
