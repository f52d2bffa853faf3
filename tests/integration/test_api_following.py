"""Ways out of the archive over a real engine: changes, exports, feeds, counts."""

import asyncio
import csv
import io
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import httpx
import msgspec
import pytest

from schemas.messages import EnrichedItem
from services import engine
from services.index import export, items, syndicated, takedown
from services.index.api import exports, feed_links
from services.index.indices import NEWS
from services.index.query import Query, engine_query
from tests.conftest import Servers, on_both_engines
from tests.integration.webhooks import calling_api, configure
from tests.unit.services.index.enriched import enriched

pytestmark = on_both_engines

NOW = datetime.now(UTC)


@pytest.fixture
async def api(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    configure(monkeypatch)
    async with calling_api() as calling:
        yield calling


def article(title: str, **changes: Any) -> EnrichedItem:
    """An article of its own, dated by when it was fetched."""
    address = f"https://news.example/{token_hex(8)}"
    return enriched(**({"title": title, "url": address, "published_at": None, "fetched_at": NOW} | changes))


async def indexed(*messages: EnrichedItem, story_id: str | None = None, at: datetime | None = None) -> None:
    """Write items as the index service writes them, as if it had begun to at that time."""
    async with engine.connect() as connected:
        known = await items.read(connected, (message.item_id for message in messages))
        readable = {item_id: found for item_id, found in known.items() if isinstance(found, items.Known)}
        stories = {message.item_id: story_id or message.item_id for message in messages}
        await items.write(connected, messages, readable, stories, at or datetime.now(UTC))
        await connected.refresh(NEWS)


async def answered(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_follower_gets_every_item_once_also_late_ones_and_again_what_changed(api: httpx.AsyncClient) -> None:
    word, now = f"follow{token_hex(4)}", datetime.now(UTC)
    cursor = ""

    async def news() -> list[str]:
        nonlocal cursor
        got: list[str] = []
        more = True
        while more:
            given = {"cursor": cursor} if cursor else {"start": (now - timedelta(hours=1)).isoformat()}
            page = await answered(api, "/v1/items/changes", q=word, size=2, **given)
            got += [item["title"] for item in page["items"]] + [f"gone {item_id}" for item_id in page["taken_down"]]
            cursor, more = page["cursor"], page["more"]
        return got

    for n in range(5):
        await indexed(article(f"{word} {n}"), at=now - timedelta(minutes=30 - n))
    assert await news() == [f"{word} {n}" for n in range(5)]
    fresh = article(f"{word} fresh")
    await indexed(fresh, article("Of something else"))
    assert await news() == [f"{word} fresh"]
    await indexed(article(f"{word} late"), at=now - timedelta(minutes=4))
    assert await news() == [f"{word} late"]
    assert await news() == []
    await indexed(enriched(title=f"{word} revised", url=fresh.url, revision=fresh.revision + 1))
    assert await news() == [f"{word} revised"]
    async with engine.connect() as connected:
        await takedown.take_down(connected, [fresh.item_id], None, now)
    assert await news() == [f"gone {fresh.item_id}"]
    refused = await api.get("/v1/items/changes", params={"q": "other", "cursor": cursor})
    assert (refused.status_code, refused.json()["field"]) == (422, "cursor")


async def test_an_export_has_every_item_in_the_state_that_it_began_with(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = f"export{token_hex(4)}"
    await indexed(*(article(f"{word} {n}", fetched_at=NOW - timedelta(minutes=n)) for n in range(7)))
    async with engine.connect() as connected:
        query = engine_query(Query(text=word, relevant_only=False))
        titles: list[str] = []
        async for page in export.pages(connected, query, "ndjson", page=3):
            titles += [source["title"] for source in page]
            await indexed(article(f"{word} meanwhile", fetched_at=NOW - timedelta(hours=1)))
        assert titles == [f"{word} {n}" for n in range(7)]
        meanwhile = [page async for page in export.pages(connected, query, "ndjson", page=5)]
        assert list(map(len, meanwhile)) == [5, 5]
    answer = await api.get("/v1/items/export", params={"q": f"{word} -meanwhile", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["title"] for row in rows] == [f"{word} {n}" for n in range(7)]
    whole = (await api.get("/v1/items/export", params={"q": f'"{word} 3"', "format": "ndjson"})).content
    assert msgspec.json.decode(whole)["text"] == enriched().text
    assert (await api.get("/v1/items/export", params={"q": "a AND", "format": "csv"})).json()["error"] == "query"
    monkeypatch.setattr(exports, "_under_way", asyncio.Semaphore(0))
    assert (await api.get("/v1/items/export", params={"q": word, "format": "csv"})).status_code == 429


async def test_the_command_writes_the_file_and_counts_on_stderr(stack: Servers) -> None:
    word = f"exported{token_hex(4)}"
    await indexed(article(f"{word} old", fetched_at=NOW - timedelta(days=3)), article(f"{word} new"))
    since = (NOW - timedelta(days=1)).date().isoformat()
    command = [sys.executable, "-m", "services.index", "export", word, "--since", since]
    process = await asyncio.create_subprocess_exec(
        *command, env=stack.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    written, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert "1 items written" in said.decode()
    assert [row["title"] for row in csv.DictReader(io.StringIO(written.decode("utf-8-sig")))] == [f"{word} new"]
    unread, closed = os.pipe()
    os.close(unread)
    process = await asyncio.create_subprocess_exec(
        *command, env=stack.environment, stdout=closed, stderr=asyncio.subprocess.PIPE
    )
    os.close(closed)
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"Traceback" not in said


async def test_a_signed_address_opens_one_search_to_a_feed_reader(api: httpx.AsyncClient) -> None:
    word = f"syndicated{token_hex(4)}"
    await indexed(article(f"{word} & one"), article(f"{word} two", language="fr"))
    links = await answered(api, "/v1/feed-links", q=word, language="fr")
    reader = {"authorization": ""}
    for form, address in zip(feed_links.FORMS, links.values(), strict=True):
        path = address.removeprefix("http://127.0.0.1:8080")
        answer = await api.get(path, headers=reader)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == f"{syndicated.MEDIA_TYPES[form]}; charset=utf-8"
        assert f"{word} two" in answer.text
        assert f"{word} &" not in answer.text
        for validator in (
            {"if-none-match": answer.headers["etag"]},
            {"if-modified-since": answer.headers["last-modified"]},
        ):
            unchanged = await api.get(path, headers=reader | validator)
            assert (unchanged.status_code, unchanged.content) == (304, b"")
        for other in (path.replace("language=fr", "language=en"), path.replace(word, "x"), f"{path}&country=KE"):
            assert (await api.get(other, headers=reader)).json()["error"] == "link_unknown"
        assert (await api.get(path.replace("items", "items/export"), headers=reader)).status_code == 401
        stale = await api.get(path, headers=reader | {"if-none-match": '"other"'})
        assert stale.status_code == 200
    linked = (await api.get("/v1/items", params={"q": word, "language": "fr"})).headers["link"]
    assert links["atom"].removeprefix("http://127.0.0.1:8080") in linked


async def test_facets_and_bars_count_what_a_search_finds(api: httpx.AsyncClient) -> None:
    word, day = f"counted{token_hex(4)}", NOW.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=9)
    story = token_hex(16)
    await indexed(article(f"{word} a", fetched_at=day), article(f"{word} b", fetched_at=day), story_id=story)
    await indexed(article(f"{word} c", fetched_at=day + timedelta(days=2), language="fr", countries=[], entities=[]))
    counted = await answered(api, "/v1/items/facets", q=word, facet=["language", "country", "person", "role", "story"])
    assert (counted["total"], counted["stories"]) == (3, 2)
    assert counted["facets"]["language"]["values"] == [{"value": "en", "items": 2}, {"value": "fr", "items": 1}]
    assert {one["value"]: one["items"] for one in counted["facets"]["country"]["values"]} == {"HT": 2, "KE": 2}
    assert counted["facets"]["person"] == {"values": [{"value": "Made Up", "items": 2}], "others": 0}
    assert counted["facets"]["story"]["values"][0] == {"value": story, "items": 2}
    assert counted["roles"]["contributor"]["values"] == [{"value": "KE", "items": 2}]
    assert set((await answered(api, "/v1/items/facets", q=word))["facets"]) >= {"feed", "event", "organisation"}
    bars = (await answered(api, "/v1/items/histogram", q=word, interval="day"))["bars"]
    assert [bar["items"] for bar in bars] == [2, 0, 1]
    assert (await answered(api, "/v1/items/histogram", q=f"{word}none"))["bars"] == []
    refused = await api.get("/v1/items/histogram", params={"q": word, "interval": "minute"})
    assert (refused.status_code, refused.json()["error"]) == (422, "too_many_bars")


@pytest.mark.parametrize("sort", ["time", "relevance"])
async def test_a_story_is_shown_by_its_first_item_over_all_pages(api: httpx.AsyncClient, sort: str) -> None:
    word, story = f"collapsed{token_hex(4)}", token_hex(16)
    copies = [article(f"{word} copy {n}", fetched_at=NOW - timedelta(minutes=2 * n)) for n in range(5)]
    await indexed(*copies, story_id=story)
    alone = [article(f"{word} alone {n}", fetched_at=NOW - timedelta(minutes=2 * n + 1)) for n in range(2)]
    await indexed(*alone)
    got: list[tuple[str, int | None]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await answered(api, "/v1/items", q=word, size=2, sort=sort, collapse="story", cursor=cursor)
        got += [(item["title"], item["story_items"]) for item in page["items"]]
        cursor = page["cursor"]
    assert sorted(got) == [(f"{word} alone 0", 1), (f"{word} alone 1", 1), (f"{word} copy 0", 5)]


async def test_highlights_are_the_matches_and_the_evidence(api: httpx.AsyncClient) -> None:
    word = f"marked{token_hex(4)}"
    await indexed(article(f"Kenyan <b>{word}</b>"))
    [item] = (await answered(api, "/v1/items", q=f"{word} patrol*", highlight=True))["items"]
    assert item["highlights"]["matches"]["title"] == [["Kenyan <b>", word, "</b>"]]
    assert item["highlights"]["matches"]["text"][0][1] == "patrol"
    [span] = item["highlights"]["evidence"]
    assert (span["tag"], span["surface"], span["end"]) == ("country:KE", "Kenyan", 6)
    assert (await answered(api, "/v1/items", q=word))["items"][0]["highlights"] is None


async def test_similar_items_share_words_and_are_of_other_stories(api: httpx.AsyncClient) -> None:
    words = " ".join(f"{token_hex(4)}x" for _ in range(12))
    one, copy = (article(f"Similar {n}", summary=words, text=words) for n in range(2))
    await indexed(one, copy, story_id=token_hex(16))
    other = article("Similar, in another story", summary=words, text=f"{words} and more")
    await indexed(other, article("Of something else", summary="", text="Weather of the week."))
    found = (await answered(api, f"/v1/items/{one.item_id}/similar"))["items"]
    assert [item["title"] for item in found] == [other.title]
    assert (await api.get("/v1/items/none/similar")).status_code == 404
