"""Which feeds this replica polls: those of the partitions of news.feed-state that its consumer group gives it.

The group consumer subscribes to news.feed-state alone and commits nothing, so that every assignment is read from the
beginning. A second consumer reads the same partition numbers of news.feeds by assignment.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from schemas import codec, topics
from schemas.errors import Invalid, Transient
from schemas.messages import Claim, Feed, FeedState
from services import kafka
from services.feeds import log_fold
from services.ingest.state_log import CLAIM_KEY, StateLog
from services.kafka import Producer, Record
from services.telemetry import logger

log = logger(__name__)

GROUP = "ingest"
RETRY_S = 1.0


class LostError(Exception):
    """The partition is no longer ours: what was just learned is its new owner's to learn."""


class Owned:
    """A partition that this replica owns: its state log, and the feeds that people want polled."""

    def __init__(self, partition: int, epoch: int) -> None:
        self.partition = partition
        self.log = StateLog(epoch)
        self.feeds: dict[str, Feed] = {}
        self.feeds_end: int | None = None  # offset up to which news.feeds is to be read before the first poll
        self.feeds_position = 0
        self.writing = asyncio.Lock()  # states reach the broker in the order in which they were learned

    @property
    def ready(self) -> bool:
        """Both topics were read to where they ended when we took the partition."""
        read = self.feeds_end is not None and self.feeds_position >= self.feeds_end
        return self.log.caught_up and read and not self.log.lost


class Ownership:
    """The partitions owned now. `run` keeps them true; `changed` is set when a feed or an owner may have changed."""

    def __init__(self, owner: str, producer: Producer, session_timeout_ms: int, now: Callable[[], datetime]) -> None:
        self.changed = asyncio.Event()
        self._owner = owner
        self._producer = producer
        self._now = now
        self._assigned: frozenset[int] = frozenset()
        self._owned: dict[int, Owned] = {}  # replaced, never changed
        read_from_the_start = {"enable_auto_commit": False, "auto_offset_reset": "earliest"}
        self._states = AIOKafkaConsumer(
            **kafka.connection("ingest"),
            **read_from_the_start,
            group_id=GROUP,
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=session_timeout_ms // 3,
            max_partition_fetch_bytes=topics.load()[topics.FEED_STATE].max_message_bytes,
        )
        self._feeds = AIOKafkaConsumer(**kafka.connection("ingest"), **read_from_the_start)

    def feeds(self) -> dict[str, tuple[Owned, Feed]]:
        """The feeds to be polled by this replica now, by id."""
        return {
            feed_id: (owned, feed)
            for owned in self._owned.values()
            if owned.ready
            for feed_id, feed in owned.feeds.items()
        }

    async def remember(self, owned: Owned, state: FeedState) -> None:
        """Write a state, confirmed. Raises LostError when the partition is not ours any more, Transient."""
        async with owned.writing:
            await self._write(owned, state)

    async def _write(self, owned: Owned, state: FeedState) -> None:
        if self._owned.get(owned.partition) is not owned or owned.log.lost:
            raise LostError
        await self._producer.send(topics.FEED_STATE, state.feed_id, codec.encode(state), partition=owned.partition)
        owned.log.wrote(state)

    async def run(self, stop: asyncio.Event) -> None:
        """Own, and read on, until stopped; then leave the group, so that others take over at once."""
        await kafka.started(self._states)
        await kafka.started(self._feeds)
        try:
            self._states.subscribe([topics.FEED_STATE], listener=_Listener(self._let_go, self._given))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_states(stop))
                tasks.create_task(self._read_feeds(stop))
        finally:
            self._let_go()
            await self._states.stop()
            await self._feeds.stop()

    async def _read_states(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._claim()
                for partition, records in (await self._states.getmany(timeout_ms=200)).items():
                    if owned := self._owned.get(partition.partition):
                        await self._fold(owned, map(kafka.as_record, records))
            except Transient as error:
                log.warning("cannot take or keep feeds, will try again", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _claim(self) -> None:
        """Write a claim on each partition that came with the last rebalance, and read it from the start."""
        assigned = self._assigned
        unclaimed = sorted(assigned - set(self._owned))
        epochs = await asyncio.gather(*map(self._write_claim, unclaimed))
        if self._assigned is not assigned or not unclaimed:  # another rebalance came while the claims were written
            return
        await self._states.seek_to_beginning(*(TopicPartition(topics.FEED_STATE, number) for number in unclaimed))
        self._owned = self._owned | {
            number: Owned(number, epoch) for number, epoch in zip(unclaimed, epochs, strict=True)
        }
        log.info("took partitions of feeds", partitions=unclaimed)

    async def _write_claim(self, partition: int) -> int:
        claim = codec.encode(Claim(partition=partition, owner=self._owner, claimed_at=self._now()))
        return await self._producer.send(topics.FEED_STATE, f"{CLAIM_KEY}{partition}", claim, partition=partition)

    async def _fold(self, owned: Owned, records: Iterable[Record]) -> None:
        was_ready = owned.ready
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            try:
                owned.log.read(record.offset, key, record.value)
            except Invalid as error:
                log.error("unreadable state, passed over", key=key, error=str(error))
        if owned.log.lost:
            log.warning("another replica claims a partition of ours", partition=owned.partition)
        if owned.log.caught_up and not owned.log.lost:
            async with owned.writing:
                for state in owned.log.to_write_again():
                    log.warning("a frozen predecessor wrote late: its state is overwritten", feed_id=state.feed_id)
                    await self._write(owned, state)
        if owned.ready != was_ready or owned.log.lost or owned.log.pushed:
            self.changed.set()

    async def _read_feeds(self, stop: asyncio.Event) -> None:
        """Follow news.feeds on the partition numbers that are owned; a change of these starts from the beginning."""
        following: dict[int, Owned] = {}
        while not stop.is_set():
            if following is not self._owned:
                following = self._owned
                await self._follow(following)
            if not following:
                await asyncio.sleep(0.05)  # aiokafka cannot wait for an assignment that others make
                continue
            for partition, records in (await self._feeds.getmany(timeout_ms=200)).items():
                if owned := following.get(partition.partition):
                    self._take(owned, map(kafka.as_record, records))

    async def _follow(self, owned: dict[int, Owned]) -> None:
        partitions = [TopicPartition(topics.FEEDS, number) for number in owned]
        if not partitions:
            self._feeds.unsubscribe()
            return
        self._feeds.assign(partitions)
        await self._feeds.seek_to_beginning(*partitions)
        for partition, end in (await self._feeds.end_offsets(partitions)).items():
            taken = owned[partition.partition]
            taken.feeds.clear()
            taken.feeds_end, taken.feeds_position = end, await self._feeds.position(partition)
        self.changed.set()

    def _take(self, owned: Owned, records: Iterable[Record]) -> None:
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            owned.feeds_position = record.offset + 1
            log_fold.take(owned.feeds, key, record.value)
        self.changed.set()

    def _let_go(self) -> None:
        self._assigned, self._owned = frozenset(), {}
        self.changed.set()

    def _given(self, partitions: Iterable[int]) -> None:
        self._assigned = frozenset(partitions)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets go of everything at a rebalance; what comes back is claimed anew, by the loop that can try again."""

    def __init__(self, let_go: Callable[[], None], given: Callable[[Iterable[int]], None]) -> None:
        self._let_go, self._given = let_go, given

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._let_go()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._given(partition.partition for partition in assigned)
