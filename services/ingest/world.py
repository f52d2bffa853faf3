"""The real world of a poll: clock, chance, network, parser, broker."""

import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from schemas.messages import Feed, Subscription
from services import settings
from services.ingest import schedule
from services.ingest.fetching import redirects
from services.ingest.fetching.clients import Clients
from services.ingest.fetching.fetch import Fetched
from services.ingest.fetching.hosts import Hosts
from services.ingest.formats.parsed_feed import ParsedFeed
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.hubs.subscribe import Subscriber
from services.ingest.hubs.websub import Callbacks
from services.ingest.pages.page_text import Page
from services.ingest.pages.polite_pages import polite_pages
from services.kafka import Producer


class World:
    """The real world of a poll: clock, chance, network, parser, broker."""

    def __init__(
        self, clients: Clients, parser: ParserPool, producer: Producer, callbacks: Callbacks | None = None
    ) -> None:
        configured = settings.Ingest()
        self.pace = schedule.Pace(
            interval_s=configured.ingest_interval_s, max_interval_s=configured.ingest_max_interval_s
        )
        self.hosts = Hosts(configured.ingest_host_spacing_s, configured.ingest_concurrency)
        self._timeout_s = configured.ingest_timeout_s
        self._clients, self._parser, self._producer = clients, parser, producer
        allowed_hosts = settings.Outbound().allowed_hosts
        self._subscriber = Subscriber(clients.plain, self.hosts, callbacks, allowed_hosts) if callbacks else None
        self._pages = polite_pages(clients.plain, self.hosts, parser, self._timeout_s, self.now)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def chance(self) -> float:
        return random.random()

    def turn(self, url: str) -> AbstractAsyncContextManager[None]:
        return self.hosts.turn(url)

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched:
        return await self._clients.fetch(feed, url, etag, last_modified, self.now)

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        return await self._parser.parse(body, content_type, url)

    async def page(self, url: str) -> Page:
        return await self._pages.page(url)

    async def location(self, url: str) -> str | None:
        async with self.turn(url):
            return await redirects.location(self._clients.plain, url, timeout_s=self._timeout_s)

    async def subscribe(self, feed_id: str, subscription: Subscription) -> bool:
        """Ask the hub to call; False where hubs cannot call us."""
        if self._subscriber is None:
            return False
        await self._subscriber.ask(feed_id, subscription)
        return True

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        await self._producer.send_all(topic, records)
