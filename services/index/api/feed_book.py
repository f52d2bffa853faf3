"""news.feeds as the API knows it: followed from its beginning, and changed by a write that is waited for."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from schemas import codec, topics
from schemas.errors import Transient
from schemas.messages import Feed
from services import kafka
from services.feeds import log_fold
from services.index.api.errors import Refusal
from services.kafka import Producer, Record
from services.telemetry import logger

log = logger(__name__)

PATIENCE_S = 10.0  # of a request with a broker that is away
RESTART_S = 5.0


class FeedBook:
    """The feeds by id. Whoever reads, changes and writes holds `changing`, or another request's change is undone."""

    def __init__(self) -> None:
        self.changing = asyncio.Lock()
        self._feeds: dict[str, Feed] = {}
        self._offsets: dict[str, int] = {}  # of each key's last record; a key has one partition
        self._caught_up, self._moved = asyncio.Event(), asyncio.Event()
        self._producer: Producer | None = None

    async def feeds(self) -> Mapping[str, Feed]:
        """The feeds as they are now. Raises Refusal where news.feeds cannot be read to its end."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._caught_up.wait()
        except TimeoutError:
            raise away() from None
        return self._feeds

    async def put(self, feeds: Iterable[Feed]) -> None:
        """Write feeds, and return when they are read back. Raises Refusal; some may be written all the same."""
        await self._write({feed.feed_id: codec.encode(feed) for feed in feeds})

    async def remove(self, feed_id: str) -> None:
        """Remove a feed, like `put`."""
        await self._write({feed_id: None})

    @property
    def producer(self) -> Producer:
        """The API's producer, for other topics too. Raises Refusal while the broker is away."""
        if self._producer is None:
            raise away()
        return self._producer

    async def run(self) -> None:
        """Follow news.feeds and keep a producer, until cancelled. When one of them fails, both start again."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(kafka.follow(topics.FEEDS, self.take, self._caught_up.set))
                    tasks.create_task(self._produce())
            except* Exception as errors:
                log.error("cannot follow news.feeds, will try again", error=repr(errors.exceptions[0]))
            await asyncio.sleep(RESTART_S)

    def take(self, record: Record) -> None:
        """Fold one record of news.feeds."""
        key = (record.key or b"").decode("utf-8", "replace")
        if record.offset < self._offsets.get(key, 0):
            return  # read again from the beginning, after a failure
        self._offsets[key] = record.offset
        self._moved.set()
        self._moved = asyncio.Event()
        log_fold.take(self._feeds, key, record.value)

    async def _produce(self) -> None:
        try:
            async with kafka.producer("api") as self._producer:
                await asyncio.Event().wait()
        finally:
            self._producer = None

    async def _write(self, records: Mapping[str, bytes | None]) -> None:
        producer = self.producer
        try:
            async with asyncio.timeout(PATIENCE_S):
                sends = (producer.send(topics.FEEDS, key, value) for key, value in records.items())
                sent = dict(zip(records, await asyncio.gather(*sends), strict=True))
                while any(self._offsets.get(key, -1) < offset for key, offset in sent.items()):
                    await self._moved.wait()
        except (TimeoutError, Transient):
            raise away() from None


@asynccontextmanager
async def following(book: FeedBook) -> AsyncIterator[FeedBook]:
    """Run the book beside the block."""
    running = asyncio.create_task(book.run())
    try:
        yield book
    finally:
        running.cancel()
        await asyncio.wait((running,), timeout=RESTART_S)


def away() -> Refusal:
    """The refusal where the broker does not answer."""
    hint = "try again in a few seconds; what was asked for may have been done all the same"
    return Refusal(503, "broker_away", "the broker does not answer", hint=hint)
