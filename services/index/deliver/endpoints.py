"""Webhook endpoints: where a delivery goes, and what was learned of it."""

from datetime import datetime, timedelta

import msgspec

from services.index.engine import Engine
from services.index.indices import ENDPOINTS

GONE = 410
MOST_ALARMED = 1_000


class Endpoint(msgspec.Struct, kw_only=True, frozen=True):
    """secrets: encrypted `whsec_` secrets, the newest first; each signs. failing_since: the first failure after the
    last success. disabled_at: since when deliveries to it are held; disabled_reason says why, in words. feed_alarms: it
    is told of feeds that fall silent.
    """

    url: str
    secrets: list[str]
    created_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    feed_alarms: bool = False


def learned(endpoint: Endpoint, status: int | None, at: datetime, disable_after: timedelta) -> Endpoint:
    """Return the endpoint after an attempt, itself where nothing changes (then nothing is written).

    status: of the answer, None where there was none. A success enables it again: only a test is sent to a disabled one.
    """
    change = msgspec.structs.replace
    if status is not None and 200 <= status < 300:
        healthy = change(endpoint, failing_since=None, disabled_at=None, disabled_reason=None)
        return endpoint if healthy == endpoint else healthy
    failing = endpoint if endpoint.failing_since else change(endpoint, failing_since=at)
    if failing.disabled_at:
        return failing
    if status == GONE:
        return change(failing, disabled_at=at, disabled_reason="it answered 410 Gone: it wants no more webhooks")
    if failing.failing_since and at - failing.failing_since >= disable_after:
        hours = disable_after / timedelta(hours=1)
        return change(failing, disabled_at=at, disabled_reason=f"every attempt in the last {hours:g} hours failed")
    return failing


async def read(engine: Engine, endpoint_id: str) -> Endpoint | None:
    """Return the endpoint as it is now, None where it was deleted."""
    stored = await engine.get(ENDPOINTS, endpoint_id)
    return msgspec.convert(stored.source, Endpoint) if stored else None


async def learn(
    engine: Engine, endpoint_id: str, status: int | None, at: datetime, disable_after: timedelta
) -> Endpoint | None:
    """Record what an attempt says about the endpoint, and return it where that changed it."""
    while stored := await engine.get(ENDPOINTS, endpoint_id):
        before = msgspec.convert(stored.source, Endpoint)
        after = learned(before, status, at, disable_after)
        if after is before:
            return None
        if await engine.replace(ENDPOINTS, stored, msgspec.to_builtins(after)):
            return after
    return None


async def alarmed(engine: Engine) -> list[str]:
    """Return the ids of the endpoints that are told of silent feeds. A search: creating one refreshes the index."""
    body = {"query": {"term": {"feed_alarms": True}}, "size": MOST_ALARMED, "_source": False, "sort": ["created_at"]}
    return [hit["_id"] for hit in (await engine.search(ENDPOINTS, body))["hits"]["hits"]]
