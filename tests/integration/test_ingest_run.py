"""What ingest promises on the real broker: nothing is lost, repeated or undone, whoever dies, restarts or freezes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from schemas import codec, topics
from schemas.messages import FeedState, RawItem
from services import kafka
from tests.conftest import Servers
from tests.eventually import eventually
from tests.integration.ingesting import (
    Ingest,
    RawItems,
    Replica,
    Site,
    claims,
    ingesting,
    raw_items,
    serving,
    stored_state,
)

ONE = "/one"
MANY = tuple(f"/feed-{number}" for number in range(16))


@pytest.fixture
async def raw(stack: Servers) -> AsyncIterator[RawItems]:
    async with raw_items(stack.bootstrap_servers) as items:
        yield items


@pytest.fixture
async def one(stack: Servers, tmp_path: Path) -> AsyncIterator[Ingest]:
    with serving(ONE) as site:
        async with ingesting(site, stack.environment, tmp_path) as ingest:
            yield ingest


@pytest.fixture
async def many(stack: Servers, tmp_path: Path) -> AsyncIterator[Ingest]:
    with serving(*MANY) as site:
        async with ingesting(site, stack.environment, tmp_path) as ingest:
            yield ingest


async def arrived(raw: RawItems, count: int, *feed_ids: str) -> list[RawItem]:
    """Wait until so many items of these feeds are in news.raw, and return them."""

    async def enough() -> list[RawItem]:
        found = await raw.of(*feed_ids)
        return found if len(found) >= count else []

    found: list[RawItem] = await eventually(f"{count} items in news.raw", enough)
    return found


async def test_a_feed_reaches_news_raw_at_first_as_archive_and_then_live(one: Ingest, raw: RawItems) -> None:
    replica, feed_id = one.start("replica"), one.site.feed_id(ONE)

    await arrived(raw, 1, feed_id)
    one.site.articles[ONE]["second"] = "Second"

    found = await arrived(raw, 2, feed_id)
    assert [(item.title, item.origin) for item in found] == [(f"First of {ONE}", "first_poll"), ("Second", "live")]
    assert [item.url for item in found] == [f"{one.site.url}{ONE}/first", f"{one.site.url}{ONE}/second"]
    assert replica.stop() == 0, replica.log.read_text()


async def test_a_restart_repeats_nothing_and_sends_the_validators(one: Ingest, raw: RawItems) -> None:
    first, feed_id = one.start("first"), one.site.feed_id(ONE)
    await eventually("a conditional poll", lambda: one.site.asked(ONE, status=304))
    assert first.stop() == 0, first.log.read_text()

    second = one.start("second")
    await eventually("a poll after the restart", lambda: one.site.asked(ONE, replica=second.name))
    assert one.site.asked(ONE, replica=second.name)[0].status == 304
    one.site.articles[ONE]["second"] = "Second"

    found = await arrived(raw, 2, feed_id)
    assert [(item.title, item.origin) for item in found] == [
        (f"First of {ONE}", "first_poll"),
        ("Second", "live"),
    ]


async def test_an_edited_article_is_a_revision_of_the_same_item(one: Ingest, raw: RawItems) -> None:
    one.start("replica")
    feed_id = one.site.feed_id(ONE)
    await eventually("a conditional poll", lambda: one.site.asked(ONE, status=304))
    one.site.articles[ONE]["first"] = "First, corrected"

    before, after = await arrived(raw, 2, feed_id)
    assert after.item_id == before.item_id
    assert after.revision > before.revision
    assert after.content_hash != before.content_hash
    assert after.title == "First, corrected"


def pollers(site: Site, since: int) -> dict[str, set[str]]:
    """Feed -> the replicas that asked for it, of the requests after the first `since`."""
    asked: dict[str, set[str]] = {path: set() for path in MANY}
    for request in site.requests[since:]:
        asked[request.path].add(request.replica)
    return asked


async def split(site: Site, *replicas: Replica) -> dict[str, set[str]]:
    """Wait until every feed is polled, each by one of the replicas only, and all of these poll. Feed -> its replica."""
    since = len(site.requests)

    def settled() -> dict[str, set[str]]:
        nonlocal since
        asked = pollers(site, since)
        if any(len(by) > 1 for by in asked.values()):  # still before or within the rebalance
            since = len(site.requests)
            return {}
        everybody = set().union(*asked.values())
        return asked if all(asked.values()) and everybody == {replica.name for replica in replicas} else {}

    owners: dict[str, set[str]] = await eventually("each feed polled by one replica", settled)
    return owners


async def test_replicas_split_the_feeds_and_inherit_those_of_a_dead_one(many: Ingest, raw: RawItems) -> None:
    a = many.start("a")
    site, feed_ids = many.site, [many.site.feed_id(path) for path in MANY]
    await eventually("every feed polled", lambda: all(site.asked(path, status=304) for path in MANY))
    b = many.start("b")
    owners = await split(site, a, b)
    of_the_dead = [path for path, by in owners.items() if by == {a.name}]

    a.kill()
    for path in MANY:
        site.articles[path]["after"] = f"After the death, {path}"

    expected = {f"First of {path}" for path in MANY} | {f"After the death, {path}" for path in MANY}

    async def all_there() -> list[RawItem]:
        found = await raw.of(*feed_ids)
        return found if {item.title for item in found} == expected else []

    found = await eventually("every item in news.raw", all_there)
    # A poll that a rebalance or the death cuts short is made again: its items come twice, as the same items.
    assert len({(item.item_id, item.content_hash) for item in found}) == len(expected)
    inherited_polls = [site.asked(path, replica=b.name)[0] for path in of_the_dead]
    assert all(request.validator for request in inherited_polls), "the heir uses the dead replica's validators"


async def test_a_frozen_owner_that_wakes_up_does_not_undo_its_heirs_state(one: Ingest, raw: RawItems) -> None:
    site, feed_id = one.site, one.site.feed_id(ONE)
    frozen = one.start("frozen")
    await eventually("a conditional poll", lambda: site.asked(ONE, status=304))

    # A poll of an edited article is under way when the owner freezes; its answer comes while nobody reads it.
    let_go = site.publish_and_hold(ONE, frozen.name, first="Seen by the frozen owner alone")
    await eventually("a poll that waits", lambda: site.waiting)
    frozen.freeze()
    let_go.set()
    site.articles[ONE] = {"first": f"First of {ONE}", "second": "Seen by the heir"}

    heir = one.start("heir")
    await eventually("the heir's conditional poll", lambda: site.asked(ONE, status=304, replica=heir.name))
    by_the_heir = await stored_state(feed_id)
    assert by_the_heir is not None
    assert len(by_the_heir.seen) == 2

    frozen.wake()

    found = await arrived(raw, 3, feed_id)
    assert found[-1].title == "Seen by the frozen owner alone", "it finished its poll when it woke up"
    heir.kill()  # and so it cannot be what the heir has in memory
    polls = len(site.asked(ONE, replica=frozen.name))
    await eventually(
        "the poll of who inherits from the heir", lambda: len(site.asked(ONE, replica=frozen.name)) > polls + 1
    )
    kept = await stored_state(feed_id)
    assert kept is not None
    assert kept.seen == by_the_heir.seen
    assert [item.title for item in await raw.of(feed_id)].count("Seen by the heir") == 1


async def test_the_owner_writes_its_state_over_a_late_record(one: Ingest) -> None:
    site, feed_id = one.site, one.site.feed_id(ONE)
    predecessor = one.start("predecessor")
    await eventually("a conditional poll", lambda: site.asked(ONE, status=304))
    assert predecessor.stop() == 0, predecessor.log.read_text()
    site.articles[ONE]["second"] = "Second"
    owner = one.start("owner")
    await eventually("the owner's conditional poll", lambda: site.asked(ONE, status=304, replica=owner.name))
    good = await stored_state(feed_id)
    assert good is not None
    partition, offsets = await claims(feed_id)
    assert good.epoch == offsets[-1]

    late = msgspec.structs.replace(good, epoch=offsets[-2], seen={}, etag='"late"')
    async with kafka.producer("test") as producer:
        offset = await producer.send(topics.FEED_STATE, feed_id, codec.encode(late), partition=partition)
    assert offset > good.epoch

    async def mended() -> FeedState | None:
        state = await stored_state(feed_id)
        return state if state == good else None

    state: FeedState | None = await eventually("the owner's state after the late record", mended)
    assert state == good
    asked = len(site.requests)
    await eventually("another poll", lambda: len(site.requests) > asked)
    assert site.requests[-1].validator != '"late"'


async def test_sigterm_lets_a_poll_under_way_finish(one: Ingest, raw: RawItems) -> None:
    site, feed_id = one.site, one.site.feed_id(ONE)
    replica = one.start("replica")
    await eventually("a conditional poll", lambda: site.asked(ONE, status=304))
    let_go = site.publish_and_hold(ONE, replica.name, second="Second")
    await eventually("a poll that waits", lambda: site.waiting)
    stopping = asyncio.create_task(asyncio.to_thread(replica.stop))
    let_go.set()
    assert await stopping == 0, replica.log.read_text()
    assert [item.title for item in await raw.of(feed_id)] == [f"First of {ONE}", "Second"]
    state = await stored_state(feed_id)
    assert state is not None
    assert len(state.seen) == 2
