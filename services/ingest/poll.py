"""One poll of one feed, read top-down: request, items, state, health."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from schemas import codec, topics
from schemas.messages import Feed, FeedHealth, FeedState, Redirect
from services.ingest import items, schedule
from services.ingest.fetch import Document, Failed, Fetched, NotModified
from services.ingest.items import Found
from services.ingest.parse import NotAFeed, ParsedFeed
from services.ingest.schedule import Pace
from services.telemetry import logger

log = logger(__name__)

ADOPT_AFTER = 3  # permanent redirects in a row, each to a body that is a feed
MUTE = timedelta(days=30)  # of a feed that answers 410


class World(Protocol):
    """What a poll needs beside its arguments: one real implementation, and a fake in the unit tests."""

    pace: Pace

    def now(self) -> datetime: ...

    def chance(self) -> float: ...

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched: ...

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed: ...

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None: ...


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll came to, for health, logs and metrics."""

    slug: str
    state: FeedState
    status: int | None = None
    error: str | None = None
    found: Found | None = None
    entries: int = 0


async def poll(
    feed: Feed,
    state: FeedState,
    world: World,
    remember: Callable[[FeedState], Awaitable[None]],
    resumed: bool = False,
) -> FeedHealth:
    """Poll a feed once. Items are confirmed by the broker before the state that remembers them is written.

    A poll that taught nothing writes no state. resumed: it is this process's first poll of the feed. Raises Transient,
    and whatever `remember` raises.
    """
    started = world.now()
    fetched = await world.fetch(feed, state.url or feed.url, state.etag, state.last_modified)
    latency = world.now() - started
    outcome = await _judge(fetched, feed, state, world, resumed)
    if outcome.found:
        await world.send(topics.RAW, [(item.item_id, codec.encode(item)) for item in outcome.found.items])
    if outcome.state != state:
        await remember(msgspec.structs.replace(outcome.state, updated_at=world.now()))
    health = _health(feed, outcome, latency, world)
    await world.send(topics.FEED_HEALTH, [(feed.feed_id, codec.encode(health))])
    return health


async def _judge(fetched: Fetched, feed: Feed, state: FeedState, world: World, resumed: bool) -> Outcome:
    match fetched:
        case Failed():
            return _failed(state, fetched, world.now())
        case NotModified():
            return Outcome(slug="not_modified", status=304, state=_well(state))
        case Document():
            if _hash(fetched.body) == state.body_hash:
                return Outcome(slug="unchanged", status=fetched.status, state=_read(state, fetched))
            try:
                parsed = await world.parse(fetched.body, fetched.content_type, fetched.url)
                origin = items.origin_of(state, fetched.arrived_at)
                found = items.find(parsed, feed, state, fetched.arrived_at, origin, resumed)
            except NotAFeed as error:
                return _failed(state, Failed(kind=error.kind, detail=error.detail, status=fetched.status), world.now())
            except Exception as error:  # a bug over one document must not end the polling of all the others
                log.exception("bug: the document is passed over", feed_id=feed.feed_id, url=fetched.url)
                return _failed(state, Failed(kind="bug", detail=repr(error), status=fetched.status), world.now())
            return Outcome(
                slug="ok",
                status=fetched.status,
                state=_learned(_read(state, fetched), found, fetched.arrived_at),
                error=parsed.damaged,
                found=found,
                entries=len(parsed.entries),
            )


def _well(state: FeedState) -> FeedState:
    return msgspec.structs.replace(state, failures=0, failing_since=None, not_before=None)


def _failed(state: FeedState, failed: Failed, now: datetime) -> Outcome:
    after = msgspec.structs.replace(
        state,
        failures=state.failures + 1,
        failing_since=state.failing_since or now,
        not_before=now + MUTE if failed.gone else failed.not_before,
    )
    return Outcome(slug=failed.kind, status=failed.status, error=failed.detail, state=after)


def _read(state: FeedState, document: Document) -> FeedState:
    """The state after a body that is a feed: validators, and a permanent redirect adopted after repeated agreement."""
    url, redirect = state.url, None
    if document.moved_to:
        same = state.redirect is not None and state.redirect.url == document.moved_to
        redirect = Redirect(url=document.moved_to, times=state.redirect.times + 1 if same and state.redirect else 1)
        if redirect.times >= ADOPT_AFTER:
            url, redirect = document.moved_to, None
    return msgspec.structs.replace(
        _well(state),
        url=url,
        redirect=redirect,
        etag=document.etag,
        last_modified=document.last_modified,
        body_hash=_hash(document.body),
    )


def _learned(state: FeedState, found: Found, arrived_at: datetime) -> FeedState:
    return msgspec.structs.replace(
        state,
        seen=found.seen,
        first_polled_at=state.first_polled_at or arrived_at,
        last_item_at=arrived_at if len(found.items) > found.revised else state.last_item_at,
    )


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _health(feed: Feed, outcome: Outcome, latency: timedelta, world: World) -> FeedHealth:
    found = outcome.found
    return FeedHealth(
        feed_id=feed.feed_id,
        url=outcome.state.url or feed.url,
        title=feed.title,
        at=world.now(),
        outcome=outcome.slug,
        status=outcome.status,
        error=outcome.error,
        new_items=len(found.items) - found.revised if found else 0,
        revised_items=found.revised if found else 0,
        entries=outcome.entries,
        latency_ms=int(latency.total_seconds() * 1000),
        failures=outcome.state.failures,
        last_item_at=outcome.state.last_item_at,
        next_poll_at=schedule.next_poll(feed, outcome.state, world.now(), world.pace, world.chance()),
    )
