import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.guarded_http import Blocked
from services.ingest.fetching.fetch import FAR, MAX_BODY, Document, Failed, Fetched, Manner, NotModified, fetch

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
URL = "https://news.example/rss"
Handler = Callable[[httpx.Request], httpx.Response]


async def stream(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def fetched(handler: Handler, etag: str | None = None, last_modified: str | None = None) -> Fetched:
    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
        return await fetch(client, URL, etag=etag, last_modified=last_modified, timeout_s=0.2, now=lambda: NOW)


async def test_a_document_comes_with_its_validators_as_they_were() -> None:
    headers = {"ETag": 'W/"x"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content-Type": "text/xml"}
    answer = await fetched(lambda _: httpx.Response(200, content=stream(b"<rss/>"), headers=headers))
    assert isinstance(answer, Document)
    assert (answer.body, answer.etag, answer.last_modified) == (b"<rss/>", 'W/"x"', headers["Last-Modified"])
    assert answer.moved_to is None
    assert answer.arrived_at == NOW


async def test_validators_are_sent_back_and_304_is_no_document() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["If-None-Match"] == 'W/"x"'
        assert request.headers["If-Modified-Since"] == "then"
        return httpx.Response(304)

    assert await fetched(handler, 'W/"x"', "then") == NotModified(arrived_at=NOW)


@pytest.mark.parametrize(("status", "moved"), [(301, True), (308, True), (302, False), (307, False)])
async def test_only_permanent_redirects_move_a_feed(status: int, moved: bool) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/rss":
            return httpx.Response(status, headers={"Location": "/new"})
        return httpx.Response(200, content=stream(b"<rss/>"))

    answer = await fetched(handler)
    assert isinstance(answer, Document)
    assert answer.url == "https://news.example/new"
    assert answer.moved_to == ("https://news.example/new" if moved else None)


async def test_a_permanent_redirect_behind_a_temporary_one_moves_nothing() -> None:
    answers = {"/rss": (302, "/a"), "/a": (301, "/b")}

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path in answers:
            status, location = answers[request.url.path]
            return httpx.Response(status, headers={"Location": location})
        return httpx.Response(200, content=stream(b"<rss/>"))

    answer = await fetched(handler)
    assert isinstance(answer, Document)
    assert answer.moved_to is None


async def test_redirects_without_end_end() -> None:
    answer = await fetched(lambda request: httpx.Response(302, headers={"Location": "/rss"}))
    assert isinstance(answer, Failed)
    assert answer.kind == "redirects"


@pytest.mark.parametrize(
    ("status", "kind", "gone"), [(404, "http_404", False), (410, "gone", True), (503, "http_503", False)]
)
async def test_an_error_status_is_a_failure_with_its_kind(status: int, kind: str, gone: bool) -> None:
    answer = await fetched(lambda _: httpx.Response(status, content=stream(b""), headers={"Retry-After": "120"}))
    assert isinstance(answer, Failed)
    assert (answer.kind, answer.gone, answer.not_before) == (kind, gone, NOW + timedelta(seconds=120))


async def test_a_body_larger_than_the_cap_is_cut_off_while_it_comes() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000_000
            yield b"x" * 1_000_000

    answer = await fetched(lambda _: httpx.Response(200, content=endless()))
    assert isinstance(answer, Failed)
    assert answer.kind == "too_large"
    assert sent <= MAX_BODY + 2_000_000


async def test_a_gzip_body_is_inflated_and_a_bomb_no_further_than_the_cap() -> None:
    def zipped(body: bytes) -> httpx.Response:
        return httpx.Response(200, content=stream(gzip.compress(body)), headers={"Content-Encoding": "gzip"})

    answer = await fetched(lambda _: zipped(b"<rss/>"))
    assert isinstance(answer, Document)
    assert answer.body == b"<rss/>"
    tracemalloc.start()
    bomb = await fetched(lambda _: zipped(bytes(4 * MAX_BODY)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(bomb, Failed)
    assert bomb.kind == "too_large"
    assert peak < 6 * MAX_BODY  # the bomb itself, made by this test, is four of them


@pytest.mark.parametrize(
    ("body", "encoding"), [(gzip.compress(b"<rss/>")[:-4], "gzip"), (b"<rss/>", "gzip"), (b"\x0b\x02\x80", "br")]
)
async def test_a_body_that_cannot_be_inflated_is_a_failure(body: bytes, encoding: str) -> None:
    answer = await fetched(lambda _: httpx.Response(200, content=stream(body), headers={"Content-Encoding": encoding}))
    assert isinstance(answer, Failed)
    assert answer.kind == "bad_encoding"


async def test_a_body_that_drips_is_given_up() -> None:
    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    answer = await fetched(lambda _: httpx.Response(200, content=dripping()))
    assert isinstance(answer, Failed)
    assert answer.kind == "timeout"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), "connection"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (Blocked("address", "inner"), "blocked"),
    ],
)
async def test_what_goes_wrong_on_the_way_is_a_failure_with_its_kind(error: Exception, kind: str) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    answer = await fetched(handler)
    assert isinstance(answer, Failed)
    assert answer.kind == kind


async def test_a_retry_after_beyond_the_calendar_is_not_cut_short_to_nothing() -> None:
    answer = await fetched(lambda _: httpx.Response(429, content=stream(b""), headers={"Retry-After": "9" * 20}))
    assert isinstance(answer, Failed)
    assert answer.not_before == NOW + FAR


MANNER = Manner(
    everywhere={"User-Agent": "Newsroom"}, home=URL, at_home={"Authorization": "Basic c2VjcmV0", "accept": "text/xml"}
)


async def asked(redirects: dict[str, str], start: str = URL) -> list[httpx.Request]:
    """The requests of a fetch whose answers redirect so."""
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if location := redirects.get(str(request.url)):
            return httpx.Response(302, headers={"Location": location, "Set-Cookie": "on-the-way=1"})
        return httpx.Response(200, content=stream(b"<rss/>"))

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
        await fetch(client, start, etag=None, last_modified=None, timeout_s=5, now=lambda: NOW, manner=MANNER)
    return requests


async def test_a_feed_s_own_headers_take_the_place_of_ours() -> None:
    [request] = await asked({})
    assert request.headers["User-Agent"] == "Newsroom"
    assert request.headers["Authorization"] == "Basic c2VjcmV0"
    assert request.headers.get_list("Accept") == ["text/xml"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://news.example.evil.example/",
        "http://news.example/rss",
        "https://news.example:8443/",
        "https://m.news.example/",
    ],
)
async def test_what_may_be_secret_is_never_sent_to_another_origin_nor_after_it(elsewhere: str) -> None:
    requests = await asked({URL: elsewhere, elsewhere: "https://news.example/back"})
    assert [str(request.url) for request in requests] == [URL, elsewhere, "https://news.example/back"]
    assert ["Authorization" in request.headers for request in requests] == [True, False, False]
    assert [request.headers["User-Agent"] for request in requests] == ["Newsroom"] * 3


