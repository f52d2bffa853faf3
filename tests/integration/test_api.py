"""The API over a real engine."""

import asyncio
import logging
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import httpx
import pytest
from elasticsearch import AsyncElasticsearch
from standardwebhooks import Webhook

from schemas.messages import Country, EnrichedItem, Entity
from services import engine
from services.engine import Engine
from services.index import items
from services.index.indices import ENDPOINTS, FEED_HEALTH, NEWS
from tests.conftest import Servers, on_both_engines
from tests.eventually import eventually
from tests.integration.webhooks import calling_api, configure, deliveries, delivering, receiving, saved_search
from tests.unit.services.index.enriched import enriched

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _configured(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)


def article(title: str, **changes: Any) -> EnrichedItem:
    """An article of its own, dated by when it was fetched."""
    address = f"https://news.example/{token_hex(8)}"
    return enriched(title=title, url=address, published_at=None, **({"fetched_at": NOW} | changes))


async def indexed(*messages: EnrichedItem, story_id: str | None = None) -> None:
    """Write items as the index service writes them."""
    async with engine.connect() as connected:
        stories = {message.item_id: story_id or message.item_id for message in messages}
        await items.write(connected, messages, {}, stories, datetime.now(UTC))
        await connected.refresh(NEWS)


async def found(api: httpx.AsyncClient, **parameters: Any) -> list[str]:
    """The titles that a search finds, in its order."""
    answer = await api.get("/v1/items", params=parameters)
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


@on_both_engines
async def test_items_are_found_by_word_without_accents_country_entity_language_time_and_relevance() -> None:
    word = f"zebulon{token_hex(4)}"
    kenyan = article(
        f"{word}: l'arrivée",
        language="fr",
        countries=[Country(code="KE", role="lead", mentions=1)],
        entities=[Entity(id="person/godfrey-otunge", type="person", name="Godfrey Otunge", mentions=1)],
        fetched_at=NOW - timedelta(days=2),
    )
    other = article(f"{word} again", language="en", countries=[], entities=[], relevant=False)
    await indexed(kenyan, other)
    async with calling_api() as api:
        both, first, second = [other.title, kenyan.title], [kenyan.title], [other.title]
        assert await found(api, q=word) == both
        assert await found(api, q=f"{word} arrivee") == first
        assert await found(api, q=f"{word} -arrivee") == second
        assert await found(api, q=word, country="KE") == first
        assert await found(api, q=word, country=["KE", "JM"]) == first
        assert await found(api, q=word, entity="person/godfrey-otunge") == first
        assert await found(api, q=word, language="en") == second
        assert await found(api, q=word, relevant=True) == first
        assert await found(api, q=word, since=(NOW - timedelta(days=1)).isoformat()) == second
        assert await found(api, q=word, until=(NOW - timedelta(days=1)).isoformat()) == first
        assert set(await found(api, q=word, sort="relevance")) == set(both)
        whole = (await api.get(f"/v1/items/{kenyan.item_id}")).json()
        assert (whole["text"], whole["countries"][0]["role"]) == (kenyan.text, "lead")


@on_both_engines
@pytest.mark.parametrize("sort", ["time", "relevance"])
async def test_pages_hold_every_item_once(sort: str) -> None:
    word = f"paging{token_hex(4)}"
    await indexed(*(article(f"{word} {n}") for n in range(7)))
    async with calling_api() as api:
        titles: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await api.get("/v1/items", params={"q": word, "size": 3, "sort": sort, "cursor": cursor})).json()
            assert page["total"] == {"value": 7, "exact": True}
            titles += [item["title"] for item in page["items"]]
            cursor = page["cursor"]
        assert sorted(titles) == [f"{word} {n}" for n in range(7)]


@on_both_engines
async def test_near_duplicates_are_one_story_told_by_its_latest_item() -> None:
    story_id, now = token_hex(16), datetime.now(UTC)
    earlier, latest = (article(f"Told {n}", fetched_at=now + timedelta(seconds=n)) for n in (1, 2))
    await indexed(earlier, latest, story_id=story_id)
    async with calling_api() as api:
        stories = (await api.get("/v1/stories", params={"size": 100})).json()["stories"]
        told = [(one["items"], one["latest"]["title"]) for one in stories if one["story_id"] == story_id]
        assert told == [(2, "Told 2")]


