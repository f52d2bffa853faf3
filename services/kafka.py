"""Kafka as the services use it: confirmed sends, and batches that are committed last.

The only module beside ingest's ownership that imports aiokafka. Its errors arrive as Transient; a commit that the
group refuses after a rebalance drops the batch, whose new owner has it.
"""

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
)
from aiokafka.partitioner import DefaultPartitioner
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, stop_never, wait_exponential_jitter

from schemas import topics
from schemas.errors import Invalid, Transient
from services import settings
from services.batch_size import BatchSize
from services.telemetry import Progress, logger

log = logger(__name__)

PATIENCE_S = 10.0  # that a command which a person waits for has with a broker that is away
LONG_S = 10.0  # of work on one batch, after which the partitions are paused and polled on
STALLED_S = 30.0  # without a record that must be there: such a command gives up

Headers = Sequence[tuple[str, bytes]]


class Record(msgspec.Struct, frozen=True):
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


def connection(client_id: str) -> dict[str, Any]:
    """Arguments of any aiokafka client: where the broker is and how it is spoken to."""
    kafka = settings.Kafka()
    arguments: dict[str, Any] = {
        "bootstrap_servers": kafka.kafka_bootstrap_servers,
        "client_id": client_id,
        "security_protocol": kafka.kafka_security_protocol,
    }
    if kafka.kafka_security_protocol.endswith("SSL"):
        arguments["ssl_context"] = ssl.create_default_context(cafile=kafka.kafka_ca_file)
    if kafka.kafka_security_protocol.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": kafka.kafka_sasl_mechanism,
            "sasl_plain_username": kafka.kafka_username,
            "sasl_plain_password": kafka.kafka_password.get_secret_value() if kafka.kafka_password else None,
        }
    return arguments


async def started(client: Any, progress: Progress | None = None, patience_s: float | None = None) -> None:
    """Start an aiokafka client, waiting for the broker as long as it takes, or `patience_s`: then raises Transient."""
    where = settings.Kafka().kafka_bootstrap_servers
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((KafkaConnectionError, OSError)),
            wait=wait_exponential_jitter(multiplier=0.5, max=15),
            stop=stop_after_delay(patience_s) if patience_s else stop_never,
            before_sleep=lambda state: log.warning(
                "broker is away, waiting", broker=where, attempt=state.attempt_number
            ),
            reraise=True,
        ):
            with attempt:
                if progress and attempt.retry_state.attempt_number > 1:
                    progress.waiting("the broker")
                await client.start()
    except (KafkaConnectionError, OSError) as error:
        raise Transient(f"no broker at {where} (NEWS_KAFKA_BOOTSTRAP_SERVERS): {error}") from error


