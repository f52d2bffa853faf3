"""Poll the feeds that this replica owns, each when it is due."""

import asyncio
import heapq
import itertools
import os
import random
import socket
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

import msgspec
from prometheus_client import Counter, Gauge, Histogram

from schemas.errors import Transient
from schemas.messages import Feed, FeedHealth, FeedState
from services import kafka, settings
from services.ingest import schedule
from services.ingest.fetching import clients
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.hubs import hub_calls
from services.ingest.ownership import LostError, Owned, Ownership
from services.ingest.poll import Told, poll
from services.ingest.state_log import new_state
from services.ingest.world import World
from services.telemetry import Progress, logger

log = logger(__name__)

POLLS = Counter("news_polls_total", "Polls by outcome", ["outcome"])
ITEMS = Counter("news_items_found_total", "Items sent to news.raw", ["kind"])
FEEDS = Gauge("news_feeds_owned", "Feeds that this replica polls")
SILENT = Gauge("news_feeds_silent", "Feeds of this replica that are silent for longer than their habit")
LATENCY = Histogram("news_poll_seconds", "Seconds of one fetch")
LATE = Histogram(
    "news_poll_delay_seconds", "Seconds by which a poll began after it was due, its host's spacing included"
)

SHUTDOWN_S = 8.0  # for polls under way; container runtimes kill after 10 s
PUSH_HOLDS_S = 600.0  # an older one is read again by who takes the feed over, and was seen to
ECHO_S = 60.0  # after a push without news: what lies between us and the feed may serve an older copy
START_SPREAD_S = 0.02  # a feed: ten thousand are first polled within 200 s


async def run(stop: asyncio.Event, progress: Progress) -> None:
    """Own feeds and poll them until stopped. A poll under way is given a few seconds to finish."""
    configured = settings.Ingest()
    parser = ParserPool()
    try:
        async with (
            kafka.producer("ingest", progress) as producer,
            clients.opened(configured.ingest_timeout_s, configured.ingest_concurrency) as asking,
            asyncio.TaskGroup() as tasks,
        ):
            callbacks = hub_calls.callbacks_of(configured)
            world = World(asking, parser, producer, callbacks)
            owner = f"{socket.gethostname()}-{os.getpid()}"
            ownership = Ownership(owner, producer, configured.ingest_session_timeout_ms, world.now)
            leave = asyncio.Event()
            tasks.create_task(ownership.run(leave))
            async with hub_calls.listening(callbacks, producer, world, configured):
                await Rounds(ownership, world, tasks, progress).go(stop)
            leave.set()
    finally:
        parser.close()


class Watched(NamedTuple):
    """A feed that is polled here, as it was when it was given to us. A changed feed is another Watched."""

    owned: Owned
    feed: Feed


class Owner(Protocol):
    """Whose feeds are polled: ownership of partitions, or in a test and a benchmark a list. See Ownership."""

    changed: asyncio.Event

    def feeds(self) -> dict[str, tuple[Owned, Feed]]: ...

    async def remember(self, owned: Owned, state: FeedState) -> None: ...


