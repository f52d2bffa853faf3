"""The commands that change or show what is polled, and the single poll."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from schemas import codec, identity, topics
from schemas.errors import Invalid
from schemas.messages import Feed, FeedState
from services import guarded_http, kafka, process, settings
from services.ingest import character_encoding
from services.ingest import run as runner
from services.ingest.feeds_file import read_feeds
from services.ingest.items import new_feed
from services.ingest.parser_pool import ParserPool
from services.ingest.poll import poll
from services.ingest.state_log import new_state
from services.ingest.world import World

WRONG = 2  # exit status: the arguments or the file
FAILED = 1  # exit status: a feed could not be polled, or the broker did not take it


def run(feeds: str | None) -> int:
    """Import the feeds of a file, where one is given, and poll until SIGTERM."""
    if feeds and (status := asyncio.run(import_feeds(feeds))):
        return status
    return process.run("ingest", runner.run)


async def poll_once(urls: Sequence[str]) -> int:
    """Poll each URL once, to news.raw, and print a line for each. Alerts nobody: there is no telling what is new."""
    outbound, status = settings.Outbound(), 0
    parser = ParserPool()
    try:
        async with (
            kafka.producer("ingest-poll", patience_s=kafka.PATIENCE_S) as producer,
            guarded_http.client(
                allowed_hosts=outbound.allowed_hosts,
                timeout_s=settings.Ingest().ingest_timeout_s,
                user_agent=outbound.user_agent,
            ) as client,
        ):
            world = World(client, parser, producer)
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


async def list_feeds() -> int:
    """Print the feeds, a line each."""
    stored = await kafka.read_compacted(topics.FEEDS)
    feeds = sorted((codec.decode(value, Feed) for value in stored.values()), key=lambda feed: (feed.title, feed.url))
    for feed in feeds:
        paused = "paused" if feed.paused else "polled"
        where = f"{feed.language or '-'}/{feed.country or '-'}"
        print(f"{feed.feed_id}  {paused}  {where:6}  {feed.title or '-'}  {feed.url}")
    print(f"{len(feeds)} feeds", file=sys.stderr)
    return 0


async def import_feeds(name: str) -> int:
    """Add or update the feeds of an OPML or YAML file; nothing is removed, and what people paused stays paused."""
    try:
        text, _ = character_encoding.decode(Path(name).read_bytes(), None)
        given = read_feeds(text, name, _now())
    except (OSError, Invalid) as error:
        print(f"cannot import {name}: {error}", file=sys.stderr)
        return WRONG
    stored = await kafka.read_compacted(topics.FEEDS)
    known = {feed_id: codec.decode(value, Feed) for feed_id, value in stored.items()}
    changed = [feed for feed in (_kept(feed, known.get(feed.feed_id)) for feed in given) if feed is not None]
    await _put(changed)
    print(f"{name}: {len(given)} feeds, {len(changed)} added or updated", file=sys.stderr)
    return 0


def _kept(given: Feed, known: Feed | None) -> Feed | None:
    """The feed with what people set on the known one, where the file says nothing of it; None when nothing changes."""
    if known is None:
        return given
    merged = msgspec.structs.replace(
        given, paused=given.paused or known.paused, interval_s=given.interval_s or known.interval_s
    )
    return None if msgspec.structs.replace(merged, updated_at=known.updated_at) == known else merged


async def add_feed(given: argparse.Namespace) -> int:
    """Add a feed, or change the one with this address."""
    feed = msgspec.structs.replace(
        new_feed(given.url, _now(), given.title), language=given.language, country=given.country, tags=given.tag
    )
    try:
        guarded_http.check_url(feed.url, settings.Outbound().allowed_hosts)
        codec.decode(codec.encode(feed), Feed)
    except (guarded_http.Blocked, Invalid) as error:
        print(f"cannot add {feed.url}: {error}", file=sys.stderr)
        return WRONG
    await _put([feed])
    print(f"{feed.feed_id}  {feed.url}")
    return 0


async def remove_feed(url_or_id: str) -> int:
    """Remove a feed. What polling learned of it stays, so that adding it again repeats nothing."""
    stored = await kafka.read_compacted(topics.FEEDS)
    found = [feed_id for feed_id in (url_or_id, identity.feed_id(url_or_id)) if feed_id in stored]
    if not found:
        print(f"no such feed: {url_or_id} (see `feeds list`)", file=sys.stderr)
        return WRONG
    async with kafka.producer("ingest-feeds", patience_s=kafka.PATIENCE_S) as producer:
        await producer.send(topics.FEEDS, found[0], None)
    print(f"removed {url_or_id}")
    return 0


async def _put(feeds: Sequence[Feed]) -> None:
    async with kafka.producer("ingest-feeds", patience_s=kafka.PATIENCE_S) as producer:
        await producer.send_all(topics.FEEDS, [(feed.feed_id, codec.encode(feed)) for feed in feeds])


def _now() -> datetime:
    return datetime.now(UTC)