@on_both_engines
async def test_a_story_tells_its_size_its_time_its_outlets_and_its_languages() -> None:
    story_id, now = token_hex(16), NOW.replace(microsecond=0)
    told = [("Said first", "one", "en", 0), ("Said again", "two", "en", 60), ("Dit encore", "two", "fr", 120)]
    copies = [
        article(title, feed_id=feed, language=language, fetched_at=now + timedelta(seconds=after))
        for title, feed, language, after in told
    ]
    await indexed(*copies, story_id=story_id)
    async with calling_api() as api:
        story = (await api.get(f"/v1/stories/{story_id}")).json()
        assert [item["title"] for item in story["members"]] == [title for title, *_ in told]
        assert story["items"] == 3
        assert datetime.fromisoformat(story["first_seen"]) == now
        assert datetime.fromisoformat(story["last_seen"]) == now + timedelta(seconds=120)
        assert story["outlets"] == [{"value": "two", "items": 2}, {"value": "one", "items": 1}]
        assert story["languages"] == [{"value": "en", "items": 2}, {"value": "fr", "items": 1}]
        assert (await api.get(f"/v1/stories/{token_hex(16)}")).status_code == 404


@on_both_engines
async def test_what_was_taken_down_is_shown_to_nobody() -> None:
    gone = article("Takendownville")
    async with engine.connect() as connected:
        tombstone = {"item_id": gone.item_id, "takedown": True, "indexed_at": NOW.isoformat()}
        await connected.put(NEWS, gone.item_id, tombstone, refresh=True)
    async with calling_api() as api:
        assert (await api.get(f"/v1/items/{gone.item_id}")).status_code == 404
        assert gone.item_id not in [item["item_id"] for item in (await api.get("/v1/items?size=200")).json()["items"]]


@on_both_engines
@pytest.mark.parametrize(
    "text", ['"open', "-only", "***", '{"match_all": {}}', "a" * 1_000, "x AND (y", "~1 \\", "title:x"]
)
async def test_no_search_text_brings_out_the_engine_s_own_errors(text: str) -> None:
    async with calling_api() as api:
        answer = await api.get("/v1/items", params={"q": text})
        assert answer.status_code in (200, 422)
        assert "exception" not in answer.text


async def test_a_search_is_saved_listed_and_deleted_and_its_secret_shown_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with calling_api() as api:
        saved = await saved_search(api, "https://hooks.example/secret", text='"gang suppression force"', every="item")
        secret = saved["endpoint"].pop("secret")
        assert secret.startswith("whsec_")
        answer = await api.get(f"/v1/searches/{saved['id']}")
        assert answer.headers["etag"] == '"1"'
        shown = answer.json()
        listed = {one["id"]: one for one in (await api.get("/v1/searches")).json()["searches"]}
        assert shown["endpoint"].pop("secret") is None
        assert saved["preview"].keys() >= {"items", "a_day", "warning"}
        assert shown == saved | {"preview": None}
        assert listed[saved["id"]]["endpoint"]["secret"] is None
        assert shown["query"]["every"] == "item"
        async with engine.connect() as connected:
            at_rest = await connected.get(ENDPOINTS, saved["endpoint"]["id"])
        assert at_rest
        assert secret not in str(at_rest.source)
        assert secret not in caplog.text
        assert (await api.delete(f"/v1/searches/{saved['id']}")).status_code == 204
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test")):
            answer = await api.request(method, f"/v1/searches/{saved['id']}{path}")
            assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_a_query_that_cannot_be_run_is_not_saved() -> None:
    async with calling_api() as api:
        before = len((await api.get("/v1/searches")).json()["searches"])
        answer = await api.post(
            "/v1/searches",
            json={"name": "x", "query": {"text": 'an "open phrase'}, "endpoint": {"url": "https://hooks.example/"}},
        )
        assert (answer.status_code, answer.json()["field"]) == (422, "query.text")
        assert "position 4" in answer.json()["detail"]
        assert len((await api.get("/v1/searches")).json()["searches"]) == before


