import httpx
import pytest

from services import settings
from services.feeds.rules import new_feed
from services.ingest.fetching.clients import Clients
from services.ingest.fetching.hosts import Hosts
from services.ingest.formats.parse import ParsedFeed, parse
from services.ingest.sources.trial import Trials
from tests.unit.services.ingest.fetching.test_fetch import NOW, stream

RSS = b"<rss version='2.0'><channel><title>Vigie</title><item><title>One</title></item></channel></rss>"


class InThisProcess:
    """A parser pool that is none."""

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        return parse(body, content_type, url)


@pytest.mark.parametrize(("status", "kept"), [(301, "new"), (302, "rss")])
async def test_the_address_to_keep_is_where_it_moved_for_good(
    monkeypatch: pytest.MonkeyPatch, status: int, kept: str
) -> None:
    async def answer(self: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/rss":
            return httpx.Response(status, headers={"Location": "/new"}, request=request)
        return httpx.Response(200, content=stream(RSS), request=request)

    monkeypatch.setattr("services.guarded_http._GuardedTransport.handle_async_request", answer)
    clients = Clients(settings.Outbound(), 5, 10, None)
    trials = Trials(clients, InThisProcess(), Hosts(0.0, 1))  # type: ignore[arg-type]
    trial = await trials.run(new_feed("https://vigie.example/rss", NOW))
    await clients.aclose()
    assert (trial.kind, trial.url, trial.address) == (
        "ok",
        "https://vigie.example/new",
        f"https://vigie.example/{kept}",
    )
