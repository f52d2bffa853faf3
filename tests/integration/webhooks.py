"""The far and the near end of webhooks, for tests: a receiver on loopback, the API, a running deliver."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx
import msgspec
import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from schemas import codec, topics
from schemas.messages import Alert
from services import engine, kafka
from services.engine import Engine
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.deliver import run as deliver
from services.telemetry import Progress
from services.vault import Vault
from tests.eventually import eventually
from tests.unit.services.index.alerts import EXAMPLE

API_KEY = "a-key-for-tests"
ENCRYPTION_KEY = Fernet.generate_key().decode()
PATIENCE_S = 30

Answer = Callable[[int], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    """A request as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Remembers what it gets, by path. `answers[path]` is called with the number of the request, from 1."""

    address: str = ""
    got: dict[str, list[Received]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, Answer] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(
            {name.lower(): value for name, value in request.headers.items()}, await request.content.read()
        )
        async with self.changed:
            self.got[request.path].append(received)
            self.changed.notify_all()
        answer = self.answers.get(request.path)
        return await answer(len(self.got[request.path])) if answer else web.Response(status=204)

    async def arrived(self, path: str, count: int) -> list[Received]:
        """Wait until that many requests came to the path, and return them."""
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: len(self.got[path]) >= count)
        return self.got[path]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.address = site.name
    try:
        yield receiver
    finally:
        await runner.cleanup()


def configure(patch: pytest.MonkeyPatch) -> None:
    """The settings of deliver: a key, and leave to call this machine."""
    patch.setenv("NEWS_ENCRYPTION_KEYS", ENCRYPTION_KEY)
    patch.setenv("NEWS_ALLOWED_HOSTS", "127.0.0.1")
    patch.setenv("NEWS_DELIVER_TIMEOUT_S", "3")


@asynccontextmanager
async def calling_api(other: Engine | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API that has a key. other: an engine that stands in for the stack's."""
    async with AsyncExitStack() as stack:
        connected = other if other else await stack.enter_async_context(engine.connect())
        app = create_app(Context(connected, Vault(ENCRYPTION_KEY), frozenset({"127.0.0.1"})), auth.known_keys(API_KEY))
        headers = {"authorization": f"Bearer {API_KEY}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.example", headers=headers) as client:
            yield client


@asynccontextmanager
async def delivering(
    delays_s: Sequence[float] = (0.0, 0.1, 0.2), now: deliver.Now = deliver.utc_now
) -> AsyncIterator[None]:
    """A deliver in this process, stopped at the end as SIGTERM stops it."""
    stop = asyncio.Event()
    running = asyncio.create_task(deliver.run(stop, Progress(60.0), delays_s, now))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await running


async def saved_search(
    api: httpx.AsyncClient, url: str, timing: Mapping[str, Any] | None = None, **query: Any
) -> dict[str, Any]:
    """A search as the API answers it."""
    described = {"name": "Kenya", "query": {"countries": ["KE"], **query}, "endpoint": {"url": url}}
    answer = await api.post("/v1/searches", json=described | ({"timing": timing} if timing else {}))
    assert answer.status_code == 201, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


def alert_for(search_id: str, **item: Any) -> Alert:
    """An alert like no other, of no event: no thread holds it back. item: fields of its item that differ."""
    assert EXAMPLE.item
    changed = msgspec.structs.replace(EXAMPLE.item, **({"events": []} | item))
    ids = {"alert_id": token_hex(16), "trace_id": token_hex(16)}
    return msgspec.structs.replace(EXAMPLE, search_id=search_id, item=changed, **ids)


async def publish(*alerts: Alert) -> None:
    async with kafka.producer("test") as producer:
        await producer.send_all(topics.ALERTS, [(alert.item_id or "", codec.encode(alert)) for alert in alerts])


async def deliveries(api: httpx.AsyncClient, search_id: str, state: str, count: int = 1) -> list[dict[str, Any]]:
    """The search's deliveries, once there are so many and all have reached the state."""

    async def settled() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await api.get("/v1/deliveries", params={"search_id": search_id})).json()[
            "deliveries"
        ]
        return found if len(found) >= count and {one["state"] for one in found} == {state} else []

    return await eventually(f"{count} deliveries are {state}", settled)
