"""The engine's answers on a real engine: conditions, verdicts, real time."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.errors import Invalid, Transient
from services import engine
from services.engine import Create, Engine, Put, Replace
from services.index import indices
from tests.conftest import Servers, on_both_engines

pytestmark = on_both_engines


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


@pytest.fixture
def name() -> str:
    return secrets.token_hex(8)


def band(story: str) -> dict[str, Any]:
    return {"kind": "band", "story_id": story, "first_at": "2026-01-01T00:00:00Z"}


async def test_a_document_is_created_once_and_read_at_once(connected: Engine, name: str) -> None:
    assert await connected.create(indices.STORIES, name, band("a"))
    assert not await connected.create(indices.STORIES, name, band("b"))
    stored = await connected.get(indices.STORIES, name)
    assert stored
    assert stored.source["story_id"] == "a"
    assert await connected.mget(indices.STORIES, [name, name, "missing"]) == {name: stored}


async def test_a_replacement_needs_the_state_that_was_read(connected: Engine, name: str) -> None:
    await connected.put(indices.STORIES, name, band("a"))
    stored = await connected.get(indices.STORIES, name)
    assert stored
    assert await connected.replace(indices.STORIES, stored, band("b"))
    assert not await connected.replace(indices.STORIES, stored, band("c"))
    assert await connected.delete(indices.STORIES, name)
    assert not await connected.delete(indices.STORIES, name)


async def test_one_bad_document_of_a_bulk_leaves_the_others_alone(connected: Engine, name: str) -> None:
    first = await connected.create(indices.STORIES, name, band("a"))
    stored = await connected.get(indices.STORIES, name)
    assert first
    assert stored
    results = await connected.bulk(
        indices.STORIES,
        [
            Create(name, band("b")),
            Put(f"{name}-bad", {"unknown": 1}),
            Put(f"{name}-bad-date", band("x") | {"first_at": "soon"}),
            Replace(stored, band("c")),
            Put(f"{name}-good", band("d")),
        ],
    )
    assert [result.verdict for result in results] == ["conflict", "invalid", "invalid", "ok", "ok"]
    assert "strict_dynamic_mapping_exception" in (results[1].error or "")
    assert (await connected.mget(indices.STORIES, [f"{name}-bad", f"{name}-good"])).keys() == {f"{name}-good"}


async def test_a_refused_write_or_query_is_invalid_with_the_engine_s_reason(connected: Engine, name: str) -> None:
    with pytest.raises(Invalid, match="dynamic introduction of"):
        await connected.put(indices.STORIES, name, {"unknown": 1})
    with pytest.raises(Invalid, match="nope"):
        await connected.search(indices.NEWS, {"query": {"nope": {}}})
    with pytest.raises(Invalid, match="nope"):
        await connected.msearch(indices.NEWS, [{"query": {"match_all": {}}}, {"query": {"nope": {}}}])


async def test_before_set_up_everything_waits_and_nothing_is_made_by_accident(connected: Engine, name: str) -> None:
    with pytest.raises(Transient, match=r"services\.index setup"):
        await connected.search(name, {"query": {"match_all": {}}})
    with pytest.raises(Transient, match="require_alias"):
        await connected.create(name, "x", {})
    with pytest.raises(Transient):
        await connected.mget(name, ["x"])
    assert await connected.indices_named(name) == {}


async def test_an_engine_that_is_away_is_transient(connected: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_ELASTICSEARCH_TIMEOUT_S", "0.001")
    async with engine.connect() as hasty:
        with pytest.raises(Transient):
            await hasty.search(indices.NEWS, {"query": {"match_all": {}}})


async def test_what_is_no_search_engine_is_said_so(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status = b"401 Unauthorized" if b"ApiKey wrong" in request else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("NEWS_ELASTICSEARCH_URL", f"http://127.0.0.1:{port}")
        with pytest.raises(SystemExit, match="is not a search engine"):
            async with engine.connect():
                pass
        monkeypatch.setenv("NEWS_ELASTICSEARCH_API_KEY", "wrong")
        with pytest.raises(SystemExit, match="NEWS_ELASTICSEARCH_API_KEY"):
            async with engine.connect():
                pass
