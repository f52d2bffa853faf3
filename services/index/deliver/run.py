"""Deliver alerts to webhook endpoints: `python -m services.index deliver`."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from prometheus_client import Gauge

from schemas import codec, topics
from schemas.errors import Invalid, Transient
from schemas.messages import Alert
from services import engine, guarded_http, kafka, process, settings, vault
from services.dead_letters import DeadLetters
from services.engine import Engine
from services.index import readiness, searches, takedown
from services.index.deliver import courier, endpoints, hold, outbox, release, retry_schedule
from services.index.deliver.lanes import Lanes
from services.index.deliver.outbox import Delivery
from services.index.indices import ENDPOINTS, OUTBOX, SEARCHES, WINDOWS
from services.index.searches import SavedSearch
from services.kafka import Record
from services.telemetry import Progress, logger

log = logger(__name__)

DUE = Gauge("news_outbox_due", "Deliveries that the last scan found due, at most 100 an endpoint")

GROUP = "deliver"
WRITTEN = (OUTBOX, WINDOWS, ENDPOINTS)
SCAN_S = 1.0
RELEASE_S = 3.0  # between looks for held deliveries that nothing holds any more
AWAY_S = 5.0  # between scans while the engine is away
MAX_CONNECTIONS = 800  # below the usual limit of 1,024 files; lanes limit what one endpoint takes of them
LOOKUPS = 64  # of names at once: an endpoint whose name server hangs must not delay the others
SHUTDOWN_S = 8.0  # for attempts under way; container runtimes kill after 10 s

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of the process."""
    return datetime.now(UTC)


