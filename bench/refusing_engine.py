"""A proxy before the search engine that says it is too busy: 429 to a share of requests, and of the items in bulks."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import uvicorn

from deploy.local.ports import free_port

BUSY = {"type": "es_rejected_execution_exception", "reason": "rejected execution (made up by a proxy)"}
Lines = list[bytes]


class Refusing:
    """share: of the items in a bulk; a third as many requests are refused whole. refused: how many of each so far."""

    def __init__(self, port: int, upstream: str, chance: random.Random) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.share = 0.0
        self.refused_items = self.refused_requests = 0
        self._chance = chance
        self._client = httpx.AsyncClient(base_url=upstream, timeout=60, trust_env=False)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """The ASGI app."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        query = scope["query_string"].decode()
        status, answer = await self._answer(scope["method"], f"{scope['path']}?{query}", scope["headers"], body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        if self._chance.random() < self.share / 3:
            self.refused_requests += 1
            return 429, msgspec.json.encode({"error": BUSY, "status": 429})
        refused: set[int] = set()
        if target.partition("?")[0].endswith("/_bulk"):
            operations = _operations(body)
            refused = {number for number in range(len(operations)) if self._chance.random() < self.share}
            self.refused_items += len(refused)
            body = b"".join(
                line + b"\n" for number, lines in enumerate(operations) if number not in refused for line in lines
            )
            if len(refused) == len(operations):
                return 200, _with_refused([], operations, refused)
        sent = {name.decode(): value.decode() for name, value in headers if name in (b"content-type", b"accept")}
        try:
            answer = await self._client.request(method, target, content=body, headers=sent)
        except httpx.TransportError as error:
            return 503, msgspec.json.encode({"error": {"type": "unavailable_shards_exception", "reason": repr(error)}})
        if refused and answer.status_code == 200:
            return 200, _with_refused(answer.json()["items"], operations, refused)
        return answer.status_code, answer.content


def _operations(body: bytes) -> list[Lines]:
    """The operations of a bulk, each with its lines."""
    found: list[Lines] = []
    lines = iter(body.split(b"\n"))
    for action in lines:
        if action:
            found.append([action] if action.startswith(b'{"delete"') else [action, next(lines)])
    return found


def _with_refused(items: list[Any], operations: list[Lines], refused: set[int]) -> bytes:
    answered = iter(items)
    made = [
        _refusal(msgspec.json.decode(lines[0])) if number in refused else next(answered)
        for number, lines in enumerate(operations)
    ]
    return msgspec.json.encode({"took": 1, "errors": True, "items": made})


def _refusal(action: dict[str, dict[str, Any]]) -> dict[str, Any]:
    [(kind, named)] = action.items()
    return {kind: {"_index": named.get("_index", ""), "_id": named["_id"], "status": 429, "error": BUSY}}


@asynccontextmanager
async def refusing(upstream: str, seed: int = 0) -> AsyncIterator[Refusing]:
    """The proxy, on a free port; it lets everything through until its `share` is set."""
    port = free_port()
    proxy = Refusing(port, upstream, random.Random(seed))
    config = uvicorn.Config(proxy, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())  # serve() would take over the process's signals
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 (it has no event to wait for)
            await asyncio.sleep(0.01)
        yield proxy
    finally:
        server.should_exit = True
        await serving
        await proxy._client.aclose()
