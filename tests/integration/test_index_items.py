"""Read, merge, write on a real engine: nobody writes over what was not read."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from schemas.errors import Invalid
from schemas.messages import EnrichedItem
from services import engine
from services.engine import Engine
from services.index import indices, items, merge
from services.index.items import Known, Outcome
from tests.conftest import Servers, on_both_engines
from tests.unit.services.index.enriched import enriched

pytestmark = on_both_engines

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


@pytest.fixture
def url() -> str:
    return f"https://news.example/{secrets.token_hex(8)}"


def readable(read: dict[str, Known | Invalid]) -> dict[str, Known]:
    return {item_id: found for item_id, found in read.items() if isinstance(found, Known)}


async def write(connected: Engine, *messages: EnrichedItem, known: dict[str, Known] | None = None) -> list[Outcome]:
    if known is None:
        known = readable(await items.read(connected, [message.item_id for message in messages]))
    return await items.write(connected, messages, known, {}, NOW)


async def stored(connected: Engine, item: EnrichedItem) -> merge.Document:
    found = await connected.get(indices.NEWS, item.item_id)
    assert found
    return merge.from_stored(found.source)


async def test_a_new_item_is_written_and_read_back_whole(connected: Engine, url: str) -> None:
    item = enriched(url=url)
    [outcome] = await write(connected, item)
    assert outcome.verdict == "current"
    assert merge.shown(await stored(connected, item)) == item


async def test_a_replayed_message_is_current_and_writes_nothing(connected: Engine, url: str) -> None:
    item = enriched(url=url)
    await write(connected, item)
    before = await connected.get(indices.NEWS, item.item_id)
    [outcome] = await write(connected, item)
    assert outcome.verdict == "current"
    assert await connected.get(indices.NEWS, item.item_id) == before


async def test_an_older_revision_is_superseded(connected: Engine, url: str) -> None:
    new, old = enriched(url=url, revision=2, title="New"), enriched(url=url, revision=1, title="Old")
    await write(connected, new)
    [outcome] = await write(connected, old)
    assert outcome.verdict == "superseded"
    document = await stored(connected, new)
    assert merge.shown(document).title == "New"
    assert {title.title for title in document.history} == {"New", "Old"}


async def test_messages_of_one_item_in_a_batch_are_merged_in_one_write(connected: Engine, url: str) -> None:
    old, new = enriched(url=url, revision=1, title="Old"), enriched(url=url, revision=2, title="New")
    assert [one.verdict for one in await write(connected, old, new)] == ["superseded", "current"]
    found = await connected.get(indices.NEWS, old.item_id)
    assert found
    assert found.source["title"] == "New"


async def test_writers_of_one_item_who_did_not_see_each_other_lose_nothing(connected: Engine, url: str) -> None:
    versions = [enriched(url=url, feed_id=f"feed-{n}") for n in range(8)]
    outcomes = await asyncio.gather(*(write(connected, version, known={}) for version in versions))
    assert {outcome.verdict for [outcome] in outcomes} == {"current"}
    assert (await stored(connected, versions[0])).sources.keys() == {version.feed_id for version in versions}


async def test_a_write_over_a_state_that_has_changed_is_merged_again(connected: Engine, url: str) -> None:
    first, second, third = (enriched(url=url, feed_id=feed) for feed in ("a", "b", "c"))
    await write(connected, first)
    stale = await items.read(connected, [first.item_id])
    await write(connected, second)
    [outcome] = await write(connected, third, known=readable(stale))
    assert outcome.verdict == "current"
    assert (await stored(connected, first)).sources.keys() == {"a", "b", "c"}


async def test_what_the_engine_refuses_is_invalid_and_the_rest_is_written(connected: Engine, url: str) -> None:
    good = enriched(url=url)
    bad = msgspec.structs.replace(enriched(url=f"{url}-bad"), published_at=None, trace_id="x" * 40_000)
    outcomes = await write(connected, bad, good)
    assert [one.verdict for one in outcomes] == ["invalid", "current"]
    assert "immense term" in (outcomes[0].error or "")
    assert await connected.get(indices.NEWS, bad.item_id) is None


async def test_a_takedown_is_never_undone(connected: Engine, url: str) -> None:
    item = enriched(url=url)
    gone = merge.Document(item_id=item.item_id, sources={}, history=[], takedown=True)
    await connected.put(indices.NEWS, item.item_id, merge.to_stored(gone, NOW))
    [outcome] = await write(connected, item)
    assert outcome.verdict == "superseded"
    found = await connected.get(indices.NEWS, item.item_id)
    assert found
    assert found.source.keys() == {"item_id", "takedown", "indexed_at"}


async def test_a_damaged_document_is_named_and_the_others_are_read(connected: Engine, url: str) -> None:
    good, bad = enriched(url=url), enriched(url=f"{url}-bad")
    await write(connected, good)
    await connected.put(indices.NEWS, bad.item_id, {"item_id": bad.item_id, "sources": [{"nothing": "right"}]})
    read = await items.read(connected, [good.item_id, bad.item_id])
    assert isinstance(read[good.item_id], Known)
    assert "is damaged" in str(read[bad.item_id])
