"""The app: routes, what surrounds them, and what they share."""

import asyncio
import signal
import socket
from collections.abc import Mapping
from importlib import resources

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from services import engine, settings, telemetry, vault
from services.index.api import (
    auth,
    changes,
    corrections,
    dead_letters,
    deliveries,
    endpoints,
    errors,
    exports,
    facets,
    feed_links,
    feeds,
    health,
    items,
    searches,
    similar,
    sources,
    stories,
    syndication,
)
from services.index.api.context import Context
from services.index.api.feed_book import FeedBook, following
from services.index.api.watch import Watched
from services.telemetry import Progress, logger

log = logger(__name__)

DESCRIPTION = """Search news of the security mission in Haiti, save searches, be called by webhook when one matches.

Every path needs an API key but `/health`, the page at `/`, and the feeds of searches, whose
addresses are signed. Errors have one shape:
`{"error": "slug", "detail": "words", "field": "what is wrong", "hint": "what to do"}`.
Webhooks follow Standard Webhooks 1.0.0.
"""

HEARTBEAT_S = 10.0
SHUTDOWN_S = 8


def create_app(context: Context, api_keys: Mapping[bytes, str]) -> FastAPI:
    """Return the app. api_keys: names by digest, see `auth.known_keys`."""
    app = routed()
    app.state.context = context
    app.state.api_keys = api_keys
    return app


def routed() -> FastAPI:
    """The app without what its routes work with, which is enough to describe it."""
    app = FastAPI(
        title="MSS news monitor",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,
        responses=errors.RESPONSES,
    )
    errors.install(app)
    for routes in (
        *(changes, corrections, dead_letters, exports, facets, feed_links, items, similar, stories),
        *(searches, deliveries, endpoints, feeds, sources),
    ):
        app.include_router(routes.router, dependencies=[Depends(auth.require_key)])
    app.include_router(syndication.router)
    app.include_router(health.router)
    app.add_api_route(
        "/v1/openapi.json", app.openapi, dependencies=[Depends(auth.require_key)], include_in_schema=False
    )
    app.mount("/", StaticFiles(directory=str(resources.files("services.index.api") / "page"), html=True))
    app.add_middleware(Watched)
    return app


def main() -> int:
    """Serve until SIGTERM or SIGINT; requests under way are answered first. Raises SystemExit, saying what to do."""
    progress = telemetry.start("api")
    configured = settings.Api()
    api_keys = auth.known_keys(configured.api_keys.get_secret_value())
    opened = vault.unlocked(settings.Secrets().encryption_keys.get_secret_value())
    try:
        listening = socket.create_server((configured.api_host, configured.api_port), backlog=256)
    except OSError as error:
        where = f"{configured.api_host}:{configured.api_port}"
        raise SystemExit(f"cannot listen on {where} ({error.strerror}): set NEWS_API_HOST and NEWS_API_PORT") from None
    return asyncio.run(_serve(listening, api_keys, opened, progress))


async def _serve(
    listening: socket.socket, api_keys: Mapping[bytes, str], opened: vault.Vault, progress: Progress
) -> int:
    async with engine.connect(progress) as connected, following(FeedBook()) as book:
        public_url, late_s = settings.Api().public_url, settings.Index().index_late_s
        context = Context(connected, opened, settings.Outbound().allowed_hosts, book, public_url, late_s)
        app = create_app(context, api_keys)
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=SHUTDOWN_S
            )
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # uvicorn handles them, and raises them again when it is done
        beating = asyncio.create_task(_heartbeat(connected, progress))
        host, port = listening.getsockname()[:2]
        log.info("listening", url=f"http://{host}:{port}/")
        await server.serve(sockets=[listening])
        beating.cancel()
        return 0 if server.started else 1


async def _heartbeat(connected: engine.Engine, progress: Progress) -> None:
    """Alive: the loop runs. Ready: the engine answers."""
    while True:
        found = await health.check(connected)
        if found.status == "ok":
            progress.advanced()
        else:
            progress.waiting(f"the search engine ({found.engine}, index {found.index})")
        await asyncio.sleep(HEARTBEAT_S)
