"""Asking a hub to call us: WebSub, 5.1."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

import httpx

from schemas.messages import Subscription
from services.guarded_http import Blocked
from services.ingest.fetching.hosts import Hosts
from services.ingest.hubs.websub import LEASE, Callbacks
from services.telemetry import logger

log = logger(__name__)

TIMEOUT_S: Final = 20.0


class Subscriber:
    """Asks hubs. allowed_hosts: those that may be told a secret without TLS, beside being reached at all."""

    def __init__(
        self, client: httpx.AsyncClient, hosts: Hosts, callbacks: Callbacks, allowed_hosts: frozenset[str]
    ) -> None:
        self._client, self._hosts, self._callbacks, self._allowed_hosts = client, hosts, callbacks, allowed_hosts

    async def ask(self, feed_id: str, subscription: Subscription) -> None:
        """Ask for calls, or for more of them before the lease ends. Never raises for what a hub does: it is logged.

        The hub verifies by a call of its own, at once or later; only that counts.
        """
        hub, topic = subscription.hub, subscription.topic
        problem = self._problem(hub) or await self._post(
            hub,
            {
                "hub.mode": "subscribe",
                "hub.topic": topic,
                "hub.callback": self._callbacks.address(feed_id, topic),
                "hub.secret": self._callbacks.secret(feed_id, topic),
                "hub.lease_seconds": str(int(LEASE.total_seconds())),
            },
        )
        if problem:
            log.warning("hub cannot be asked to call", feed_id=feed_id, hub=hub, topic=topic, problem=problem)
        else:
            log.info("hub was asked to call", feed_id=feed_id, hub=hub, topic=topic)

    def _problem(self, hub: str) -> str | None:
        """A secret is sent encrypted only: WebSub, 5.1."""
        parts = urlsplit(hub)
        allowed = {parts.netloc, parts.hostname} & self._allowed_hosts
        return None if parts.scheme == "https" or allowed else "it is not https, and would be sent a secret"

    async def _post(self, hub: str, form: dict[str, str]) -> str | None:
        try:
            async with (
                self._hosts.turn(hub),
                asyncio.timeout(TIMEOUT_S),
                self._client.stream("POST", hub, data=form) as response,
            ):
                return None if response.is_success else f"it answered {response.status_code}"
        except (TimeoutError, httpx.TimeoutException):
            return f"no answer within {TIMEOUT_S:.0f} s"
        except (Blocked, httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}"
