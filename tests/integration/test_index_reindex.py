"""The indices move while items are written, searches change and readers read: nothing is lost, nobody notices."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elastic_transport import ApiError

from schemas import codec, topics
from schemas.messages import EnrichedItem
from services import engine, kafka, settings
from services.engine import Engine, moving
from services.index import indices, items, job, merge, percolate, reindex, searches, takedown
from services.index.indices import ENDPOINTS, NEWS, OUTBOX, SEARCHES
from services.index.move import Refused
from services.index.query import Query
from services.index.searches import SavedSearch
from tests.conftest import ROOT, Servers
from tests.eventually import eventually
from tests.integration.test_index_run import indexing
from tests.integration.webhooks import calling_api, configure, saved_search
from tests.unit.services.index.enriched import enriched

NOW = datetime(2026, 4, 1, tzinfo=UTC)
SEEDS = 500


@pytest.fixture
async def connected(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    configure(monkeypatch)
    async with engine.connect() as found:
        yield found


async def made_otherwise(connected: Engine, name: str, **fields: Any) -> str:
    """Put an empty index in the place of this one, with other types of these fields; return its name."""
    [old] = await connected.indices_named(name)
    await moving.drop(connected, old)
    body = indices.template(name, settings.Index())["template"]
    properties = body["mappings"]["properties"] | fields
    await connected.client.indices.create(
        index=old,
        settings=body["settings"],
        mappings=body["mappings"] | {"properties": properties},
        aliases={name: {"is_write_index": True}},
    )
    return old


def command(stack: Servers, log: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "services.index", "reindex", *arguments],
            cwd=ROOT,
            env={**stack.environment, **environment},
            stderr=output,
        )


async def ended(process: subprocess.Popen[bytes], log: Path) -> int:
    try:
        return await asyncio.to_thread(process.wait, 120)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"it goes on for ever: {log}") from None
    finally:
        process.kill()


def item(number: int, revision: int) -> EnrichedItem:
    return enriched(
        url=f"https://news.example/moving/{number}",
        title=f"moving item {number} revision {revision}",
        text=f"Words of number {number} in revision {revision}.",
        revision=revision,
    )


def search(number: int) -> SavedSearch:
    return SavedSearch(
        search_id=f"search-{number}",
        name=f"a search of {number}",
        query=Query(text=f"moving item {number}"),
        endpoint_id=None,
        created_at=NOW,
        updated_at=NOW,
    )


async def matching(connected: Engine, one: EnrichedItem) -> set[str]:
    """Return the ids of the saved searches that match."""
    found = await percolate.percolate(connected, {one.item_id: merge.merge(None, one)})
    return {match.search.search_id for match in found}


@asynccontextmanager
async def repeating(step: Callable[[int], Awaitable[None]]) -> AsyncIterator[list[int]]:
    """Call the step with 0, 1, 2, ... until the block ends; what it raises, the block's end raises. Gives the calls."""
    made: list[int] = []
    stop = asyncio.Event()

    async def run() -> None:
        for number in count():
            if stop.is_set():
                return
            await step(number)
            made.append(number)
            await asyncio.sleep(0.1)

    running = asyncio.create_task(run())
    try:
        yield made
    finally:
        stop.set()
        await running


