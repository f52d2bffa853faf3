"""The commands that poll: for ever, or once."""

import asyncio
from collections.abc import Sequence

from schemas import topics
from schemas.messages import FeedState
from services import kafka, process, settings
from services.feeds.rules import new_feed
from services.ingest import run as runner
from services.ingest.fetching import clients
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.poll import poll
from services.ingest.sources.feeds_commands import import_feeds
from services.ingest.state_log import new_state
from services.ingest.world import World

FAILED = 1  # exit status: a feed could not be polled, or the broker did not take it


def run(feeds: str | None) -> int:
    """Import the feeds of a file, where one is given, and poll until SIGTERM."""
    if feeds and (status := asyncio.run(import_feeds(feeds))):
        return status
    return process.run("ingest", runner.run)


async def poll_once(urls: Sequence[str]) -> int:
    """Poll each URL once, to news.raw, and print a line for each. Alerts nobody: there is no telling what is new."""
    status, parser = 0, ParserPool()
    try:
        async with (
            kafka.producer("ingest-poll", patience_s=kafka.PATIENCE_S) as producer,
            clients.opened(settings.Ingest().ingest_timeout_s) as asking,
        ):
            world = World(asking, parser, producer)
            for url in urls:
                now = world.now()
                feed = new_feed(url, now)
                health = await poll(feed, new_state(feed.feed_id, now), world, _forget)
                status = FAILED if health.failures else status
                error = f": {health.error}" if health.error else ""
                print(f"{url}: {health.outcome}, {health.new_items} items to {topics.RAW}{error}")
    finally:
        parser.close()
    return status


async def _forget(state: FeedState) -> None:
    """A single poll leaves no state: the feed's owner keeps its own."""
