from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas import codec, topics
from schemas.errors import Transient
from schemas.messages import Feed, FeedHealth, FeedState, RawItem
from services.ingest.fetch import Document, Failed, Fetched, NotModified
from services.ingest.items import new_feed
from services.ingest.parse import Entry, NotAFeed, ParsedFeed
from services.ingest.poll import ADOPT_AFTER, MUTE, poll
from services.ingest.schedule import Pace
from services.ingest.state_log import new_state

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
FEED = new_feed("https://news.example/rss", NOW)
FRESH = new_state(FEED.feed_id, NOW)


class FakeWorld:
    """A world that answers as the test says, and notes in order what was sent and remembered."""

    def __init__(self, answer: Fetched, parsed: ParsedFeed | Exception | None = None) -> None:
        self.pace = Pace(interval_s=180, max_interval_s=900)
        self.answer, self.parsed = answer, parsed
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.told: list[tuple[str, bytes]] = []
        self.remembered: list[FeedState] = []
        self.broker_is_away = False

    def now(self) -> datetime:
        return NOW

    def chance(self) -> float:
        return 0.5

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched:
        self.asked.append((url, etag, last_modified))
        return self.answer

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        if isinstance(self.parsed, Exception):
            raise self.parsed
        assert self.parsed is not None
        return self.parsed

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        if self.broker_is_away:
            raise Transient("broker away")
        self.told.extend((topic, value) for _, value in records)

    async def remember(self, state: FeedState) -> None:
        self.remembered.append(state)
        self.told.append(("remember", b""))

    async def poll(self, state: FeedState = FRESH) -> FeedHealth:
        return await poll(FEED, state, self, self.remember)


def document(body: bytes = b"<rss/>", moved_to: str | None = None) -> Document:
    return Document(
        body=body,
        content_type="text/xml",
        status=200,
        url=moved_to or FEED.url,
        moved_to=moved_to,
        etag='"1"',
        last_modified=None,
        arrived_at=NOW,
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
