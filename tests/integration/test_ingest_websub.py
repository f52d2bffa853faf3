"""WebSub on the real broker with a hub of its own making: whichever replica a hub calls, the feed's owner polls."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from schemas.messages import RawItem
from tests.conftest import Servers
from tests.eventually import eventually
from tests.integration.hub import serving_hub
from tests.integration.ingesting import RawItems, Replica, ingesting, raw_items, serving

FEEDS = tuple(f"/pushed-{number}" for number in range(8))


@pytest.fixture
async def raw(stack: Servers) -> AsyncIterator[RawItems]:
    async with raw_items(stack.bootstrap_servers) as items:
        yield items


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def taken(replica: Replica) -> int:
    """How often the replica took partitions."""
    return replica.log.read_text().count('"took partitions of feeds"')


async def test_a_push_makes_the_feed_s_owner_poll_whoever_is_called(
    stack: Servers, raw: RawItems, tmp_path: Path
) -> None:
    with serving_hub() as hub, serving(*FEEDS) as site:
        site.hub = hub.url
        topics = {path: site.url + path for path in FEEDS}
        called = free_port()
        common = {
            "NEWS_ALLOWED_HOSTS": "127.0.0.1",
            "NEWS_INGEST_INTERVAL_S": "3600",  # what arrives sooner was pushed
            "NEWS_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "NEWS_WEBSUB_URL": f"http://127.0.0.1:{called}",
        }
        async with ingesting(site, stack.environment, tmp_path) as ingest:
            first = ingest.start("called", NEWS_WEBSUB_PORT=str(called), **common)
            await eventually("every subscription verified", lambda: len(hub.verified) == len(FEEDS))
            second = ingest.start("other", NEWS_WEBSUB_PORT=str(free_port()), **common)
            await eventually("feeds for both", lambda: taken(first) > 1 and taken(second) > 0)
            before = len(site.requests)

            for path, topic in topics.items():
                forged = await asyncio.to_thread(hub.push, topic, b"<rss/>", secret="not it")
                weak = await asyncio.to_thread(hub.push, topic, b"<rss/>", method="sha1")
                assert (forged, weak) == (403, 403), path
            assert len(site.requests) == before

            for path, topic in topics.items():
                site.articles[path]["second"] = f"Second of {path}"
                assert await asyncio.to_thread(hub.push, topic, site.document(path)) == 202

            async def arrived() -> list[RawItem]:
                found = [item for item in await raw.of(*map(site.feed_id, FEEDS)) if item.title.startswith("Second")]
                return found if len(found) == len(FEEDS) else []

            found: list[RawItem] = await eventually("what was pushed, in news.raw", arrived)
            assert {item.title for item in found} == {f"Second of {path}" for path in FEEDS}
            assert {item.origin for item in found} == {"live"}
            assert {request.replica for request in site.requests[before:]} == {first.name, second.name}
            assert hub.refused == []
            for replica in (first, second):
                assert replica.stop() == 0, replica.log.read_text()
