"""Follows the topics from their end, and tells what passes."""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

from deploy.demo import narrate
from deploy.demo.screen import Narrator
from schemas import codec, topics
from schemas.messages import Alert, EnrichedItem, FeedHealth, RawItem
from services import kafka

FOLLOWED = (topics.RAW, topics.ENRICHED, topics.ALERTS, topics.FEED_HEALTH)
FINE = ("ok", "not_modified", "unchanged")  # outcomes of a poll


class Watch:
    """What has passed in this run.

    search_name turns a saved search's id into its name. concerns says of a feed's URL whether the run is about it.
    """

    def __init__(
        self, narrator: Narrator, search_name: Callable[[str | None], str], concerns: Callable[[str], bool]
    ) -> None:
        self._narrator = narrator
        self._search_name = search_name
        self._concerns = concerns
        self._items: set[str] = set()
        self._alerts: set[str] = set()
        self._outcomes: dict[str, str] = {}  # by the feed's URL
        self.following = asyncio.Event()
        self._passed = asyncio.Condition()

    async def follow(self) -> None:
        """Tell of every message from now on, until cancelled. `following` is set once none can be missed."""
        client = AIOKafkaConsumer(*FOLLOWED, **kafka.connection("demo"), enable_auto_commit=False)
        await kafka.started(client)
        try:
            await client.seek_to_end()
            for partition in client.assignment():
                await client.position(partition)
            self.following.set()
            while True:
                polled = await client.getmany(timeout_ms=1_000)
                records = [record for read in polled.values() for record in read]
                for record in sorted(records, key=lambda record: (record.timestamp, FOLLOWED.index(record.topic))):
                    self.tell(record.topic, record.value)
                async with self._passed:
                    self._passed.notify_all()
        finally:
            await client.stop()

    def tell(self, topic: str, value: bytes) -> None:
        """Put one message into words."""
        match topic:
            case topics.RAW:
                self._seen(codec.decode(value, RawItem))
            case topics.ENRICHED:
                self._enriched(codec.decode(value, EnrichedItem))
            case topics.ALERTS:
                self._found(codec.decode(value, Alert))
            case topics.FEED_HEALTH:
                self._polled(codec.decode(value, FeedHealth))

    async def until_told(self, alert_id: str) -> None:
        """Return once that alert was told of."""
        async with self._passed:
            await self._passed.wait_for(lambda: alert_id in self._alerts)

    async def until_polled(self, feeds: int) -> None:
        """Return once that many feeds were polled."""
        async with self._passed:
            await self._passed.wait_for(lambda: len(self._outcomes) >= feeds)

    def _seen(self, item: RawItem) -> None:
        if item.origin == "first_poll":
            return
        self._narrator.line("changed" if item.item_id in self._items else "seen", narrate.seen(item))
        self._items.add(item.item_id)

    def _enriched(self, item: EnrichedItem) -> None:
        if item.origin == "first_poll":
            return
        if item.relevant:
            self._narrator.line("tagged", narrate.tagged(item))
        else:
            self._narrator.line("aside", narrate.aside(item))

    def _found(self, alert: Alert) -> None:
        search, again = self._search_name(alert.search_id), alert.alert_id in self._alerts
        self._narrator.line("found", narrate.found(alert, search, again=again))
        self._alerts.add(alert.alert_id)

    def _polled(self, health: FeedHealth) -> None:
        if not self._concerns(health.url):
            return
        before, now = self._outcomes.get(health.url), health.outcome
        self._outcomes[health.url] = now
        if now not in FINE:
            if now != before:
                self._narrator.line("trouble", narrate.failed(health))
        elif before is None:
            self._narrator.line("polled", narrate.polled(health))
