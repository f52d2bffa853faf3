"""What is held back of a search's calls comes together, on real servers; the clock is the test's."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import httpx
import msgspec
import pytest

from schemas.messages import Alert
from services import engine
from services.index import takedown
from services.index.deliver import hold, windows
from tests.conftest import Servers
from tests.eventually import eventually
from tests.integration.webhooks import (
    alert_for,
    calling_api,
    configure,
    delivering,
    publish,
    receiving,
    saved_search,
)


@pytest.fixture(autouse=True)
def _configured(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)


class Clock:
    """Minutes after the test began."""

    def __init__(self) -> None:
        self.began = datetime.now(UTC)
        self.minutes = 0.0

    def __call__(self) -> datetime:
        return self.began + timedelta(minutes=self.minutes)


async def on_record(api: httpx.AsyncClient, search: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The search's deliveries, once there are so many and each went out, waits, or was told."""

    async def found() -> list[dict[str, Any]]:
        answer = await api.get("/v1/deliveries", params={"search_id": search["id"], "size": 200})
        listed: list[dict[str, Any]] = answer.json()["deliveries"]
        settled = all(one["state"] != "pending" for one in listed)
        return listed if len(listed) == count and settled else []

    return await eventually(f"{count} deliveries are on record", found)


def told(bodies: Sequence[bytes]) -> list[str]:
    """The alerts that the calls tell, each as often as it is told."""
    alerts = []
    for body in bodies:
        data = json.loads(body)["data"]
        alerts += [line["alert_id"] for line in data["digest"]["items"]] if data["kind"] == "digest" else []
        alerts += [] if data["kind"] == "digest" else [data["alert_id"]]
    return alerts


async def test_40_reports_of_one_event_are_at_most_4_calls_in_45_minutes_and_each_is_told_once() -> None:
    clock = Clock()
    async with receiving() as receiver, calling_api() as api, delivering(now=clock):
        search = await saved_search(api, f"{receiver.address}/noisy")
        reports: list[Alert] = []
        digests = 0
        for language in ("en", "fr", "es", "ht"):
            reports += (group := [alert_for(search["id"], events=["attack"], language=language) for _ in range(10)])
            await publish(*group, group[0])
            await on_record(api, search, len(reports) + digests)
            clock.minutes += 15
            digests += 1
            await receiver.arrived("/noisy", 1 + digests)
            await on_record(api, search, len(reports) + digests)
        within_45_minutes = [
            request
            for request in receiver.got["/noisy"]
            if int(request.headers["webhook-timestamp"]) <= (clock.began + timedelta(minutes=45)).timestamp()
        ]
        assert len(within_45_minutes) <= 4
        alerts = told([request.body for request in receiver.got["/noisy"]])
        assert sorted(alerts) == sorted(report.alert_id for report in reports)
        deliveries = await on_record(api, search, 40 + digests)
        grouped = {one["told_in"] for one in deliveries if one["state"] == "grouped"}
        assert grouped == {one["id"] for one in deliveries if one["kind"] == "digest"}


async def test_a_search_with_a_digest_calls_once_for_all_and_a_takedown_reaches_what_waits() -> None:
    clock = Clock()
    async with receiving() as receiver, calling_api() as api, engine.connect() as connected:
        async with delivering(now=clock):
            search = await saved_search(api, f"{receiver.address}/digest", timing={"digest_every_min": 60})
            assert search["timing"]["digest_every_min"] == 60
            kept, gone = (
                alert_for(search["id"]),
                msgspec.structs.replace(alert_for(search["id"]), item_id=token_hex(16)),
            )
            await publish(kept, gone)
            listed = await on_record(api, search, 2)
            assert {one["state"] for one in listed} == {"waiting"}
            await takedown.take_down(connected, [gone.item_id or ""], "asked for", datetime.now(UTC))
            clock.minutes += 61
            [request] = await receiver.arrived("/digest", 1)
        message = json.loads(request.body)
        assert message["type"] == "news.digest"
        assert [line["alert_id"] for line in message["data"]["digest"]["items"]] == [kept.alert_id]


async def test_a_window_that_a_crash_left_closing_is_finished_with_the_same_call() -> None:
    async with receiving() as receiver, calling_api() as api, engine.connect() as connected:
        search = await saved_search(api, f"{receiver.address}/crash", timing={"digest_every_min": 60})
        async with delivering():
            await publish(alert_for(search["id"]), alert_for(search["id"]))
            await on_record(api, search, 2)
        name = windows.window_id(search["id"], search["endpoint"]["id"])
        later = datetime.now(UTC) + timedelta(hours=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hold, "_tell_members", crash)
            with pytest.raises(Crash):
                await hold.close(connected, name, later)
        assert await hold.close(connected, name, later) == (search["endpoint"]["id"], await _digest(api, search))
        assert await hold.close(connected, name, later) is None
        async with delivering(now=lambda: later + timedelta(minutes=1)):
            [request] = await receiver.arrived("/crash", 1)
            listed = await on_record(api, search, 3)
        assert request.id == await _digest(api, search)
        assert {one["told_in"] for one in listed if one["kind"] == "match"} == {request.id}


class Crash(Exception):
    """What ends the process."""


async def crash(*_: object) -> None:
    raise Crash


async def _digest(api: httpx.AsyncClient, search: dict[str, Any]) -> str:
    """The id of the one digest there is."""

    async def found() -> list[str]:
        answer = await api.get("/v1/deliveries", params={"search_id": search["id"]})
        return [one["id"] for one in answer.json()["deliveries"] if one["kind"] == "digest"]

    [digest] = await eventually("a digest is on record", found)
    return digest
