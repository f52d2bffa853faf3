"""What a person corrected, on the real engine and broker: it stays, is found, is told, and becomes labels."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import httpx
import msgspec
import pytest
import yaml
from fastapi import FastAPI

from schemas import codec, topics
from schemas.messages import Alert, EnrichedItem
from services import engine, kafka
from services.engine import Engine
from services.index import corrections_command, items, merge, retag, searches
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.api.errors import Refusal
from services.index.api.feed_book import FeedBook, following
from services.index.indices import NEWS
from services.index.items import Known
from services.index.query import Query
from services.index.searches import SavedSearch
from services.vault import Vault
from tests.conftest import Servers
from tests.eventually import eventually
from tests.gold.labels import labelled
from tests.integration.webhooks import ENCRYPTION_KEY
from tests.unit.services.index.enriched import TEXT, enriched

NOW = datetime.now(UTC)
KENYA_LEADS = {"tag": "country", "code": "KE", "role": "lead"}
NOT_RELEVANT, RELEVANT = ({"tag": "relevance", "relevant": relevant} for relevant in (False, True))


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


def has_producer(book: FeedBook) -> bool:
    try:
        return bool(book.producer)
    except Refusal:
        return False


@pytest.fixture
async def app(connected: Engine) -> AsyncIterator[FastAPI]:
    async with following(FeedBook()) as book:
        context = Context(connected, Vault(ENCRYPTION_KEY), frozenset(), book)
        await eventually("the API has a producer", lambda: has_producer(book))
        yield create_app(context, auth.known_keys("anna:anna-key, ben:ben-key"))


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": "Bearer anna-key"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example", headers=headers) as client:
        yield client


def article(**changes: Any) -> EnrichedItem:
    """An article of its own, with words of its own."""
    words = " ".join(token_hex(4) for _ in range(30))
    told = {"url": f"https://news.example/{token_hex(8)}", "text": f"{TEXT} {words}", "fetched_at": NOW}
    return enriched(**(told | changes))


async def write(connected: Engine, message: EnrichedItem, story_id: str | None = None) -> None:
    """Write a message as the index service does."""
    known = await items.read(connected, [message.item_id])
    readable = {item_id: found for item_id, found in known.items() if isinstance(found, Known)}
    stories = {message.item_id: story_id} if story_id else {}
    await items.write(connected, [message], readable, stories, datetime.now(UTC))
    await connected.refresh(NEWS)


async def correct(api: httpx.AsyncClient, item: EnrichedItem, change: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"change": change, "reason": "it says so"} | more
    answer = await api.post(f"/v1/items/{item.item_id}/corrections", json=body)
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


async def read(api: httpx.AsyncClient, item: EnrichedItem) -> dict[str, Any]:
    answer = await api.get(f"/v1/items/{item.item_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def found_by(api: httpx.AsyncClient, query: str) -> list[str]:
    answer = await api.get("/v1/items", params={"q": query})
    assert answer.status_code == 200, answer.text
    return [one["item_id"] for one in answer.json()["items"]]


async def test_a_correction_outlives_replay_revision_another_feed_and_re_tagging(
    api: httpx.AsyncClient, connected: Engine
) -> None:
    item = article()
    await write(connected, item, "its-story")
    await correct(api, item, KENYA_LEADS)
    await correct(api, item, {"tag": "entity", "id": "place/port-au-prince", "remove": True})
    await correct(api, item, NOT_RELEVANT)
    await correct(api, item, {"tag": "story", "story_id": None})
    before = await read(api, item)

    revision = msgspec.structs.replace(item, revision=item.revision + 1, title="Edited", content_hash="e" * 32)
    tags = {"gazetteer_version": "99-0123456789ab", "missions": ["gsf"]}
    for message in (item, revision, msgspec.structs.replace(item, feed_id="feed-2")):
        await write(connected, message)
    refused = await retag.write(connected, {item.item_id: [msgspec.structs.replace(revision, **tags)]})
    assert refused == {}

    after = await read(api, item)
    assert (after["title"], after["gazetteer_version"], after["missions"]) == ("Edited", "99-0123456789ab", ["gsf"])
    for field in ("countries", "entities", "relevant", "story_id", "corrections"):
        assert after[field] == before[field], field
    assert [one["role"] for one in after["countries"] if one["code"] == "KE"] == ["lead"]
    assert not after["relevant"]
    assert after["story_id"] != "its-story"
    assert {one["author"] for one in after["corrections"]} == {"anna"}
    assert {one["state"] for one in after["corrections"]} == {"counts"}

    for one in after["corrections"]:
        answer = await api.delete(f"/v1/items/{item.item_id}/corrections/{one['id']}", params={"reason": "mistaken"})
        assert answer.status_code == 200, answer.text
    whole = await read(api, item)
    assert (whole["corrected"], whole["relevant"], whole["story_id"]) == (False, True, "its-story")
    assert [one["role"] for one in whole["countries"] if one["code"] == "KE"] == ["contributor"]
    assert [one["state"] for one in whole["corrections"]] == ["withdrawn"] * 4 + ["withdrawal"] * 4


async def test_a_corrected_item_is_marked_and_found_by_its_new_tags(api: httpx.AsyncClient, connected: Engine) -> None:
    mark = f"zq{token_hex(6)}"
    item, other = article(title=mark), article(title=mark)
    for one in (item, other):
        await write(connected, one)
    assert await found_by(api, f"{mark} corrected:yes") == []
    await correct(api, item, KENYA_LEADS)
    assert await found_by(api, f"{mark} corrected:yes lead:KE") == [item.item_id]
    assert await found_by(api, f"{mark} corrected:no") == [other.item_id]
    listed = (await api.get("/v1/items", params={"q": mark})).json()["items"]
    assert {one["item_id"]: one["corrected"] for one in listed} == {item.item_id: True, other.item_id: False}


async def test_a_request_that_is_repeated_makes_one_correction(api: httpx.AsyncClient, connected: Engine) -> None:
    item = article()
    await write(connected, item)
    path = f"/v1/items/{item.item_id}/corrections"
    body = {"id": "mine.1", "change": KENYA_LEADS, "reason": "it says so"}
    answers = [await api.post(path, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    same = await api.post(path, json={"change": KENYA_LEADS, "reason": "in other words"})
    assert (same.status_code, same.json()["id"]) == (200, "mine.1")
    taken = await api.post(path, json=body | {"change": RELEVANT})
    assert (taken.status_code, taken.json()["error"]) == (409, "conflict")
    withdrawals = [await api.delete(f"{path}/mine.1") for _ in range(2)]
    assert withdrawals[0].json() == withdrawals[1].json()
    listed = (await api.get(path)).json()["corrections"]
    assert [one["state"] for one in listed] == ["withdrawn", "withdrawal"]
    assert (await api.delete(f"{path}/{listed[1]['id']}")).status_code == 404
    assert (await api.delete(f"{path}/other")).status_code == 404


async def test_people_and_feeds_who_write_at_once_lose_nothing(api: httpx.AsyncClient, connected: Engine) -> None:
    item = article()
    await write(connected, item)
    codes = ["JM", "BZ", "GT", "SV", "BS"]
    versions = [msgspec.structs.replace(item, feed_id=f"feed-{number}") for number in range(3)]
    await asyncio.gather(
        *(correct(api, item, {"tag": "country", "code": code, "role": "pledged"}) for code in codes),
        *(write(connected, version) for version in versions),
    )
    whole = await read(api, item)
    assert {one["code"] for one in whole["countries"] if one["role"] == "pledged"} == set(codes)
    assert set(whole["feeds"]) == {item.feed_id, *(version.feed_id for version in versions)}


async def alerts_of(item: EnrichedItem) -> Alert | None:
    value = (await kafka.read_compacted(topics.ALERTS)).get(item.item_id)
    return codec.decode(value, Alert) if value else None


async def test_an_item_that_a_person_made_relevant_goes_out_once_and_the_archive_stays_silent(
    api: httpx.AsyncClient, connected: Engine
) -> None:
    search = SavedSearch(
        search_id=token_hex(8), name="all", query=Query(), endpoint_id=None, created_at=NOW, updated_at=NOW
    )
    await searches.save(connected, search)
    overlooked = article(relevant=False, relevance=0.1)
    old = article(relevant=False, fetched_at=NOW - timedelta(days=8))
    imported = article(relevant=False, origin="import")
    for item in (overlooked, old, imported):
        await write(connected, item)
        await correct(api, item, RELEVANT)
    alert = await alerts_of(overlooked)
    assert alert is not None
    assert (alert.search_id, alert.trigger, alert.kind) == (search.search_id, "first", "match")
    assert alert.story_id == alert.subject == (await read(api, overlooked))["story_id"]
    assert await alerts_of(old) is None
    assert await alerts_of(imported) is None
    await correct(api, overlooked, RELEVANT)
    again = await alerts_of(overlooked)
    assert again is not None
    assert again.alert_id == alert.alert_id


async def test_an_item_is_moved_to_the_story_of_another(api: httpx.AsyncClient, connected: Engine) -> None:
    item, other = article(), article()
    await write(connected, item, token_hex(16))
    await write(connected, other, token_hex(16))
    story_id = (await read(api, other))["story_id"]
    await correct(api, item, {"tag": "story", "story_id": story_id})
    assert set(await found_by(api, f"story:{story_id}")) == {item.item_id, other.item_id}


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"tag": "country", "code": "XX", "role": "lead"}, "change.country.code", "ISO 3166-1"),
        ({"tag": "country", "code": "KE", "role": "boss"}, "change.country.role", "host"),
        ({"tag": "country", "code": "KE"}, "change.country.role", "required"),
        ({"tag": "colour"}, "change", "relevance"),
        ({"tag": "entity", "id": "person/nobody-knows"}, "change.entity.id", "no item names"),
        ({"tag": "entity", "id": "Nobody"}, "change.entity.id", "is no id"),
        ({"tag": "entity", "id": "person/x", "type": "place", "name": "X"}, "change.entity.type", "is no place"),
        ({"tag": "entity", "type": "person"}, "change.entity.id", "names no entity"),
        ({"tag": "story", "story_id": "nowhere"}, "change.story.story_id", "no item tells"),
        ({"tag": "event", "type": "vote", "remove": True}, None, "no such tag"),
        ({"tag": "relevance", "relevant": True, "colour": "red"}, "change.relevance.colour", "not permitted"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_its_field(
    api: httpx.AsyncClient, connected: Engine, change: dict[str, Any], field: str | None, words: str
) -> None:
    item = article()
    await write(connected, item)
    answer = await api.post(f"/v1/items/{item.item_id}/corrections", json={"change": change, "reason": "x"})
    assert answer.status_code == 422, answer.text
    assert (answer.json().get("field"), words in answer.json()["detail"]) == (field, True), answer.json()
    assert (await read(api, item))["corrected"] is False


async def test_an_entity_that_no_item_has_is_taken_with_its_name(api: httpx.AsyncClient, connected: Engine) -> None:
    item = article()
    await write(connected, item)
    new = f"person/{token_hex(6)}"
    made = await correct(api, item, {"tag": "entity", "id": new, "name": "New Person"})
    assert made["change"] == {"tag": "entity", "id": new, "type": "person", "name": "New Person", "remove": False}
    other = article()
    await write(connected, other)
    assert (await correct(api, other, {"tag": "entity", "id": new}))["change"]["name"] == "New Person"


async def test_there_is_nothing_to_correct_of_an_item_that_is_not_there(
    api: httpx.AsyncClient, connected: Engine
) -> None:
    gone = article()
    tombstone = merge.Document(item_id=gone.item_id, sources={}, history=[], takedown=True)
    await connected.put(NEWS, gone.item_id, merge.to_stored(tombstone, NOW))
    for item_id in (gone.item_id, "f" * 32):
        path = f"/v1/items/{item_id}/corrections"
        answer = await api.post(path, json={"change": RELEVANT, "reason": "x"})
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
        assert (await api.get(path)).status_code == (await api.delete(f"{path}/x")).status_code == 404


async def test_corrected_items_are_exported_as_labels(api: httpx.AsyncClient, connected: Engine) -> None:
    item, earlier = article(), article()
    for one in (item, earlier):
        await write(connected, one)
    await correct(api, earlier, KENYA_LEADS)
    since = datetime.now(UTC)
    await correct(api, item, KENYA_LEADS, reason="Kenya commands it")
    out = io.StringIO()
    await corrections_command.export(connected, since, out)
    assert "anna: country KE lead (Kenya commands it)" in out.getvalue()
    [row] = yaml.safe_load(out.getvalue())
    assert (row["id"], row["text"], row["countries"]) == (item.item_id, item.text, {"KE": "lead"})
    assert labelled(row)["roles"].wanted
