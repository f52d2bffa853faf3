"""One poll of one feed, read top-down: request, items, state, health."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from schemas import codec, topics
from schemas.messages import Feed, FeedHealth, FeedState, HubNotice, Subscription
from services.ingest import aggregators, delays, events, habit, items, learn, schedule, silence, validators
from services.ingest.failures import HARD
from services.ingest.fetching.fetch import Document, Failed, Fetched, NotModified
from services.ingest.formats.parsed_feed import NotAFeed, ParsedFeed
from services.ingest.hubs import websub
from services.ingest.items import Found
from services.ingest.pages.page_text import Page
from services.ingest.schedule import Pace
from services.ingest.send_items import send_items
from services.telemetry import logger

log = logger(__name__)

MUTE = timedelta(days=30)  # of a feed that answers 410

change = msgspec.structs.replace


class World(Protocol):
    """What a poll needs beside its arguments: one real implementation, and a fake in the unit tests."""

    pace: Pace

    def now(self) -> datetime: ...

    def chance(self) -> float: ...

    def turn(self, url: str) -> AbstractAsyncContextManager[None]: ...

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched: ...

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed: ...

    async def page(self, url: str) -> Page: ...

    async def subscribe(self, feed_id: str, subscription: Subscription) -> bool: ...
    async def location(self, url: str) -> str | None: ...

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None: ...


class Told(NamedTuple):
    """What the feed's hub told: of the subscription, last; and whether it is why the feed is polled now."""

    lease: HubNotice | None = None
    pushed: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed answered. conditional: validators were sent; after_304: a 304 came just before."""

    fetched: Fetched
    latency: timedelta
    conditional: bool = False
    after_304: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll came to, for health, logs and metrics. fresh_s: for how long the response asks to be left alone."""

    slug: str
    state: FeedState
    status: int | None = None
    error: str | None = None
    found: Found | None = None
    entries: int = 0
    fresh_s: int | None = None
    muted: bool = False


def _always() -> None:
    """A single poll is nobody's to lose."""


async def poll(
    feed: Feed,
    state: FeedState,
    world: World,
    remember: Callable[[FeedState], Awaitable[None]],
    resumed: bool = False,
    begin: Callable[[], None] = _always,
    told: Told = Told(),  # noqa: B008 (it cannot be changed)
) -> FeedHealth:
    """Poll a feed once. Items are confirmed by the broker before the state that remembers them is written.

    A poll that taught nothing writes no state. resumed: it is this process's first poll of the feed. begin: called when
    the feed's host can be asked; what it raises ends the poll. Raises Transient, and whatever `remember` raises.
    """
    known = learn.of_feed(state, feed)
    answer = await _ask(feed, known, world, begin)
    outcome = await _judge(answer, feed, known, world, resumed)
    if outcome.found:
        await send_items(feed, outcome.found.items, world)
    outcome = change(outcome, state=change(outcome.state, websub=await _subscribed(feed, outcome, told, world)))
    now = world.now()
    next_poll_at = _next_poll(feed, outcome, now, world)
    after = change(
        outcome.state,
        next_poll_at=next_poll_at if schedule.is_far(next_poll_at, now, world.pace) else None,
        silent_since=learn.silent_since(outcome.state, now, outcome.muted),
    )
    if after.silent_since and after.silent_since != state.silent_since:
        alert = silence.alert(feed, after, now, outcome.slug, outcome.error)
        await world.send(topics.ALERTS, [(feed.feed_id, codec.encode(alert))])
    events.tell(feed, state, after, muted=outcome.muted)
    if after != state:
        await remember(change(after, learned_from=feed.url, updated_at=now))
    health = _health(feed, state, after, outcome, answer.latency, now, next_poll_at)
    await world.send(topics.FEED_HEALTH, [(feed.feed_id, codec.encode(health))])
    return health


async def _subscribed(feed: Feed, outcome: Outcome, told: Told, world: World) -> Subscription | None:
    """What stands between us and the feed's hub, which is asked to call, or to go on calling, where that is due."""
    news = outcome.found is not None and len(outcome.found.items) > outcome.found.revised
    known = websub.judged(websub.heard(outcome.state.websub, told.lease), news=news, pushed=told.pushed)
    asked_at = world.now()
    if known is None or not websub.is_due(known, asked_at):
        return known
    return change(known, asked_at=asked_at) if await world.subscribe(feed.feed_id, known) else known


