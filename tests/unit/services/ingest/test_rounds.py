"""Rounds with a real poll over a world that is a fake: which feeds are asked, and when not any more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas.messages import Feed, FeedState
from services.feeds.rules import new_feed
from services.ingest import run
from services.ingest.fetching.fetch import Failed, Fetched
from services.ingest.fetching.hosts import AT_ONCE, Hosts
from services.ingest.formats.parsed_feed import ParsedFeed
from services.ingest.ownership import Owned
from services.ingest.run import Rounds
from services.ingest.schedule import Pace
from services.ingest.state_log import new_state
from services.telemetry import Progress
from tests.eventually import eventually

ADDED = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Listed:
    """An owner of a list of feeds, which can be taken away."""

    def __init__(self, *feeds: Feed) -> None:
        self.changed = asyncio.Event()
        self.owned = Owned(0, 0)
        self.written: list[FeedState] = []
        self.give(*feeds)

    def give(self, *feeds: Feed) -> None:
        self._feeds = {feed.feed_id: feed for feed in feeds}
        self.changed.set()

    def feeds(self) -> dict[str, tuple[Owned, Feed]]:
        return {feed_id: (self.owned, feed) for feed_id, feed in self._feeds.items()}

    def push(self, feed: Feed, ago: timedelta = timedelta(0)) -> None:
        """A hub calls."""
        self.owned.log.pushed[feed.feed_id] = datetime.now(UTC) - ago
        self.changed.set()

    async def remember(self, owned: Owned, state: FeedState) -> None:
        owned.log.wrote(state)
        self.written.append(state)


class World:
    """Every server hangs until it is let go, and then fails."""

    def __init__(self) -> None:
        self.pace = Pace(interval_s=3600, max_interval_s=3600)
        self.asked: list[str] = []
        self.let_go = asyncio.Event()
        self.hosts = Hosts(0.0, 64)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def chance(self) -> float:
        return 0.5

    def turn(self, url: str) -> AbstractAsyncContextManager[None]:
        return self.hosts.turn(url)

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched:
        self.asked.append(url)
        await self.let_go.wait()
        return Failed(kind="http_503", detail="busy", status=503)

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        raise AssertionError("nothing to parse")

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        """Confirmed."""


@asynccontextmanager
async def rounds(listed: Listed, world: World) -> AsyncIterator[None]:
    """Going on until the end, which they obey."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        going = Rounds(listed, world, tasks, Progress(limit_s=60))  # type: ignore[arg-type]
        tasks.create_task(going.go(stop))
        yield
        stop.set()
        listed.changed.set()


def on_one_host(count: int) -> list[Feed]:
    return [new_feed(f"https://news.example/{number}", ADDED) for number in range(count)]


async def test_feeds_that_wait_for_their_host_keep_no_other_waiting() -> None:
    world, other = World(), new_feed("https://other.example/", ADDED)
    feeds = on_one_host(10)
    listed = Listed(*feeds)
    async with rounds(listed, world):
        await eventually("two are asked", lambda: len(world.asked) == AT_ONCE)
        listed.give(*feeds, other)
        await eventually("the other host is asked", lambda: other.url in world.asked)
        world.let_go.set()
        await eventually("all were asked", lambda: len(listed.written) == 11)


async def test_feeds_that_wait_for_their_host_hold_up_no_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SHUTDOWN_S", 0.1)
    world = World()
    async with rounds(Listed(*on_one_host(10)), world):
        await eventually("two are asked", lambda: len(world.asked) == AT_ONCE)
    assert len(world.asked) == AT_ONCE


async def test_a_feed_that_was_taken_away_while_it_waited_is_not_asked() -> None:
    world, feeds = World(), on_one_host(6)
    listed = Listed(*feeds)
    async with rounds(listed, world):
        await eventually("two are asked", lambda: len(world.asked) == AT_ONCE)
        listed.give()
        await eventually("it is noticed", lambda: not listed.changed.is_set())
        listed.give(new_feed("https://other.example/", ADDED))
        world.let_go.set()
        await eventually("the rest is polled", lambda: "https://other.example/" in world.asked)
    assert len(world.asked) == AT_ONCE + 1


async def test_a_long_wait_of_before_a_restart_is_kept_to() -> None:
    world, (waits, due) = World(), on_one_host(2)
    listed = Listed(waits, due)
    later = datetime.now(UTC) + timedelta(hours=1)
    state = msgspec.structs.replace(new_state(waits.feed_id, datetime.now(UTC)), next_poll_at=later)
    listed.owned.log.wrote(state)
    world.let_go.set()
    async with rounds(listed, world):
        await eventually("the other is polled", lambda: len(listed.written) == 1)
    assert world.asked == [due.url]


async def test_a_feed_whose_hub_calls_is_polled_at_once() -> None:
    world, feed = World(), new_feed("https://news.example/rss", ADDED)
    world.let_go.set()
    listed = Listed(feed)
    async with rounds(listed, world):
        await eventually("the first poll", lambda: len(listed.written) == 1)
        listed.push(feed)
        await eventually("a poll an hour before it is due", lambda: len(listed.written) == 2)


async def test_a_call_during_a_poll_is_seen_to_after_it() -> None:
    world, feed = World(), new_feed("https://news.example/rss", ADDED)
    listed = Listed(feed)
    async with rounds(listed, world):
        await eventually("a poll under way", lambda: world.asked)
        listed.push(feed)
        await eventually("the call heard", lambda: not listed.owned.log.pushed)
        assert len(world.asked) == 1
        world.let_go.set()
        await eventually("another poll", lambda: len(listed.written) == 2)


async def test_an_old_call_and_one_for_a_paused_feed_poll_nothing() -> None:
    world = World()
    world.let_go.set()
    feed, paused = on_one_host(2)
    paused = msgspec.structs.replace(paused, paused=True)
    listed = Listed(feed, paused)
    async with rounds(listed, world):
        await eventually("the first poll", lambda: len(listed.written) == 1)
        listed.push(feed, ago=timedelta(seconds=run.PUSH_HOLDS_S + 1))
        listed.push(paused)
        await eventually("both heard", lambda: not listed.owned.log.pushed)
        await asyncio.sleep(0)
    assert world.asked == [feed.url]