async def test_a_test_arrives_signed_and_is_attempted_once() -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        search = await saved_search(api, f"{receiver.address}/ping")
        answer = await api.post(f"/v1/searches/{search['id']}/test")
        assert answer.status_code == 202
        [request] = await receiver.arrived("/ping", 1)
        message = Webhook(search["endpoint"]["secret"]).verify(request.body, request.headers)
        assert (message["type"], message["data"]["search"]["id"]) == ("news.test", search["id"])
        assert request.id == answer.json()["delivery_id"]
        [delivery] = await deliveries(api, search["id"], "delivered")
        assert (delivery["kind"], len(delivery["attempts"])) == ("test", 1)


@on_both_engines
async def test_deliveries_are_paged_and_filtered() -> None:
    async with calling_api() as api:
        search = await saved_search(api, "https://hooks.example/")
        pings = [(await api.post(f"/v1/searches/{search['id']}/test")).json()["delivery_id"] for _ in range(5)]
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"search_id": search["id"], "size": 2, "cursor": cursor, "state": "pending"}
            page = (await api.get("/v1/deliveries", params=parameters)).json()
            ids += [one["id"] for one in page["deliveries"]]
            cursor = page["cursor"]
        assert sorted(ids) == sorted(pings)
        none = await api.get("/v1/deliveries", params={"search_id": search["id"], "state": "failed"})
        assert none.json()["deliveries"] == []
        await api.delete(f"/v1/searches/{search['id']}")


@on_both_engines
async def test_feeds_in_trouble_come_first() -> None:
    async with engine.connect() as connected:
        for name, failures in (("api-fine", 0), ("api-failing", 9_999)):
            health: dict[str, Any] = {
                "feed_id": name,
                "url": f"https://{name}.example/rss",
                "title": name,
                "at": NOW.isoformat(),
            }
            health |= {"outcome": "ok", "status": 200, "error": None, "new_items": 0, "revised_items": 0}
            health |= {"entries": 1, "latency_ms": 1, "failures": failures, "last_item_at": None, "next_poll_at": None}
            await connected.put(FEED_HEALTH, name, health, refresh=True)
    async with calling_api() as api:
        feeds = (await api.get("/v1/feeds/health")).json()["feeds"]
        assert feeds[0]["feed_id"] == "api-failing"
        assert "api-fine" in {feed["feed_id"] for feed in feeds}


async def test_health_needs_no_key_and_tells_whether_the_engine_answers() -> None:
    async with calling_api() as api:
        answer = await api.get("/health", headers={"authorization": ""})
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_while_the_engine_is_away_the_api_says_so() -> None:
    dead = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = dead.sockets[0].getsockname()[1]
    async with (
        AsyncElasticsearch(f"http://127.0.0.1:{port}", max_retries=0) as client,
        dead,
        calling_api(Engine(client)) as api,
    ):
        health = await api.get("/health")
        assert (health.status_code, health.json()) == (
            503,
            {"status": "unavailable", "engine": "away", "index": "unknown"},
        )
        answer = await api.get("/v1/items")
        assert (answer.status_code, answer.json()["error"]) == (503, "engine_away")
        assert answer.headers["retry-after"] == "5"


async def test_as_a_process_it_serves_and_stops_when_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("NEWS_API_KEYS", "a-key")
    monkeypatch.setenv("NEWS_API_PORT", str(port))
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.index", "api")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def healthy() -> bool:
                try:
                    return (await client.get("/health")).status_code == 200
                except httpx.ConnectError:
                    return False

            up: bool = await eventually("the API is healthy", healthy)
            assert up
            assert (await client.get("/v1/stories", headers={"x-api-key": "a-key"})).status_code == 200
            running.terminate()
            async with asyncio.timeout(10):
                assert await running.wait() == 0
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def test_without_keys_a_process_refuses_to_start_and_says_how_to_make_one() -> None:
    async def refusal(command: str, variable: str) -> tuple[int | None, str]:
        environment = os.environ | {"NEWS_API_KEYS": "a-key", variable: ""}
        arguments = [sys.executable, "-m", "services.index", command]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*arguments, env=environment, stderr=pipe)
        _, said = await process.communicate()
        return process.returncode, said.decode()

    cases = [("deliver", "NEWS_ENCRYPTION_KEYS"), ("api", "NEWS_ENCRYPTION_KEYS"), ("api", "NEWS_API_KEYS")]
    refusals = await asyncio.gather(*(refusal(command, variable) for command, variable in cases))
    for (_, variable), (status, said) in zip(cases, refusals, strict=True):
        assert status == 1
        assert f"{variable}: no key" in said
        assert "python -m services.index key" in said
