from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ui.settings import PageSettings, UiSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    from ui.shop.memory import MemoryShop

_KEY = {"authorization": "Bearer key-of-the-shop"}


def test_a_conversation_goes_on_with_the_id_that_came_back(client: TestClient) -> None:
    first = client.post("/api/chat", json={"message": "shoes"}).json()
    again = client.post(
        "/api/chat", json={"message": "canvas shoes", "conversation_id": first["conversation_id"]}
    ).json()

    assert first["turn"] == 1
    assert again["turn"] == 2
    assert again["conversation_id"] == first["conversation_id"]
    assert {"product_id", "title", "price", "currency", "why"} <= set(first["products"][0])
    assert len(first["conversation_id"]) >= 20


def test_an_unknown_conversation_is_a_404_in_json(client: TestClient) -> None:
    answer = client.post("/api/chat", json={"message": "shoes", "conversation_id": "guessed"})

    assert answer.status_code == 404
    assert "guessed" in answer.json()["error"]


def test_a_user_id_is_not_believed_without_key_or_sign_in(client: TestClient) -> None:
    assert client.post("/api/chat", json={"message": "shoes", "user_id": "amara"}).status_code == 403
    assert client.post("/api/recommend", json={"user_id": "amara"}).status_code == 403
    assert client.post("/api/recommend", json={}).json()["strategy"] == "popular"


def test_the_shop_speaks_for_its_shoppers_with_its_key(client: TestClient) -> None:
    answer = client.post("/api/recommend", json={"user_id": "amara", "top_n": 2}, headers=_KEY).json()

    assert answer["strategy"] == "personal"
    assert len(answer["items"]) == 2


@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer ", "Basic key-of-the-shop", "key-of-the-shop"])
def test_a_wrong_key_is_refused_even_where_none_is_needed(client: TestClient, sent: str) -> None:
    assert client.post("/api/chat", json={"message": "x"}, headers={"authorization": sent}).status_code == 401


def test_no_key_opens_a_shop_that_has_none(open_client: Callable[[UiSettings], TestClient]) -> None:
    client = open_client(UiSettings(api_key=None))

    assert (
        client.post("/api/recommend", json={"user_id": "amara"}, headers={"authorization": "Bearer "}).status_code
        == 401
    )


def test_a_persona_signed_in_by_cookie_is_believed(client: TestClient) -> None:
    client.get("/", headers={"accept": "text/html"})
    assert client.post("/session/persona", data={"user_id": "amara"}).status_code == 303

    assert client.post("/api/recommend", json={"user_id": "amara"}).json()["strategy"] == "personal"
    assert client.post("/api/recommend", json={"user_id": "jonas"}).status_code == 403


def test_a_conversation_belongs_to_its_owner(client: TestClient) -> None:
    own = client.post("/api/chat", json={"message": "shoes", "user_id": "amara"}, headers=_KEY).json()[
        "conversation_id"
    ]

    stolen = client.post("/api/chat", json={"message": "shoes", "conversation_id": own})

    assert stolen.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "   "},
        {"message": "x" * 2001},
        {"message": 5},
        {"message": "x", "conversation_id": ""},
        {"message": "x", "conversation_id": "a" * 201},
        {"message": "x", "conversation_id": "a\nb"},
        {"message": "x", "more": 1},
    ],
)
def test_a_bad_body_is_refused_with_the_field(client: TestClient, body: dict[str, object]) -> None:
    answer = client.post("/api/chat", json=body)

    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"]


