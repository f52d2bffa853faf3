"""One try of an address, as polling would ask it: for `feeds discover` and `feeds check`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec

from schemas.messages import Feed
from services.ingest.fetching.clients import Clients
from services.ingest.fetching.fetch import Document, Failed, NotModified
from services.ingest.fetching.hosts import Hosts
from services.ingest.formats.parse import NotAFeed, ParsedFeed
from services.ingest.formats.parser_pool import ParserPool

Try = Callable[[Feed], Awaitable["Trial"]]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. kind: ok, or what is wrong as a slug, with `detail` in words.

    asked: the address that was tried. url: where the answer came from in the end; moved_to: the same, when every
    redirect on the way was permanent.
    """

    asked: str
    url: str
    kind: str
    detail: str = ""
    status: int | None = None
    moved_to: str | None = None
    document: Document | None = None
    parsed: ParsedFeed | None = None

    @property
    def address(self) -> str:
        """The one to keep: where it moved to for good, but not where it redirects to for now."""
        return self.moved_to or self.asked

    @property
    def newest(self) -> datetime | None:
        """The latest date of an entry."""
        dates = [entry.published_at for entry in self.parsed.entries if entry.published_at] if self.parsed else []
        return max(dates, default=None)


class Trials:
    """Tries feeds, each in its host's turn."""

    def __init__(self, clients: Clients, parser: ParserPool, hosts: Hosts) -> None:
        self._clients, self._parser, self._hosts = clients, parser, hosts

    async def run(self, feed: Feed) -> Trial:
        """Fetch and parse. Never raises for what a server does."""
        async with self._hosts.turn(feed.url):
            fetched = await self._clients.fetch(feed, feed.url, None, None, lambda: datetime.now(UTC))
        match fetched:
            case Failed():
                return Trial(
                    asked=feed.url, url=feed.url, kind=fetched.kind, detail=fetched.detail, status=fetched.status
                )
            case NotModified():
                detail = "304 without having been asked for it"
                return Trial(asked=feed.url, url=feed.url, kind="http_304", detail=detail, status=304)
            case Document():
                return await self._read(feed.url, fetched)

    async def _read(self, asked: str, document: Document) -> Trial:
        answer = Trial(
            asked=asked,
            url=document.url,
            kind="ok",
            status=document.status,
            moved_to=document.moved_to,
            document=document,
        )
        try:
            parsed = await self._parser.parse(document.body, document.content_type, document.url)
        except NotAFeed as error:
            return msgspec.structs.replace(answer, kind=error.kind, detail=error.detail)
        return msgspec.structs.replace(answer, parsed=parsed)
