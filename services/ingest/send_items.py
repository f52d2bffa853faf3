"""New items to news.raw, each with the text of its page where the feed is to have it: as soon as its page is ready."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

import prometheus_client

from schemas import codec, topics
from schemas.messages import Feed, RawItem
from services.ingest.pages.page_text import NotAnArticle, Page, with_page
from services.telemetry import logger

log = logger(__name__)

MAX_PAGES: Final = 20  # of one poll
AT_ONCE: Final = 2  # so that a poll of the same host waits for two pages, not for all
PAGES_S: Final = 120.0  # for all pages of one poll; a feed that waits longer for its next poll would lose freshness

PAGES = prometheus_client.Counter("news_pages_total", "Article pages by outcome", ["outcome"])


class World(Protocol):
    """What sending needs beside its arguments."""

    async def page(self, url: str) -> Page: ...

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None: ...


async def send_items(feed: Feed, items: Sequence[RawItem], world: World) -> None:
    """Send a poll's items; returns when all are confirmed. Raises Transient.

    With page_text the first MAX_PAGES are sent one by one as their page is ready, the others at once. An item whose
    page gives less than its feed, or nothing in time, goes with its feed's text (text_source `feed`).
    """
    # An unresolved link leads to an aggregator's page, which has not the article.
    wanted = [(item, item.url) for item in items if feed.page_text and item.url and item.link != "unresolved"]
    wanted = wanted[:MAX_PAGES]
    chosen = {item.item_id for item, _ in wanted}
    await _send([item for item in items if item.item_id not in chosen], world)
    if not wanted:
        return
    outcomes: Counter[str] = Counter()
    turns, deadline = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop().time() + PAGES_S
    reading = [asyncio.create_task(_with_page(item, url, world, turns, deadline)) for item, url in wanted]
    try:
        for ready in asyncio.as_completed(reading):
            item, outcome = await ready
            await _send([item], world)
            PAGES.labels(outcome).inc()
            outcomes[outcome] += 1
    finally:
        for task in reading:
            task.cancel()
    log.info("read pages", feed_id=feed.feed_id, outcomes=dict(outcomes), beyond_limit=len(items) - len(wanted))


async def _send(items: Sequence[RawItem], world: World) -> None:
    if items:
        await world.send(topics.RAW, [(item.item_id, codec.encode(item)) for item in items])


async def _with_page(
    item: RawItem, url: str, world: World, turns: asyncio.Semaphore, deadline: float
) -> tuple[RawItem, str]:
    """The item with its page's text, or as it is and why: a slug. Never raises."""
    try:
        async with asyncio.timeout_at(deadline), turns:
            page = await world.page(url)
    except NotAnArticle as error:
        log.debug("page not read", url=url, kind=error.kind, detail=error.detail)
        return item, error.kind
    except TimeoutError:
        return item, "not_in_time"
    except Exception:  # a bug over one page must not keep its item back
        log.exception("bug: the page is passed over", url=url)
        return item, "bug"
    return with_page(item, page)
