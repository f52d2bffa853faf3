from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas import codec, identity, topics
from schemas.errors import Transient
from schemas.messages import Alert, Asked, Feed, FeedHealth, FeedState, HubNotice, NewsDay, RawItem, Subscription
from services.feeds.rules import new_feed
from services.ingest import items, learn, schedule, validators
from services.ingest.fetching.fetch import Document, Failed, Fetched, NotModified
from services.ingest.formats import parsed_feed
from services.ingest.formats.parse import Entry, NotAFeed, ParsedFeed
from services.ingest.learn import ADOPT_AFTER
from services.ingest.pages.page_text import Page
from services.ingest.poll import MUTE, Told, poll
from services.ingest.schedule import Pace
from services.ingest.state_log import new_state
from tests.unit.services.ingest.pages.article_pages import page

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
FEED = new_feed("https://news.example/rss", NOW)
FRESH = new_state(FEED.feed_id, NOW)
NOTHING_TOLD = Told()


class FakeWorld:
    """A world that answers as the test says, and notes in order what was sent and remembered."""

    def __init__(self, answer: Fetched, parsed: ParsedFeed | Exception | None = None, *more: Fetched) -> None:
        self.pace = Pace(interval_s=180, max_interval_s=900)
        self.answers, self.parsed = [answer, *more], parsed
        self.time = NOW
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.told: list[tuple[str, bytes]] = []
        self.remembered: list[FeedState] = []
        self.pages_asked: list[str] = []
        self.subscribed: list[Subscription] = []
        self.hubs_can_call = True
        self.broker_is_away = False
        self.leads_to: str | None = None

    def now(self) -> datetime:
        return self.time

    def chance(self) -> float:
        return 0.5

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        yield

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched:
        self.asked.append((url, etag, last_modified))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        if isinstance(self.parsed, Exception):
            raise self.parsed
        assert self.parsed is not None
        return self.parsed

    async def page(self, url: str) -> Page:
        self.pages_asked.append(url)
        return page("The whole article, as its page has it.\n")

    async def subscribe(self, feed_id: str, subscription: Subscription) -> bool:
        self.subscribed.append(subscription)
        return self.hubs_can_call

    async def location(self, url: str) -> str | None:
        return self.leads_to

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        if self.broker_is_away:
            raise Transient("broker away")
        self.told.extend((topic, value) for _, value in records)

    async def remember(self, state: FeedState) -> None:
        self.remembered.append(codec.decode(codec.encode(state), FeedState))  # what is written can be read
        self.told.append(("remember", b""))

    async def poll(self, state: FeedState = FRESH, feed: Feed = FEED, told: Told = NOTHING_TOLD) -> FeedHealth:
        return await poll(feed, state, self, self.remember, told=told)


def document(
    body: bytes = b"<rss/>", moved_to: str | None = None, at: datetime = NOW, max_age_s: int | None = None
) -> Document:
    return Document(
        body=body,
        content_type="text/xml",
        status=200,
        url=moved_to or FEED.url,
        moved_to=moved_to,
        etag='"1"',
        last_modified=None,
        arrived_at=at,
        max_age_s=max_age_s,
    )


def parsed(*titles: str) -> ParsedFeed:
    entries = [
        Entry(
            entry_id=title,
            url=f"https://news.example/{title}",
            title=title,
            summary="",
            text="",
            authors=[],
            image_url=None,
            published_at=None,
            published_raw=None,
        )
        for title in titles
    ]
    return ParsedFeed(title="News", language="en", entries=entries, format="rss20", damaged=None)


async def test_items_are_confirmed_before_the_state_that_remembers_them() -> None:
    world = FakeWorld(document(), parsed("a", "b"))
    health = await world.poll()
    assert [topic for topic, _ in world.told] == [topics.RAW, topics.RAW, "remember", topics.FEED_HEALTH]
    assert (health.outcome, health.new_items, health.failures) == ("ok", 2, 0)
    assert set(world.remembered[0].seen) == {
        codec.decode(value, RawItem).item_id for topic, value in world.told if topic == topics.RAW
    }


