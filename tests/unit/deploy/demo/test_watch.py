"""What passes on the topics becomes lines."""

import asyncio
import io
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from deploy.demo.screen import Narrator
from deploy.demo.watch import Watch
from schemas import codec, topics
from schemas.messages import Alert, EnrichedItem, FeedHealth, Message, RawItem

EXAMPLES = Path(__file__).parents[4] / "schemas" / "examples"
T = TypeVar("T", bound=Message)


def example(name: str, message: type[T]) -> T:
    return codec.decode((EXAMPLES / f"{name}.json").read_bytes(), message)


RAW = example("raw_item", RawItem)
ENRICHED = example("enriched_item", EnrichedItem)
HEALTH = example("feed_health", FeedHealth)
changed = msgspec.structs.replace


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def watch(out: io.StringIO) -> Watch:
    narrator = Narrator(out, 0.0, {}, clock=lambda: 0.0)
    return Watch(narrator, lambda search_id: f"search {search_id}", lambda url: "elsewhere" not in url)


def kinds(out: io.StringIO) -> list[str]:
    return [line.split()[1] for line in out.getvalue().splitlines()]


def tell(watch: Watch, topic: str, *messages: Message) -> None:
    for message in messages:
        watch.tell(topic, codec.encode(message))


async def is_polled(watch: Watch, feeds: int) -> bool:
    try:
        async with asyncio.timeout(0):
            await watch.until_polled(feeds)
    except TimeoutError:
        return False
    return True


def test_a_live_item_is_told_at_each_step(watch: Watch, out: io.StringIO) -> None:
    tell(watch, topics.RAW, changed(RAW, origin="live"))
    tell(watch, topics.ENRICHED, changed(ENRICHED, origin="live"))
    tell(watch, topics.ALERTS, example("alert", Alert))
    assert kinds(out) == ["seen", "tagged", "found"]


def test_a_second_revision_is_told_as_a_change(watch: Watch, out: io.StringIO) -> None:
    tell(watch, topics.RAW, changed(RAW, origin="live"), changed(RAW, origin="live", revision=RAW.revision + 1))
    assert kinds(out) == ["seen", "changed"]


def test_an_irrelevant_item_gets_a_quiet_line(watch: Watch, out: io.StringIO) -> None:
    tell(watch, topics.ENRICHED, changed(ENRICHED, origin="live", relevant=False, relevance=0.1))
    assert kinds(out) == ["aside"]
    assert "0.10 en  not about the mission: Jamaican officers" in out.getvalue()


def test_the_archive_is_told_by_feed_and_not_by_item(watch: Watch, out: io.StringIO) -> None:
    tell(watch, topics.RAW, changed(RAW, origin="first_poll"))
    tell(watch, topics.ENRICHED, changed(ENRICHED, origin="first_poll"))
    tell(watch, topics.FEED_HEALTH, HEALTH, changed(HEALTH, outcome="not_modified", new_items=0))
    assert kinds(out) == ["polled"]


def test_a_feed_in_trouble_is_told_once_and_again_when_the_trouble_changes(watch: Watch, out: io.StringIO) -> None:
    trouble = changed(HEALTH, outcome="http_error", status=503, error="503 Service Unavailable")
    tell(watch, topics.FEED_HEALTH, trouble, trouble, changed(trouble, outcome="timeout"), HEALTH, trouble)
    assert kinds(out) == ["trouble"] * 3
    assert "Example News: http_error, 503 Service Unavailable" in out.getvalue()


def test_feeds_of_other_runs_are_not_told(watch: Watch, out: io.StringIO) -> None:
    tell(watch, topics.FEED_HEALTH, changed(HEALTH, url="http://elsewhere.example/", outcome="timeout"))
    assert out.getvalue() == ""


async def test_it_knows_when_every_feed_was_polled(watch: Watch) -> None:
    tell(watch, topics.FEED_HEALTH, HEALTH, HEALTH)
    assert not await is_polled(watch, 2)
    tell(watch, topics.FEED_HEALTH, changed(HEALTH, url="http://other.example/", new_items=0))
    assert await is_polled(watch, 2)


async def test_an_alert_that_was_told_is_known(watch: Watch) -> None:
    alert = example("alert", Alert)
    tell(watch, topics.ALERTS, alert)
    async with asyncio.timeout(1):
        await watch.until_told(alert.alert_id)