class Producer:
    """Sends that are confirmed by all replicas before they return."""

    def __init__(self, client: AIOKafkaProducer) -> None:
        self._client = client

    async def send(
        self, topic: str, key: str | None, value: bytes | None, headers: Headers = (), partition: int | None = None
    ) -> int:
        """Send one record and return its offset. Raises Invalid (`too_large`) or Transient."""
        encoded = None if key is None else key.encode()
        try:
            sent = await self._client.send_and_wait(topic, value, encoded, partition, headers=list(headers))
        except MessageSizeTooLargeError as error:
            raise Invalid(str(error), reason="too_large") from error
        except KafkaError as error:
            raise Transient(f"send to {topic}: {error!r}") from error
        offset: int = sent.offset
        return offset

    async def partition_of(self, topic: str, key: str) -> int:
        """Return the partition to which a record with this key goes. Raises Transient."""
        try:
            partitions = sorted(await self._client.partitions_for(topic))
        except KafkaError as error:
            raise Transient(f"partitions of {topic}: {error!r}") from error
        partition: int = DefaultPartitioner()(key.encode(), partitions, partitions)
        return partition

    async def send_all(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        """Send (key, value) records at once and return when all are confirmed. Raises Invalid or Transient."""
        await asyncio.gather(*(self.send(topic, key, value) for key, value in records))


async def read(topic: str, since: datetime | None = None) -> AsyncGenerator[Record, None]:
    """Yield what a topic holds now, or of it what was sent since, one partition after the other. Raises Transient."""
    async with _reader(topic) as client:
        partitions = sorted(client.assignment())
        ends = await client.end_offsets(partitions)
        if since is not None:
            stamp = int(since.timestamp() * 1_000)
            found = await client.offsets_for_times(dict.fromkeys(partitions, stamp))
            for partition in partitions:
                client.seek(partition, found[partition].offset if found[partition] else ends[partition])
        for partition in partitions:
            while await client.position(partition) < ends[partition]:
                for record in await _next(client, partition):
                    yield as_record(record)


async def read_at(topic: str, places: Sequence[tuple[int, int]]) -> AsyncGenerator[Record, None]:
    """Yield the records at these (partition, offset), without those that are not there. Raises Transient."""
    async with _reader(topic) as client:
        partitions = {partition.partition: partition for partition in client.assignment()}
        firsts, ends = (
            await client.beginning_offsets(partitions.values()),
            await client.end_offsets(partitions.values()),
        )
        for number, offset in places:
            partition = partitions.get(number)
            if partition is None or not firsts[partition] <= offset < ends[partition]:
                continue
            client.seek(partition, offset)
            for record in await _next(client, partition, most=1):
                if record.offset == offset:
                    yield as_record(record)


async def read_compacted(topic: str) -> dict[str, bytes]:
    """Return the last value of each key of a compacted topic, as it is now. Raises Transient."""
    latest: dict[str, bytes] = {}
    async for record in read(topic):
        latest.pop(key := (record.key or b"").decode("utf-8", "replace"), None)
        if record.value is not None:
            latest[key] = record.value
    return latest


@asynccontextmanager
async def _reader(topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of all partitions, in no group, at the beginning. Raises Transient, also for what the block meets."""
    client = AIOKafkaConsumer(
        topic,
        **connection("reader"),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=topics.load()[topic].max_message_bytes,
    )
    try:
        await started(client, patience_s=PATIENCE_S)
        yield client
    except KafkaError as error:
        raise Transient(f"cannot read {topic}: {error!r}") from error
    finally:
        await client.stop()


async def _next(client: AIOKafkaConsumer, partition: TopicPartition, most: int | None = None) -> Sequence[Any]:
    """The next records of a partition that has more; none where compaction left a gap. Raises Transient."""
    until, position = asyncio.get_running_loop().time() + STALLED_S, await client.position(partition)
    while asyncio.get_running_loop().time() < until:
        polled = await client.getmany(partition, timeout_ms=500, max_records=most)
        if (records := polled.get(partition)) or await client.position(partition) != position:
            return cast("Sequence[Any]", records or ())
    raise Transient(f"{partition.topic} gives nothing for {STALLED_S:.0f} s")


async def follow(topic: str, take: Callable[[Record], None], caught_up: Callable[[], None]) -> None:
    """Read a whole topic from its beginning, record by record, and go on for ever.

    `caught_up` is called once, when what was there at the start is read. Waits for the broker as long as it takes.
    """
    client = AIOKafkaConsumer(
        topic,
        **connection("follower"),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=topics.load()[topic].max_message_bytes,
    )
    try:
        await started(client)
        behind = await client.end_offsets(client.assignment())
        while True:
            if behind:
                behind = {part: end for part, end in behind.items() if await client.position(part) < end}
                if not behind:
                    caught_up()
            for records in (await client.getmany(timeout_ms=500)).values():
                for record in records:
                    take(as_record(record))
    finally:
        await client.stop()


@asynccontextmanager
async def producer(
    client_id: str, progress: Progress | None = None, patience_s: float | None = None
) -> AsyncIterator[Producer]:
    """A producer, flushed and closed at the end. Idempotent: a retry inside the client repeats nothing.

    Waits for the broker like `started`.
    """
    client = AIOKafkaProducer(
        **connection(client_id),
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=131_072,  # of one partition in one request
        max_request_size=topics.largest_message_bytes(),
    )
    await started(client, progress, patience_s)
    try:
        yield Producer(client)
    finally:
        await client.stop()


async def consume(
    *,
    group: str,
    topic: str,
    process: Callable[[list[Record]], Awaitable[None]],
    stop: asyncio.Event,
    progress: Progress,
    batch: int = 200,
    gather_s: float = 0.0,
) -> None:
    """Run `process` on batches of one topic until `stop`; a batch's offsets are committed after it returns.

    A batch is what waits, at most `batch` records; the first of them waits for others for `gather_s` at most.
    When `process` raises Transient, the partitions are paused, the consumer polls on (or the group would evict it), and
    the same records are processed again, fewer at once: it must be repeatable. So are they paused while it takes long.
    Any other error leaves without committing.
    """
    client = AIOKafkaConsumer(
        topic,
        **connection(group),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=batch,
        max_partition_fetch_bytes=topics.load()[topic].max_message_bytes,
    )
    await started(client, progress)
    size = BatchSize(batch)
    try:
        while not stop.is_set():
            polled = await _gathered(client, batch, gather_s)
            records = [as_record(record) for read in polled.values() for record in read]
            if records and not await _until_processed(client, process, records, size, stop, progress):
                return
            await _commit(client, {partition: read[-1].offset + 1 for partition, read in polled.items()})
            progress.advanced()
    finally:
        await client.stop()


def as_record(record: Any) -> Record:
    """aiokafka's record as ours."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        record.headers,
        record.timestamp,
    )


def back_off_s(attempt: int) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 0): doubling to 10, with jitter."""
    return min(10.0, 0.5 * 2.0 ** min(attempt, 16)) * random.uniform(0.5, 1.0)


async def _gathered(client: AIOKafkaConsumer, most: int, gather_s: float) -> dict[TopicPartition, list[Any]]:
    """Return the records that wait, or, where there are less than `most`, those of the next `gather_s`, too."""
    found: dict[TopicPartition, list[Any]] = await client.getmany(timeout_ms=500)
    clock = asyncio.get_running_loop().time
    until = clock() + gather_s
    while 0 < (count := sum(map(len, found.values()))) < most and (left := until - clock()) > 0:
        for partition, read in (await client.getmany(timeout_ms=int(left * 1000), max_records=most - count)).items():
            found.setdefault(partition, []).extend(read)
    return found


async def _until_processed(
    client: AIOKafkaConsumer,
    process: Callable[[list[Record]], Awaitable[None]],
    records: list[Record],
    size: BatchSize,
    stop: asyncio.Event,
    progress: Progress,
) -> bool:
    """Process the records, however often it takes. False when stopped while waiting for the world to be ready."""
    left, failures = records, 0
    while left:
        portion = left[: size.now]
        try:
            await _polling_on(client, process(portion))
        except Transient as error:
            delay = back_off_s(failures)
            log.warning(
                "not ready, will try the batch again", error=str(error), records=len(portion), delay_s=round(delay, 1)
            )
            progress.waiting(str(error))
            size.failed()
            failures += 1
            if not await _wait_paused(client, delay, stop):
                return False
        else:
            left, failures = left[len(portion) :], 0
            size.went_well()
    return True


async def _polling_on(client: AIOKafkaConsumer, work: Awaitable[None]) -> None:
    """Await the work. Where it takes long (an engine that is busy), the group is to see that we are there."""
    working = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({working}, timeout=LONG_S)
        while not done:
            await _poll_paused(client, 0.5)
            done, _ = await asyncio.wait({working}, timeout=0.5)
        await working
    finally:
        client.resume(*client.paused())
        if not working.done():  # we are being cancelled
            working.cancel()
            await asyncio.wait({working})


async def _wait_paused(client: AIOKafkaConsumer, seconds: float, stop: asyncio.Event) -> bool:
    """Poll without taking anything for that long. False when stopped meanwhile."""
    until = asyncio.get_running_loop().time() + seconds
    while not stop.is_set() and (left := until - asyncio.get_running_loop().time()) > 0:
        await _poll_paused(client, min(left, 0.5))
    client.resume(*client.paused())
    return not stop.is_set()


async def _poll_paused(client: AIOKafkaConsumer, seconds: float) -> None:
    client.pause(*client.assignment())
    early = await client.getmany(timeout_ms=int(seconds * 1000))
    for partition, read in early.items():  # assigned while we waited, and so not paused yet
        client.seek(partition, read[0].offset)


async def _commit(client: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    if not offsets:
        return
    try:
        await client.commit(offsets)
    except (CommitFailedError, IllegalStateError) as error:
        log.warning("commit refused after a rebalance: the batch's new owner has it", error=str(error))
