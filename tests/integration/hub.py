"""A hub by the letter of WebSub, written for the tests from the specification; it shares no code with what it tests."""

import hmac
import secrets
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    """Accepts subscriptions, verifies them by a call, and pushes. Subscriptions by topic: what it was sent."""

    url: str = ""
    verified: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def verify(self, asked: dict[str, str]) -> None:
        """WebSub, 5.3: the subscriber has to repeat the challenge."""
        challenge = secrets.token_urlsafe(20)
        query = {name: asked[name] for name in ("hub.mode", "hub.topic", "hub.lease_seconds")}
        query["hub.challenge"] = challenge
        status, body = _call(f"{asked['hub.callback']}?{urllib.parse.urlencode(query)}", None, {})
        if 200 <= status < 300 and body == challenge.encode():
            self.verified[asked["hub.topic"]] = asked
        else:
            self.refused.append(asked["hub.topic"])

    def push(self, topic: str, body: bytes, *, secret: str | None = None, method: str = "sha256") -> int:
        """WebSub, 7 and 8: the content, signed with the subscriber's secret (or another). Returns the status."""
        asked = self.verified[topic]
        signature = hmac.new((secret or asked["hub.secret"]).encode(), body, method).hexdigest()
        headers = {
            "Content-Type": "application/rss+xml",
            "Link": f'<{self.url}>; rel="hub", <{topic}>; rel="self"',
            "X-Hub-Signature": f"{method}={signature}",
        }
        return _call(asked["hub.callback"], body, headers)[0]


@contextmanager
def serving_hub() -> Iterator[Hub]:
    hub = Hub()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = dict(urllib.parse.parse_qsl(sent, strict_parsing=True))
            good = asked.get("hub.mode") == "subscribe" and {"hub.callback", "hub.topic", "hub.secret"} <= asked.keys()
            self.send_response(202 if good else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if good:
                threading.Thread(target=hub.verify, args=(asked,), daemon=True).start()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


def _call(url: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
