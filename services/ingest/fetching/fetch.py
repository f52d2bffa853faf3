"""One polite request for a feed: conditional, bounded in time and size, redirects followed by hand."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import httpx
import msgspec

from services.guarded_http import Blocked
from services.ingest.fetching.body import ACCEPT_ENCODING, EncodingError, TooLargeError, read_capped
from services.ingest.formats.document import BOT_WALLS
from services.ingest.freshness import max_age_s
from services.origin import origin
from services.retry_after import retry_after

MAX_BODY = 15 * 1024 * 1024  # bytes, decompressed
MAX_REDIRECTS = 5
PERMANENT = frozenset({301, 308})
TEMPORARY = frozenset({302, 303, 307})
FAR = timedelta(days=3650)  # a Retry-After beyond that is the same to us
WALLED = frozenset({401, 403, 429, 503})  # what bot walls answer with
MAX_WALL = 256 * 1024  # bytes of such an answer that are looked at, for so long:
WALL_S = 3.0
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
    """No document. kind: a slug. not_before: what Retry-After asks for. gone: 410, the feed is not coming back.

    bot_wall: a page that keeps programs out, with whatever status.
    """

    kind: str
    detail: str
    status: int | None = None
    not_before: datetime | None = None
    gone: bool = False


Fetched = Document | NotModified | Failed


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of a feed's own. `everywhere` goes along with redirects; `at_home` only to the origin of `home`.

    A request that was redirected away from there goes without, also when it is redirected back.
    """

    everywhere: dict[str, str] = {}
    home: str = ""
    at_home: dict[str, str] = {}


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    etag: str | None,
    last_modified: str | None,
    timeout_s: float,
    now: Callable[[], datetime],
    manner: Manner = Manner(),  # noqa: B008 (frozen)
) -> Fetched:
    """Fetch a feed. Validators are sent as they came, quotes kept. Never raises for what a server does."""
    headers = {"Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        async with asyncio.timeout(timeout_s):
            return await _follow(client, url, headers, manner, now)
    except (TimeoutError, httpx.TimeoutException):
        return Failed(kind="timeout", detail=f"no complete answer within {timeout_s:.0f} s")
    except Blocked as error:
        return Failed(kind="blocked", detail=str(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Failed(kind="connection", detail=f"{type(error).__name__}: {error}")


async def _follow(
    client: httpx.AsyncClient, url: str, headers: dict[str, str], manner: Manner, now: Callable[[], datetime]
) -> Fetched:
    """Cookies that are set on the way live as long as this: some sites redirect until they are sent back."""
    address, permanent, cookies = url, True, httpx.Cookies()
    own = manner.everywhere | manner.at_home
    for _ in range(MAX_REDIRECTS + 1):
        if manner.at_home and origin(address) != origin(manner.home):
            own = manner.everywhere  # for good
        request = client.build_request("GET", address, headers=headers)
        request.headers.update(own)
        if cookies:
            cookies.set_cookie_header(request)  # not beside one of the feed's own
        response = await client.send(request, stream=True)
        try:
            location = response.headers.get("Location")
            if response.status_code in PERMANENT | TEMPORARY and location:
                cookies.extract_cookies(response)
                permanent = permanent and response.status_code in PERMANENT
                address = str(response.url.join(location))
                continue
            moved_to = address if permanent and address != url else None
            return await _answer(response, address, moved_to, now)
        finally:
            await response.aclose()
    return Failed(kind="redirects", detail=f"more than {MAX_REDIRECTS} redirects, the last to {address}")


async def _answer(response: httpx.Response, address: str, moved_to: str | None, now: Callable[[], datetime]) -> Fetched:
    arrived_at = now()
    if response.status_code == 304:
        return NotModified(arrived_at=arrived_at, moved_to=moved_to, max_age_s=max_age_s(response.headers))
    if not response.is_success:
        kind, detail = f"http_{response.status_code}", f"{response.status_code} {response.reason_phrase}".strip()
        if response.status_code in WALLED and (whose := await _wall(response)):
            kind, detail = "bot_wall", f"{detail} ({whose})"
        return Failed(
            kind="gone" if response.status_code == 410 else kind,
            detail=detail,
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


async def _wall(response: httpx.Response) -> str | None:
    """Whose bot wall the response is of. The header: developers.cloudflare.com, detecting a challenge page response."""
    if response.headers.get("cf-mitigated") == "challenge":
        return "Cloudflare challenge"
    page = ""
    with suppress(TimeoutError, TooLargeError, EncodingError, httpx.HTTPError):
        async with asyncio.timeout(WALL_S):
            page = (await read_capped(response, MAX_WALL)).decode("utf-8", "replace").lower()
    return next((whose for sign, whose, _source in BOT_WALLS if sign in page), None)
