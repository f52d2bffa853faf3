"""Each feed is asked for in its own manner; what is secret is opened for the request only, and told to nobody else."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from cryptography.fernet import Fernet

from schemas.messages import Feed
from services import settings
from services.feeds.credentials import Credentials, sealed
from services.feeds.rules import new_feed
from services.ingest.fetching.clients import Clients
from services.ingest.fetching.fetch import Document, Failed, Fetched
from services.vault import Vault
from tests.unit.services.ingest.fetching.test_fetch import NOW, stream

VAULT = Vault(Fernet.generate_key().decode())
FEED = new_feed("https://news.example/rss", NOW)
requests: list[httpx.Request] = []


@pytest.fixture
async def clients(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clients]:
    """Clients whose requests are kept in `requests`, instead of being sent; each answer sets a cookie."""
    requests.clear()

    async def answer(self: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=stream(b"<rss/>"), headers={"Set-Cookie": "session=1"}, request=request)

    monkeypatch.setattr("services.guarded_http._GuardedTransport.handle_async_request", answer)
    made = Clients(settings.Outbound(), 5, 10, VAULT)
    yield made
    await made.aclose()


async def fetch(clients: Clients, feed: Feed) -> Fetched:
    return await clients.fetch(feed, feed.url, None, None, lambda: NOW)


async def test_user_agent_headers_and_credentials_are_sent(clients: Clients) -> None:
    token = sealed(Credentials(basic="reader:a secret"), VAULT)
    feed = msgspec.structs.replace(FEED, user_agent="Newsroom", headers={"Accept-Language": "fr"}, credentials=token)
    assert isinstance(await fetch(clients, feed), Document)
    [request] = requests
    assert request.headers["User-Agent"] == "Newsroom"
    assert request.headers["Accept-Language"] == "fr"
    assert httpx.BasicAuth("reader", "a secret")._auth_header == request.headers["Authorization"]


async def test_a_cookie_is_the_feed_s_alone_and_what_a_site_sets_is_forgotten(clients: Clients) -> None:
    own = msgspec.structs.replace(FEED, credentials=sealed(Credentials(cookie="paid=yes; id=7"), VAULT))
    for feed in (own, own, FEED):
        await fetch(clients, feed)
    assert [request.headers.get("Cookie") for request in requests] == ["paid=yes; id=7", "paid=yes; id=7", None]


async def test_feeds_share_a_client_unless_they_connect_differently(clients: Clients) -> None:
    for feed in (FEED, msgspec.structs.replace(FEED, user_agent="x"), msgspec.structs.replace(FEED, http1=True)):
        await fetch(clients, feed)
    assert len(clients._clients) == 2


async def test_credentials_under_another_key_are_a_failure_in_words_that_do_not_show_them(clients: Clients) -> None:
    token = sealed(Credentials(basic="reader:a secret"), Vault(Fernet.generate_key().decode()))
    answer = await fetch(clients, msgspec.structs.replace(FEED, credentials=token))
    assert isinstance(answer, Failed)
    assert (answer.kind, requests) == ("credentials", [])
    assert "NEWS_ENCRYPTION_KEYS" in answer.detail


async def test_without_keys_only_feeds_with_credentials_fail() -> None:
    keyless = Clients(settings.Outbound(), 5, 10, None)
    answer = await fetch(keyless, msgspec.structs.replace(FEED, credentials=sealed(Credentials(cookie="a=b"), VAULT)))
    await keyless.aclose()
    assert isinstance(answer, Failed)
    assert answer.kind == "credentials"


async def test_a_proxy_that_nobody_allowed_is_not_used(clients: Clients) -> None:
    answer = await fetch(clients, msgspec.structs.replace(FEED, proxy="http://proxy.example:3128"))
    assert isinstance(answer, Failed)
    assert (answer.kind, requests) == ("blocked", [])
