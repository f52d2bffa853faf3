"""Where hubs call: they verify a subscription (GET) and push (POST). Any replica may be called; the owner is told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Final

import uvicorn
from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from schemas.errors import Transient
from schemas.messages import HubNotice
from services.ingest.hubs.websub import LONGEST_LEASE, Callbacks, feed_of
from services.telemetry import logger

log = logger(__name__)

MAX_BODY: Final = 15 * 1024 * 1024  # bytes, as of a feed
BODY_S: Final = 20.0
CALLS: Final = 100  # at once; beyond, 503

CALLED = Counter("news_hub_calls_total", "Calls of hubs by outcome", ["outcome"])

Tell = Callable[[HubNotice], Awaitable[None]]  # the feed's owner; raises Transient


def application(callbacks: Callbacks, tell: Tell, now: Callable[[], datetime]) -> Starlette:
    """The callback, as an application. A call is answered with success only when the owner is told for sure."""

    async def verify(request: Request) -> Response:
        asked, feed_id = request.query_params, feed_of(request.path_params["name"])
        topic, mode = asked.get("hub.topic", ""), asked.get("hub.mode", "")
        if not feed_id or not callbacks.is_ours(feed_id, request.path_params["token"], topic):
            return _answer("not_ours", 404)
        if mode == "denied":
            log.warning("hub denies a subscription", feed_id=feed_id, topic=topic, reason=asked.get("hub.reason"))
            await tell(HubNotice(feed_id=feed_id, kind="denied", topic=topic, at=now()))
            return _answer("denied", 200)
        lease_s = _seconds(asked.get("hub.lease_seconds"))
        if mode != "subscribe" or "hub.challenge" not in asked or lease_s is None:  # nobody here unsubscribes
            return _answer("not_ours", 404)
        until = now() + min(timedelta(seconds=lease_s), LONGEST_LEASE)
        await tell(HubNotice(feed_id=feed_id, kind="verified", topic=topic, at=now(), until=until))
        log.info("hub verified a subscription", feed_id=feed_id, topic=topic, until=until.isoformat())
        return _answer("verified", 200, asked["hub.challenge"])

    async def push(request: Request) -> Response:
        feed_id = feed_of(request.path_params["name"])
        if not feed_id:
            return _answer("not_ours", 404)
        body = await _body(request)
        if body is None:
            return _answer("too_large", 413)
        if not callbacks.is_signed(feed_id, request.path_params["token"], request.headers.get("X-Hub-Signature"), body):
            log.warning("push without a good signature, ignored", feed_id=feed_id)
            return _answer("bad_signature", 403)
        await tell(HubNotice(feed_id=feed_id, kind="push", topic="", at=now()))
        return _answer("push", 202)

    async def unready(request: Request, error: Exception) -> Response:
        return _answer("unready", 503)

    path = "/websub/{name}/{token}"
    return Starlette(
        routes=[Route(path, verify, methods=["GET"]), Route(path, push, methods=["POST"])],
        exception_handlers={Transient: unready, TimeoutError: unready},
    )


@asynccontextmanager
async def serving(app: Starlette, host: str, port: int) -> AsyncIterator[None]:
    """Serve while the block runs. Raises SystemExit where the port is taken."""
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise SystemExit(f"cannot listen on {host}:{port} ({error.strerror}): set NEWS_WEBSUB_PORT") from None
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=CALLS,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    with listener:
        task = asyncio.create_task(server.serve([listener]))
        log.info("hubs can call", address=f"{host}:{listener.getsockname()[1]}")
        try:
            yield
        finally:
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's to handle."""
        yield


def _answer(outcome: str, status: int, text: str = "") -> Response:
    CALLED.labels(outcome).inc()
    return PlainTextResponse(text, status, headers={"X-Content-Type-Options": "nosniff"})


async def _body(request: Request) -> bytes | None:
    """The body, None where it is too large. Raises TimeoutError for one that drips."""
    body = bytearray()
    async with asyncio.timeout(BODY_S):
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return None
    return bytes(body)


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 and int(text) > 0 else None