@pytest.mark.timeout(600)  # three processes one after the other, each waiting for the one before, on a busy machine
async def test_everything_arrives_though_all_go_on_and_the_move_is_killed_twice(
    stack: Servers, connected: Engine, tmp_path: Path
) -> None:
    other = {"feed_title": {"type": "text"}}  # a field of another type: only a move changes that
    old = [await made_otherwise(connected, name, **other) for name in (NEWS, SEARCHES)]
    revisions = dict.fromkeys(range(SEEDS), 1)
    seeds = [item(number, 1) for number in revisions]
    for start in range(0, SEEDS, 250):
        some = seeds[start : start + 250]
        await items.write(connected, some, {}, {one.item_id: one.item_id for one in some}, NOW)
    saved = {number: search(number) for number in range(61)}
    for one in saved.values():
        await connected.put(SEARCHES, one.search_id, searches.document(one))
    broken = msgspec.structs.replace(search(999), query=Query(text='an "open phrase'), endpoint_id="somewhere")
    await connected.put(SEARCHES, broken.search_id, searches.kept(broken) | {"query": {"match_all": {}}}, refresh=True)
    taken: set[str] = set()
    fault, log = tmp_path / "fault", tmp_path / "log"

    async with calling_api() as api, kafka.producer("test") as producer:

        async def items_come(number: int) -> None:
            which = [*(SEEDS + number * 3 + more for more in range(3)), number % SEEDS, (number * 7) % SEEDS]
            for one in dict.fromkeys(which):
                revisions[one] = revisions.get(one, 0) + 1
                await producer.send(topics.ENRICHED, item(one, 1).item_id, codec.encode(item(one, revisions[one])))

        async def people_change_things(number: int) -> None:
            gone = item(number * 11 % SEEDS, 1).item_id
            await takedown.take_down(connected, [gone], "an order", datetime.now(UTC))
            taken.add(gone)
            made = await saved_search(api, "http://127.0.0.1:1/none", text=f"of api {number}")
            renamed = msgspec.structs.replace(saved[number % 30], name=f"renamed {number}")
            await searches.save(connected, renamed)
            saved[number % 30] = renamed
            if number % 2:
                assert (await api.delete(f"/v1/searches/{made['id']}")).status_code == 204
            else:
                saved[1_000 + number] = msgspec.structs.replace(search(0), search_id=made["id"])
            if removed := saved.pop(30 + number, None) if number < 30 else None:
                assert await searches.remove(connected, removed.search_id)

        async def people_read(number: int) -> None:
            assert await connected.get(NEWS, item(SEEDS - 1, 1).item_id)
            answer = await api.get("/v1/items", params={"q": '"moving item"', "limit": 1})
            assert answer.status_code == 200, answer.text
            assert answer.json()["items"], "an index without items was read"
            assert await searches.get(connected, "search-60")
            assert "search-60" in await matching(connected, item(60, 1))

        with indexing(stack, tmp_path / "index-log"):
            async with repeating(items_come) as sent, repeating(people_change_things), repeating(people_read) as read:
                await eventually("items come", lambda: len(sent) > 5)
                for point in ("reindex:copied", "reindex:barred"):
                    fault.write_text(point)
                    assert await ended(command(stack, log, NEWS_FAULT_FILE=str(fault)), log) == -signal.SIGKILL, (
                        log.read_text()[-3_000:]
                    )
                    assert [*await connected.indices_named(NEWS), *await connected.indices_named(SEARCHES)] == old
                assert await ended(command(stack, log), log) == 0, log.read_text()[-3_000:]
                before = len(sent), len(read)
                await eventually("all go on", lambda: len(sent) > before[0] + 20 and len(read) > before[1] + 5)
            expected = {item(number, 1).item_id: revision for number, revision in revisions.items()}

            async def all_there() -> bool:
                found = await connected.mget(NEWS, list(expected), only=["revision", "takedown"])
                return {
                    name: expected[name] if one.source["takedown"] else one.source["revision"]
                    for name, one in found.items()
                } == expected

            await eventually("every item has its last revision", all_there, within_s=90)

    new = [*await connected.indices_named(NEWS), *await connected.indices_named(SEARCHES)]
    assert new == ["news-000002", "news-searches-000002"]
    gone = await connected.mget(NEWS, list(taken))
    assert {name for name, one in gone.items() if one.source["takedown"]} == taken
    await connected.refresh(NEWS)
    assert await moving.count(connected, NEWS) == len(expected)
    listed = {one.search_id: one for one in await searches.list_all(connected)}
    assert listed.keys() == {one.search_id for one in saved.values()} | {broken.search_id}
    assert {number: listed[saved[number].search_id].name for number in range(30)} == {
        number: saved[number].name for number in range(30)
    }
    assert "search-7" in (found := await matching(connected, item(7, 1)))
    assert "position 4" in (listed[broken.search_id].failure or "")
    assert broken.search_id not in found
    await connected.refresh(OUTBOX)
    told = await connected.search(OUTBOX, {"query": {"term": {"search_id": broken.search_id}}})
    assert [hit["_source"]["kind"] for hit in told["hits"]["hits"]] == ["search_failed"]
    [line] = [one for one in await indices.set_up(connected, dry_run=True, update=False) if one.thing == "index news"]
    assert line.state == "unchanged", line


