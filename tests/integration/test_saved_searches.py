"""Saved searches that people live with: changed, paused, told when a story grows and when what they heard is gone."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import msgspec
import pytest
from aiohttp import web

from schemas import codec, topics
from schemas.messages import Alert, EnrichedItem
from services import engine
from services.dead_letters import DeadLetters
from services.engine import Engine
from services.index import batch, correct, merge, notices, percolate, takedown
from services.index.corrections import Relevance
from services.index.deliver import outbox
from services.index.indices import NEWS, OUTBOX
from services.kafka import Record
from tests.conftest import Servers, on_both_engines
from tests.eventually import eventually
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


@pytest.fixture
async def connected(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    configure(monkeypatch)
    async with engine.connect() as found:
        yield found


@pytest.fixture
def word() -> str:
    """A word that no other test's item has."""
    return f"zq{token_hex(8)}"


def item(word: str, host: str = "news.example", **changes: Any) -> EnrichedItem:
    told = {"title": f"{word} lands", "text": " ".join(f"{word} w{n}" for n in range(40)), "feed_id": host}
    return enriched(url=f"https://{host}/{word}", fetched_at=datetime.now(UTC), **(told | changes))


class Alerts:
    """What the index would send, with everything else for real."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []

    async def send(self, topic: str, _: str, value: bytes) -> int:
        if topic == topics.ALERTS:
            self.sent.append(codec.decode(value, Alert))
        return 0

    def of(self, search: dict[str, Any]) -> list[str]:
        """The kinds of the search's alerts, each alert once."""
        return list({alert.alert_id: alert.kind for alert in self.sent if alert.search_id == search["id"]}.values())


async def index(connected: Engine, alerts: Alerts, *messages: EnrichedItem) -> None:
    records = [Record(topics.ENRICHED, 0, n, None, codec.encode(one), (), 0) for n, one in enumerate(messages)]
    letters = DeadLetters("index", alerts)  # type: ignore[arg-type]
    await batch.index_batch(records, connected, alerts, letters, "http://x", 600)  # type: ignore[arg-type]


async def test_a_change_is_in_effect_when_it_is_answered_and_what_was_before_is_kept(
    connected: Engine, word: str
) -> None:
    async def matches(wanted: str) -> bool:
        document = merge.merge(None, item(wanted))
        found = await percolate.percolate(connected, {document.item_id: document})
        return any(match.search.search_id == search["id"] for match in found)

    async with calling_api() as api:
        search = await saved_search(api, "https://hooks.example/", countries=[], text=word)
        path = f"/v1/searches/{search['id']}"
        assert (search["version"], search["preview"]["items"]) == (1, 0)
        changed = await api.patch(path, json={"query": {"text": f"{word}x"}, "labels": ["desk"], "version": 1})
        assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (200, '"2"', 2)
        assert (await matches(word), await matches(f"{word}x")) == (False, True)

        stale = await api.patch(path, json={"name": "lost", "version": 1})
        assert (stale.status_code, stale.json()["error"]) == (409, "changed")
        assert (await api.patch(path, json={"name": "lost"}, headers={"if-match": '"1"'})).status_code == 412
        wrong = await api.patch(path, json={"query": {"text": "country:(-KE)", "relevant_only": False}})
        assert (wrong.status_code, wrong.json()["position"]) == (422, 10)
        snoozed = await api.patch(path, json={"snoozed_until": "2026-01-01T00:00"}, headers={"if-match": '"2"'})
        assert snoozed.json()["snoozed_until"] == "2026-01-01T00:00:00Z"
        versions = (await api.get(f"{path}/versions")).json()["versions"]
        assert [(one["version"], one["query"]["text"], one["labels"]) for one in versions] == [
            (3, f"{word}x", ["desk"]),
            (2, f"{word}x", ["desk"]),
            (1, word, []),
        ]
        assert versions[0]["updated_by"].startswith("key-")


@on_both_engines
async def test_a_preview_finds_what_the_search_would_have_matched(connected: Engine, word: str) -> None:
    now = datetime.now(UTC)
    for number, days in enumerate((1, 2, 2, 40)):
        document = merge.merge(None, item(word, f"{number}.example", published_at=now - timedelta(days=days)))
        await connected.put(NEWS, document.item_id, merge.to_stored(document, now))
    await connected.refresh(NEWS)
    async with calling_api() as api:
        answer = await api.post("/v1/searches/preview", json={"query": {"text": word}})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["items"], len(found["examples"]), found["warning"]) == (3, 3, None)
        assert [day["items"] for day in found["days"] if day["items"]] == [2, 1]
        refused = await api.post("/v1/searches/preview", json={"query": {"text": "*a"}})
        assert (refused.status_code, refused.json()["position"]) == (422, 1)


async def test_what_is_matched_in_a_pause_is_held_and_comes_together_once_when_it_ends(connected: Engine) -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        search = await saved_search(api, f"{receiver.address}/paused")
        path = f"/v1/searches/{search['id']}"
        await api.patch(path, json={"enabled": False})
        alerts = [alert_for(search["id"]) for _ in range(3)]
        await publish(*alerts)
        held = await deliveries(api, search["id"], "held", count=3)
        assert {one["reason"] for one in held} == {"the saved search is paused"}
        await api.patch(path, json={"enabled": True})
        [digest] = await receiver.arrived("/paused", 1)
        told = json.loads(digest.body)["data"]["digest"]
        assert sorted(line["alert_id"] for line in told["items"]) == sorted(one.alert_id for one in alerts)
        assert told["waited_for"] == {"held": 3}
        await publish(*alerts, after := alert_for(search["id"]))
        [_, single] = await receiver.arrived("/paused", 2)
        assert json.loads(single.body)["data"]["alert_id"] == after.alert_id
        await connected.refresh(OUTBOX)
        listed = (await api.get("/v1/deliveries", params={"search_id": search["id"]})).json()["deliveries"]
        assert sorted(one["state"] for one in listed if one["told_in"] == digest.id) == ["grouped"] * 3