class Rounds:
    """When each feed is due, and which polls are under way. How many at once is for the hosts to say."""

    def __init__(self, ownership: Owner, world: World, tasks: asyncio.TaskGroup, progress: Progress) -> None:
        self._ownership, self._world, self._tasks, self._progress = ownership, world, tasks, progress
        self._watched: dict[str, Watched] = {}
        self._due: list[tuple[float, int, Watched]] = []  # a heap; the number keeps equal times apart
        self._number = itertools.count()
        self._polled: set[str] = set()  # feeds that this process has polled before
        self._silent: set[str] = set()
        self._pushed: set[str] = set()  # feeds that a hub told of news of, to be polled at once
        self._under_way: set[str] = set()  # feeds that are being polled
        self._broker_is_away = False
        self._waiting: set[asyncio.Task[None]] = set()  # polls whose turn has not come: nothing is lost with them
        self._polling: set[asyncio.Task[None]] = set()

    async def go(self, stop: asyncio.Event) -> None:
        """Start each poll when it is due, until stopped."""
        while not stop.is_set():
            if self._ownership.changed.is_set():
                self._ownership.changed.clear()
                self._look_at_feeds()
            self._start_due()
            if self._broker_is_away:
                self._progress.waiting("the broker")
            else:
                self._progress.advanced()
            wait_s = min(1.0, max(0.0, self._due[0][0] - self._now())) if self._due else 1.0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ownership.changed.wait(), wait_s)
        for task in self._waiting:
            task.cancel()
        if self._polling:
            await asyncio.wait(self._polling, timeout=SHUTDOWN_S)
        for task in self._polling:
            task.cancel()

    def _now(self) -> float:
        return self._world.now().timestamp()

    def _look_at_feeds(self) -> None:
        """Make feeds that are new or changed due soon; forget those that are gone."""
        given = {feed_id: Watched(*found) for feed_id, found in self._ownership.feeds().items()}
        kept = {feed_id: old for feed_id, old in self._watched.items() if given.get(feed_id) == old}
        fresh = [watched for feed_id, watched in given.items() if feed_id not in kept and not watched.feed.paused]
        self._watched = given | kept
        now = self._world.now()
        for watched in fresh:
            state = watched.owned.log.states.get(watched.feed.feed_id)
            first = schedule.first_poll(watched.feed, state, now)
            spread_s = random.random() * len(fresh) * START_SPREAD_S if first <= now else 0.0
            self._schedule(watched, first.timestamp() + spread_s)
        self._hurry()
        self._silent &= self._watched.keys()
        SILENT.set(len(self._silent))
        FEEDS.set(len(self._watched))

    def _hurry(self) -> None:
        """Poll the feeds that hubs told of news of now. Another Watched voids what was due before."""
        for watched in list(self._watched.values()):
            owned, feed = watched
            pushed_at = owned.log.pushed.pop(feed.feed_id, None)
            if pushed_at is None or self._now() - pushed_at.timestamp() > PUSH_HOLDS_S:
                continue
            self._pushed.add(feed.feed_id)
            if feed.feed_id not in self._under_way and not feed.paused:
                self._watched[feed.feed_id] = again = Watched(owned, feed)
                state = owned.log.states.get(feed.feed_id)
                not_before = state.not_before.timestamp() if state and state.not_before else 0.0
                self._schedule(again, max(self._now(), not_before))

    def _schedule(self, watched: Watched, due: float) -> None:
        heapq.heappush(self._due, (due, next(self._number), watched))

    def _start_due(self) -> None:
        while self._due and self._due[0][0] <= self._now():
            due, _, watched = heapq.heappop(self._due)
            if self._watched.get(watched.feed.feed_id) is watched:
                task = self._tasks.create_task(self._poll(watched, due))
                self._waiting.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._waiting.discard(task)
        self._polling.discard(task)

    def _begin(self, watched: Watched, due: float) -> None:
        """A poll's turn on its host has come. Raises LostError when the feed is not ours to poll any more."""
        if self._watched.get(watched.feed.feed_id) is not watched or watched.owned.log.lost:
            raise LostError
        task = asyncio.current_task()
        if task in self._waiting:
            self._under_way.add(watched.feed.feed_id)
            self._waiting.remove(task)
            self._polling.add(task)
            LATE.observe(self._now() - due)

    async def _poll(self, watched: Watched, due: float) -> None:
        owned, feed = watched
        again = self._now() + self._world.pace.interval_s
        state = owned.log.states.get(feed.feed_id) or new_state(feed.feed_id, self._world.now())
        resumed, pushed = feed.feed_id not in self._polled, feed.feed_id in self._pushed
        self._pushed.discard(feed.feed_id)
        try:
            health = await poll(
                feed,
                state,
                self._world,
                partial(self._remember, owned),
                resumed,
                partial(self._begin, watched, due),
                Told(owned.log.leases.get(feed.feed_id), pushed),
            )
            self._polled.add(feed.feed_id)
            self._broker_is_away = False
            again = health.next_poll_at.timestamp() if health.next_poll_at else again
            if pushed and not health.failures and not health.new_items + health.revised_items:
                again = min(again, self._now() + ECHO_S)
            self._tell(health)
        except LostError:
            return
        except Transient as error:
            self._broker_is_away = True
            log.warning("broker is away, the feed is polled again later", feed_id=feed.feed_id, error=str(error))
        finally:
            self._under_way.discard(feed.feed_id)
        if self._watched.get(feed.feed_id) is watched:
            self._schedule(watched, self._now() if feed.feed_id in self._pushed else again)

    async def _remember(self, owned: Owned, state: FeedState) -> None:
        await self._ownership.remember(owned, msgspec.structs.replace(state, epoch=owned.log.epoch))

    def _tell(self, health: FeedHealth) -> None:
        (self._silent.add if health.silent_since else self._silent.discard)(health.feed_id)
        SILENT.set(len(self._silent))
        _tell(health)


def _tell(health: FeedHealth) -> None:
    POLLS.labels(health.outcome).inc()
    ITEMS.labels("new").inc(health.new_items)
    ITEMS.labels("revised").inc(health.revised_items)
    LATENCY.observe(health.latency_ms / 1000)
    if health.failures:
        level = log.warning
    elif health.new_items or health.revised_items:
        level = log.info
    else:
        level = log.debug
    level(
        "polled",
        feed_id=health.feed_id,
        url=health.url,
        outcome=health.outcome,
        status=health.status,
        error=health.error,
        new=health.new_items,
        revised=health.revised_items,
        latency_ms=health.latency_ms,
        failures=health.failures,
    )