async def test_when_the_broker_does_not_confirm_nothing_is_remembered() -> None:
    world = FakeWorld(document(), parsed("a"))
    world.broker_is_away = True
    with pytest.raises(Transient):
        await world.poll()
    assert world.remembered == []


async def test_a_poll_that_taught_nothing_writes_no_state() -> None:
    world = FakeWorld(document(), parsed("a"))
    await world.poll()
    [state] = world.remembered
    for answer in (NotModified(arrived_at=NOW), document()):
        again = FakeWorld(answer)
        health = await again.poll(state)
        assert again.asked == [(FEED.url, '"1"', None)]
        assert again.remembered == []
        assert health.outcome in ("not_modified", "unchanged")


async def test_a_failure_is_remembered_and_counted_until_the_next_success() -> None:
    world = FakeWorld(Failed(kind="http_503", detail="busy", status=503, not_before=NOW + timedelta(hours=2)))
    health = await world.poll()
    [failing] = world.remembered
    assert (health.outcome, health.error, health.failures) == ("http_503", "busy", 1)
    assert health.next_poll_at == failing.not_before == NOW + timedelta(hours=2)
    recovered = FakeWorld(document(), parsed())
    await recovered.poll(failing)
    assert (recovered.remembered[0].failures, recovered.remembered[0].failing_since) == (0, None)


async def test_a_feed_that_is_gone_is_muted() -> None:
    world = FakeWorld(Failed(kind="gone", detail="410", status=410, gone=True))
    assert (await world.poll()).next_poll_at == NOW + MUTE


async def test_what_is_no_feed_is_a_failure_and_forgets_nothing() -> None:
    known = msgspec.structs.replace(FRESH, etag='"good"', first_polled_at=NOW)
    world = FakeWorld(document(b"<html>"), NotAFeed("html", "an HTML page"))
    health = await world.poll(known)
    assert (health.outcome, health.failures) == ("html", 1)
    assert world.remembered[0].etag == '"good"'


async def test_a_bug_over_one_document_is_that_feeds_failure() -> None:
    world = FakeWorld(document(), KeyError("title"))
    health = await world.poll()
    assert (health.outcome, health.error) == ("bug", "KeyError('title')")


async def test_a_permanent_redirect_is_adopted_after_repeated_agreement() -> None:
    state = FRESH
    for number in range(1, ADOPT_AFTER + 1):
        world = FakeWorld(document(b"%d" % number, moved_to="https://news.example/new"), parsed())
        await world.poll(state)
        [state] = world.remembered
        assert state.url == (None if number < ADOPT_AFTER else "https://news.example/new")
    world = FakeWorld(NotModified(arrived_at=NOW))
    await world.poll(state)
    assert world.asked[0][0] == "https://news.example/new"


async def test_a_redirect_that_changes_its_mind_starts_from_one() -> None:
    state = FRESH
    for target in ("a", "a", "b"):
        world = FakeWorld(document(target.encode(), moved_to=f"https://news.example/{target}"), parsed())
        await world.poll(state)
        state = world.remembered[0] if world.remembered else state
    assert state.redirect is not None
    assert (state.redirect.url, state.redirect.times) == ("https://news.example/b", 1)


async def test_a_page_s_text_is_sent_and_what_the_feed_said_is_remembered() -> None:
    """So that the next poll sees no change, and a page that varies makes no revisions."""
    feed = msgspec.structs.replace(FEED, page_text=True)
    world = FakeWorld(document(), parsed("a"))
    await world.poll(feed=feed)
    [sent] = [codec.decode(value, RawItem) for topic, value in world.told if topic == topics.RAW]
    assert (sent.text, sent.text_source) == ("The whole article, as its page has it.\n", "page")
    [state] = world.remembered
    assert state.seen[sent.item_id].content_hash != sent.content_hash
    assert state.seen[sent.item_id].revision == sent.revision
    again = FakeWorld(document(b"<rss changed/>"), parsed("a"))
    await again.poll(state, feed)
    assert again.pages_asked == []
    assert topics.RAW not in [topic for topic, _ in again.told]


