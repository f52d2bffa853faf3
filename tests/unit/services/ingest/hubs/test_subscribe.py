from urllib.parse import parse_qs

import httpx
import pytest

from schemas.messages import Subscription
from services.ingest.fetching.hosts import Hosts
from services.ingest.hubs.subscribe import Subscriber
from services.ingest.hubs.websub import Callbacks

TOPIC = "https://news.example/rss"
CALLBACKS = Callbacks("https://us.example", "a-key")
NONE: frozenset[str] = frozenset()


async def asked(hub: str, allowed: frozenset[str] = NONE, status: int = 202) -> list[httpx.Request]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await Subscriber(client, Hosts(0, 10), CALLBACKS, allowed).ask("f", Subscription(hub=hub, topic=TOPIC))
    return requests


@pytest.mark.parametrize("status", [202, 404, 500])
async def test_a_hub_is_asked_with_all_that_it_needs(status: int) -> None:
    [request] = await asked("https://hub.example/", status=status)
    assert request.method == "POST"
    assert parse_qs(request.content.decode()) == {
        "hub.mode": ["subscribe"],
        "hub.topic": [TOPIC],
        "hub.callback": [CALLBACKS.address("f", TOPIC)],
        "hub.secret": [CALLBACKS.secret("f", TOPIC)],
        "hub.lease_seconds": ["864000"],
    }


async def test_a_secret_is_not_sent_in_the_clear() -> None:
    assert await asked("http://hub.example/") == []
    assert len(await asked("http://hub.example:8080/", frozenset({"hub.example:8080"}))) == 1