@on_both_engines
async def test_what_a_disabled_endpoint_missed_comes_when_a_test_enables_it(connected: Engine) -> None:
    async def gone(number: int) -> web.Response:
        return web.Response(status=410 if number == 1 else 200)

    async with receiving() as receiver, calling_api() as api, delivering():
        receiver.answers["/back"] = gone
        search = await saved_search(api, f"{receiver.address}/back")
        await publish(first := alert_for(search["id"]))
        await deliveries(api, search["id"], "held")
        await api.post(f"/v1/searches/{search['id']}/test")
        *_, digest = await receiver.arrived("/back", 3)
        data = json.loads(digest.body)["data"]
        assert [line["alert_id"] for line in data["digest"]["items"]] == [first.alert_id]


async def test_an_alert_that_is_replayed_after_its_digest_is_not_told_again(connected: Engine) -> None:
    began = datetime.now(UTC)
    later = timedelta()
    async with receiving() as receiver, calling_api() as api, delivering(now=lambda: began + later):
        search = await saved_search(api, f"{receiver.address}/replayed", timing={"digest_every_min": 60})
        await publish(first := alert_for(search["id"]))
        await deliveries(api, search["id"], "waiting")
        later += timedelta(minutes=61)
        await receiver.arrived("/replayed", 1)
        later += timedelta(minutes=61)
        await publish(first, second := alert_for(search["id"]))

        async def waits() -> bool:
            answer = await api.get("/v1/deliveries", params={"search_id": search["id"], "state": "waiting"})
            return bool(answer.json()["deliveries"])

        await eventually("the second alert waits", waits)
        later += timedelta(minutes=61)
        [_, digest] = await receiver.arrived("/replayed", 2)
        lines = json.loads(digest.body)["data"]["digest"]["items"]
        assert [line["alert_id"] for line in lines] == [second.alert_id]


async def test_growth_and_revisions_are_told_by_what_the_index_sees(connected: Engine, word: str) -> None:
    alerts = Alerts()
    async with calling_api() as api:
        grows = await saved_search(api, "https://hooks.example/", countries=[], text=word, every="growth", outlets=3)
        changes = await saved_search(api, "https://hooks.example/", countries=[], text=word, every="revision")
    first = item(word, "a.example")
    await index(connected, alerts, first, item(word, "www.a.example", feed_id="again"))
    await index(connected, alerts, item(word, "b.example"))
    assert alerts.of(grows) == []
    for _ in range(2):  # the second time as after a crash
        await index(connected, alerts, item(word, "c.example", origin="late"))
    assert (alerts.of(grows), alerts.of(changes)) == (["growth"], ["match"])
    revised = msgspec.structs.replace(first, revision=first.revision + 1, summary="x", content_hash="1" * 32)
    for _ in range(2):
        await index(connected, alerts, revised)
    assert (alerts.of(grows), alerts.of(changes)) == (["growth"], ["match", "revision"])


async def test_who_was_told_is_told_that_it_is_gone_or_was_corrected_and_nobody_else(
    connected: Engine, word: str
) -> None:
    now = datetime.now(UTC)
    told = item(word)
    document = merge.merge(None, told)
    await connected.put(NEWS, told.item_id, merge.to_stored(document, now))
    async with receiving() as receiver, calling_api() as api, delivering():
        alone = await saved_search(api, f"{receiver.address}/alone")
        listed = await saved_search(api, f"{receiver.address}/listed")
        waits = await saved_search(api, f"{receiver.address}/waits", timing={"digest_every_min": 1_440})
        await api.patch(f"/v1/searches/{listed['id']}", json={"enabled": False})
        for search in (alone, listed, waits):
            alert = msgspec.structs.replace(alert_for(search["id"], title=f"{word} lands"), item_id=told.item_id)
            await publish(alert)
        await deliveries(api, listed["id"], "held")
        await api.patch(f"/v1/searches/{listed['id']}", json={"enabled": True})
        await receiver.arrived("/alone", 1)
        await receiver.arrived("/listed", 1)
        await deliveries(api, alone["id"], "delivered")
        await deliveries(api, waits["id"], "waiting")

        made = await correct.correct(
            connected, told.item_id, Relevance(relevant=False), author="anna", reason="", correction_id=None
        )
        assert made
        for _ in range(2):
            count = await notices.correct(
                connected, made.document, made.correction, now, public_url="https://m.example"
            )
            assert count == 2
        for path in ("/alone", "/listed"):
            _, correction = await receiver.arrived(path, 2)
            message = json.loads(correction.body)
            assert (message["type"], message["data"]["item"]["relevance"]) == ("news.correction", 0.0)

        await api.patch(f"/v1/searches/{alone['id']}", json={"enabled": False})  # a pause does not hold this back
        [taken] = await takedown.take_down(connected, [told.item_id], "an order", datetime.now(UTC))
        assert taken.withdrawn == 2
        await takedown.take_down(connected, [told.item_id], "an order", datetime.now(UTC))
        for path in ("/alone", "/listed"):
            *_, withdrawal = await receiver.arrived(path, 3)
            message = json.loads(withdrawal.body)
            assert (message["type"], message["data"]["item_id"]) == ("news.withdrawn", told.item_id)
            assert word.encode() not in withdrawal.body
            stored = await connected.get(OUTBOX, withdrawal.id)
            assert stored
            assert outbox.delivery_of(stored).kind == "withdrawn"
        assert receiver.got["/waits"] == []