async def test_what_the_new_mapping_refuses_stops_the_move_and_changes_nothing(
    connected: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    old = await made_otherwise(connected, ENDPOINTS, more={"type": "keyword"})
    await connected.put(ENDPOINTS, "one", {"url": "https://hook.example", "more": "x"}, refresh=True)
    with pytest.raises(Refused, match=r"refuses 1 of 1 documents:\n  one: "):
        await reindex.reindex(connected, [ENDPOINTS])
    assert list(await connected.indices_named(ENDPOINTS)) == [old]
    await connected.put(ENDPOINTS, "one", {"url": "https://hook.example"}, refresh=True)
    await reindex.reindex(connected, [ENDPOINTS])
    assert "going on where another run stopped" in capsys.readouterr().err
    [new] = await connected.indices_named(ENDPOINTS)
    assert new != old
    assert await connected.get(ENDPOINTS, "one")
    with pytest.raises(ApiError, match="cluster_block_exception"):
        await connected.client.index(index=old, id="late", document={})
    assert await reindex.drop_old(connected, [ENDPOINTS]) == [old]


async def test_only_one_job_runs_and_one_that_died_is_followed_by_another(
    connected: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(job, "BEAT_S", 0.1)
    async with job.alone(connected, "retain", said.append):
        with pytest.raises(job.Busy, match="retain on "):
            async with job.alone(connected, "reindex", said.append):
                raise AssertionError("two jobs at once")
    monkeypatch.setattr(job, "LEASE_S", 0.5)
    with pytest.raises(job.Lost, match="took over"):
        await overtaken(connected)
    async with job.alone(connected, "reindex", said.append) as second:
        assert second.token != "dead"
    assert any("watching it" in line for line in said)


async def overtaken(connected: Engine) -> None:
    """Work until another job has taken over."""
    async with job.alone(connected, "reindex", lambda line: None):
        stored = await connected.get(indices.JOBS, job.ID)
        assert stored
        heir = msgspec.convert(stored.source, job.Job)
        await connected.put(
            indices.JOBS, job.ID, msgspec.to_builtins(msgspec.structs.replace(heir, owner="dead", beat=9))
        )
        await asyncio.sleep(30)


async def test_a_write_waits_for_a_move_and_one_over_a_moved_document_is_a_conflict(connected: Engine) -> None:
    [physical] = await connected.indices_named(OUTBOX)
    for name in ("gone", "kept"):
        assert await connected.create(OUTBOX, name, {"state": "held"})
    kept = await connected.get(OUTBOX, "kept")
    assert kept
    await moving.bar_writes(connected, physical)
    waiting = asyncio.create_task(connected.put(OUTBOX, "put", {"state": "held"}))
    deleting = asyncio.create_task(connected.delete(OUTBOX, "gone"))
    replacing = asyncio.create_task(connected.replace(OUTBOX, kept, {"state": "failed"}))
    await asyncio.wait([waiting, deleting, replacing], timeout=1.5)
    assert not any(task.done() for task in (waiting, deleting, replacing))
    await moving.allow_writes(connected, physical)
    await waiting
    assert (await deleting, await replacing) == (True, True)
    changed = await connected.get(OUTBOX, "kept")
    assert changed
    await reindex.reindex(connected, [OUTBOX])
    assert await connected.replace(OUTBOX, changed, {"state": "held"}) is False, "it was read elsewhere"
    for name in ("put", "kept"):
        assert await connected.delete(OUTBOX, name)
