"""What was taken down is gone from everywhere, and stays gone."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import msgspec
import pytest

from schemas import codec, topics
from schemas.messages import EnrichedItem, Figure
from services import engine, kafka
from services.dead_letters import DeadLetters
from services.engine import Engine
from services.index import batch, figures, items, merge, retag, takedown
from services.index.deliver import outbox
from services.index.indices import FIGURES, NEWS, OUTBOX
from services.kafka import Record
from tests.conftest import ROOT, Servers
from tests.integration.webhooks import (
    alert_for,
    calling_api,
    configure,
    deliveries,
    delivering,
    publish,
    receiving,
    saved_search,
)
from tests.unit.services.index.enriched import enriched

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
async def connected(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    configure(monkeypatch)
    async with engine.connect() as found:
        yield found


@pytest.fixture
def word() -> str:
    """A word that no other test's item has."""
    return f"zq{token_hex(8)}"


def item(word: str, **changes: Any) -> EnrichedItem:
    url = f"https://news.example/{word}"
    return enriched(url=url, title=f"{word} lands", text=f"The {word} landed.", **changes)


async def write(connected: Engine, *messages: EnrichedItem) -> None:
    await items.write(connected, messages, {}, {message.item_id: message.item_id for message in messages}, NOW)
    await connected.refresh(NEWS)


async def document(connected: Engine, index: str, document_id: str) -> dict[str, Any]:
    stored = await connected.get(index, document_id)
    assert stored
    return stored.source


async def process(connected: Engine, *messages: EnrichedItem) -> None:
    """As the index service processes records."""
    records = [Record(topics.ENRICHED, 0, n, None, codec.encode(one), (), 0) for n, one in enumerate(messages)]
    async with kafka.producer("test") as producer:
        await batch.index_batch(records, connected, producer, DeadLetters("index", producer), "http://x", 600)


async def test_an_items_words_are_gone_everywhere_and_replay_repoll_and_retagging_bring_nothing_back(
    connected: Engine, word: str
) -> None:
    first = item(word)
    await write(connected, first, item(word, feed_id="another", content_hash="1" * 32))
    alert = msgspec.structs.replace(alert_for("search"), item_id=first.item_id)
    owed = {}
    for state in ("pending", "delivered"):
        delivery_id, delivery = outbox.owed(alert, "Kenya", f"{word}-{state}", NOW)
        attempt = outbox.Attempt(at=NOW, status=200, latency_ms=1, error=None, response=f"thanks for {word}")
        body = delivery.body.replace("Jamaican", word)
        owed[state] = delivery_id, msgspec.structs.replace(delivery, state=state, body=body, attempts=[attempt])
    await outbox.create(connected, list(owed.values()))
    assert word in json.dumps(await document(connected, OUTBOX, owed["delivered"][0]))

    [taken] = await takedown.take_down(connected, [f"http://www.news.example/{word}/?utm_source=x"], "an order", NOW)
    assert (taken.item_id, taken.was, taken.deliveries) == (first.item_id, "indexed", 2)

    again = msgspec.structs.replace(first, revision=first.revision + 1, text=f"The {word} landed again.")
    retagged = msgspec.structs.replace(first, gazetteer_version="9-0123456789ab")
    await process(connected, first, again, retagged, item(word, feed_id="third"))
    await connected.refresh(NEWS)
    tombstone = await document(connected, NEWS, first.item_id)
    assert {name: value for name, value in tombstone.items() if name != "indexed_at"} == {
        "item_id": first.item_id,
        "takedown": True,
        "takedown_reason": "an order",
    }
    assert datetime.fromisoformat(tombstone["indexed_at"]) > NOW  # when it was written, for those who follow
    assert merge.from_stored(tombstone).takedown_reason == "an order"
    for state, expected in (("pending", "cancelled"), ("delivered", "delivered")):
        kept = await document(connected, OUTBOX, owed[state][0])
        assert word not in kept["body"] + kept["attempts"][0]["response"]
        assert kept["state"] == expected
    async with calling_api() as api:
        assert (await api.get("/v1/items", params={"q": word})).json()["items"] == []
        assert (await api.get(f"/v1/items/{first.item_id}")).status_code == 404
    [repeated] = await takedown.take_down(connected, [first.item_id], None, NOW)
    assert repeated.was == "taken down already"
    assert await document(connected, NEWS, first.item_id) == tombstone


async def test_figures_follow_the_item_and_go_with_it(connected: Engine, word: str) -> None:
    first = item(word)
    pledges = [
        Figure(kind="pledged", value=n, unit="personnel", country="JM", approximate=False) for n in (24.0, 150.0)
    ]
    revised = msgspec.structs.replace(first, revision=first.revision + 1, figures=pledges, content_hash="2" * 32)

    async def values() -> list[float]:
        await connected.refresh(FIGURES)
        body = {"query": {"term": {"item_id": first.item_id}}, "sort": ["value"], "size": 10}
        return [hit["_source"]["value"] for hit in (await connected.search(FIGURES, body))["hits"]["hits"]]

    await process(connected, first)
    assert await values() == [200.0]
    await process(connected, first, revised)
    assert await values() == [24.0, 150.0]
    fewer = msgspec.structs.replace(revised, figures=pledges[:1], gazetteer_version="9-0123456789ab")
    async with kafka.producer("test") as producer:
        record = Record(topics.RETAGGED, 0, 0, None, codec.encode(fewer), (), 0)
        await retag.retag_batch([record], connected, DeadLetters("index-retag", producer))
    assert await values() == [24.0]
    await connected.delete(FIGURES, f"{first.item_id}-0")
    await connected.refresh(NEWS)
    assert await figures.follow_all(connected) >= 1
    assert await values() == [24.0]
    await takedown.take_down(connected, [first.item_id], None, NOW)
    assert await values() == []


