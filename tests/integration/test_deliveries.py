"""The account of deliveries: what failed or was held is found, and comes when somebody asks for it again."""

import io
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services import engine
from services.index import deliveries_command
from services.index.deliver.account import Selection
from services.index.indices import OUTBOX
from tests.conftest import Servers
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


@pytest.fixture(autouse=True)
def _configured(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)


async def asked(api: httpx.AsyncClient, path: str, **given: Any) -> Any:
    answer = await api.post(path, json=given or None)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_what_failed_comes_again_under_the_same_id_when_it_is_asked_for() -> None:
    started = datetime.now(UTC).isoformat()
    async with receiving() as receiver, calling_api() as api, delivering():
        statuses = {1: 500, 2: 500, 3: 500}

        async def flaky(number: int) -> web.StreamResponse:
            return web.Response(status=statuses.get(number, 204), text="so it is")

        receiver.answers["/flaky"] = flaky
        search = await saved_search(api, f"{receiver.address}/flaky")
        endpoint_id = search["endpoint"]["id"]
        await publish(alert_for(search["id"]))
        [failed] = await deliveries(api, search["id"], "failed")
        health = (await api.get(f"/v1/endpoints/{endpoint_id}")).json()
        assert (health["attempts"], health["success_rate"], health["p95_ms"]) == (3, 0.0, None)
        assert health["failing_since"]
        assert health["deliveries"] == {"failed": 1}

        filters = {"endpoint_id": endpoint_id, "state": "failed", "kind": "match", "since": started}
        found = (await api.get("/v1/deliveries", params=filters)).json()["deliveries"]
        assert [one["id"] for one in found] == [failed["id"]]
        for other in ({"kind": "digest"}, {"until": started}, {"state": "held"}):
            assert (await api.get("/v1/deliveries", params=filters | other)).json()["deliveries"] == []

        again = await asked(api, f"/v1/deliveries/{failed['id']}/redeliver")
        assert again["state"] == "pending"
        requests = await receiver.arrived("/flaky", 4)
        Webhook(search["endpoint"]["secret"]).verify(requests[3].body, requests[3].headers)
        assert {one.id for one in requests} == {failed["id"]}
        assert len({one.body for one in requests}) == 1
        [delivery] = await deliveries(api, search["id"], "delivered")
        assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 500, 500, 204]
        assert delivery["attempts"][0]["response"] == "so it is"

        range_of = {"endpoint_id": endpoint_id, "since": started}
        assert (await asked(api, "/v1/deliveries/redeliver", **range_of))["matching"] == 0
        all_of = await asked(api, "/v1/deliveries/redeliver", **range_of, states=["delivered"])
        assert all_of == {"redelivered": 1, "refused": {}, "matching": 1, "cursor": None}
        assert (await receiver.arrived("/flaky", 5))[4].id == failed["id"]


async def test_what_was_held_is_offered_once_the_endpoint_is_back() -> None:
    since = datetime.now(UTC)
    async with receiving() as receiver, calling_api() as api, delivering(), engine.connect() as connected:

        async def gone_at_first(number: int) -> web.StreamResponse:
            return web.Response(status=410 if number == 1 else 204)

        receiver.answers["/back"] = gone_at_first
        search = await saved_search(api, f"{receiver.address}/back")
        endpoint_id = search["endpoint"]["id"]
        await publish(alert_for(search["id"]))
        [held] = await deliveries(api, search["id"], "held")
        assert (await api.get(f"/v1/endpoints/{endpoint_id}")).json()["held"] == 1
        answer = await api.post(f"/v1/deliveries/{held['id']}/redeliver")
        assert (answer.status_code, answer.json()["error"]) == (409, "not_redelivered")
        assert "disabled" in answer.json()["detail"]

        assert (await api.post(f"/v1/searches/{search['id']}/test")).status_code == 202
        await receiver.arrived("/back", 2)

        async def enabled() -> bool:
            return bool((await api.get(f"/v1/endpoints/{endpoint_id}")).json()["enabled"])

        await eventually("the endpoint is enabled", enabled)
        out = io.StringIO()
        selection = Selection(endpoint_id=endpoint_id, states=["held"], since=since)
        await connected.refresh(OUTBOX)
        assert await deliveries_command.again(connected, selection, out, dry_run=False) == 0
        assert out.getvalue() == "1 deliveries are due again\n"
        assert (await receiver.arrived("/back", 3))[2].id == held["id"]
        await deliveries(api, search["id"], "delivered", 2)

        listed, shown = io.StringIO(), io.StringIO()
        assert await deliveries_command.listed(connected, Selection(endpoint_id=endpoint_id), 1, listed) == 0
        assert len(listed.getvalue().splitlines()) == 1
        assert await deliveries_command.show(connected, [held["id"]], shown) == 0
        assert '"news.match"' in shown.getvalue()
        assert await deliveries_command.show(connected, ["nobody's"], shown) == deliveries_command.FAILED


async def test_a_chat_gets_its_own_form_and_both_secrets_sign_while_one_is_replaced() -> None:
    async with receiving() as receiver, calling_api() as api, delivering():
        endpoint = {"url": f"{receiver.address}/services/T0/B0/sesame", "format": "slack"}
        saved = await api.post("/v1/searches", json={"name": "Kenya", "query": {}, "endpoint": endpoint})
        search = saved.json()
        assert "sesame" not in saved.text
        path = f"/v1/endpoints/{search['endpoint']['id']}"
        rotated = (await api.post(f"{path}/secret", json={"overlap_h": 1})).json()
        await publish(alert_for(search["id"], title="Police <land>"))
        [request] = await receiver.arrived("/services/T0/B0/sesame", 1)
        for secret in (search["endpoint"]["secret"], rotated["secret"]):
            message = Webhook(secret).verify(request.body, request.headers)
            assert message["text"] == "New match: Kenya: Police &lt;land&gt;"
        [delivery] = await deliveries(api, search["id"], "delivered")
        shown = (await api.get(f"/v1/deliveries/{delivery['id']}")).json()
        assert shown["message"]["type"] == "news.match"
        health = await api.get(path)
        assert health.json()["format"] == "slack"
        assert "sesame" not in health.text

        over = (await api.post(f"{path}/secret", json={"overlap_h": 0})).json()
        await asked(api, f"/v1/deliveries/{delivery['id']}/redeliver")
        again = (await receiver.arrived("/services/T0/B0/sesame", 2))[1]
        assert Webhook(over["secret"]).verify(again.body, again.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(rotated["secret"]).verify(again.body, again.headers)
        assert (await api.post(f"{path}/secret", json={"secret": "short"})).status_code == 422


async def test_what_is_not_there_or_is_no_range_is_said() -> None:
    async with calling_api() as api:
        for method, path in (
            *(("GET", "/v1/deliveries/none"), ("POST", "/v1/deliveries/none/redeliver"), ("GET", "/v1/endpoints/none")),
        ):
            assert (await api.request(method, path)).status_code == 404
        for given in ({}, {"search_id": "a", "endpoint_id": "b"}, {"search_id": "a", "states": ["waiting"]}):
            answer = await api.post("/v1/deliveries/redeliver", json={"since": "2026-01-01T00:00:00Z", **given})
            assert answer.status_code == 422
