"""The archive after a change of the gazetteer, and people for the gazetteer, on the real servers and services."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from schemas import topics
from schemas.messages import EnrichedItem
from services import engine, kafka
from services.engine import Engine, Put
from services.enrich.gazetteer import load
from services.index import indices, items, merge, searches
from services.index.query import Query
from services.index.searches import SavedSearch
from tests.conftest import ROOT, Servers
from tests.integration.test_enrich_worker import worker
from tests.unit.services.index.enriched import enriched

WAIT_S = 90.0
INDEXED = datetime(2026, 4, 1, tzinfo=UTC)
EVERYTHING = SavedSearch(
    search_id="all",
    name="all",
    query=Query(),
    endpoint_id=None,
    created_at=INDEXED,
    updated_at=INDEXED,
    every="item",
)


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


def command(stack: Servers, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.enrich", *arguments],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


async def fill(connected: Engine, messages: list[EnrichedItem]) -> None:
    await items.write(connected, messages, {}, {}, INDEXED)
    await connected.refresh(indices.NEWS)


async def stored(connected: Engine, item: EnrichedItem) -> dict[str, Any]:
    found = await connected.get(indices.NEWS, item.item_id)
    assert found
    return found.source


async def until_tagged(connected: Engine, messages: list[EnrichedItem], version: str) -> None:
    async with asyncio.timeout(WAIT_S):
        left = {message.item_id for message in messages}
        while left:
            found = await connected.mget(indices.NEWS, sorted(left))
            left = {item_id for item_id, one in found.items() if one.source.get("gazetteer_version") != version}
            await asyncio.sleep(0.2)


async def test_an_archive_gets_new_tags_and_nothing_else_and_alerts_nobody(
    stack: Servers, connected: Engine, tmp_path: Path
) -> None:
    version = load().version
    archive = [enriched(url=f"https://archive.example/{number}") for number in range(120)]
    copy = msgspec.structs.replace(archive[0], feed_id="another", title="Another's title", text=archive[0].text[:40])
    newer = enriched(url="https://archive.example/newer", gazetteer_version="9999-0123456789ab")
    gone = enriched(url="https://archive.example/gone")
    await fill(connected, [*archive, copy, newer])
    await connected.bulk(
        indices.NEWS, [Put(gone.item_id, {"item_id": gone.item_id, "takedown": True, "indexed_at": INDEXED})]
    )
    await searches.save(connected, EVERYTHING)
    before = {message.item_id: await stored(connected, message) for message in archive}
    with (
        worker(stack, tmp_path / "enrich.log"),
        worker(stack, tmp_path / "index.log", ("-m", "services.index", "run")),
    ):
        done = await asyncio.to_thread(command, stack, "retag", "--rate", "1000")
        assert done.returncode == 0, done.stderr
        await until_tagged(connected, archive, version)
    for message in archive:
        after = await stored(connected, message)
        assert without_tags(after) == without_tags(before[message.item_id])
        assert "place/port-au-prince" in after["entity"]
        assert "Made Up" not in after["person"]
    both = await stored(connected, archive[0])
    assert {source["gazetteer_version"] for source in both["sources"]} == {version}
    assert (await stored(connected, newer))["gazetteer_version"] == newer.gazetteer_version
    assert (await stored(connected, gone))["takedown"] is True
    assert await kafka.read_compacted(topics.ALERTS) == {}
    await connected.refresh(indices.NEWS)
    again = await asyncio.to_thread(command, stack, "retag")
    assert again.returncode == 0
    assert "0 messages of 1 items" in again.stderr  # the one that a newer gazetteer tagged


def without_tags(document: dict[str, Any]) -> dict[str, Any]:
    flat = {*merge.TAGS, "mission", "country", "entity", "event", *merge.TYPED_NAMES, "story_id", "stems"}
    flat |= {f"country_{role}" for role in merge.ROLES}
    sources = [{key: value for key, value in one.items() if key not in merge.TAGS} for one in document["sources"]]
    return {key: value for key, value in document.items() if key not in flat} | {"sources": sources}


async def test_people_found_again_and_again_are_proposed_with_examples(stack: Servers, connected: Engine) -> None:
    """The usual item of the tests names somebody whom no gazetteer has."""
    await fill(connected, [enriched(url=f"https://proposals.example/{number}") for number in range(4)])
    done = await asyncio.to_thread(command, stack, "propose", "--since", "2026-01-01", "--min-count", "4")
    assert done.returncode == 0, done.stderr
    assert {"id": "person/made-up", "name": "Made Up", "sources": ["unconfirmed"]} in yaml.safe_load(done.stdout)
    assert "Kenyan officers arrive in Haïti https://" in done.stdout
    nobody = await asyncio.to_thread(command, stack, "propose", "--since", "2026-01-01", "--min-count", "5000")
    assert yaml.safe_load(nobody.stdout) is None
