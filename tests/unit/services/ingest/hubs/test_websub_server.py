import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from schemas.errors import Transient
from schemas.messages import HubNotice
from services.ingest.hubs import websub_server
from services.ingest.hubs.websub import LONGEST_LEASE, Callbacks
from services.ingest.hubs.websub_server import application

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
TOPIC = "https://news.example/rss"
CALLBACKS = Callbacks("http://us.example", "a-key")
ADDRESS = CALLBACKS.address("f", TOPIC)
GOOD = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "c <1>", "hub.lease_seconds": "864000"}


class Calls:
    """A hub's calls, and what the owner was told."""

    def __init__(self) -> None:
        self.told: list[HubNotice] = []
        self.broker_is_away = False
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(application(CALLBACKS, self.tell, lambda: NOW)))

    async def tell(self, notice: HubNotice) -> None:
        if self.broker_is_away:
            raise Transient("broker away")
        self.told.append(notice)

    async def verify(self, *, address: str = ADDRESS, **fields: str | None) -> httpx.Response:
        given = GOOD | {f"hub.{name}": value for name, value in fields.items()}
        params = {name: value for name, value in given.items() if value is not None}
        return await self.client.get(address, params=params)

    async def push(self, body: bytes = b"<rss/>", signature: str | None = None) -> httpx.Response:
        good = "sha256=" + hmac.new(CALLBACKS.secret("f", TOPIC).encode(), body, hashlib.sha256).hexdigest()
        return await self.client.post(ADDRESS, content=body, headers={"X-Hub-Signature": signature or good})


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    made = Calls()
    async with made.client:
        yield made


async def test_a_subscription_that_we_asked_for_is_verified_and_its_owner_told(calls: Calls) -> None:
    answer = await calls.verify()
    assert (answer.status_code, answer.text) == (200, "c <1>")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert calls.told == [HubNotice(feed_id="f", kind="verified", topic=TOPIC, at=NOW, until=NOW + timedelta(days=10))]


@pytest.mark.parametrize(
    "fields",
    [
        {"topic": "https://news.example/other"},
        {"mode": "unsubscribe"},
        {"mode": None},
        {"challenge": None},
        {"lease_seconds": None},
        {"lease_seconds": "-1"},
        {"lease_seconds": "0"},
    ],
)
async def test_what_we_did_not_ask_for_is_not(calls: Calls, fields: dict[str, Any]) -> None:
    assert (await calls.verify(**fields)).status_code == 404
    assert calls.told == []


async def test_an_address_that_is_not_ours_is_not_there(calls: Calls) -> None:
    for address in (ADDRESS[:-1] + "x", CALLBACKS.address("g", TOPIC).replace("/websub/", "/websub/%C3%A9")):
        assert (await calls.verify(address=address)).status_code == 404


async def test_a_lease_for_ever_is_believed_for_a_month(calls: Calls) -> None:
    await calls.verify(lease_seconds="99999999999")
    assert calls.told[0].until == NOW + LONGEST_LEASE


async def test_a_denial_is_told(calls: Calls) -> None:
    assert (await calls.verify(mode="denied", challenge=None)).status_code == 200
    assert (calls.told[0].kind, calls.told[0].until) == ("denied", None)


async def test_a_signed_push_is_told_and_any_other_refused(calls: Calls) -> None:
    assert (await calls.push()).status_code == 202
    assert [notice.kind for notice in calls.told] == ["push"]
    for signature in ("sha256=" + "0" * 64, "sha1=" + "0" * 40):
        assert (await calls.push(signature=signature)).status_code == 403
    assert len(calls.told) == 1


async def test_when_the_owner_cannot_be_told_the_hub_is_to_try_again(calls: Calls) -> None:
    calls.broker_is_away = True
    assert (await calls.push()).status_code == 503
    assert (await calls.verify()).status_code == 503


async def test_a_push_too_large_is_refused(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websub_server, "MAX_BODY", 10)
    assert (await calls.push(b"x" * 11)).status_code == 413
