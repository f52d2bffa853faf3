"""What sites ask of programs that read their pages: robots.txt (RFC 9309), kept for a day."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from protego import Protego

from services.ingest.pages.polite_get import Answer, NoAnswerError, Wanted

KEPT: Final = timedelta(hours=24)  # RFC 9309, 2.4
AGAIN_AFTER: Final = timedelta(minutes=15)  # where the site could not answer
WANTED: Final = Wanted(limit=1024 * 1024, types=("text/plain",))  # a crawler reads 500 KiB at least: RFC 9309, 2.5
SITES: Final = 2_000  # remembered, the last used

Get = Callable[[str, Wanted], Awaitable[Answer]]

_TOKEN: Final = re.compile(r"[A-Za-z_-]+")


class _Site(msgspec.Struct):
    rules: Protego | None = None  # None: nothing is allowed
    until: datetime | None = None
    asking: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)


class Robots:
    """Whether pages may be read. `get` fetches a robots.txt (WANTED), redirects followed, and raises NoAnswerError.

    A robots.txt that is there holds for a day. Where the site says that there is none (4xx) everything is allowed.
    Where it cannot say (5xx, 429, no answer) the last known one holds, and without one nothing is allowed, until it is
    asked again: RFC 9309, 2.3.1. user_agent: the header that is sent; its product token is what rules are for.
    """

    def __init__(self, get: Get, user_agent: str, now: Callable[[], datetime]) -> None:
        self._get, self._now = get, now
        self._agent = product_token(user_agent)
        self._sites: OrderedDict[str, _Site] = OrderedDict()

    async def allows(self, url: str) -> bool:
        """Whether this page may be read. Asks the site where its rules are not known; never raises for what it does."""
        site = self._site(url)
        async with site.asking:
            if site.until is None or site.until <= self._now():
                await self._ask(site, url)
        return site.rules is not None and site.rules.can_fetch(url, self._agent)

    def _site(self, url: str) -> _Site:
        origin = _origin(url)
        site = self._sites.setdefault(origin, _Site())
        self._sites.move_to_end(origin)
        if len(self._sites) > SITES:
            self._sites.popitem(last=False)
        return site

    async def _ask(self, site: _Site, url: str) -> None:
        try:
            answer = await self._get(f"{_origin(url)}/robots.txt", WANTED)
        except NoAnswerError as error:
            # More redirects than a crawler need follow: as if there were none. RFC 9309, 2.3.1.2
            body: bytes | None = b"" if error.kind == "redirects" else None
        else:
            body = _rules_of(answer)
        if body is None:
            site.until = self._now() + AGAIN_AFTER
        else:
            site.rules, site.until = Protego.parse(body.decode("utf-8-sig", "replace")), self._now() + KEPT


def product_token(user_agent: str) -> str:
    """The name by which robots.txt calls the sender of a User-Agent: RFC 9309, 2.2.1."""
    found = _TOKEN.match(user_agent.strip())
    return found[0] if found else "*"


def _rules_of(answer: Answer) -> bytes | None:
    """The rules, empty where there are none; None where the site could not say."""
    if 200 <= answer.status < 300:
        return answer.body
    # 429 is "later", not "none": so do Google's crawlers, https://developers.google.com/search/docs/crawling-indexing
    return b"" if 400 <= answer.status < 500 and answer.status != 429 else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
