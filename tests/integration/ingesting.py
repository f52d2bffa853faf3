"""Ingest as processes, feeds on loopback that tests write, and what arrives in news.raw."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas import codec, identity, topics
from schemas.messages import FeedState, RawItem
from services import kafka

ROOT = Path(__file__).parents[2]
SESSION_TIMEOUT_MS = 6_000  # the least that a broker takes by default


@dataclass(frozen=True)
class Request:
    """What a feed was asked. `replica` is the User-Agent."""

    path: str
    replica: str
    validator: str | None
    status: int


@dataclass
class Site:
    """Feeds over HTTP: path -> its articles (name -> title). A held path answers only when it is let go."""

    url: str = ""
    articles: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    held: dict[str, threading.Event] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    changing: threading.Lock = field(default_factory=threading.Lock)

    def publish_and_hold(self, path: str, replica: str, **articles: str) -> threading.Event:
        """In one step, so that the next answer to this replica has the articles and waits until the event is set."""
        with self.changing:
            self.articles[path].update(articles)
            return self.held.setdefault(f"{replica} {path}", threading.Event())

    def document(self, path: str) -> bytes:
        rss = ElementTree.Element("rss", version="2.0")
        channel = ElementTree.SubElement(rss, "channel")
        ElementTree.SubElement(channel, "title").text = path
        for name, title in self.articles[path].items():
            item = ElementTree.SubElement(channel, "item")
            values = (("title", title), ("link", f"{self.url}{path}/{name}"), ("description", f"About {title}."))
            for tag, value in values:
                ElementTree.SubElement(item, tag).text = value
        return bytes(ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True))

    def feed_id(self, path: str) -> str:
        return identity.feed_id(self.url + path)

    def asked(self, path: str, *, status: int | None = None, replica: str | None = None) -> list[Request]:
        return [
            request
            for request in list(self.requests)
            if request.path == path and status in (None, request.status) and replica in (None, request.replica)
        ]


@contextmanager
def serving(*paths: str) -> Iterator[Site]:
    """A site with these feeds, each with one article, `first`."""
    site = Site(articles={path: {"first": f"First of {path}"} for path in paths})

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            replica, validator = self.headers["User-Agent"], self.headers["If-None-Match"]
            with site.changing:
                body = site.document(self.path)  # what is said was true when it was asked, however long it is held
                held = site.held.get(f"{replica} {self.path}")
            if held:
                site.waiting.append(f"{replica} {self.path}")
                held.wait(60)
            etag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
            status = 304 if validator == etag else 200
            site.requests.append(Request(self.path, replica, validator, status))
            self.send_response(status)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", "0" if status == 304 else str(len(body)))
            self.end_headers()
            if status == 200:
                self.wfile.write(body)

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                """The replica was killed by the test."""

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        for held in site.held.values():
            held.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Replica:
    """`python -m services.ingest run` as a process, named by its User-Agent."""

    def __init__(self, name: str, site: Site, environment: dict[str, str], folder: Path, feeds: Path | None) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        settings = environment | {
            "NEWS_USER_AGENT": name,
            "NEWS_ALLOWED_HOSTS": site.url.removeprefix("http://"),
            "NEWS_INGEST_INTERVAL_S": "0.5",
            "NEWS_INGEST_HOST_SPACING_S": "0",
            "NEWS_INGEST_TIMEOUT_S": "60",
            "NEWS_INGEST_SESSION_TIMEOUT_MS": str(SESSION_TIMEOUT_MS),
        }
        command = [sys.executable, "-m", "services.ingest", "run", *(("--feeds", str(feeds)) if feeds else ())]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=settings, stderr=log, stdout=log)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.terminate()
        return self.process.wait(15)


@dataclass
class Ingest:
    """Starts replicas over one site. `name` makes those of a test its own."""

    site: Site
    environment: dict[str, str]
    folder: Path
    replicas: list[Replica] = field(default_factory=list)

    def start(self, name: str) -> Replica:
        """Start a replica; the first imports the site's feeds."""
        feeds = None
        if not self.replicas:
            feeds = self.folder / "feeds.yaml"
            listed = [{"url": self.site.url + path, "title": path, "language": "en"} for path in self.site.articles]
            feeds.write_text(yaml.safe_dump({"feeds": listed}))
        replica = Replica(f"{name}-{uuid.uuid4().hex[:6]}", self.site, self.environment, self.folder, feeds)
        self.replicas.append(replica)
        return replica


@asynccontextmanager
async def ingesting(site: Site, environment: dict[str, str], folder: Path) -> AsyncIterator[Ingest]:
    """Replicas are stopped at the end, and the site's feeds removed, so that no later test polls them."""
    ingest = Ingest(site, {**os.environ, **environment}, folder)
    try:
        yield ingest
    finally:
        for replica in ingest.replicas:
            if replica.process.poll() is None:
                replica.wake()
                replica.kill()
        async with kafka.producer("test") as producer:
            for path in site.articles:
                await producer.send(topics.FEEDS, site.feed_id(path), None)


class RawItems:
    """The items that arrive in news.raw from now on."""

    def __init__(self, client: AIOKafkaConsumer) -> None:
        self._client = client
        self._read: list[RawItem] = []

    async def of(self, *feed_ids: str) -> list[RawItem]:
        """Those of these feeds, in the order in which they were read."""
        while polled := await self._client.getmany(timeout_ms=100):
            self._read += [codec.decode(record.value, RawItem) for records in polled.values() for record in records]
        return [item for item in self._read if item.feed_id in feed_ids]


@asynccontextmanager
async def raw_items(bootstrap_servers: str) -> AsyncIterator[RawItems]:
    client = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await client.start()
    try:
        partitions = _partitions(topics.RAW)
        client.assign(partitions)
        await client.seek_to_end(*partitions)
        for partition in partitions:
            await client.position(partition)
        yield RawItems(client)
    finally:
        await client.stop()


async def state_records() -> list[Any]:
    """Every record of news.feed-state, by partition and offset."""
    partitions = _partitions(topics.FEED_STATE)
    client = AIOKafkaConsumer(**kafka.connection("test"), enable_auto_commit=False, auto_offset_reset="earliest")
    await client.start()
    try:
        client.assign(partitions)
        ends = await client.end_offsets(partitions)
        read: list[Any] = []
        for partition in partitions:
            while await client.position(partition) < ends[partition]:
                for records in (await client.getmany(timeout_ms=500)).values():
                    read += records
        return sorted(read, key=lambda record: (record.partition, record.offset))
    finally:
        await client.stop()


async def stored_state(feed_id: str) -> FeedState | None:
    """The last state record of a feed: what compaction keeps, and so what an heir is left with."""
    values = [record.value for record in await state_records() if record.key == feed_id.encode()]
    return codec.decode(values[-1], FeedState) if values else None


async def claims(feed_id: str) -> tuple[int, list[int]]:
    """The partition of a feed's state, and the offsets of the claims on it."""
    records = await state_records()
    partition = next(record.partition for record in records if record.key == feed_id.encode())
    key = f"claim/{partition}".encode()
    return partition, [record.offset for record in records if record.partition == partition and record.key == key]


def _partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(topics.load()[topic].partitions)]
