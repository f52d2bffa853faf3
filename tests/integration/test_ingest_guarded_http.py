"""The guard on real sockets: what is allowed is reached, and no spelling or redirect leads to loopback otherwise."""

import asyncio
import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services import guarded_http
from services.guarded_http import Blocked
from tests.integration.http2_server import Server, serving


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


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    async with serving(tmp_path) as (server, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        yield server


def guarded(server: Server, **options: Any) -> httpx.AsyncClient:
    allowed = frozenset({f"127.0.0.1:{server.port}", f"localhost:{server.port}"})
    return guarded_http.client(allowed_hosts=allowed, timeout_s=30, user_agent="test", **options)


async def test_http2_is_agreed_on_and_one_connection_carries_all(secure: Server) -> None:
    async with guarded(secure) as client:
        first = await client.get(f"https://localhost:{secure.port}/first")
        answers = await asyncio.gather(*(client.get(f"https://localhost:{secure.port}/{n}") for n in range(20)))
    assert first.http_version == "HTTP/2"
    assert [answer.text for answer in answers] == [f"/{n}" for n in range(20)]
    assert secure.protocols == ["h2"]


async def test_http1_only_keeps_its_connections_and_their_number(secure: Server) -> None:
    async with guarded(secure, http1=True, max_connections=3) as client:
        for _ in range(2):
            answers = await asyncio.gather(*(client.get(f"https://localhost:{secure.port}/{n}") for n in range(20)))
            assert {answer.http_version for answer in answers} == {"HTTP/1.1"}
    assert set(secure.protocols) == {"http/1.1"}
    assert len(secure.protocols) <= 3


async def test_a_certificate_of_another_name_is_refused(secure: Server) -> None:
    async with guarded(secure) as client:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(f"https://127.0.0.1:{secure.port}/")


@pytest.mark.parametrize("http1", [True, False])
async def test_requests_that_are_given_up_cost_the_client_no_connection(secure: Server, http1: bool) -> None:
    """More requests than connections, all cancelled while they run, wait or connect: the next are answered."""
    async with guarded(secure, http1=http1, max_connections=4) as client:
        for patience_s in (0.001, 0.01, 0.05, 0.2):
            given_up = [
                asyncio.wait_for(client.get(f"https://localhost:{secure.port}/hang"), patience_s) for _ in range(40)
            ]
            assert not any(
                isinstance(outcome, httpx.Response)
                for outcome in await asyncio.gather(*given_up, return_exceptions=True)
            )
        answers = await asyncio.gather(*(client.get(f"https://localhost:{secure.port}/{n}") for n in range(20)))
    assert [answer.text for answer in answers] == [f"/{n}" for n in range(20)]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_allowed_proxy_is_used_and_an_inner_target_never_reaches_it(
    scheme: str, secure: Server, inner: int
) -> None:
    """Anything that answers will do for a proxy: what it is asked for counts."""
    proxy = f"https://localhost:{secure.port}" if scheme == "https" else f"http://127.0.0.1:{inner}"
    async with (
        guarded(secure, proxy=proxy)
        if scheme == "https"
        else guarded_http.client(
            allowed_hosts=frozenset({f"127.0.0.1:{inner}"}), timeout_s=30, user_agent="test", proxy=proxy
        ) as client
    ):
        with pytest.raises(Blocked, match="loopback"):
            await client.get("http://localhost/latest")
        answer = await client.get("http://93.184.216.34/page")
    assert answer.status_code == (200 if scheme == "https" else 204)
    assert secure.requests == (["http://93.184.216.34/page"] if scheme == "https" else [])
