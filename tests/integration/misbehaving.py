"""Feeds on loopback that publish by a simulated clock and misbehave, each in its own way, and a scheduler of polls.

Requests, parsing and polls are the real ones. The broker is a list, and state is kept as bytes between two polls.
"""

import asyncio
import gzip
import hashlib
import heapq
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.etree import ElementTree

import httpx
from aiohttp import web

from schemas import codec, identity, topics
from schemas.canonical_url import canonical_url
from schemas.messages import Feed, FeedHealth, FeedState, RawItem, Subscription
from services.feeds.rules import new_feed
from services.ingest.fetching import fetch
from services.ingest.fetching.fetch import Fetched
from services.ingest.fetching.hosts import Hosts
from services.ingest.formats.parsed_feed import ParsedFeed
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.pages.page_text import Page
from services.ingest.poll import poll
from services.ingest.schedule import Pace
from services.ingest.state_log import new_state

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Article:
    """Published at a minute; given another headline at others."""

    name: str
    at: float
    edited: tuple[float, ...] = ()

    def title(self, minute: float) -> str:
        return f"Headline {self.name}, version {sum(edit <= minute for edit in self.edited)}"


@dataclass
class Site:
    """One feed. `answer` makes of the document what this server makes of it; `asked` has the minutes of requests.

    channel: elements of the channel, as XML.
    """

    path: str
    articles: Sequence[Article]
    answer: "Answer"
    etag: Callable[[bytes], str | None] = lambda body: f'"{hashlib.sha256(body).hexdigest()[:12]}"'
    guid: Callable[[Article], str] = lambda article: article.name
    dated: Callable[[Article], datetime] = lambda article: START + article.at * MINUTE
    headers: tuple[tuple[str, str], ...] = ()
    channel: str = ""
    timeout_s: float = 60.0
    asked: list[tuple[float, str]] = field(default_factory=list)

    def document(self, minute: float, url: str) -> bytes:
        rss = ElementTree.Element("rss", version="2.0")
        channel = ElementTree.SubElement(rss, "channel")
        ElementTree.SubElement(channel, "title").text = self.path
        channel.extend(ElementTree.fromstring(f"<channel>{self.channel}</channel>"))
        for article in sorted(self.articles, key=lambda article: -article.at):
            if article.at <= minute:
                item = ElementTree.SubElement(channel, "item")
                ElementTree.SubElement(item, "title").text = article.title(minute)
                ElementTree.SubElement(item, "link").text = f"{url}{self.path}/{article.name}"
                ElementTree.SubElement(item, "guid", isPermaLink="false").text = self.guid(article)
                ElementTree.SubElement(item, "description").text = f"What is to be said about {article.name}."
                ElementTree.SubElement(item, "pubDate").text = format_datetime(self.dated(article))
        return bytes(ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True))


@dataclass(frozen=True)
class Asked:
    """A request as a site sees it. honest(): what a well-behaved server would answer."""

    site: Site
    request: web.Request
    minute: float
    url: str
    closing: asyncio.Event

    @property
    def now(self) -> datetime:
        return START + self.minute * MINUTE

    def body(self) -> bytes:
        return self.site.document(self.minute, self.url)

    def honest(self) -> web.StreamResponse:
        body = self.body()
        etag = self.site.etag(body)
        headers = dict(self.site.headers) | ({"ETag": etag} if etag else {})
        if etag and self.request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers | {"Content-Type": "application/rss+xml"})


Answer = Callable[[Asked], Awaitable[web.StreamResponse]]


async def honest(asked: Asked) -> web.StreamResponse:
    return asked.honest()


def between(start: float, end: float, wrong: Answer) -> Answer:
    """Honest but for these minutes."""

    async def answer(asked: Asked) -> web.StreamResponse:
        return await wrong(asked) if start <= asked.minute < end else asked.honest()

    return answer


async def hanging(asked: Asked) -> web.StreamResponse:
    await asked.closing.wait()
    return web.Response(status=503)


async def html(asked: Asked) -> web.StreamResponse:
    page = "<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"
    return web.Response(text=page, content_type="text/html", headers={"ETag": '"page"'})


