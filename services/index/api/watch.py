"""What happens around every request: a limit on its size, headers that protect, a line in the log, metrics."""

import time

from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.telemetry import logger

log = logger(__name__)

SECONDS = Histogram("news_api_request_seconds", "Requests by route and status", ["method", "route", "status"])

MAX_BODY_BYTES = 64 * 1024
LARGER = {"/v1/feeds.opml": 4 * 1024 * 1024}  # path -> bytes: a list of some ten thousand feeds

# The page has its own files alone: nothing inline, nothing from elsewhere, no form that is sent, no frame around it.
PROTECTION = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Watched:
    """ASGI middleware. Query strings are not logged: they say what people look for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in PROTECTION.items():
                    headers.setdefault(name, value)
            await send(message)

        limit = LARGER.get(scope["path"], MAX_BODY_BYTES)
        app = self._app if _small(Headers(scope=scope), limit) else _too_large(limit)
        try:
            await app(scope, receive, send_watched)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "none")
            SECONDS.labels(scope["method"], route, str(status)).observe(seconds)
            log.info(
                "request", method=scope["method"], path=scope["path"], status=status, duration_ms=round(seconds * 1000)
            )


def _small(headers: Headers, limit: int) -> bool:
    """Whether the body's length is told, and no more than the limit."""
    length = headers.get("content-length", "0")
    return "transfer-encoding" not in headers and length.isdigit() and int(length) <= limit


def _too_large(limit: int) -> JSONResponse:
    detail = f"this request has a Content-Length of at most {limit}"
    return JSONResponse({"error": "too_large", "detail": detail}, status_code=413)
