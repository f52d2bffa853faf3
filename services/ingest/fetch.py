"""One polite request for a feed: conditional, bounded in time and size, redirects followed by hand."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import msgspec

from services.guarded_http import Blocked
from services.ingest.body import ACCEPT_ENCODING, EncodingError, TooLargeError, read_capped
from services.ingest.freshness import max_age_s
from services.retry_after import retry_after

MAX_BODY = 15 * 1024 * 1024  # bytes, decompressed
MAX_REDIRECTS = 5
PERMANENT = frozenset({301, 308})
TEMPORARY = frozenset({302, 303, 307})
FAR = timedelta(days=3650)  # a Retry-After beyond that is the same to us
ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A body. url: where it came from in the end; moved_to: the same, when every redirect on the way was permanent.

    max_age_s: how long it asks not to be fetched again, see `freshness`. hub, self_url: see WebSub; of Link headers.
    """

    body: bytes
    content_type: str | None
    status: int
    url: str
    moved_to: str | None
    etag: str | None
    last_modified: str | None
    arrived_at: datetime
    max_age_s: int | None = None
    hub: str | None = None
    self_url: str | None = None


class NotModified(msgspec.Struct, frozen=True, kw_only=True):
    """304: nothing has changed since the validators that were sent. moved_to, max_age_s: as of a Document."""

    arrived_at: datetime
    moved_to: str | None = None
    max_age_s: int | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """No document. kind: a slug. not_before: what Retry-After asks for. gone: 410, the feed is not coming back."""

    kind: str
    detail: str
    status: int | None = None
    not_before: datetime | None = None
    gone: bool = False


Fetched = Document | NotModified | Failed


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    etag: str | None,
    last_modified: str | None,
    timeout_s: float,
    now: Callable[[], datetime],
) -> Fetched:
    """Fetch a feed. Validators are sent as they came, quotes kept. Never raises for what a server does."""
    headers = {"Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        async with asyncio.timeout(timeout_s):
            return await _follow(client, url, headers, now)
    except (TimeoutError, httpx.TimeoutException):
        return Failed(kind="timeout", detail=f"no complete answer within {timeout_s:.0f} s")
    except Blocked as error:
        return Failed(kind="blocked", detail=str(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Failed(kind="connection", detail=f"{type(error).__name__}: {error}")


async def _follow(client: httpx.AsyncClient, url: str, headers: dict[str, str], now: Callable[[], datetime]) -> Fetched:
    address, permanent = url, True
    for _ in range(MAX_REDIRECTS + 1):
        async with client.stream("GET", address, headers=headers) as response:
            location = response.headers.get("Location")
            if response.status_code in PERMANENT | TEMPORARY and location:
                permanent = permanent and response.status_code in PERMANENT
                address = str(response.url.join(location))
                continue
            moved_to = address if permanent and address != url else None
            return await _answer(response, address, moved_to, now)
    return Failed(kind="redirects", detail=f"more than {MAX_REDIRECTS} redirects, the last to {address}")


async def _answer(response: httpx.Response, address: str, moved_to: str | None, now: Callable[[], datetime]) -> Fetched:
    arrived_at = now()
    if response.status_code == 304:
        return NotModified(arrived_at=arrived_at, moved_to=moved_to, max_age_s=max_age_s(response.headers))
    if not response.is_success:
        return Failed(
            kind="gone" if response.status_code == 410 else f"http_{response.status_code}",
            detail=f"{response.status_code} {response.reason_phrase}".strip(),
            status=response.status_code,
            not_before=_not_before(response.headers.get("Retry-After"), arrived_at),
            gone=response.status_code == 410,
        )
    try:
        body = await read_capped(response, MAX_BODY)
    except TooLargeError as error:
        return Failed(kind="too_large", detail=str(error), status=response.status_code)
    except EncodingError as error:
        return Failed(kind="bad_encoding", detail=str(error), status=response.status_code)
    return Document(
        body=body,
        content_type=response.headers.get("Content-Type"),
        status=response.status_code,
        url=address,
        moved_to=moved_to,
        etag=response.headers.get("ETag"),
        last_modified=response.headers.get("Last-Modified"),
        arrived_at=arrived_at,
        max_age_s=max_age_s(response.headers),
        hub=_linked(response, "hub"),
        self_url=_linked(response, "self"),
    )


def _linked(response: httpx.Response, relation: str) -> str | None:
    """The address of a Link header."""
    try:
        href = response.links.get(relation, {}).get("url")
        return str(response.url.join(href)) if href else None
    except (httpx.InvalidURL, ValueError):
        return None


def _not_before(header: str | None, now: datetime) -> datetime | None:
    seconds = retry_after(header, now)
    return None if seconds is None else now + min(timedelta(seconds=min(seconds, 1e9)), FAR)
