"""Webhook endpoints: where a delivery goes, and what was learned of it."""

from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from services.engine import Engine
from services.index.indices import ENDPOINTS
from services.vault import Vault

Format = Literal["json", "slack", "teams", "discord"]

GONE = 410
MOST_ALARMED = 1_000


class Endpoint(msgspec.Struct, kw_only=True, frozen=True):
    """secrets: encrypted `whsec_` secrets, the newest first; each signs, the older ones until previous_until.

    failing_since: the first failure after the last success. disabled_at: since when deliveries to it are held;
    disabled_reason says why, in words. feed_alarms: it is told of feeds that fall silent. format: of the body.
    sealed_url: the address, encrypted, of a format whose addresses are secrets; `url` then names the host alone.
    """

    url: str
    secrets: list[str]
    created_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    feed_alarms: bool = False
    format: Format = "json"
    sealed_url: str | None = None
    previous_until: datetime | None = None


def addressed(url: str, form: Format, vault: Vault) -> dict[str, Any]:
    """Return the fields `url`, `format` and `sealed_url` of an endpoint at the address.

    Whoever knows the address of a chat's webhook can write there: it is kept like a secret, and shown to nobody.
    """
    if form == "json":
        return {"url": url}
    parts = urlsplit(url)
    return {"url": f"{parts.scheme}://{parts.hostname}/...", "format": form, "sealed_url": vault.encrypt(url)}


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


def signing(endpoint: Endpoint, now: datetime) -> list[str]:
    """Return the encrypted secrets that sign now."""
    over = endpoint.previous_until is not None and now >= endpoint.previous_until
    return endpoint.secrets[:1] if over else endpoint.secrets


def rotated(endpoint: Endpoint, secret: str, overlap: timedelta, now: datetime) -> Endpoint:
    """Return the endpoint with a new secret, encrypted. The one before signs too while the overlap lasts."""
    return msgspec.structs.replace(endpoint, secrets=[secret, *endpoint.secrets[:1]], previous_until=now + overlap)


async def rotate(engine: Engine, endpoint_id: str, secret: str, overlap: timedelta, now: datetime) -> Endpoint | None:
    """Give the endpoint a new secret, and return it; None where it was deleted. Raises Transient."""
    while stored := await engine.get(ENDPOINTS, endpoint_id):
        after = rotated(msgspec.convert(stored.source, Endpoint), secret, overlap, now)
        if await engine.replace(ENDPOINTS, stored, msgspec.to_builtins(after)):
            return after
    return None


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