async def test_after_a_crash_between_item_and_state_the_same_content_is_sent_again() -> None:
    feed = msgspec.structs.replace(FEED, page_text=True)
    hashes = []
    for _ in range(2):
        world = FakeWorld(document(), parsed("a"))
        await world.poll(feed=feed)
        hashes += [codec.decode(value, RawItem).content_hash for topic, value in world.told if topic == topics.RAW]
    assert hashes[0] == hashes[1]


def read_before(*titles: str, ago: timedelta = timedelta(minutes=3), **state: object) -> FeedState:
    """The state of a feed that was first polled at that time, with these items."""
    found = items.find(parsed(*titles), FEED, FRESH, NOW - ago, "first_poll")
    before = msgspec.structs.replace(
        FRESH,
        seen=found.seen,
        first_polled_at=NOW - ago,
        last_item_at=NOW - ago,
        full_at=NOW - ago,
        etag='"1"',
        body_hash=learn.body_hash(b"before"),
        learned_from=FEED.url,
    )
    return msgspec.structs.replace(before, **state)


async def test_when_nothing_of_a_later_document_was_seen_items_may_have_been_missed() -> None:
    world = FakeWorld(document(), parsed("c", "d"))
    health = await world.poll(read_before("a", "b"))
    assert (health.missed, health.missed_at, health.seen_share) == (True, NOW, 0.0)
    assert world.remembered[0].missed_at == NOW
    assert health.next_poll_at == NOW + timedelta(seconds=60)  # the rate rises
    calm = await FakeWorld(document(), parsed("b", "c")).poll(read_before("a", "b"))
    assert (calm.missed, calm.missed_at, calm.seen_share) == (False, None, 0.5)
    first = await FakeWorld(document(), parsed("c", "d")).poll()
    assert (first.missed, first.seen_share) == (False, None)


async def test_a_304_that_lasts_too_long_is_checked_and_a_lie_is_remembered() -> None:
    silent = NotModified(arrived_at=NOW)
    world = FakeWorld(silent, parsed("a", "b"), document())
    health = await world.poll(read_before("a", ago=timedelta(minutes=31)))
    assert world.asked == [(FEED.url, '"1"', None), (FEED.url, None, None)]
    assert (health.outcome, health.new_items, health.validators_distrusted) == ("ok", 1, True)
    again = FakeWorld(document(), parsed("a", "b"))
    await again.poll(world.remembered[0])
    assert again.asked == [(FEED.url, None, None)]


async def test_a_304_that_was_true_is_believed_for_longer_and_longer() -> None:
    state = read_before("a", ago=timedelta(minutes=31), body_hash=learn.body_hash(b"<rss/>"))
    world = FakeWorld(NotModified(arrived_at=NOW), parsed("a"), document())
    health = await world.poll(state)
    [checked] = world.remembered
    assert (health.outcome, health.validators_distrusted, checked.full_at) == ("unchanged", False, NOW)
    assert not validators.to_be_checked(checked, NOW + timedelta(minutes=30))
    assert validators.to_be_checked(checked, NOW + timedelta(minutes=32))
    proven = msgspec.structs.replace(checked, validators="proven")
    assert not validators.to_be_checked(proven, NOW + timedelta(hours=11))
    assert validators.to_be_checked(proven, NOW + timedelta(hours=12))


async def test_validators_that_let_a_change_through_are_proven() -> None:
    world = FakeWorld(document(), parsed("a", "b"))
    await world.poll(read_before("a"))
    assert world.remembered[0].validators == "proven"