@pytest.mark.parametrize("body", [{"top_n": 0}, {"top_n": 51}, {"top_n": "many"}, {"query": ""}, {"user_id": ""}])
def test_recommendations_are_bounded(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/api/recommend", json=body).status_code == 422


def test_a_search_filters(client: TestClient) -> None:
    limit = json.dumps([{"slot": "price", "op": "lte", "value": 70}])
    found = client.get("/api/search", params={"q": "trail canvas shoes", "filter": limit}).json()

    assert [hit["product_id"] for hit in found["hits"]] == ["p1", "x/1"]
    assert found["hits"][0]["price"] == 64.0
    assert {"total", "relaxed", "elapsed_ms"} <= set(found)


@pytest.mark.parametrize("name", ["like", "goes_with"])
def test_a_search_may_start_from_a_product(client: TestClient, name: str) -> None:
    found = client.get("/api/search", params={name: "p1"}).json()
    assert {hit["product_id"] for hit in found["hits"]} == {"x/1", "p2"}
    nobody = client.get("/api/search", params={name: "nobody"})
    assert nobody.status_code == 422
    assert "'nobody'" in nobody.json()["error"]
    described = client.get("/api/openapi.json").json()["paths"]["/api/search"]["get"]["parameters"]
    assert "product" in next(p["schema"]["description"] for p in described if p["name"] == name)


def test_facets_are_added_where_asked_for(client: TestClient) -> None:
    plain = client.get("/api/search", params={"q": "shoes"}).json()
    assert not {"facets", "facets_within"} & set(plain)
    found = client.get("/api/search", params={"q": "shoes", "facets": "true"}).json()
    assert {k: v for k, v in found.items() if not k.startswith("facets")} == plain
    brand = next(f for f in found["facets"] if f["name"] == "brand")
    assert brand["kind"] == "value"
    assert [v["count"] for v in brand["values"]] == [1]  # two of the three name no brand
    value = brand["values"][0]
    assert value["filter"] == [{"slot": "brand", "op": "eq", "value": value["value"], "group": 0}]
    assert client.get("/api/search", params={"q": "x", "filter": json.dumps(value["filter"])}).status_code == 200
    refused = client.get("/api/search", params={"like": "p1", "facets": "true"})
    assert refused.status_code == 422
    assert "facets" in refused.json()["error"]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "5",
        "[" * 3000,
        '[{"slot": "nothing", "value": 1}]',
        json.dumps([{"slot": "price", "value": 1}] * 21),
        '[{"slot": "price", "value": true}]',
        '[{"slot": "price", "value": 1' + "0" * 400 + "}]",
    ],
)
def test_a_bad_filter_is_refused(client: TestClient, bad: str) -> None:
    answer = client.get("/api/search", params={"q": "shoes", "filter": bad})

    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize("query", ["", "?q=", "?q=x&n=0", "?q=x&n=101", "?q=" + "x" * 2001])
def test_a_bad_search_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/search{query}").status_code == 422


def test_a_product_is_found_by_an_id_with_a_slash(client: TestClient) -> None:
    assert client.get("/api/products/x%2F1").json()["product_id"] == "x/1"
    assert client.get("/api/products/none").status_code == 404
    assert client.get("/api/products/" + "x" * 300).status_code == 404


def test_what_is_not_there_is_json_too(client: TestClient) -> None:
    for method, path in (("GET", "/api/nothing"), ("GET", "/api/chat"), ("DELETE", "/api/products/p1")):
        answer = client.request(method, path)
        assert answer.status_code in {404, 405}
        assert answer.json()["error"]


def test_requests_are_counted_by_client(open_client: Callable[[UiSettings], TestClient]) -> None:
    client = open_client(UiSettings(ui=PageSettings(api_per_minute=3)))

    codes = [client.get("/api/products/p1").status_code for _ in range(5)]
    refused = client.get("/api/products/p1")

    assert codes[:3] == [200] * 3
    assert codes[4] == refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/healthz").status_code == 200


def test_health_and_readiness(client: TestClient, shop: MemoryShop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"ready": True, "components": {"catalogue": "ok"}}

    monkeypatch.setattr(shop, "ready", lambda: {"catalogue": "ok", "index": "is being rebuilt"})

    assert client.get("/readyz").status_code == 503


def test_the_reference_is_one_page_without_scripts(client: TestClient) -> None:
    page = client.get("/api/docs").text
    described = client.get("/api/openapi.json").json()

    for path in ("/api/chat", "/api/recommend", "/api/search", "/api/products/{product_id}", "/healthz", "/readyz"):
        assert path in described["paths"]
        assert path in page
    assert "<script" not in page
    assert "http" not in page.replace("http://127.0.0.1", "")


def test_a_bug_is_a_500_without_its_traceback(
    client: TestClient, shop: MemoryShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(product_id: str) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(shop, "product", broken)
    with pytest.raises(RuntimeError):  # the test client shows what the server logs
        client.get("/api/products/p1")


def test_a_body_that_is_no_json_is_told_so(client: TestClient) -> None:
    answer = client.post("/api/chat", content='{"message":', headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["fields"] == [{"field": "body", "problem": "JSON decode error"}]