async def test_a_url_also_takes_down_what_moved_there_and_an_id_says_where_else_it_may_come_from(
    connected: Engine, word: str
) -> None:
    moved = msgspec.structs.replace(item(word), url=f"https://news.example/{word}-2")
    moved = msgspec.structs.replace(moved, canonical_url=moved.url)
    unresolved = msgspec.structs.replace(
        item(f"{word}x"), url=f"https://short.example/{word}", canonical_url=None, link="unresolved"
    )
    await write(connected, moved, unresolved)
    [by_id] = await takedown.take_down(connected, [moved.item_id], None, NOW)
    assert by_id.addresses == [moved.url]
    await write(connected, other := item(f"{word}y", canonical_url=f"https://news.example/{word}y"))
    taken = await takedown.take_down(connected, [other.url or "", unresolved.url or ""], None, NOW)
    assert {one.item_id for one in taken if one.was == "indexed"} == {other.item_id, unresolved.item_id}


async def test_the_command_keeps_out_what_never_came_and_refuses_what_names_nothing(
    connected: Engine, stack: Servers, word: str
) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services.index", "takedown", *arguments],
            cwd=ROOT,
            env=stack.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    expected = item(word)
    done = command(f"https://news.example/{word}", "--reason", "withdrawn")
    assert done.returncode == 0, done.stderr
    assert f"taken down  {expected.item_id}  (was: unknown; 0 deliveries cleared)" in done.stdout
    assert "news.enriched 336 h" in done.stdout
    await process(connected, expected)
    assert (await document(connected, NEWS, expected.item_id))["takedown_reason"] == "withdrawn"
    refused = command(f"https://news.example/{word}-other", "17e4aba1")
    assert refused.returncode == 2
    assert "nothing was taken down" in refused.stderr
    assert await connected.get(NEWS, item(f"{word}-other").item_id) is None


async def test_an_alert_that_comes_after_the_takedown_is_not_delivered(connected: Engine, word: str) -> None:
    gone = item(word)
    await takedown.take_down(connected, [gone.item_id], None, NOW)
    async with receiving() as receiver, calling_api() as api, delivering():
        saved = await saved_search(api, f"{receiver.address}/{word}")
        late = msgspec.structs.replace(alert_for(saved["id"]), item_id=gone.item_id)
        await publish(late)
        await deliveries(api, saved["id"], "cancelled")
        slow = msgspec.structs.replace(alert_for(saved["id"]), item_id=item(f"{word}-other").item_id)
        await publish(slow)
        [request] = await receiver.arrived(f"/{word}", 1)
        assert json.loads(request.body)["data"]["alert_id"] == slow.alert_id
    answer = await connected.search(OUTBOX, {"query": {"term": {"item_id": gone.item_id}}})
    assert [hit["_source"]["body"] for hit in answer["hits"]["hits"]] == [""]


async def test_a_delivery_that_was_owed_already_is_not_attempted_once_the_item_is_gone(
    connected: Engine, word: str
) -> None:
    """What the command did not see, since it was written beside it, the attempt sees."""
    gone = item(word)
    await takedown.take_down(connected, [gone.item_id], None, NOW)
    async with receiving() as receiver, calling_api() as api:
        saved = await saved_search(api, f"{receiver.address}/{word}")
        alert = msgspec.structs.replace(alert_for(saved["id"]), item_id=gone.item_id)
        endpoint = saved["endpoint"]["id"]
        await outbox.create(connected, [outbox.owed(alert, "Kenya", endpoint, NOW)], refresh=True)
        async with delivering():
            [kept] = await deliveries(api, saved["id"], "cancelled")
    assert kept["reason"] == outbox.TAKEN_DOWN
    assert receiver.got == {}


async def test_who_got_the_item_is_told_that_it_was_withdrawn_and_who_did_not_is_not(
    connected: Engine, word: str
) -> None:
    gone = item(word)
    async with receiving() as receiver, calling_api() as api, delivering():
        saved = await saved_search(api, f"{receiver.address}/{word}")
        other = await saved_search(api, f"{receiver.address}/{word}-other")
        alert = msgspec.structs.replace(alert_for(saved["id"]), item_id=gone.item_id)
        await publish(alert)
        await deliveries(api, saved["id"], "delivered")
        held = msgspec.structs.replace(alert_for(other["id"]), item_id=gone.item_id)
        waiting = outbox.settled(outbox.owed(held, "Kenya", other["endpoint"]["id"], NOW)[1], "held", "paused", NOW)
        await outbox.create(connected, [(f"{word}-held", waiting)])

        await takedown.take_down(connected, [gone.item_id], None, datetime.now(UTC))
        request = (await receiver.arrived(f"/{word}", 2))[1]
        message = json.loads(request.body)
        assert message["type"] == "news.withdrawn"
        assert (message["data"]["item_id"], message["data"]["item"]) == (gone.item_id, None)
        await deliveries(api, saved["id"], "delivered", 2)
        await takedown.take_down(connected, [gone.item_id], None, datetime.now(UTC))
        assert len(await deliveries(api, saved["id"], "delivered", 2)) == 2
        assert [one["state"] for one in await deliveries(api, other["id"], "cancelled")] == ["cancelled"]
