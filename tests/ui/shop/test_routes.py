from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ui.shop.routes import static_files, static_url

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from ui.shop.memory import MemoryShop

_PAGE = {"accept": "text/html"}


def test_playing_a_persona_takes_the_cart_along(client: TestClient, shop: MemoryShop) -> None:
    client.get("/", headers=_PAGE)
    stranger = client.cookies["sid"]

    answer = client.post("/session/persona", data={"user_id": "amara"})

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert client.cookies["sid"] != stranger
    client.post("/session/leave")
    assert client.post("/api/recommend", json={"user_id": "amara"}).status_code == 403


@pytest.mark.parametrize("user_id", ["stranger", "", "x" * 201])
def test_only_personas_can_be_played(client: TestClient, user_id: str) -> None:
    client.get("/", headers=_PAGE)

    answer = client.post("/session/persona", data={"user_id": user_id})

    assert answer.status_code in {404, 422}
    assert answer.json()["error"]


def test_another_site_cannot_sign_a_shopper_in(client: TestClient) -> None:
    answer = client.post("/session/persona", data={"user_id": "amara"}, headers={"origin": "https://evil.example"})

    assert answer.status_code == 403


def test_pictures_are_drawings_that_can_do_nothing(client: TestClient) -> None:
    answer = client.get("/pictures/x%2F1.svg")

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "max-age" in answer.headers["cache-control"]
    assert answer.text.startswith("<svg")
    for missing in ("none.svg", ".svg", "", "x" * 300):
        assert client.get(f"/pictures/{missing}").status_code == 404


def test_small_files_are_there(client: TestClient) -> None:
    for path in (
        "/favicon.ico",
        "/favicon.svg",
        "/robots.txt",
        "/manifest.json",
        "/ui/shop.css",
        "/ui/shop.js",
        "/ui/plain.css",
    ):
        assert client.get(path).status_code == 200
    assert "/agent" in client.get("/robots.txt").text
    for path in ("/ui/none.css", "/ui/..%2Fapp.py", "/ui/%2e%2e/app.py"):
        assert client.get(path).status_code == 404


def test_marked_files_are_kept_by_browsers(client: TestClient) -> None:
    address = static_url("shop.css")

    assert address in client.get("/", headers=_PAGE).text
    assert "immutable" in client.get(address).headers["cache-control"]
    assert "immutable" not in client.get("/ui/shop.css").headers["cache-control"]


def test_our_files_load_nothing_from_outside() -> None:
    for name, content in static_files().items():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text, name
        assert "@import" not in text, name
