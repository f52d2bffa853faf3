"""One signed POST to an endpoint. Whatever the other side does becomes an Attempt; nothing is raised for it."""

import asyncio
import time
from datetime import datetime

import httpx

from services.guarded_http import Blocked
from services.index.deliver.outbox import Attempt

RESPONSE_BYTES = 1024  # kept, to show what an endpoint said


async def post(
    client: httpx.AsyncClient, url: str, headers: dict[str, str], body: bytes, *, timeout_s: float, at: datetime
) -> tuple[Attempt, str | None]:
    """Send the body and return the attempt, with the answer's Retry-After header.

    Redirects are not followed. timeout_s covers everything, from name resolution to the part of the answer that is
    read.
    """
    started = time.monotonic()
    status, error, response, retry_after = None, None, b"", None
    sent = {"content-type": "application/json", "accept-encoding": "identity", **headers}
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("POST", url, content=body, headers=sent, follow_redirects=False) as answer,
        ):
            status, retry_after = answer.status_code, answer.headers.get("retry-after")
            async for chunk in answer.aiter_raw(RESPONSE_BYTES):
                response = chunk
                break
    except Blocked as refusal:
        error = f"not allowed: {refusal}"
    except (TimeoutError, httpx.TimeoutException):
        error = f"no answer within {timeout_s:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as failure:
        error = f"{type(failure).__name__}: {failure}"[:500]
    attempt = Attempt(
        at=at,
        status=status,
        latency_ms=round((time.monotonic() - started) * 1000),
        error=error,
        response=response.decode("utf-8", "replace"),
    )
    return attempt, retry_after