async def _ask(feed: Feed, state: FeedState, world: World, begin: Callable[[], None]) -> Answer:
    """Ask for what has changed; after a long time of 304s also for the body, in case they are not true."""
    etag, last_modified = validators.sent(state)
    conditional = bool(etag or last_modified)
    answer = await _fetch(feed, state, world, begin, etag, last_modified)
    if not isinstance(answer.fetched, NotModified):
        return change(answer, conditional=conditional)
    if not conditional:
        failure = Failed(kind="http_304", status=304, detail="304 Not Modified, though no validators were sent")
        return change(answer, fetched=failure)
    if validators.to_be_checked(state, answer.fetched.arrived_at):
        return change(await _fetch(feed, state, world, begin, None, None), after_304=True)
    return answer


async def _fetch(
    feed: Feed, state: FeedState, world: World, begin: Callable[[], None], etag: str | None, last_modified: str | None
) -> Answer:
    address = state.url or feed.url
    async with world.turn(address):
        begin()
        started = world.now()
        fetched = await world.fetch(feed, address, etag, last_modified)
        return Answer(fetched=fetched, latency=world.now() - started)


async def _judge(answer: Answer, feed: Feed, state: FeedState, world: World, resumed: bool) -> Outcome:
    match answer.fetched:
        case Failed() as failure:
            return _failed(state, failure, world.now())
        case NotModified() as fetched:
            after = learn.not_modified(state, fetched)
            return Outcome(slug="not_modified", status=304, state=after, fresh_s=fetched.max_age_s)
        case Document() as document:
            if learn.body_hash(document.body) == state.body_hash:
                after = learn.unchanged(state, document, after_304=answer.after_304)
                return Outcome(slug="unchanged", status=document.status, state=after, fresh_s=document.max_age_s)
            try:
                parsed = await world.parse(document.body, document.content_type, document.url)
                state = await aggregators.resolve(parsed, state, world.location)
                origin = items.origin_of(state, document.arrived_at)
                # In a thread: a first poll's thousand entries would hold the loop up.
                found = await asyncio.to_thread(items.find, parsed, feed, state, document.arrived_at, origin, resumed)
            except NotAFeed as error:
                failure = Failed(kind=error.kind, detail=error.detail, status=document.status)
                return _failed(state, failure, world.now())
            except Exception as error:  # a bug over one document must not end the polling of all the others
                log.exception("bug: the document is passed over", feed_id=feed.feed_id, url=document.url)
                failure = Failed(kind="bug", detail=repr(error), status=document.status)
                return _failed(state, failure, world.now())
            after = learn.read(
                state, document, parsed, found, conditional=answer.conditional, after_304=answer.after_304
            )
            return Outcome(
                slug="ok",
                status=document.status,
                state=after,
                error=parsed.damaged,
                found=found,
                entries=len(parsed.entries),
                fresh_s=document.max_age_s,
            )


def _failed(state: FeedState, failure: Failed, now: datetime) -> Outcome:
    return Outcome(
        slug=failure.kind,
        status=failure.status,
        error=failure.detail,
        state=learn.failed(state, failure, now),
        muted=failure.gone and state.url is None,
    )


def _next_poll(feed: Feed, outcome: Outcome, now: datetime, world: World) -> datetime:
    if outcome.muted:
        return now + MUTE
    hard = outcome.slug in HARD
    return schedule.next_poll(feed, outcome.state, now, world.pace, world.chance(), fresh_s=outcome.fresh_s, hard=hard)


def _health(
    feed: Feed,
    before: FeedState,
    state: FeedState,
    outcome: Outcome,
    latency: timedelta,
    now: datetime,
    next_poll_at: datetime,
) -> FeedHealth:
    found = outcome.found
    distinct = found.known + len(found.items) - found.revised if found else 0
    return FeedHealth(
        feed_id=feed.feed_id,
        url=state.url or feed.url,
        title=feed.title,
        at=now,
        outcome=outcome.slug,
        status=outcome.status,
        error=outcome.error,
        new_items=len(found.items) - found.revised if found else 0,
        revised_items=found.revised if found else 0,
        entries=outcome.entries,
        latency_ms=int(latency.total_seconds() * 1000),
        failures=state.failures,
        last_item_at=state.last_item_at,
        next_poll_at=next_poll_at,
        seen_share=round(found.known / distinct, 2) if found and distinct and before.first_polled_at else None,
        missed=found is not None and learn.missed(before, found),
        missed_at=state.missed_at,
        asked_s=schedule.asked_s(state.asked, outcome.fresh_s),
        items_a_day=habit.items_a_day(state.days, state.first_polled_at, now),
        delay_p50_s=delays.percentile(state.delays_s, 0.5),
        delay_p95_s=delays.percentile(state.delays_s, 0.95),
        silent_since=state.silent_since,
        validators_distrusted=state.validators == "distrusted",
    )