async def run(
    stop: asyncio.Event,
    progress: Progress,
    delays_s: Sequence[float] = retry_schedule.DELAYS_S,
    now: Now = utc_now,
) -> None:
    """Deliver until stopped: alert -> outbox -> offset committed; attempts go on beside, in a lane per endpoint.

    A crash loses nothing: what is owed is in the outbox, and a scan picks up what is due there.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(LOOKUPS, "lookup"))  # its own has few threads
    configured, outbound = settings.Deliver(), settings.Outbound()
    opened = vault.unlocked(settings.Secrets().encryption_keys.get_secret_value())
    async with (
        engine.connect(progress) as connected,
        kafka.producer("deliver", progress) as producer,
        guarded_http.client(
            allowed_hosts=outbound.allowed_hosts,
            timeout_s=configured.deliver_timeout_s,
            user_agent=outbound.user_agent,
            max_connections=MAX_CONNECTIONS,
            http1=True,  # one request a connection: an endpoint that hangs holds up no other attempt
        ) as client,
        asyncio.TaskGroup() as tasks,
    ):
        await readiness.until(partial(readiness.check, connected, WRITTEN), progress)
        attempts = courier.Courier(connected, client, opened, configured, delays_s, now)
        lanes = Lanes(tasks, attempts.attempt, configured.deliver_concurrency)
        dead_letters = DeadLetters("deliver", producer, now)
        scanning = tasks.create_task(scan(connected, lanes, stop, now))

        async def process(records: list[Record]) -> None:
            for endpoint_id, delivery_id in await accept(records, connected, dead_letters, now):
                lanes.offer(endpoint_id, delivery_id)  # the offsets are committed as soon as this returns

        try:
            await kafka.consume(group=GROUP, topic=topics.ALERTS, process=process, stop=stop, progress=progress)
            await scanning
        finally:
            await lanes.close(SHUTDOWN_S)


async def accept(
    records: Sequence[Record], engine: Engine, dead_letters: DeadLetters, now: Now
) -> list[tuple[str, str]]:
    """Write into the outbox what the alerts owe, and return (endpoint id, delivery id) of what is new there.

    Repeatable: what exists is left as it is. Raises Transient, before anything is dead-lettered.
    """
    alerts, rejected = decoded(records)
    stored = await engine.mget(SEARCHES, [alert.search_id for _, alert in alerts if alert.search_id])
    saved = {search_id: searches.saved_search(one.source) for search_id, one in stored.items()}
    alarmed = await endpoints.alarmed(engine) if any(alert.kind == "silent_feed" for _, alert in alerts) else []
    gone = await takedown.among(engine, (alert.item_id for _, alert in alerts))
    owed: list[tuple[Record, str, Delivery]] = []
    entries: list[hold.Entry] = []
    for record, alert in alerts:
        try:
            if alert.kind == "silent_feed":
                owed += [(record, *outbox.owed(alert, None, endpoint_id, now())) for endpoint_id in alarmed]
                continue
            search = saved.get(alert.search_id or "")
            delivery_id, delivery = addressed(alert, search, now())
            if alert.item_id in gone and alert.kind != "withdrawn":
                delivery = outbox.cleared(delivery, now())
            elif search and delivery.state == "pending" and alert.kind in hold.HELD_KINDS:
                if reason := search.silence(now()):
                    delivery = outbox.settled(delivery, "held", reason, now())
                else:
                    entries.append(hold.Entry(delivery_id, alert, delivery.endpoint_id, search))
            owed.append((record, delivery_id, delivery))
        except Exception as bug:
            rejected.append((record, bug))
    decided = await engine.mget(OUTBOX, [entry.delivery_id for entry in entries], only=["state"])
    waits = await hold.enter(engine, [entry for entry in entries if entry.delivery_id not in decided], now())
    owed = [
        (record, delivery_id, outbox.waiting(delivery, why) if (why := waits.get(delivery_id)) else delivery)
        for record, delivery_id, delivery in owed
    ]
    results = await outbox.create(engine, [(delivery_id, delivery) for _, delivery_id, delivery in owed])
    new = []
    for (record, delivery_id, delivery), result in zip(owed, results, strict=True):
        if result.verdict == "invalid":
            rejected.append((record, Invalid(f"outbox: {result.error}", reason="engine_refused")))
            continue
        dead_letters.fine()
        if result.verdict == "ok" and delivery.state == "pending":
            new.append((delivery.endpoint_id, delivery_id))
        elif result.verdict == "ok" and delivery.state == "waiting":
            log.info("delivery waits", reason=delivery.reason, delivery_id=delivery_id, trace_id=delivery.trace_id)
        elif result.verdict == "ok":
            courier.DELIVERIES.labels(delivery.state).inc()
            log.warning(
                f"delivery {delivery.state}",
                reason=delivery.reason,
                delivery_id=delivery_id,
                trace_id=delivery.trace_id,
            )
    for record, error in rejected:
        await dead_letters.send(record, error)
    return new


def decoded(records: Sequence[Record]) -> tuple[list[tuple[Record, Alert]], list[tuple[Record, Exception]]]:
    """Return the alerts, and the records that are none, with the error of each."""
    alerts: list[tuple[Record, Alert]] = []
    rejected: list[tuple[Record, Exception]] = []
    for record in records:
        try:
            alerts.append((record, codec.decode(record.value or b"", Alert)))
        except Invalid as error:
            rejected.append((record, error))
    return alerts, rejected


def addressed(alert: Alert, search: SavedSearch | None, now: datetime) -> tuple[str, Delivery]:
    """Return the id and the delivery that an alert owes to the endpoint of its search.

    What nobody can get any more is cancelled from the start: it stays on record.
    """
    if search and search.endpoint_id:
        return outbox.owed(alert, search.name, search.endpoint_id, now)
    delivery_id, delivery = outbox.owed(alert, search.name if search else None, outbox.NO_ENDPOINT, now)
    reason = "the saved search has no endpoint" if search else "the saved search was deleted"
    return delivery_id, outbox.settled(delivery, "cancelled", reason, now)


async def scan(engine: Engine, lanes: Lanes, stop: asyncio.Event, now: Now) -> None:
    """Offer what is due to the lanes, every SCAN_S until stopped: retries, follow-ups, what was left or held."""
    clock = asyncio.get_running_loop().time
    released_at = -RELEASE_S
    while not stop.is_set():
        pause_s = SCAN_S
        try:
            if clock() - released_at >= RELEASE_S:
                released_at = clock()
                await release.release(engine, now())
            written = await hold.close_due(engine, now())
            found = await outbox.due(engine, now(), lanes.full())
            DUE.set(len(found))
            for endpoint_id, delivery_id in (*written, *found):
                lanes.offer(endpoint_id, delivery_id)
        except Transient as error:
            log.warning("cannot look for due deliveries, will look again", error=str(error), delay_s=AWAY_S)
            pause_s = AWAY_S
        with_stop = asyncio.ensure_future(stop.wait())
        await asyncio.wait([with_stop], timeout=pause_s)
        with_stop.cancel()


def main() -> int:
    """Run until SIGTERM or SIGINT and return the exit status."""
    return process.run("deliver", run)
