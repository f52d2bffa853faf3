"""The whole system as processes, a feed that tests write, and a receiver that verifies signatures."""

import json
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
from cryptography.fernet import Fernet
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Article:
    """An article of a test feed."""

    path: str
    title: str
    text: str


@dataclass
class FeedServer:
    """RSS over HTTP on loopback; `articles` is what it shows now."""

    articles: list[Article] = field(default_factory=list)
    language: str = "en"
    polls: int = 0
    url: str = ""

    def document(self) -> bytes:
        rss = ElementTree.Element("rss", version="2.0")
        channel = ElementTree.SubElement(rss, "channel")
        for name, value in (("title", "Test feed"), ("link", self.url), ("language", self.language)):
            ElementTree.SubElement(channel, name).text = value
        for article in self.articles:
            item = ElementTree.SubElement(channel, "item")
            link = f"{self.url}/{article.path}?utm_source=rss"
            for name, value in (("title", article.title), ("link", link), ("description", article.text)):
                ElementTree.SubElement(item, name).text = value
            ElementTree.SubElement(item, "pubDate").text = format_datetime(datetime.now(UTC))
        document: bytes = ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True)
        return document


@dataclass(frozen=True)
class Call:
    """A webhook as it was received; `verified` by an independent library."""

    webhook_id: str
    body: dict[str, Any]
    verified: bool


@dataclass
class Receiver:
    """Receives webhooks on loopback and answers 204."""

    secret: str
    url: str = ""
    calls: list[Call] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> None:
        try:
            Webhook(self.secret).verify(body, headers)
            verified = True
        except WebhookVerificationError:
            verified = False
        self.calls.append(Call(headers["webhook-id"], json.loads(body), verified))


@contextmanager
def serving(server: FeedServer | Receiver) -> Iterator[None]:
    """Serve on a free port of loopback while the block runs; sets `url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert isinstance(server, FeedServer)
            server.polls += 1
            body = server.document()
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            assert isinstance(server, Receiver)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it)
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One service's process, restarted by the test as a supervisor would."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = arguments[1] if arguments[1] != "run" else arguments[0].removeprefix("services.")
        self.port = free_port()
        self._arguments = arguments
        self._environment = environment | {"NEWS_METRICS_PORT": str(self.port)}
        self._log = log
        self._running: subprocess.Popen[bytes]

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", *self._arguments], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self._running.pid

    def ready(self) -> bool:
        assert self._running.poll() is None, f"{self.name} ended with {self._running.returncode}:\n{self.log()[-5000:]}"
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self._running.kill()
        self._running.wait(10)

    def died(self) -> bool:
        return self._running.poll() is not None

    def terminate(self) -> int:
        """SIGTERM, and the exit code; fails when it takes more than 20 s."""
        self._running.send_signal(signal.SIGTERM)
        return self._running.wait(20)

    def log(self) -> str:
        return self._log.read_text(errors="replace")


@dataclass
class System:
    """The processes by name, the API, and the file that makes index die between write and alert."""

    processes: dict[str, Process]
    api: httpx.Client
    fault: Path
    environment: dict[str, str]

    def add_feed(self, url: str) -> None:
        """As an operator would, on the command line."""
        self._feeds("add", url, "--title", "Test feed", "--language", "en", "--country", "KE")

    def remove_feed(self, url: str) -> None:
        self._feeds("remove", url)

    def _feeds(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "services.ingest", "feeds", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True, timeout=60)

    def polled(self, url: str) -> bool:
        """Whether the feed's health shows a poll."""
        health = self.api.get("/v1/feeds/health").raise_for_status().json()["feeds"]
        return any(feed["url"] == url for feed in health)

    def ready(self) -> bool:
        """Whether every process says that it is."""
        return all(process.ready() for process in self.processes.values())

    def found(self, **query: str | int) -> list[dict[str, Any]]:
        """The items that a search brings, all pages."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = self.api.get("/v1/items", params={"size": 200, **query, **cursor}).raise_for_status().json()
            items += answer["items"]
            if not answer["cursor"]:
                return items
            cursor = {"cursor": answer["cursor"]}

    def save_search(self, receiver: Receiver, **query: object) -> str:
        """Save a search that calls the receiver, and return its id."""
        endpoint = {"url": receiver.url, "secret": receiver.secret}
        at_once = {"threads": False, "per_hour": 1_000}  # each alert is waited for
        given = {"name": "test", "query": query, "endpoint": endpoint, "timing": at_once}
        answer = self.api.post("/v1/searches", json=given).raise_for_status().json()
        search_id: str = answer["id"]
        return search_id


@contextmanager
def running(environment: dict[str, str], folder: Path) -> Iterator[System]:
    """Every service once, stopped with SIGTERM at the end; each must then exit 0."""
    key, api_port, fault = secrets.token_urlsafe(24), free_port(), folder / "fault"
    settings = environment | {
        "NEWS_ALLOWED_HOSTS": "127.0.0.1",
        "NEWS_API_KEYS": key,
        "NEWS_API_PORT": str(api_port),
        "NEWS_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "NEWS_INGEST_INTERVAL_S": "1",
        "NEWS_INGEST_HOST_SPACING_S": "0",
        "NEWS_INGEST_SESSION_TIMEOUT_MS": "6000",
        "NEWS_FAULT_FILE": str(fault),
    }
    commands = (
        ["services.ingest", "run"],
        ["services.enrich", "run"],
        ["services.index", "run"],
        ["services.index", "deliver"],
        ["services.index", "api"],
    )
    processes = [Process(command, settings, folder / f"{n}.log") for n, command in enumerate(commands)]
    for process in processes:
        process.start()
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{api_port}", headers={"Authorization": f"Bearer {key}"}, trust_env=False
        ) as api:
            yield System({process.name: process for process in processes}, api, fault, settings)
        exits = {process.name: process.terminate() for process in processes}
        assert set(exits.values()) == {0}, exits
    finally:
        for process in processes:
            if not process.died():
                process.kill()
