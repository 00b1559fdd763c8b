from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from ui import staff
from ui.settings import PageSettings, StaffSettings, UiSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

_PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def hashed() -> str:
    return staff.hash_password(_PASSWORD)


@pytest.fixture
def staffed(open_client: Callable[[UiSettings], TestClient], hashed: str) -> TestClient:
    page = PageSettings(sign_ins_per_minute=4)
    return open_client(UiSettings(ui=page, staff=StaffSettings(password_hash=SecretStr(hashed))))


def test_a_password_is_known_by_its_hash_only(hashed: str) -> None:
    assert staff.check_password(_PASSWORD, hashed)
    assert not staff.check_password("wrong", hashed)
    assert _PASSWORD not in hashed
    assert staff.hash_password(_PASSWORD) != hashed


@pytest.mark.parametrize("stored", ["", "plain", "scrypt.x.8.1.a.b", "md5.15.8.1.YQ==.YQ==", "scrypt.15.8.1.!.!"])
def test_what_is_no_hash_opens_nothing(stored: str) -> None:
    assert not staff.check_password("plain", stored)


@pytest.mark.parametrize("path", ["/agent", "/eval", "/staff/sign-in"])
def test_without_a_password_the_pages_say_how_to_set_one(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 403
    assert "SHOPTALK_STAFF__PASSWORD_HASH" in answer.text
    assert client.post("/staff/sign-in", data={"password": "x"}).status_code == 403


def test_staff_sign_in_and_out(staffed: TestClient) -> None:
    assert staffed.get("/eval").headers["location"] == "/staff/sign-in?to=/eval"
    assert "password" in staffed.get("/staff/sign-in?to=/eval").text

    entered = staffed.post("/staff/sign-in", data={"password": _PASSWORD, "to": "/eval"})

    assert entered.headers["location"] == "/eval"
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "SameSite=Strict" in entered.headers["set-cookie"]
    assert "Reports" in staffed.get("/eval").text
    assert staffed.get("/agent").status_code == 200
    staffed.post("/staff/sign-out")
    assert staffed.get("/agent").status_code == 303


def test_a_wrong_password_and_a_foreign_target_lead_nowhere(staffed: TestClient) -> None:
    assert staffed.post("/staff/sign-in", data={"password": "guess"}).status_code == 403
    assert staffed.get("/agent").status_code == 303
    entered = staffed.post("/staff/sign-in", data={"password": _PASSWORD, "to": "https://evil.example"})
    assert entered.headers["location"] == "/agent"


def test_guessing_is_slowed_down(staffed: TestClient) -> None:
    codes = [staffed.post("/staff/sign-in", data={"password": f"guess {n}"}).status_code for n in range(6)]

    assert codes[0] == 403
    assert codes[-1] == 429


def test_a_shoppers_cookie_opens_no_staff_page(staffed: TestClient) -> None:
    staffed.get("/", headers={"accept": "text/html"})
    staffed.cookies.set("staff", staffed.cookies["sid"])

    assert staffed.get("/agent").status_code == 303


def test_the_command_prints_a_hash_that_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([_PASSWORD, _PASSWORD, "short", _PASSWORD, "another one"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))

    assert staff.main() == 0
    name, _, value = capsys.readouterr().out.strip().partition("=")
    assert name == "SHOPTALK_STAFF__PASSWORD_HASH"
    assert staff.check_password(_PASSWORD, value)
    assert staff.main() == 2
    assert staff.main() == 2
