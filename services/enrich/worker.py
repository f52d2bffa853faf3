"""The faust worker: news.raw -> tag -> news.enriched. The only file that imports faust.

At least once: a batch is acknowledged, in offset order, after all that it produced is confirmed by the broker. Raising
inside a faust agent acknowledges what it was working on, so nothing is raised there: a bug outside the pure step ends
the process without committing, and the batch is read again.
"""

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NoReturn

import faust
from faust.tables import TableManager
from mode import CrashingSupervisor
from prometheus_client import Gauge, Histogram

from schemas import topics
from schemas.errors import Transient
from services import kafka, settings, telemetry
from services.dead_letters import DeadLetters, Flood
from services.enrich import retag_consumer
from services.enrich.batch import Tag, send_tagged
from services.kafka import Producer, Record
from services.live_traffic import LiveTraffic
from services.telemetry import Progress

log = telemetry.logger(__name__)

GROUP = "enrich"
BATCH = 200  # records, at most
WITHIN = 0.05  # seconds until a smaller batch is taken
STOP_S = 9.0  # seconds that a clean stop may take
LOOK_S = 2.0  # seconds between two looks at offsets, for liveness
FIRST_LOOKS_S = 0.1  # and until it has partitions
EXIT_BUG = 70  # EX_SOFTWARE
EXIT_FLOOD = 65  # EX_DATAERR

SECONDS = Histogram("news_enrich_batch_seconds", "From taking a batch to acknowledging it")
LAG = Gauge("news_enrich_lag", "Records of news.raw that are not committed yet, in this replica's partitions")


