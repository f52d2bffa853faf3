"""Alerts on Kafka come out at a webhook receiver, signed, once, whatever happens in between."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from schemas import codec, identity, topics
from schemas.messages import DeadLetter
from services import engine, kafka
from services.index.deliver import outbox
from services.index.indices import OUTBOX
from services.telemetry import Progress
from tests.conftest import Servers
from tests.eventually import eventually
from tests.integration.webhooks import (
    PATIENCE_S,
    alert_for,
    calling_api,
    configure,
    deliveries,
    delivering,
    publish,
    receiving,
    saved_search,
)

# The process as it is, but for what the test makes of it first. Its group is its own: a group waits for a dead member.
PROGRAM = """
import os, signal
from services.index.deliver import courier, run as deliver
deliver.GROUP = f"test-{{os.getpid()}}"
{change}
raise SystemExit(deliver.main())
"""
DIES_BEFORE_THE_ATTEMPT = """
accept = deliver.accept
async def accept_and_die(*arguments):
    if await accept(*arguments):
        os.kill(os.getpid(), signal.SIGKILL)
    return []
deliver.accept = accept_and_die
"""
HOLDS_SHORT_LEASES = "courier.LEASE_MARGIN_S = 1.0"


@pytest.fixture(autouse=True)
def _configured(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)


@asynccontextmanager
async def process(change: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM.format(change=change))
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def test_an_alert_arrives_signed_as_the_reference_library_wants_it() -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        search = await saved_search(api, f"{receiver.address}/signed")
        alert = alert_for(search["id"])
        await publish(alert)
        [request] = await receiver.arrived("/signed", 1)
        message = Webhook(search["endpoint"]["secret"]).verify(request.body, request.headers)
        assert message["type"] == "news.match"
        assert message["data"]["alert_id"] == alert.alert_id
        assert request.id == identity.delivery_id(alert.alert_id, search["endpoint"]["id"])
        [delivery] = await deliveries(api, search["id"], "delivered")
        assert (delivery["id"], delivery["attempts"][0]["status"]) == (request.id, 204)


async def test_a_silent_feed_is_told_to_the_endpoints_that_asked_and_to_no_other() -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        for path, asked in (("/quiet", False), ("/alarmed", True)):
            endpoint = {"url": f"{receiver.address}{path}", "feed_alarms": asked}
            answer = await api.post("/v1/searches", json={"name": path, "query": {}, "endpoint": endpoint})
            assert answer.json()["endpoint"]["feed_alarms"] is asked
        marker = alert_for("").alert_id
        silent = msgspec.structs.replace(alert_for(""), kind="silent_feed", search_id=None, item=None, alert_id=marker)
        await publish(silent, silent)
        [request] = await receiver.arrived("/alarmed", 1)
        assert json.loads(request.body)["type"] == "news.silent_feed"
        assert request.id == identity.delivery_id(marker, answer.json()["endpoint"]["id"])
        assert await receiver.arrived("/quiet", 0) == []

        async def delivered() -> bool:
            found = (await api.get("/v1/deliveries", params={"size": 200, "state": "delivered"})).json()["deliveries"]
            return (marker, None) in {(one["alert_id"], one["search_id"]) for one in found}

        await eventually("it is on record", delivered)


async def test_the_same_alert_twice_is_delivered_once() -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        search = await saved_search(api, f"{receiver.address}/once")
        twice, last = alert_for(search["id"]), alert_for(search["id"])
        await publish(twice, twice)
        await receiver.arrived("/once", 1)
        await publish(twice, last)  # of the same item, so behind it in the same partition
        requests = await receiver.arrived("/once", 2)
        ids = [json.loads(request.body)["data"]["alert_id"] for request in requests]
        assert ids == [twice.alert_id, last.alert_id]


async def test_a_failed_attempt_is_repeated_under_the_same_id_with_the_same_body() -> None:
    async def second_time_lucky(number: int) -> web.Response:
        return web.Response(status=500 if number == 1 else 200, text=f"answer {number} " + "x" * 5_000)

    async with receiving() as receiver, calling_api() as api, delivering():
        receiver.answers["/retry"] = second_time_lucky
        search = await saved_search(api, f"{receiver.address}/retry")
        await publish(alert_for(search["id"]))
        first, second = await receiver.arrived("/retry", 2)
        assert (first.id, first.body) == (second.id, second.body)
        for request in (first, second):
            Webhook(search["endpoint"]["secret"]).verify(request.body, request.headers)
        [delivery] = await deliveries(api, search["id"], "delivered")
        assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 200]
        assert all(len(attempt["response"]) <= 1024 for attempt in delivery["attempts"])
        assert delivery["attempts"][0]["response"].startswith("answer 1 xxx")


async def test_after_the_last_attempt_a_delivery_has_failed_and_stays_on_record() -> None:
    async def away(_: int) -> web.Response:
        return web.Response(status=302, headers={"location": f"{receiver.address}/elsewhere"})

    async with receiving() as receiver, calling_api() as api, delivering(delays_s=(0.0, 0.1)):
        receiver.answers["/redirects"] = away
        search = await saved_search(api, f"{receiver.address}/redirects")
        await publish(alert_for(search["id"]))
        [delivery] = await deliveries(api, search["id"], "failed")
        assert [attempt["status"] for attempt in delivery["attempts"]] == [302, 302]
        assert receiver.got["/elsewhere"] == []


async def test_two_replicas_never_make_the_same_attempt() -> None:
    patient = (0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)

    async def odd_ones_fail(number: int) -> web.Response:
        return web.Response(status=500 if number % 2 else 200)

    async with receiving() as receiver, calling_api() as api, delivering(patient), delivering(patient):
        receiver.answers["/shared"] = odd_ones_fail
        search = await saved_search(api, f"{receiver.address}/shared")
        await publish(*[alert_for(search["id"]) for _ in range(30)])
        settled = await deliveries(api, search["id"], "delivered", count=30)
        attempts = sum(len(one["attempts"]) for one in settled)
        assert len(receiver.got["/shared"]) == attempts  # a request that is not on record would be a second one


async def test_an_endpoint_that_hangs_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_DELIVER_TIMEOUT_S", "60")  # longer than the patience of this test
    over = asyncio.Event()

    async def hang(_: int) -> web.Response:
        await over.wait()
        return web.Response(status=204)

    async with receiving() as receiver, calling_api() as api, delivering():
        receiver.answers["/hangs"] = hang
        slow = await saved_search(api, f"{receiver.address}/hangs")
        quick = await saved_search(api, f"{receiver.address}/quick")
        await publish(*[alert_for(slow["id"]) for _ in range(20)])
        await receiver.arrived("/hangs", 4)  # as many as there may be at once
        await publish(*[alert_for(quick["id"]) for _ in range(20)])
        await receiver.arrived("/quick", 20)
        assert len(receiver.got["/hangs"]) == 4
        over.set()


async def test_gone_disables_the_endpoint_and_what_follows_is_held() -> None:
    async def gone(number: int) -> web.Response:
        return web.Response(status=410 if number == 1 else 200)

    async with receiving() as receiver, calling_api() as api, delivering():
        receiver.answers["/gone"] = gone
        search = await saved_search(api, f"{receiver.address}/gone")
        await publish(alert_for(search["id"]))
        [held] = await deliveries(api, search["id"], "held")
        assert "410 Gone" in held["reason"]
        endpoint = (await api.get(f"/v1/searches/{search['id']}")).json()["endpoint"]
        assert (endpoint["enabled"], "410" in endpoint["disabled_reason"]) == (False, True)

        assert (await api.post(f"/v1/searches/{search['id']}/test")).status_code == 202
        await receiver.arrived("/gone", 2)

        async def enabled() -> bool:
            return bool((await api.get(f"/v1/searches/{search['id']}")).json()["endpoint"]["enabled"])

        again: bool = await eventually("a test that was answered with 200 enables the endpoint", enabled)
        assert again


async def test_what_a_deleted_search_is_owed_is_cancelled_and_stays_on_record() -> None:
    async def refuse(_: int) -> web.Response:
        return web.Response(status=503, headers={"retry-after": "1"})

    async with receiving() as receiver, calling_api() as api, delivering():
        receiver.answers["/deleted"] = refuse
        search = await saved_search(api, f"{receiver.address}/deleted")
        await publish(alert_for(search["id"]))
        await receiver.arrived("/deleted", 1)
        assert (await api.delete(f"/v1/searches/{search['id']}")).status_code == 204
        await publish(alert_for(search["id"]))
        cancelled = await deliveries(api, search["id"], "cancelled", count=2)
        assert {one["reason"] for one in cancelled} == {"the saved search was deleted"}
        assert len(receiver.got["/deleted"]) == 1


async def test_what_is_no_alert_goes_to_the_dead_letters_and_holds_up_nothing() -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        search = await saved_search(api, f"{receiver.address}/after")
        alert = alert_for(search["id"])
        marker = f"no alert {alert.alert_id}".encode()
        async with kafka.producer("test") as producer:
            await producer.send(topics.ALERTS, alert.item_id or "", marker)
        await publish(alert)
        await receiver.arrived("/after", 1)
        assert marker in await dead_values()


async def dead_values() -> list[bytes]:
    """The values of all dead letters so far."""
    values: list[bytes] = []
    stop = asyncio.Event()

    async def collect(records: list[kafka.Record]) -> None:
        letters = [codec.decode(record.value or b"", DeadLetter) for record in records]
        values.extend(base64.b64decode(letter.value_base64) for letter in letters)
        stop.set()

    async with asyncio.timeout(PATIENCE_S):
        await kafka.consume(
            group=f"test-{os.urandom(4).hex()}", topic=topics.DEAD, process=collect, stop=stop, progress=Progress(60.0)
        )
    return values


async def test_killed_between_writing_down_and_attempting_it_still_delivers() -> None:
    async with receiving() as receiver, calling_api() as api, process(DIES_BEFORE_THE_ATTEMPT) as dying:
        search = await saved_search(api, f"{receiver.address}/killed")
        alert = alert_for(search["id"])
        await publish(alert)
        async with asyncio.timeout(PATIENCE_S):
            assert await dying.wait() == -signal.SIGKILL
        assert receiver.got["/killed"] == []
        async with engine.connect() as connected:
            delivery_id = identity.delivery_id(alert.alert_id, search["endpoint"]["id"])
            stored = await connected.get(OUTBOX, delivery_id)
        assert stored
        assert outbox.delivery_of(stored).state == "pending"
        async with delivering():
            [request] = await receiver.arrived("/killed", 1)
            assert request.id == delivery_id
            await deliveries(api, search["id"], "delivered")


async def test_killed_in_an_attempt_it_repeats_it_under_the_same_id() -> None:
    async def first_hangs(number: int) -> web.Response:
        if number == 1:
            await asyncio.Event().wait()
        return web.Response(status=200)

    async with receiving() as receiver, calling_api() as api, process(HOLDS_SHORT_LEASES) as killed:
        receiver.answers["/repeated"] = first_hangs
        search = await saved_search(api, f"{receiver.address}/repeated")
        await publish(alert_for(search["id"]))
        await receiver.arrived("/repeated", 1)
        killed.kill()
        async with delivering():
            first, second = await receiver.arrived("/repeated", 2)
            assert (first.id, first.body) == (second.id, second.body)
            await deliveries(api, search["id"], "delivered")


async def test_asked_to_stop_it_finishes_what_it_attempts() -> None:
    attempted, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: int) -> web.Response:
        attempted.set()
        await go_on.wait()
        return web.Response(status=200)

    async with receiving() as receiver, calling_api() as api:
        receiver.answers["/stopping"] = slow
        search = await saved_search(api, f"{receiver.address}/stopping")
        async with process("") as stopping:
            await publish(alert_for(search["id"]))
            async with asyncio.timeout(PATIENCE_S):
                await attempted.wait()
                stopping.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.2)  # the signal is there first
                go_on.set()
                assert await stopping.wait() == 0
        await deliveries(api, search["id"], "delivered")
        assert len(receiver.got["/stopping"]) == 1
