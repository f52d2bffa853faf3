"""What every request meets before any data is read: no engine stands behind these."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from cryptography.fernet import Fernet
from elasticsearch import AsyncElasticsearch
from fastapi.routing import APIRoute

from services.engine import Engine
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.api.watch import MAX_BODY_BYTES
from services.vault import Vault

OLD, NEW = "old-key", "new-key"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncElasticsearch("http://127.0.0.1:9") as nothing:
        context = Context(Engine(nothing), Vault(Fernet.generate_key().decode()), frozenset())
        app = create_app(context, auth.known_keys(f"{NEW}, {OLD}"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as calling:
            yield calling


DATA = [
    ("GET", "/v1/items"),
    ("GET", "/v1/items/changes"),
    ("GET", "/v1/items/export"),
    ("GET", "/v1/items/facets"),
    ("GET", "/v1/items/histogram"),
    ("GET", "/v1/items/x/similar"),
    ("GET", "/v1/items.rss"),
    ("GET", "/v1/items.atom"),
    ("GET", "/v1/items.json"),
    ("GET", "/v1/feed-links"),
    ("GET", "/v1/items/x"),
    ("GET", "/v1/items/x/corrections"),
    ("POST", "/v1/items/x/corrections"),
    ("DELETE", "/v1/items/x/corrections/x"),
    ("GET", "/v1/stories"),
    ("GET", "/v1/stories/x"),
    ("GET", "/v1/searches"),
    ("POST", "/v1/searches"),
    ("POST", "/v1/searches/preview"),
    ("GET", "/v1/searches/x"),
    ("PATCH", "/v1/searches/x"),
    ("GET", "/v1/searches/x/versions"),
    ("DELETE", "/v1/searches/x"),
    ("POST", "/v1/searches/x/test"),
    ("GET", "/v1/deliveries"),
    ("POST", "/v1/deliveries/redeliver"),
    ("GET", "/v1/deliveries/x"),
    ("POST", "/v1/deliveries/x/redeliver"),
    ("GET", "/v1/endpoints"),
    ("GET", "/v1/endpoints/x"),
    ("POST", "/v1/endpoints/x/secret"),
    ("GET", "/v1/dead-letters"),
    ("POST", "/v1/dead-letters/replay"),
    ("POST", "/v1/dead-letters/drop"),
    ("GET", "/v1/feeds/health"),
    ("GET", "/v1/feeds"),
    ("POST", "/v1/feeds"),
    ("GET", "/v1/feeds.opml"),
    ("POST", "/v1/feeds.opml"),
    ("GET", "/v1/feeds/x"),
    ("PATCH", "/v1/feeds/x"),
    ("DELETE", "/v1/feeds/x"),
    ("GET", "/v1/feeds/x/health"),
    ("GET", "/v1/openapi.json"),
]


@pytest.mark.parametrize(("method", "path"), DATA)
@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "guess"}, {"authorization": "Bearer guess"}, {"authorization": f"Basic {NEW}"}]
)
async def test_nothing_is_told_without_a_known_key(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    body = {"name": "x", "query": {}, "endpoint": {"url": "https://hooks.example/"}}
    answer = await client.request(method, path, headers=headers, json=body if method == "POST" else None)
    assert answer.status_code == 401
    assert answer.json()["error"] in ("key_missing", "key_unknown")
    assert "guess" not in answer.text


def test_every_route_with_data_is_in_the_list_above() -> None:
    from services.index.api import (
        changes,
        corrections,
        dead_letters,
        deliveries,
        endpoints,
        exports,
        facets,
        feed_links,
        feeds,
        items,
        searches,
        similar,
        sources,
        stories,
        syndication,
    )

    modules = (
        *(changes, corrections, dead_letters, deliveries, endpoints, exports, facets, feed_links, feeds),
        *(items, searches, similar, sources, stories, syndication),
    )
    routes = {
        (method, re.sub(r"\{\w+\}", "x", route.path))
        for module in modules
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert routes == set(DATA) - {("GET", "/v1/openapi.json")}


def test_keys_have_names_of_their_own_or_one_from_their_digest() -> None:
    named = auth.known_keys("anna:secret, plain, ben.b@x:s3=, 9:x")
    assert sorted(named.values())[:2] == ["anna", "ben.b@x"]
    assert all(re.fullmatch("key-[0-9a-f]{8}", name) for name in sorted(named.values())[2:])
    assert named.keys() == auth.known_keys("secret, plain, s3=, 9:x").keys()


async def test_a_named_key_opens_without_its_name() -> None:
    async with AsyncElasticsearch("http://127.0.0.1:9") as nothing:
        context = Context(Engine(nothing), Vault(Fernet.generate_key().decode()), frozenset())
        app = create_app(context, auth.known_keys("anna:secret"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as calling:
            answers = [
                await calling.get("/v1/openapi.json", headers={"x-api-key": key}) for key in ("secret", "anna:secret")
            ]
    assert [answer.status_code for answer in answers] == [200, 401]


@pytest.mark.parametrize("key", [OLD, NEW])
@pytest.mark.parametrize("form", ["X-API-Key: {}", "Authorization: Bearer {}"])
async def test_any_of_the_keys_opens_in_either_form(client: httpx.AsyncClient, key: str, form: str) -> None:
    name, value = form.format(key).split(": ")
    answer = await client.get("/v1/openapi.json", headers={name: value})
    assert answer.status_code == 200
    assert "/v1/searches/{search_id}/test" in answer.json()["paths"]


def test_without_keys_the_api_refuses_to_start_and_says_how_to_make_one() -> None:
    with pytest.raises(SystemExit, match=r"NEWS_API_KEYS.*python -m services.index key --api"):
        auth.known_keys(" , ")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/items?size=201", "size"),
        ("/v1/items?size=0", "size"),
        ("/v1/items?country=Kenya", "country.0"),
        ("/v1/items?since=yesterday", "since"),
        ("/v1/items?since=2026-01-02&until=2026-01-01T00:00:00Z", "since"),
        ("/v1/items?cursor=nonsense", "cursor"),
        ("/v1/items?sort=price", "sort"),
        ("/v1/items/changes?cursor=nonsense", "cursor"),
        ("/v1/items/changes?size=201", "size"),
        ("/v1/items/facets?facet=price", "facet.0"),
        ("/v1/items/facets?values=1000", "values"),
        ("/v1/items/histogram?interval=second", "interval"),
        ("/v1/items?collapse=feed", "collapse"),
        ("/v1/items/export", "format"),
        ("/v1/items/export?format=xlsx", "format"),
        ("/v1/items?q=" + "x" * 1_001, "q"),
        ("/v1/deliveries?state=lost", "state"),
        ("/v1/stories?size=1000", "size"),
    ],
)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, path: str, field: str) -> None:
    answer = await client.get(path, headers={"x-api-key": NEW})
    assert answer.status_code == 422
    assert (answer.json()["error"], answer.json()["field"]) == ("invalid_request", field)


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({"url": "ftp://hooks.example/"}, "endpoint.url"),
        ({"url": "http://127.0.0.1/"}, "endpoint.url"),
        ({"url": "http://169.254.169.254/latest"}, "endpoint.url"),
        ({"url": "https://user:word@hooks.example/"}, "endpoint.url"),
        ({"url": "not a url"}, "endpoint.url"),
        ({"url": "https://hooks.example/", "secret": "password1"}, "endpoint.secret"),
        ({"url": "https://hooks.example/", "secrets": []}, "endpoint.secrets"),
        ({}, "endpoint.url"),
    ],
)
async def test_an_endpoint_that_is_never_called_is_refused_when_it_is_saved(
    client: httpx.AsyncClient, endpoint: dict[str, str], field: str
) -> None:
    answer = await client.post(
        "/v1/searches", json={"name": "x", "query": {}, "endpoint": endpoint}, headers={"x-api-key": NEW}
    )
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert "password1" not in answer.text


async def test_a_body_that_is_no_json_is_said_to_be_none(client: httpx.AsyncClient) -> None:
    headers = {"x-api-key": NEW, "content-type": "application/json"}
    answer = await client.post("/v1/searches", content=b'{"name": ', headers=headers)
    assert answer.status_code == 422
    assert "not JSON" in answer.json()["detail"]


async def test_a_large_body_is_refused_before_anything_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/searches", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


async def test_what_is_not_there_is_an_error_of_the_same_shape(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/nothing")).json() == {"error": "not_found", "detail": "Not Found"}
    assert (await client.put("/v1/items", headers={"x-api-key": NEW})).json()["error"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/", "/page.js", "/view.js", "/correct.js", "/page.css"])
async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    for outside in ("http://", "https://", "innerHTML", "style=", "onclick", "eval("):
        assert outside not in answer.text


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/page.js/../../auth.py"])
async def test_the_page_s_folder_is_all_that_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
