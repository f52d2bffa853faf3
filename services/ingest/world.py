"""The real world of a poll: clock, chance, network, parser, broker."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from services import settings
from services.ingest import fetch, redirects, schedule
from services.ingest.fetch import Fetched
from services.ingest.parsed_feed import ParsedFeed
from services.ingest.parser_pool import ParserPool
from services.kafka import Producer


class World:
    """The real world of a poll: clock, chance, network, parser, broker."""

    def __init__(self, client: httpx.AsyncClient, parser: ParserPool, producer: Producer) -> None:
        configured = settings.Ingest()
        self.pace = schedule.Pace(
            interval_s=configured.ingest_interval_s, max_interval_s=configured.ingest_max_interval_s
        )
        self._timeout_s = configured.ingest_timeout_s
        self._client, self._parser, self._producer = client, parser, producer

    def now(self) -> datetime:
        return datetime.now(UTC)

    def chance(self) -> float:
        return random.random()

    async def fetch(self, url: str, etag: str | None, last_modified: str | None) -> Fetched:
        return await fetch.fetch(
            self._client, url, etag=etag, last_modified=last_modified, timeout_s=self._timeout_s, now=self.now
        )

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        return await self._parser.parse(body, content_type, url)

    async def location(self, url: str) -> str | None:
        return await redirects.location(self._client, url, timeout_s=self._timeout_s)

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        await self._producer.send_all(topic, records)
