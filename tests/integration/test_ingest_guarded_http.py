"""The guard on real sockets: what is allowed is reached, and no spelling or redirect leads to loopback otherwise."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from services import guarded_http
from services.guarded_http import Blocked


@pytest.fixture
def inner() -> Iterator[int]:
    """The port of a server on loopback that answers everything with 204."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


async def test_an_allowed_host_is_reached(inner: int) -> None:
    allowed = frozenset({f"127.0.0.1:{inner}"})
    async with guarded_http.client(allowed_hosts=allowed, timeout_s=5, user_agent="test") as client:
        assert (await client.get(f"http://127.0.0.1:{inner}/")).status_code == 204


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f000001", "0x7f.1", "localhost"])
async def test_odd_spellings_of_loopback_are_blocked(spelling: str) -> None:
    async with guarded_http.client(allowed_hosts=frozenset(), timeout_s=5, user_agent="test") as client:
        with pytest.raises(Blocked, match=rf"{spelling} leads to .*loopback|not a public address") as raised:
            await client.get(f"http://{spelling}/")
    assert raised.value.reason == "address"