async def test_a_304_to_a_request_without_validators_is_a_failure() -> None:
    health = await FakeWorld(NotModified(arrived_at=NOW)).poll()
    assert (health.outcome, health.status, health.failures) == ("http_304", 304, 1)


async def test_the_validators_of_a_damaged_body_are_not_kept_until_it_comes_again() -> None:
    cut = msgspec.structs.replace(parsed("a"), damaged="it breaks off")
    world = FakeWorld(document(), cut)
    await world.poll()
    [state] = world.remembered
    assert (state.etag, set(state.seen) != set()) == (None, True)
    again = FakeWorld(document())
    await again.poll(state)
    assert again.remembered[0].etag == '"1"'


async def test_what_the_document_asks_is_kept_and_a_long_wait_survives_a_restart() -> None:
    asking = msgspec.structs.replace(parsed("a"), asked=parsed_feed.Asked(ttl_s=1440 * 60))
    world = FakeWorld(document(), asking)
    health = await world.poll()
    [state] = world.remembered
    assert (state.asked, health.asked_s) == (Asked(ttl_s=86_400), 3600)
    assert state.next_poll_at == health.next_poll_at
    assert health.next_poll_at is not None
    assert health.next_poll_at >= NOW + timedelta(hours=1)
    soon = FakeWorld(document(max_age_s=600), parsed("a"))
    health = await soon.poll()
    assert (health.asked_s, soon.remembered[0].next_poll_at) == (600, None)


