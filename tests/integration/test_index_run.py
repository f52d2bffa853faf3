"""The running process: items in, alerts out, and nothing lost when it is killed between write and alert."""

import asyncio
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer

from schemas import codec, topics
from schemas.messages import Alert, DeadLetter, EnrichedItem, FeedHealth
from services import engine, kafka
from services.dead_letters import DeadLetters, Flood
from services.engine import Engine, Stored
from services.index import batch, indices, searches
from services.index.query import Query
from services.index.searches import SavedSearch
from services.kafka import Producer, Record
from tests.conftest import ROOT, Servers
from tests.eventually import eventually
from tests.unit.services.index.enriched import enriched

MEGABYTE = 1_000_000


@contextmanager
def indexing(stack: Servers, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m services.index run`; it must end with 0 on SIGTERM, unless it has ended before."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.index", "run"],
            cwd=ROOT,
            env={**stack.environment, **environment},
            stderr=output,
        )
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0, log.read_text()[-3_000:]
        finally:
            process.kill()
            process.wait()


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


@pytest.fixture
async def producer(stack: Servers) -> AsyncIterator[Producer]:
    async with kafka.producer("test") as made:
        yield made


@pytest.fixture
def mark() -> str:
    return "zq" + secrets.token_hex(6)


async def save_search(connected: Engine, mark: str, *, every_item: bool = False) -> str:
    now = datetime.now(UTC)
    search = SavedSearch(
        search_id=f"{mark}-{every_item}",
        name=mark,
        query=Query(text=mark),
        endpoint_id=None,
        created_at=now,
        updated_at=now,
        every="item" if every_item else "story",
    )
    await searches.save(connected, search)
    return search.search_id


def item(mark: str, number: int = 0, **changes: object) -> EnrichedItem:
    """An item with a text of its own."""
    words = " ".join(f"{mark}w{number}n{n}" for n in range(60))
    url = f"https://news.example/{mark}/{number}"
    told: dict[str, object] = {"title": f"{mark} item {number}", "text": words, "fetched_at": datetime.now(UTC)}
    return enriched(url=url, **(told | changes))


async def send(producer: Producer, *items: EnrichedItem) -> None:
    await producer.send_all(topics.ENRICHED, [(one.item_id, codec.encode(one)) for one in items])


class Told:
    """The records of a topic, read from its start; no group."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self.records: list[bytes] = []

    async def __aenter__(self) -> "Told":
        self._client = AIOKafkaConsumer(
            self._topic, **kafka.connection("test"), group_id=None, auto_offset_reset="earliest"
        )
        await self._client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.stop()

    async def read(self) -> list[bytes]:
        read = await self._client.getmany(timeout_ms=100)
        self.records += [record.value for records in read.values() for record in records]
        return self.records

    async def alerts(self, search_id: str) -> list[Alert]:
        mine = [value for value in await self.read() if search_id.encode() in value]  # other tests send junk too
        return [codec.decode(value, Alert) for value in mine]


async def test_a_live_item_becomes_an_alert_and_an_archived_one_does_not(
    stack: Servers, connected: Engine, producer: Producer, mark: str, tmp_path: Path
) -> None:
    search_id = await save_search(connected, mark)
    every_id = await save_search(connected, mark, every_item=True)
    live, archived = item(mark, 1), item(mark, 2, origin="first_poll")
    copy = item(mark, 3, text=live.text, title=live.title, feed_id="other")
    late = item(mark, 4, fetched_at=datetime.now(UTC) - timedelta(hours=1))
    with indexing(stack, tmp_path / "log") as process:
        async with Told(topics.ALERTS) as told:
            await send(producer, live, archived, copy, late)

            async def three_told() -> list[Alert]:
                found = await told.alerts(every_id)
                return found if len(found) >= 3 else []

            every: list[Alert] = await eventually("an alert for each item but the archived one", three_told)
            alerts = await told.alerts(search_id)
            stored = await connected.mget(indices.NEWS, [one.item_id for one in (live, archived, copy, late)])
        memory = psutil.Process(process.pid).memory_info().rss
    assert {alert.item_id for alert in every} == {live.item_id, copy.item_id, late.item_id}
    assert len({alert.alert_id for alert in every}) == 3
    assert len(stored) == 4
    assert stored[live.item_id].source["story_id"] == stored[copy.item_id].source["story_id"]
    by_item = {alert.item_id: alert for alert in alerts}
    assert archived.item_id not in by_item
    assert by_item[live.item_id].alert_id == by_item[copy.item_id].alert_id
    assert by_item[live.item_id].trace_id == live.trace_id
    assert (by_item[live.item_id].late, by_item[late.item_id].late) == (False, True)
    assert len({alert.alert_id for alert in alerts}) == 2
    assert memory < 150 * MEGABYTE


async def test_killed_between_write_and_alert_it_tells_all_the_same(
    stack: Servers, connected: Engine, producer: Producer, mark: str, tmp_path: Path
) -> None:
    search_id = await save_search(connected, mark)
    fault = tmp_path / "fault"
    fault.write_text("index:written")
    items = [item(mark, number) for number in range(60)]
    await send(producer, *items)
    with indexing(stack, tmp_path / "log", NEWS_FAULT_FILE=str(fault)) as first:
        await asyncio.to_thread(first.wait, 30)
        assert first.returncode == -signal.SIGKILL
    written = await connected.mget(indices.NEWS, [one.item_id for one in items])
    assert written, "it died after the write"
    async with Told(topics.ALERTS) as told:
        assert await told.alerts(search_id) == []
        with indexing(stack, tmp_path / "log", NEWS_FAULT_FILE=str(fault)):

            async def all_told() -> list[Alert]:
                found = await told.alerts(search_id)
                return found if {alert.item_id for alert in found} == {one.item_id for one in items} else []

            alerts: list[Alert] = await eventually("an alert for every item", all_told)
    after = await connected.mget(indices.NEWS, [one.item_id for one in items])
    assert {one.source["story_id"] for one in after.values()} == {alert.story_id for alert in alerts}
    assert all(after[item_id] == before for item_id, before in written.items()), "the repeat wrote nothing again"


async def test_what_cannot_be_processed_becomes_a_dead_letter_and_the_rest_goes_on(
    stack: Servers, connected: Engine, producer: Producer, mark: str, tmp_path: Path
) -> None:
    good, refused = item(mark, 1), item(mark, 2, trace_id="f" * 32, content_hash="0" * 32)
    refused_value = codec.encode(refused).replace(b'"mss"', b'"' + b"m" * 40_000 + b'"')
    with indexing(stack, tmp_path / "log"):
        await producer.send(topics.ENRICHED, mark, b"{nope")
        await producer.send(topics.ENRICHED, mark, refused_value)
        await send(producer, good)
        async with Told(topics.DEAD) as told:

            async def both_there() -> list[DeadLetter]:
                letters = [codec.decode(value, DeadLetter) for value in await told.read()]
                mine = [letter for letter in letters if letter.key == mark]
                return mine if len(mine) == 2 else []

            letters: list[DeadLetter] = await eventually("two dead letters", both_there)

        written: Stored | None = await eventually(
            "the good item is written", lambda: connected.get(indices.NEWS, good.item_id)
        )
        assert written
    assert {letter.reason for letter in letters} == {"undecodable", "engine_refused"}
    assert {letter.stage for letter in letters} == {"index"}
    assert await connected.get(indices.NEWS, refused.item_id) is None


async def test_the_latest_health_of_a_feed_is_kept(
    stack: Servers, connected: Engine, producer: Producer, mark: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    polls = [
        FeedHealth(
            feed_id=mark,
            url="https://news.example/feed",
            title="A feed",
            at=now + timedelta(minutes=number),
            outcome=outcome,
            status=200,
            error=None,
            new_items=1,
            revised_items=0,
            entries=20,
            latency_ms=12,
            failures=0,
            last_item_at=None,
            next_poll_at=now,
        )
        for number, outcome in enumerate(["ok", "unchanged", "not_modified"])
    ]
    with indexing(stack, tmp_path / "log"):
        for poll in polls:
            await producer.send(topics.FEED_HEALTH, mark, codec.encode(poll))

        async def last() -> Stored | None:
            stored = await connected.get(indices.FEED_HEALTH, mark)
            return stored if stored and stored.source["outcome"] == "not_modified" else None

        kept: Stored | None = await eventually("the last poll is kept", last)
    assert kept
    fetches = kept.source.pop("fetches")
    assert kept.source == codec.to_builtins(polls[-1])
    assert [fetch["outcome"] for fetch in fetches] == ["not_modified", "unchanged", "ok"]


async def test_it_stops_at_once_while_it_waits_for_an_engine_that_is_away(stack: Servers, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with indexing(stack, log, NEWS_ELASTICSEARCH_URL="http://127.0.0.1:9"):
        await eventually("it says that it waits", lambda: "search engine is away, waiting" in log.read_text())


async def test_a_batch_of_nothing_but_junk_is_a_flood(connected: Engine, producer: Producer) -> None:
    """The batch, not the process: 100 bad messages in the topic would stop the processes of other tests."""
    junk = [Record(topics.ENRICHED, 0, number, b"flood", b"{nope", (), 0) for number in range(120)]
    with pytest.raises(Flood, match="undecodable"):
        await batch.index_batch(junk, connected, producer, DeadLetters("index", producer), "http://x", 600)
