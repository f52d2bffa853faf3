"""Where a link is forwarded to: one request that fetches no body and follows nothing."""

import asyncio

import httpx

from services.guarded_http import Blocked

REFUSED_HEAD = frozenset({400, 403, 404, 405, 501})  # some servers know GET only


async def location(client: httpx.AsyncClient, url: str, *, timeout_s: float) -> str | None:
    """Return the absolute address of a redirect, "" where there is none, None where that cannot be told now."""
    try:
        async with asyncio.timeout(timeout_s):
            for method in ("HEAD", "GET"):
                async with client.stream(method, url) as response:
                    if response.has_redirect_location:
                        return str(response.url.join(response.headers["Location"]))
                    if response.status_code == 429 or response.status_code >= 502:
                        return None
                    if response.status_code not in REFUSED_HEAD:
                        return ""
    except (Blocked, httpx.InvalidURL, UnicodeError):
        return ""
    except (TimeoutError, httpx.HTTPError):
        return None
    return ""
