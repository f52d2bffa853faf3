"""One delivery: lease it, attempt it, record what came of it."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from prometheus_client import Counter, Histogram
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from schemas.errors import Transient
from services import settings
from services.engine import Engine
from services.index import searches, takedown
from services.index.deliver import attempt, endpoints, follow_up, outbox, retry_schedule, signature
from services.index.deliver.endpoints import Endpoint
from services.index.deliver.formats import shape
from services.index.deliver.obstacle import obstacle
from services.index.deliver.outbox import Attempt, Delivery
from services.index.indices import OUTBOX
from services.index.searches import SavedSearch
from services.retry_after import retry_after as seconds_asked
from services.telemetry import logger
from services.vault import Undecryptable, Vault

log = logger(__name__)

DELIVERIES = Counter("news_deliveries_total", "Deliveries by the state that they reached", ["outcome"])
ATTEMPTS = Counter("news_delivery_attempts_total", "Attempts by status class, or no_answer", ["outcome"])
LATENCY = Histogram(
    "news_delivery_latency_seconds",
    "From the item's detection in a feed to the endpoint's 2xx; late: the item was caught up with",
    ["late"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 86_400),
)

LEASE_MARGIN_S = 10.0  # a lease outlives the request by this: time to record, and clocks that differ


class Courier:
    """Attempts deliveries. Holds what every attempt needs, and no state of its own."""

    def __init__(
        self,
        engine: Engine,
        client: httpx.AsyncClient,
        vault: Vault,
        configured: settings.Deliver,
        delays_s: Sequence[float],
        now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._client = client
        self._vault = vault
        self._timeout_s = configured.deliver_timeout_s
        self._lease = timedelta(seconds=configured.deliver_timeout_s + LEASE_MARGIN_S)
        self._disable_after = timedelta(hours=configured.deliver_disable_after_h)
        self._delays_s = delays_s
        self._now = now

    async def attempt(self, delivery_id: str) -> bool:
        """Make one attempt at a delivery that is due; nothing where it is not due, or somebody else is at it.

        While the engine is away nothing is attempted: a scan finds the delivery again. False when an attempt failed.
        """
        try:
            taken = await self._take(delivery_id)
        except Transient as error:
            log.warning("engine is away: a later scan takes the delivery", delivery_id=delivery_id, error=str(error))
            return True
        if taken is None:
            return True
        token, delivery, endpoint = taken
        try:
            made, retry_after = await self._post(delivery_id, delivery, endpoint)
        except asyncio.CancelledError:
            await self._release(delivery_id, token)
            raise
        await self._record(delivery_id, token, delivery, endpoint, made, retry_after)
        return made.succeeded

    async def _take(self, delivery_id: str) -> tuple[str, Delivery, Endpoint] | None:
        """Lease the delivery, just before its attempt, or settle one that has lost its purpose."""
        stored = await self._engine.get(OUTBOX, delivery_id)
        if stored is None or not (delivery := outbox.delivery_of(stored)).is_due(self._now()):
            return None
        search, endpoint, gone = await asyncio.gather(
            self._search(delivery),
            endpoints.read(self._engine, delivery.endpoint_id),
            takedown.among(self._engine, _told_of(delivery)),
        )
        if gone and delivery.kind == "digest":
            await outbox.take_out(self._engine, delivery_id, gone, self._now())
            return None  # a later scan takes what is left
        if gone:
            await outbox.change(self._engine, delivery_id, lambda found: outbox.cleared(found, self._now()))
            DELIVERIES.labels("cancelled").inc()
            log.warning("delivery cancelled", reason=outbox.TAKEN_DOWN, **names(delivery_id, delivery))
            return None
        against = obstacle(delivery, search, endpoint, self._now())
        if against is None and endpoint:
            token = await outbox.take(self._engine, stored, self._now(), self._lease)
            return (token, delivery, endpoint) if token else None
        if against and await outbox.settle(self._engine, stored, *against, self._now()):
            DELIVERIES.labels(against[0]).inc()
            log.warning(f"delivery {against[0]}", reason=against[1], **names(delivery_id, delivery))
        return None

    async def _search(self, delivery: Delivery) -> SavedSearch | None:
        return await searches.get(self._engine, delivery.search_id) if delivery.search_id else None

    async def _post(self, delivery_id: str, delivery: Delivery, endpoint: Endpoint) -> tuple[Attempt, str | None]:
        now, body = self._now(), shape.shaped(endpoint.format, delivery.body.encode())
        try:
            secrets = [self._vault.decrypt(token) for token in endpoints.signing(endpoint, now)]
            url = self._vault.decrypt(endpoint.sealed_url) if endpoint.sealed_url else endpoint.url
        except Undecryptable as error:
            return Attempt(at=now, status=None, latency_ms=0, error=str(error), response=""), None
        headers = signature.headers(delivery_id, int(now.timestamp()), body, secrets)
        return await attempt.post(self._client, url, headers, body, timeout_s=self._timeout_s, at=now)

    async def _record(
        self,
        delivery_id: str,
        token: str,
        delivery: Delivery,
        endpoint: Endpoint,
        made: Attempt,
        retry_after: str | None,
    ) -> None:
        now = self._now()
        delay_s = self._next_delay(delivery, retry_after, now)
        try:
            async for retry in AsyncRetrying(
                retry=retry_if_exception_type(Transient),
                wait=wait_exponential_jitter(multiplier=0.2, max=2),
                stop=stop_after_delay(LEASE_MARGIN_S),
                reraise=True,
            ):
                with retry:
                    after = await outbox.change(
                        self._engine, delivery_id, lambda found: outbox.recorded(found, token, made, delay_s, now)
                    )
                    await self._learn(delivery.endpoint_id, endpoint, made)
        except Transient as error:
            log.error("attempt not recorded: it will be repeated", error=str(error), **names(delivery_id, delivery))
            return
        if after:
            _tell(delivery_id, after, endpoint, made, now)

    def _next_delay(self, delivery: Delivery, retry_after: str | None, now: datetime) -> float | None:
        """Somebody waits for the outcome of a test: it is attempted once."""
        if delivery.kind == "test":
            return None
        asked_s = seconds_asked(retry_after, now)
        return retry_schedule.next_delay(outbox.tries(delivery) + 1, asked_s, random.random(), self._delays_s)

    async def _learn(self, endpoint_id: str, endpoint: Endpoint, made: Attempt) -> None:
        """Most attempts say nothing new about the endpoint that was just read: then it is not read again."""
        if endpoints.learned(endpoint, made.status, made.at, self._disable_after) is endpoint:
            return
        changed = await endpoints.learn(self._engine, endpoint_id, made.status, made.at, self._disable_after)
        if changed and changed.disabled_at and not endpoint.disabled_at:
            log.error("endpoint disabled", endpoint_id=endpoint_id, reason=changed.disabled_reason)

    async def _release(self, delivery_id: str, token: str) -> None:
        """An attempt that is given up: its outcome is unknown, anybody may repeat it at once."""
        with suppress(Transient, TimeoutError):
            async with asyncio.timeout(2):
                await outbox.change(self._engine, delivery_id, lambda found: outbox.released(found, token))


def _told_of(delivery: Delivery) -> set[str]:
    """The items of which it has words."""
    if delivery.kind == "digest":
        return follow_up.item_ids(delivery.body.encode())
    return {delivery.item_id} if delivery.item_id and delivery.kind != "withdrawn" else set()


def names(delivery_id: str, delivery: Delivery) -> dict[str, Any]:
    """What a log line says to find the delivery, and all that belongs to it, again."""
    return {
        "delivery_id": delivery_id,
        "trace_id": delivery.trace_id,
        "alert_id": delivery.alert_id,
        "search_id": delivery.search_id,
        "endpoint_id": delivery.endpoint_id,
        "item_id": delivery.item_id,
    }


def _tell(delivery_id: str, delivery: Delivery, endpoint: Endpoint, made: Attempt, now: datetime) -> None:
    """Count and log an attempt that is recorded. URLs can carry secrets: the log has the host alone."""
    ATTEMPTS.labels(f"{made.status // 100}xx" if made.status else "no_answer").inc()
    said = names(delivery_id, delivery) | {
        "host": urlsplit(endpoint.url).hostname,
        "attempt": len(delivery.attempts),
        "status": made.status,
        "latency_ms": made.latency_ms,
    }
    if made.succeeded:
        DELIVERIES.labels("delivered").inc()
        by_itself = delivery.redelivered_at is None  # how long a person took to ask again is no latency
        if delivery.fetched_at and by_itself:
            since_fetched_s = (now - delivery.fetched_at).total_seconds()
            LATENCY.labels(str(delivery.late).lower()).observe(since_fetched_s)
            said["since_fetched_ms"] = round(since_fetched_s * 1000)
        log.info("delivered", **said)
    elif delivery.state == "failed":
        DELIVERIES.labels("failed").inc()
        log.error("delivery failed for good", error=made.error, **said)
    else:
        log.warning("attempt failed", error=made.error, due_at=delivery.due_at.isoformat(), **said)