def news_days(*, silence: timedelta) -> list[NewsDay]:
    today = int(NOW.timestamp() // 86_400)
    return [NewsDay(day=today - ago, items=5, silence_s=int(silence.total_seconds())) for ago in range(20, 0, -1)]


async def test_a_feed_silent_beyond_its_habit_raises_an_alarm_once() -> None:
    state = read_before("a", ago=timedelta(hours=30), days=news_days(silence=timedelta(hours=9)), validators="proven")
    state = msgspec.structs.replace(state, full_at=NOW)
    world = FakeWorld(NotModified(arrived_at=NOW))
    health = await world.poll(state)
    [alert] = [codec.decode(value, Alert) for topic, value in world.told if topic == topics.ALERTS]
    assert alert.feed is not None
    assert (alert.kind, alert.subject, alert.feed.limit_s) == ("silent_feed", FEED.feed_id, 86_400)
    assert alert.alert_id == identity.alert_id("silent_feed", FEED.feed_id, FEED.feed_id, alert.trigger)
    assert [topic for topic, _ in world.told] == [topics.ALERTS, "remember", topics.FEED_HEALTH]
    assert health.silent_since == state.last_item_at
    again = FakeWorld(Failed(kind="http_404", detail="404", status=404))
    await again.poll(world.remembered[0])
    assert topics.ALERTS not in [topic for topic, _ in again.told]
    speaks = FakeWorld(document(), parsed("a", "b"))
    assert (await speaks.poll(world.remembered[0])).silent_since is None
    assert speaks.remembered[0].silent_since is None


async def test_a_feed_within_its_habit_and_a_new_one_raise_none() -> None:
    weekly = read_before("a", ago=timedelta(days=5), days=news_days(silence=timedelta(days=7)))
    for state in (weekly, read_before("a", ago=timedelta(days=300))):
        world = FakeWorld(NotModified(arrived_at=NOW), parsed("a"), document())
        assert (await world.poll(state)).silent_since is None
        assert topics.ALERTS not in [topic for topic, _ in world.told]


async def test_a_feed_that_is_gone_is_told_of_at_once_and_a_person_ends_the_mute() -> None:
    world = FakeWorld(Failed(kind="gone", detail="410", status=410, gone=True))
    await world.poll(read_before("a"))
    assert topics.ALERTS in [topic for topic, _ in world.told]
    touched = msgspec.structs.replace(FEED, updated_at=NOW + timedelta(days=1))
    assert schedule.first_poll(touched, world.remembered[0], NOW) == NOW
    assert schedule.first_poll(FEED, world.remembered[0], NOW) == NOW + MUTE


async def test_an_adopted_address_that_fails_is_given_up_for_the_feeds_own() -> None:
    state = read_before("a", url="https://news.example/new")
    for _ in range(learn.DOUBT_AFTER):
        assert state.url == "https://news.example/new"
        world = FakeWorld(Failed(kind="http_404", detail="404", status=404))
        await world.poll(state)
        [state] = world.remembered
    assert (state.url, state.etag, bool(state.seen)) == (None, None, True)
    moved = FakeWorld(Failed(kind="gone", detail="410", status=410, gone=True))
    health = await moved.poll(read_before("a", url="https://news.example/new"))
    assert moved.remembered[0].url is None
    assert health.next_poll_at is not None
    assert health.next_poll_at < NOW + timedelta(days=2)


async def test_a_new_address_given_by_a_person_makes_what_was_learned_of_the_old_one_void() -> None:
    state = read_before("a", url="https://news.example/adopted", learned_from="https://old.example/rss", failures=9)
    world = FakeWorld(document(), parsed("a", "b"))
    health = await world.poll(state)
    assert world.asked == [(FEED.url, None, None)]
    assert (health.new_items, health.failures, world.remembered[0].learned_from) == (1, 0, FEED.url)


async def test_a_permanent_redirect_to_a_304_counts_as_agreement() -> None:
    state = read_before("a")
    for _ in range(ADOPT_AFTER):
        world = FakeWorld(NotModified(arrived_at=NOW, moved_to="https://news.example/new"))
        await world.poll(state)
        [state] = world.remembered
    assert state.url == "https://news.example/new"


async def test_a_poll_whose_turn_comes_too_late_asks_nothing() -> None:
    world = FakeWorld(document(), parsed("a"))

    def lost() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await poll(FEED, FRESH, world, world.remember, begin=lost)
    assert (world.asked, world.told) == ([], [])


def with_hub(number: int = 1) -> Document:
    return msgspec.structs.replace(document(b"<rss%d/>" % number), hub="https://hub.example/")


async def test_a_feed_s_hub_is_asked_to_call_once() -> None:
    world = FakeWorld(with_hub(), parsed("a"))
    await world.poll()
    [state] = world.remembered
    assert state.websub == Subscription(hub="https://hub.example/", topic=FEED.url, asked_at=NOW)
    again = FakeWorld(NotModified(arrived_at=NOW))
    await again.poll(state)
    assert (len(world.subscribed), again.subscribed, again.remembered) == (1, [], [])


async def test_where_hubs_cannot_call_none_is_asked() -> None:
    world = FakeWorld(with_hub(), parsed("a"))
    world.hubs_can_call = False
    await world.poll()
    assert world.remembered[0].websub == Subscription(hub="https://hub.example/", topic=FEED.url)


async def test_a_hub_that_brings_news_lets_polls_be_rare_and_one_that_misses_some_does_not() -> None:
    first = FakeWorld(with_hub(), parsed("a"))
    await first.poll()
    lease = HubNotice(feed_id=FEED.feed_id, kind="verified", topic=FEED.url, at=NOW, until=NOW + timedelta(days=10))
    by_push = FakeWorld(with_hub(2), parsed("a", "b"))
    health = await by_push.poll(first.remembered[0], told=Told(lease, pushed=True))
    [state] = by_push.remembered
    assert state.websub is not None
    assert (state.websub.until, state.websub.proven) == (lease.until, True)
    assert health.next_poll_at == NOW + timedelta(seconds=by_push.pace.max_interval_s)
    missed = FakeWorld(with_hub(3), parsed("a", "b", "c"))
    health = await missed.poll(state, told=Told(lease))
    assert health.next_poll_at is not None
    assert health.next_poll_at < NOW + timedelta(seconds=missed.pace.max_interval_s)
