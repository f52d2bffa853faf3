"""Article pages: asked for politely, read in a process of their own."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx

from services import settings
from services.ingest.fetching.hosts import Hosts
from services.ingest.formats.parser_pool import ParserFailed, ParserPool
from services.ingest.pages.page_text import NotAnArticle, Page, check_landing, read_page
from services.ingest.pages.polite_get import NoAnswerError, PoliteGet, Wanted
from services.ingest.pages.robots import Robots

MAX_BODY: Final = 5 * 1024 * 1024  # bytes, decompressed


def polite_pages(
    client: httpx.AsyncClient, hosts: Hosts, parser: ParserPool, timeout_s: float, now: Callable[[], datetime]
) -> "Pages":
    """Pages, and the robots.txt of their sites, over one client and its hosts' turns."""
    polite = PoliteGet(client, hosts, timeout_s)
    return Pages(polite, Robots(polite.get, settings.Outbound().user_agent, now), parser)


class Pages:
    """Reads the pages that robots.txt allows."""

    def __init__(self, polite: PoliteGet, robots: Robots, parser: ParserPool) -> None:
        self._polite, self._robots, self._parser = polite, robots, parser
        types = ("text/html", "application/xhtml+xml")
        self._wanted = Wanted(limit=MAX_BODY, types=types, exactly=True, before=self._refuse_disallowed)

    async def page(self, url: str) -> Page:
        """Fetch and read a page. Raises NotAnArticle, also for whatever the server does."""
        try:
            answer = await self._polite.get(url, self._wanted)
        except NoAnswerError as error:
            raise NotAnArticle(error.kind, error.detail) from error
        if not 200 <= answer.status < 300:
            raise NotAnArticle(f"http_{answer.status}", f"the server answered {answer.status}")
        check_landing(url, answer.url)
        try:
            return await self._parser.run(read_page, answer.body, answer.content_type, answer.url)
        except ParserFailed as error:
            raise NotAnArticle(error.kind, error.detail) from error

    async def _refuse_disallowed(self, url: str) -> None:
        if not await self._robots.allows(url):
            raise NotAnArticle("robots", "robots.txt disallows it, or could not be read")
