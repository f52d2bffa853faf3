"""The receiver believes nothing that is not signed."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from deploy.demo.options import HOOK
from deploy.demo.receiver import Call, application

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = b'{"type": "news.match", "data": {"alert_id": "a"}}'


@pytest.fixture
def calls() -> "asyncio.Queue[Call]":
    return asyncio.Queue()


async def post(calls: "asyncio.Queue[Call]", body: bytes, headers: Mapping[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(application(SECRET, calls))
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        return await client.post(HOOK, content=body, headers=headers)


def signed(body: bytes = BODY, age: timedelta = timedelta(0), secret: str = SECRET) -> dict[str, str]:
    at = datetime.now(UTC) - age
    return {
        "webhook-id": "delivery-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("delivery-1", at, body.decode()),
    }


async def test_a_webhook_that_verifies_is_taken(calls: "asyncio.Queue[Call]") -> None:
    assert (await post(calls, BODY, signed())).status_code == 204
    call = calls.get_nowait()
    assert (call.webhook_id, call.body, call.refused, call.repeated) == ("delivery-1", json.loads(BODY), None, False)


async def test_a_repeat_is_taken_and_known_as_one(calls: "asyncio.Queue[Call]") -> None:
    transport = httpx.ASGITransport(application(SECRET, calls))
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        for _ in range(2):
            assert (await client.post(HOOK, content=BODY, headers=signed())).status_code == 204
    assert [calls.get_nowait().repeated, calls.get_nowait().repeated] == [False, True]


UNBELIEVABLE: dict[str, Callable[[], tuple[bytes, dict[str, str]]]] = {
    "unsigned": lambda: (BODY, {}),
    "changed": lambda: (BODY + b" ", signed()),
    "old": lambda: (BODY, signed(age=timedelta(minutes=6))),
    "another secret": lambda: (BODY, signed(secret="whsec_" + base64.b64encode(b"x" * 32).decode())),
    "malformed": lambda: (BODY, signed() | {"webhook-signature": "nonsense"}),
    "not base64": lambda: (BODY, signed() | {"webhook-signature": "v1,not base64"}),
    "no time": lambda: (BODY, signed() | {"webhook-timestamp": "yesterday"}),
    "not UTF-8": lambda: (b"\xff", signed()),
}


@pytest.mark.parametrize("why", UNBELIEVABLE)
async def test_any_other_is_refused_with_400(calls: "asyncio.Queue[Call]", why: str) -> None:
    assert (await post(calls, *UNBELIEVABLE[why]())).status_code == 400
    call = calls.get_nowait()
    assert call.body is None
    assert call.refused