async def test_a_redirect_within_the_feed_s_origin_keeps_them() -> None:
    requests = await asked({URL: "/new"})
    assert ["Authorization" in request.headers for request in requests] == [True, True]


async def test_an_address_that_polling_adopted_elsewhere_gets_nothing_secret() -> None:
    [request] = await asked({}, start="https://elsewhere.example/rss")
    assert "Authorization" not in request.headers


async def test_a_cookie_that_is_set_on_the_way_is_sent_along_the_way() -> None:
    requests = await asked({URL: "/new"})
    assert [request.headers.get("Cookie") for request in requests] == [None, "on-the-way=1"]


async def test_a_refusal_whose_body_breaks_off_is_a_refusal_all_the_same() -> None:
    async def breaking_off() -> AsyncIterator[bytes]:
        yield b"<html>"
        raise httpx.ReadError("reset")

    answer = await fetched(lambda _: httpx.Response(403, content=breaking_off()))
    assert isinstance(answer, Failed)
    assert answer.kind == "http_403"


@pytest.mark.parametrize("status", [403, 429, 503])
@pytest.mark.parametrize(
    ("headers", "body"),
    [({"cf-mitigated": "challenge"}, b""), ({}, b"<html><title>Just a moment...</title>")],
)
async def test_a_bot_wall_is_told_from_other_refusals(status: int, headers: dict[str, str], body: bytes) -> None:
    answer = await fetched(lambda _: httpx.Response(status, content=stream(body), headers=headers))
    assert isinstance(answer, Failed)
    assert (answer.kind, answer.status) == ("bot_wall", status)
    assert "Cloudflare" in answer.detail
