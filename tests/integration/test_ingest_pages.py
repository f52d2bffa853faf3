"""A poll that reads articles' pages, over real HTTP on loopback: what may be read is, the rest is left to the feed."""

import http.server
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import pytest

from schemas import codec, topics
from schemas.messages import FeedState, RawItem
from services.feeds.rules import new_feed
from services.ingest.fetching import clients
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.poll import poll
from services.ingest.state_log import new_state
from services.ingest.world import World

BODY = "Boats brought flour and fuel to the pier on Sunday, the first since the storm, and more are on the way."
PAGE = (
    f"<html><head><title>%s</title>%s</head><body><article><p>{BODY}</p><p>{BODY.upper()}</p></article></body></html>"
)
LOCKED = '<meta property="article:content_tier" content="locked">'
PATHS = ("open", "moved", "private/a", "locked", "gone", "picture")


def feed_document() -> bytes:
    entries = "".join(f"<item><title>{path}</title><link>/{path}</link></item>" for path in PATHS)
    return f'<rss version="2.0"><channel><title>News</title>{entries}</channel></rss>'.encode()


@contextmanager
def site() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that were asked for."""
    asked: list[str] = []
    answers = {
        "/rss": (200, "text/xml", feed_document()),
        "/robots.txt": (200, "text/plain", b"User-agent: *\nDisallow: /private/"),
        "/open": (200, "text/html; charset=utf-8", (PAGE % ("Open", "")).encode()),
        "/moved": (302, "/open", b""),
        "/locked": (200, "text/html", (PAGE % ("Locked", LOCKED)).encode()),
        "/gone": (404, "text/html", b"<p>Not here</p>"),
        "/picture": (200, "image/png", b"\x89PNG"),
    }

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, kind, body = answers[self.path]
            self.send_response(status)
            self.send_header("Location" if status == 302 else "Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


class Sent:
    """In the producer's place."""

    def __init__(self) -> None:
        self.items: dict[str, RawItem] = {}

    async def send_all(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        if topic == topics.RAW:
            for _, value in records:
                item = codec.decode(value, RawItem)
                self.items[item.title] = item


@pytest.fixture
async def parser() -> AsyncIterator[ParserPool]:
    pool = ParserPool()
    yield pool
    pool.close()


async def test_a_poll_reads_the_pages_that_it_may_read(parser: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_INGEST_HOST_SPACING_S", "0")
    sent, states = Sent(), []

    async def remember(state: FeedState) -> None:
        states.append(state)

    with site() as (url, asked):
        monkeypatch.setenv("NEWS_ALLOWED_HOSTS", url.removeprefix("http://"))
        async with clients.opened(30) as asking:
            world = World(asking, parser, sent)  # type: ignore[arg-type]
            feed = msgspec.structs.replace(new_feed(f"{url}/rss", world.now()), page_text=True)
            health = await poll(feed, new_state(feed.feed_id, world.now()), world, remember)

    assert (health.outcome, health.new_items) == ("ok", len(PATHS))
    pages = {title for title, item in sent.items.items() if item.text_source == "page"}
    assert pages == {"open", "moved"}
    assert sent.items["open"].text == sent.items["moved"].text == f"{BODY}\n{BODY.upper()}\n"
    assert {sent.items[path].text for path in PATHS} - {sent.items["open"].text} == {""}
    assert "/private/a" not in asked
    assert asked.count("/robots.txt") == 1
    assert set(states[-1].seen) == {item.item_id for item in sent.items.values()}