def run(tag: Tag, serial: int, prepared: Callable[[], None] = lambda: None) -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code: 0 stopped, 65 nearly all input is invalid, 70 a bug.

    serial: of the gazetteer that `tag` uses. prepared: blocks until `tag` can be called.
    """
    progress = telemetry.start(GROUP)
    for noisy in ("faust", "mode", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return asyncio.run(_work(tag, serial, prepared, progress))


async def _work(tag: Tag, serial: int, prepared: Callable[[], None], progress: Progress) -> int:
    stop, started = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.create_task(_until_stopped(tag, serial, prepared, progress, stop, started))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set() and not started.is_set():  # still waiting for the broker: there is nothing to finish
        working.cancel()
        await asyncio.wait({working})
        return 0
    try:
        return await asyncio.wait_for(working, STOP_S)
    except TimeoutError:
        log.warning("could not stop cleanly: what was not committed will be read again", waited_s=STOP_S)
        _leave(0)


async def _until_stopped(
    tag: Tag,
    serial: int,
    prepared: Callable[[], None],
    progress: Progress,
    stop: asyncio.Event,
    started: asyncio.Event,
) -> int:
    async with kafka.producer(GROUP, progress) as producer:  # waits for the broker
        live = LiveTraffic(BATCH)
        app = make_app(tag, prepared, producer, live, progress)
        started.set()
        await app.start()
        log.info("started", topic=topics.RAW, group=GROUP)
        watch = asyncio.create_task(_watch(app, prepared, progress))
        retagging = asyncio.create_task(retag_consumer.run(serial, tag, producer, live, stop))
        await app.wait_for_stopped(stop.wait())
        if app.crashed:
            log.critical("faust crashed: nothing unfinished is committed", exc_info=app.crash_reason)
            _leave(EXIT_BUG)
        watch.cancel()
        await asyncio.gather(app.stop(), retagging)
    log.info("stopped")
    return 0


class NoTables(TableManager):
    """faust waits a second at every start for tables to be declared, and then subscribes. We have none."""

    logger = logging.getLogger("faust.tables")

    async def on_start(self) -> None:
        """As in faust 0.15.3, without the wait."""
        await self._update_channels()
        await self.recovery.start()


def make_app(
    tag: Tag, prepared: Callable[[], None], producer: Producer, live: LiveTraffic, progress: Progress
) -> faust.App:
    """The faust app with its one agent. The topics exist already: faust declares none."""
    app = faust.App(
        GROUP,
        autodiscover=False,
        origin=__name__,
        **_connection(),
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=131_072,  # of a partition at once; a larger record still comes, alone (KIP-74)
        producer_max_request_size=topics.largest_message_bytes(),
        broker_session_timeout=10.0,  # a killed replica's partitions pass on after as many seconds
        broker_heartbeat_interval=3.0,
        broker_commit_interval=1.0,
        broker_commit_every=2_000,
        stream_buffer_maxsize=2 * BATCH,
        stream_wait_empty=True,
        agent_supervisor=CrashingSupervisor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        TableManager=NoTables,
        web_enabled=False,
        worker_redirect_stdouts=False,
        store="memory://",
    )
    raw = app.topic(topics.RAW, key_serializer="raw", value_serializer="raw", value_type=bytes, allow_empty=True)
    dead_letters = DeadLetters(GROUP, producer)

    @app.agent(raw, concurrency=1, name=GROUP)
    async def enrich(stream: Any) -> None:
        await asyncio.to_thread(prepared)
        async for events in stream.noack_take(BATCH, within=WITHIN):
            try:
                with SECONDS.time(), live.batch(len(events)):
                    await _until_sent([_record(event) for event in events], tag, producer, dead_letters, progress)
                    for event in events:
                        await stream.ack(event)
            except asyncio.CancelledError:
                raise
            except Flood as error:
                log.critical("stopped: check what writes to news.raw, then start again", reason=str(error))
                _leave(EXIT_FLOOD)
            except BaseException as error:
                log.critical("bug outside the tagging: nothing of the batch is committed", exc_info=error)
                _leave(EXIT_BUG)

    return app


async def _until_sent(
    records: Sequence[Record],
    tag: Tag,
    producer: Producer,
    dead_letters: DeadLetters,
    progress: Progress,
) -> None:
    """Tag the records and send the results, however long the broker is away; returns when all are confirmed."""
    done: set[int] = set()
    for attempt in count():
        try:
            await send_tagged(records, tag, topics.ENRICHED, producer, dead_letters, done)
            return
        except Transient as error:
            delay = kafka.back_off_s(attempt)
            log.warning("broker is not ready, will send the batch again", error=str(error), records=len(records))
            progress.waiting(str(error))
            await asyncio.sleep(delay)


def _record(event: Any) -> Record:
    message = event.message
    headers = message.headers or ()
    pairs = headers.items() if hasattr(headers, "items") else headers
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        tuple(pairs),
        int((message.timestamp or 0) * 1000),
    )


async def _watch(app: faust.App, prepared: Callable[[], None], progress: Progress) -> None:
    """Report progress: committed offsets move, or there is no lag. Silence is what liveness sees."""
    await asyncio.to_thread(prepared)
    progress.waiting("partitions")
    before: dict[Any, int] = {}
    joined = False
    while True:
        await asyncio.sleep(LOOK_S if joined else FIRST_LOOKS_S)
        consumer = app.consumer
        assigned = consumer.assignment()
        if not assigned or app.rebalancing:
            continue
        if not joined:  # ready now: offsets are told only after a first, empty fetch has waited its time
            progress.advanced()
            joined = True
        committed = dict(app.monitor.tp_committed_offsets)
        try:
            ends = await consumer.highwaters(*assigned)
            reached = {tp: committed.get(tp) or await consumer.position(tp) or 0 for tp in assigned}
        except Exception as error:  # whatever faust makes of a broker that does not answer
            progress.waiting(f"the broker: {error!r}")
            continue
        lag = sum(max(0, (ends.get(tp) or 0) - reached[tp]) for tp in assigned)
        LAG.set(lag)
        if lag == 0 or committed != before:
            progress.advanced()
        before = committed


def _connection() -> dict[str, Any]:
    """Where the broker is and how it is spoken to, in faust's terms."""
    configured = settings.Kafka()
    arguments: dict[str, Any] = {
        "broker": [f"kafka://{server.strip()}" for server in configured.kafka_bootstrap_servers.split(",")]
    }
    context = None
    if configured.kafka_security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=configured.kafka_ca_file)
        arguments["broker_credentials"] = faust.SSLCredentials(context)
    if configured.kafka_security_protocol.startswith("SASL"):
        password = configured.kafka_password
        arguments["broker_credentials"] = faust.SASLCredentials(
            username=configured.kafka_username,
            password=password.get_secret_value() if password else None,
            mechanism=configured.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return arguments


def _leave(code: int) -> NoReturn:
    """End the process at once: in faust nothing else keeps unprocessed messages uncommitted."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    os._exit(code)