async def cut_gzip(asked: Asked) -> web.StreamResponse:
    whole = gzip.compress(asked.body())
    headers = {"Content-Encoding": "gzip", "ETag": asked.site.etag(asked.body()) or ""}
    return web.Response(body=whole[: len(whole) // 2], headers=headers)


async def cut_xml(asked: Asked) -> web.StreamResponse:
    """With the validator of the whole."""
    body = asked.body()
    return web.Response(body=body[: body.index(b"</item>") + 20], headers={"ETag": asked.site.etag(body) or ""})


async def always_304(asked: Asked) -> web.StreamResponse:
    return web.Response(status=304) if "If-None-Match" in asked.request.headers else asked.honest()


def status(code: int, **headers: str) -> Answer:
    async def answer(asked: Asked) -> web.StreamResponse:
        return web.Response(status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


def busy_until(minute: float) -> Answer:
    """429 with Retry-After as a date."""

    async def answer(asked: Asked) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": format_datetime(START + minute * MINUTE, usegmt=True)})

    return answer


async def moved(asked: Asked) -> web.StreamResponse:
    """301 and 308, one behind the other."""
    match asked.request.query.get("step"):
        case None:
            return web.Response(status=301, headers={"Location": f"{asked.site.path}?step=1"})
        case "1":
            return web.Response(status=308, headers={"Location": f"{asked.url}{asked.site.path}?step=2"})
        case _:
            return asked.honest()


class Simulation:
    """Polls the sites by a clock that only the scheduler moves. Also the World of these polls."""

    def __init__(self, sites: Sequence[Site], client: httpx.AsyncClient, parser: ParserPool, url: str) -> None:
        self.pace = Pace(interval_s=180, max_interval_s=900)
        self.url, self.sites = url, {site.path: site for site in sites}
        self.items: list[RawItem] = []
        self.health: dict[str, list[FeedHealth]] = {site.path: [] for site in sites}
        self._client, self._parser = client, parser
        self._hosts, self._random = Hosts(0.0, 64), random.Random(4)
        self._time = START
        self._states: dict[str, bytes] = {}
        self._due = [(START, site.path) for site in sites]
        self._polling = ""

    async def until(self, minute: float) -> None:
        """Make every poll that is due by then."""
        end = START + minute * MINUTE
        while self._due[0][0] <= end:
            self._time, path = heapq.heappop(self._due)
            heapq.heappush(self._due, (await self._poll(path), path))

    async def _poll(self, path: str) -> datetime:
        feed, self._polling = new_feed(self.url + path, START), path
        stored = self._states.get(path)
        state = codec.decode(stored, FeedState) if stored else new_state(feed.feed_id, self._time)

        async def remember(after: FeedState) -> None:
            self._states[path] = codec.encode(after)

        health = await poll(feed, state, self, remember)
        self.health[path].append(health)
        assert health.next_poll_at is not None
        return health.next_poll_at

    def now(self) -> datetime:
        return self._time

    def chance(self) -> float:
        return self._random.random()

    def turn(self, url: str) -> AbstractAsyncContextManager[None]:
        return self._hosts.turn(url)

    async def fetch(self, feed: Feed, url: str, etag: str | None, last_modified: str | None) -> Fetched:
        return await fetch.fetch(
            self._client,
            url,
            etag=etag,
            last_modified=last_modified,
            timeout_s=self.sites[self._polling].timeout_s,
            now=self.now,
        )

    async def subscribe(self, feed_id: str, subscription: Subscription) -> bool:
        raise AssertionError("no feed here has a hub")

    async def location(self, url: str) -> str | None:
        raise AssertionError("no link here is an aggregator's")

    async def page(self, url: str) -> Page:
        raise AssertionError("no feed here asks for pages")

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        return await self._parser.parse(body, content_type, url)

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        if topic == topics.RAW:
            self.items += [codec.decode(value, RawItem) for _, value in records]

    def minute(self) -> float:
        return (self._time - START) / MINUTE

    def state(self, path: str) -> FeedState:
        return codec.decode(self._states[path], FeedState)

    def emitted(self, path: str) -> dict[str, int]:
        """How often each item of a feed was sent."""
        found: dict[str, int] = {}
        for item in self.items:
            if item.feed_id == identity.feed_id(self.url + path):
                found[item.item_id] = found.get(item.item_id, 0) + 1
        return found

    def expected(self, path: str, minute: float) -> dict[str, int]:
        """Each article that is visible, once, and once more for each edit."""
        return {
            identity.item_id(canonical_url(f"{self.url}{path}/{article.name}"), "", ""): 1
            + sum(edit <= minute for edit in article.edited)
            for article in self.sites[path].articles
            if article.at <= minute
        }


@asynccontextmanager
async def simulation(sites: Sequence[Site], client: httpx.AsyncClient) -> AsyncIterator[Simulation]:
    """The sites on a server on loopback, and the simulation that polls them."""
    closing = asyncio.Event()
    running: Simulation

    async def answer(request: web.Request) -> web.StreamResponse:
        site = running.sites[request.path]
        site.asked.append((running.minute(), request.path_qs))
        return await site.answer(Asked(site, request, running.minute(), running.url, closing))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    parser = ParserPool()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        port = runner.addresses[0][1]
        running = Simulation(sites, client, parser, f"http://127.0.0.1:{port}")
        yield running
    finally:
        closing.set()
        parser.close()
        await client.aclose()
        await runner.cleanup()
