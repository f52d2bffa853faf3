import asyncio
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import guarded_http
from services.guarded_http import Blocked, check_url, why_blocked

INNER = (
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:1:2:3:4:5:6",
    "2001:db8::1",
)
OUTER = ("1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "64:ff9b::1.1.1.1", "2002:101:101::", "::ffff:1.1.1.1")


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_blocked(address: str) -> None:
    assert why_blocked(ip_address(address))


@pytest.mark.parametrize("address", OUTER)
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert why_blocked(ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_all_its_ipv6_clothes(address: IPv4Address) -> None:
    for clothed in (0xFFFF00000000 + int(address), int(IPv6Address("64:ff9b::")) + int(address)):
        assert bool(why_blocked(IPv6Address(clothed))) == bool(why_blocked(address))
    assert bool(why_blocked(IPv6Address((0x2002 << 112) + (int(address) << 80)))) == bool(why_blocked(address))


class Names:
    """A resolver that the test writes. An answer that is a list of lists changes with every question."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        try:
            addresses = [str(ip_address(host))]
        except ValueError:
            addresses = self.answers.get(host, [])
        if not addresses:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    resolver = Names()
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", lambda _self, *a, **k: resolver.getaddrinfo(*a, **k))
    return resolver


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that sockets would have been opened to."""
    opened: list[str] = []

    async def connect_tcp(self: object, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        opened.append(host)
        answer = b"HTTP/1.1 302 Found\r\nLocation: http://inner.example/\r\nContent-Length: 0\r\n\r\n"
        return httpcore.AsyncMockStream([answer])

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)
    return opened


def client(*allowed: str) -> httpx.AsyncClient:
    return guarded_http.client(allowed_hosts=frozenset(allowed), timeout_s=5, user_agent="test")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://outer.example/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("outer.example/feed", "without a scheme"),
        ("http://user:password@outer.example/", "credentials"),
        ("http://outer.example:22/", "port 22 is not allowed"),
        ("http:///feed", "names no host"),
        ("http://[::1]/", "this machine itself"),
        ("http://inner.example/", "inner.example is 10.0.0.7: not a globally routable address"),
        ("http://half.example/", "half.example is 127.0.0.1"),
        ("http://nowhere.example/", "cannot be resolved"),
        ("http://exa mple/", "not a URL"),
    ],
)
async def test_a_url_is_refused_with_the_reason(names: Names, url: str, why: str) -> None:
    names.answers = {
        "outer.example": ["1.1.1.1"],
        "inner.example": ["10.0.0.7"],
        "half.example": ["1.1.1.1", "127.0.0.1"],
    }
    with pytest.raises(Blocked) as blocked:
        await check_url(url)
    assert why in str(blocked.value)


async def test_the_socket_is_opened_to_the_address_that_was_judged(names: Names, connected: list[str]) -> None:
    names.answers = {"outer.example": ["1.1.1.1"]}
    async with client() as http:
        assert (await http.get("http://outer.example/")).status_code == 302
    assert connected == ["1.1.1.1"]


async def test_a_redirect_to_an_inner_address_is_blocked(names: Names, connected: list[str]) -> None:
    names.answers = {"outer.example": ["1.1.1.1"], "inner.example": ["169.254.169.254"]}
    async with client() as http:
        with pytest.raises(Blocked, match="link-local"):
            await http.get("http://outer.example/", follow_redirects=True)
    assert connected == ["1.1.1.1"]


async def test_a_name_that_changes_its_address_after_the_check_is_blocked(names: Names, connected: list[str]) -> None:
    names.answers = {"rebinding.example": ["1.1.1.1"]}
    await check_url("http://rebinding.example/")
    names.answers = {"rebinding.example": ["127.0.0.1"]}
    async with client() as http:
        with pytest.raises(Blocked, match="this machine itself"):
            await http.get("http://rebinding.example/")
    assert connected == []


async def test_a_host_on_the_allow_list_is_let_through_on_its_port_only(names: Names, connected: list[str]) -> None:
    async with client("127.0.0.1:9999") as http:
        await http.get("http://127.0.0.1:9999/")
        with pytest.raises(Blocked):
            await http.get("http://127.0.0.1:8080/")
    assert connected == ["127.0.0.1"]


async def test_a_name_that_cannot_be_resolved_is_a_connection_error_for_who_retries(names: Names) -> None:
    async with client() as http:
        with pytest.raises(httpx.ConnectError, match="cannot be resolved"):
            await http.get("http://nowhere.example/")
