"""A GET of a page or of a robots.txt: bounded in time and size, redirects followed by hand, each in its host's turn."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import msgspec

from services.guarded_http import Blocked
from services.ingest.fetching.body import ACCEPT_ENCODING, EncodingError, TooLargeError, read_capped
from services.ingest.fetching.fetch import MAX_REDIRECTS, PERMANENT, TEMPORARY
from services.ingest.fetching.hosts import Hosts


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole response, whatever its status. url: where it came from in the end."""

    status: int
    body: bytes
    content_type: str | None
    url: str


class NoAnswerError(Exception):
    """There is no response to look at. kind: a slug for counting; detail: in words."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for. limit: bytes of the body when inflated. types: media types; with `exactly`, no other is read.

    before: awaited with every address before it is asked, to object by raising.
    """

    limit: int
    types: tuple[str, ...]
    exactly: bool = False
    before: Callable[[str], Awaitable[None]] | None = None


class PoliteGet:
    """Gets over one client. timeout_s: for one request, its turn not counted."""

    def __init__(self, client: httpx.AsyncClient, hosts: Hosts, timeout_s: float) -> None:
        self._client, self._hosts, self._timeout_s = client, hosts, timeout_s

    async def get(self, url: str, wanted: Wanted) -> Answer:
        """Return the response; the body of a failure is left unread.

        Raises NoAnswerError (timeout, blocked, connection, redirects, content_type, too_large, bad_encoding), and what
        `wanted.before` raises.
        """
        try:
            return await self._follow(url, wanted)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoAnswerError("timeout", f"no complete answer within {self._timeout_s:.0f} s") from error
        except Blocked as error:
            raise NoAnswerError("blocked", str(error)) from error
        except TooLargeError as error:
            raise NoAnswerError("too_large", str(error)) from error
        except EncodingError as error:
            raise NoAnswerError("bad_encoding", str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswerError("connection", f"{type(error).__name__}: {error}") from error

    async def _follow(self, url: str, wanted: Wanted) -> Answer:
        headers, address = {"Accept": ", ".join((*wanted.types, "*/*;q=0.1")), "Accept-Encoding": ACCEPT_ENCODING}, url
        for _ in range(MAX_REDIRECTS + 1):
            if wanted.before:
                await wanted.before(address)
            async with (
                self._hosts.turn(address),
                asyncio.timeout(self._timeout_s),
                self._client.stream("GET", address, headers=headers) as response,
            ):
                location = response.headers.get("Location")
                if response.status_code in PERMANENT | TEMPORARY and location:
                    address = str(response.url.join(location))
                    continue
                content_type = response.headers.get("Content-Type")
                if not response.is_success:
                    return Answer(status=response.status_code, body=b"", content_type=content_type, url=address)
                _check_type(content_type, wanted)
                body = await read_capped(response, wanted.limit)
                return Answer(status=response.status_code, body=body, content_type=content_type, url=address)
        raise NoAnswerError("redirects", f"more than {MAX_REDIRECTS} redirects, the last to {address}")


def _check_type(content_type: str | None, wanted: Wanted) -> None:
    """A type that is not declared may be anything."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if wanted.exactly and media_type and media_type not in wanted.types:
        raise NoAnswerError("content_type", f"not {' or '.join(wanted.types)}, but {media_type[:100]}")
