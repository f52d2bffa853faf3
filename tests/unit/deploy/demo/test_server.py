"""The application as a poller meets it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deploy.demo import render
from deploy.demo.articles import load
from deploy.demo.server import Timeline, application

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BASE = "http://demo"
FEEDS = load()


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timeline(clock: Clock) -> Timeline:
    return Timeline(clock)


@pytest.fixture
def poller(timeline: Timeline) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application(FEEDS, timeline, BASE)), base_url=BASE)


async def test_a_second_poll_of_an_unchanged_feed_gets_304_without_a_body(poller: httpx.AsyncClient) -> None:
    url = render.feed_url(BASE, FEEDS[0])
    first = await poller.get(url)
    assert first.status_code == 200
    for header, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = await poller.get(url, headers={header: first.headers[validator]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


async def test_live_articles_wait_until_the_demo_goes_live(
    poller: httpx.AsyncClient, timeline: Timeline, clock: Clock
) -> None:
    feed = next(feed for feed in FEEDS if any(article.publish_after_s == 1 for article in feed.articles))
    url = render.feed_url(BASE, feed)
    before = await poller.get(url)
    clock.now += timedelta(minutes=5)
    assert (await poller.get(url, headers={"If-None-Match": before.headers["ETag"]})).status_code == 304
    timeline.go_live()
    clock.now += timedelta(seconds=1)
    after = await poller.get(url, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert len(after.content) > len(before.content)


async def test_the_links_of_a_feed_open(poller: httpx.AsyncClient) -> None:
    feed = next(feed for feed in FEEDS if feed.outlet.format == "json" and feed.outlet.tracking)
    for item in (await poller.get(render.feed_url(BASE, feed))).json()["items"]:
        page = await poller.get(item["url"])
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert item["summary"] not in page.text  # the page has the text itself
        assert item["content_html"][3:60] in page.text


@pytest.mark.parametrize("path", ["/nowhere/feed.xml", "/la-vigie/feed.json", "/la-vigie/nothing", "/la-vigie"])
async def test_what_is_not_there_is_not_found(poller: httpx.AsyncClient, path: str) -> None:
    assert (await poller.get(path)).status_code == 404


async def test_the_front_page_lists_every_feed(poller: httpx.AsyncClient) -> None:
    text = (await poller.get("/")).text
    assert [feed.id for feed in FEEDS if render.feed_url(BASE, feed) not in text] == []
