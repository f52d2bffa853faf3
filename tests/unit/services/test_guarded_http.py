"""Nothing that a stranger names leads to an inner address."""

import ipaddress
from collections.abc import Iterable, Sequence

import httpcore
import httpx
import pytest

from services import guarded_http
from services.guarded_http import Address, Blocked, check_address, check_url

NOBODY: frozenset[str] = frozenset()

INNER = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "3fff::1",
    "100:0:0:1::1",
    "203.0.113.1",
    "2001:db8::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_blocked(address: str) -> None:
    with pytest.raises(Blocked, match="not a public address") as raised:
        check_address(ipaddress.ip_address(address), "feed.example")
    assert raised.value.reason == "address"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not(address: str) -> None:
    check_address(ipaddress.ip_address(address), "feed.example")


# What resolvers take for 127.0.0.1 or 169.254.169.254, without asking anybody.
LOOPBACK_SPELLINGS = [
    *("127.1", "127.0.1", "127.0.0.1.", "2130706433", "017700000001", "0x7f000001", "0x7F.1", "0x7f.0x0.0x0.0x1"),
    *("127。0。0。1", "0", "0x0", "0xA9FEA9FE", "2852039166", "169.16689662"),
]
# What is neither a name nor an address: nobody may find out what a resolver would make of it.
NO_HOSTS = [
    *("%31%32%37.0.0.1", "127.0.0.1%00.news.example", "127.0.0.1%2f", "１２７.0.0.1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "0177.0.0.1"),
    *("-news.example", "news example", "[::1%25", "news.example:80:80"),
]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://feed.example/x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://feed.example/", "scheme"),
        ("feed.example/rss", "scheme"),
        ("", "scheme"),
        ("http://", "invalid_url"),
        ("http://[::1/", "invalid_url"),
        ("http://0177.0.0.1/", "invalid_url"),
        ("http://feed.example:99999/", "port"),
        ("http://\u2024\u2024/", "invalid_url"),
        ("http://user:secret@feed.example/", "credentials"),
        ("http://user@feed.example/", "credentials"),
        ("http://feed.example:22/", "port"),
        ("http://feed.example:6379/", "port"),
        ("https://feed.example:9200/", "port"),
        ("http://127.0.0.1/", "address"),
        ("http://[::1]/", "address"),
        ("http://[::ffff:127.0.0.1]/", "address"),
        ("http://169.254.169.254/latest/meta-data/", "address"),
        *((f"http://{spelling}/", "address") for spelling in LOOPBACK_SPELLINGS),
        *((f"http://{spelling}/", "invalid_url") for spelling in NO_HOSTS),
        ("http://localhost/", "address"),
        ("http://LOCALHOST./", "address"),
        ("http://kibana.localhost:8080/", "address"),
        ("http://metadata.google.internal/computeMetadata/v1/", "address"),
        ("http://printer.local/", "address"),
        ("http://[::ffff:7f00:1]/", "address"),
        ("http://[64:ff9b::127.0.0.1]/", "address"),
        ("http://[2002:7f00:1::]/", "address"),
        ("http://[fe80::1%25eth0]/", "address"),
        ("http://news.example@127.0.0.1/", "credentials"),
        ("http://127.0.0.1\\@news.example/", "credentials"),
    ],
)
def test_a_url_that_can_only_be_wrong_is_blocked_without_a_look_up(url: str, reason: str) -> None:
    with pytest.raises(Blocked) as raised:
        check_url(url, NOBODY)
    assert raised.value.reason == reason
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://feed.example/rss",
        "https://feed.example:8443/",
        "http://feed.example:8080/",
        "https://münchen.example/",
        "https://xn--mnchen-3ya.example./",
        "http://under_score.example/",
        "http://8.8.8.8/",
        "http://134744072/",
        "https://[2606:4700:4700::1111]/",
        "http://localhost.example/",
        "http://notlocal/",
    ],
)
def test_an_ordinary_url_passes(url: str) -> None:
    check_url(url, NOBODY)


@pytest.mark.parametrize(
    ("allowed", "url", "passes"),
    [
        ("127.0.0.1:8400", "http://127.0.0.1:8400/feed", True),
        ("127.0.0.1:8400", "http://127.0.0.1:8401/feed", False),
        ("127.0.0.1:80", "http://127.0.0.1/feed", True),
        ("127.0.0.1", "http://127.0.0.1:8401/feed", True),
        ("inner.example", "http://inner.example:9000/", True),
        ("inner.example", "http://not.inner.example:9000/", False),
        ("inner.example", "ftp://inner.example/", False),
        ("inner.example", "http://user:pass@inner.example/", False),
        ("[::1]:8400", "http://[::1]:8400/", True),
        ("::1", "http://[::1]:8400/", True),
    ],
)
def test_allowed_hosts_are_exact(allowed: str, url: str, passes: bool) -> None:
    if passes:
        check_url(url, frozenset({allowed}))
    else:
        with pytest.raises(Blocked):
            check_url(url, frozenset({allowed}))


class Network(httpcore.AsyncNetworkBackend):
    """Notes what was connected to; `dead` addresses refuse."""

    def __init__(self, dead: Sequence[str] = ()) -> None:
        self.tried: list[tuple[str, int]] = []
        self._dead = dead

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.tried.append((host, port))
        if host in self._dead:
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([])


def guarded(network: Network, *answers: str, allowed: frozenset[str] = NOBODY) -> httpcore.AsyncNetworkBackend:
    async def resolve(host: str, port: int, timeout_s: float) -> list[Address]:
        return [ipaddress.ip_address(answer) for answer in answers]

    return guarded_http._GuardedNetwork(allowed, network, resolve)


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    network = Network()
    await guarded(network, "93.184.216.34").connect_tcp("feed.example", 443, 1.0)
    assert network.tried == [("93.184.216.34", 443)]


async def test_one_inner_address_among_public_ones_blocks_the_host() -> None:
    network = Network()
    with pytest.raises(Blocked, match=r"feed\.example leads to 10\.0\.0\.1"):
        await guarded(network, "93.184.216.34", "10.0.0.1").connect_tcp("feed.example", 443, 1.0)
    assert network.tried == []


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    network = Network(dead=["93.184.216.34"])
    await guarded(network, "93.184.216.34", "93.184.216.35").connect_tcp("feed.example", 443, 1.0)
    assert network.tried == [("93.184.216.34", 443), ("93.184.216.35", 443)]


async def test_a_host_whose_addresses_all_refuse_is_a_connection_error() -> None:
    with pytest.raises(httpcore.ConnectError, match="refused"):
        await guarded(Network(dead=["93.184.216.34"]), "93.184.216.34").connect_tcp("feed.example", 443, 1.0)


async def test_a_host_without_address_is_a_connection_error() -> None:
    with pytest.raises(httpcore.ConnectError, match="no address"):
        await guarded(Network()).connect_tcp("feed.example", 443, 1.0)


async def test_an_allowed_host_may_be_inside() -> None:
    network = Network()
    inside = guarded(network, "10.0.0.1", allowed=frozenset({"inner.example:9000"}))
    await inside.connect_tcp("inner.example", 9000, 1.0)
    assert network.tried == [("10.0.0.1", 9000)]


async def test_redirects_are_not_followed_unasked_and_proxies_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:3128")
    async with guarded_http.client(allowed_hosts=NOBODY, timeout_s=5, user_agent="monitor/1") as client:
        assert client.follow_redirects is False
        assert client.headers["user-agent"] == "monitor/1"
        with pytest.raises(Blocked, match=r"10\.0\.0\.1"):  # the guard, and not a proxy, answers
            await client.get("http://10.0.0.1/")


async def test_every_redirect_is_checked_anew() -> None:
    """The guard stands below redirects: each is a request of its own."""
    asked = []

    class Redirecting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            return httpx.Response(302, headers={"Location": "http://169.254.169.254/latest/"})

    async with guarded_http.client(allowed_hosts=NOBODY, timeout_s=5, user_agent="monitor/1") as client:
        transport = client._transport
        assert isinstance(transport, guarded_http._GuardedTransport)
        await transport._inner.aclose()
        transport._inner = Redirecting()  # type: ignore[assignment]
        with pytest.raises(Blocked, match="link-local"):
            await client.get("http://93.184.216.34/", follow_redirects=True)
    assert asked == ["http://93.184.216.34/"]


async def test_a_name_that_answers_differently_the_second_time_is_not_asked_twice() -> None:
    """DNS rebinding: public when it is checked, inner when it is connected to."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    network = Network()

    async def resolve(host: str, port: int, timeout_s: float) -> list[Address]:
        return [ipaddress.ip_address(answer) for answer in next(answers)]

    rebinding = guarded_http._GuardedNetwork(NOBODY, network, resolve)
    await rebinding.connect_tcp("feed.example", 80, 1.0)
    with pytest.raises(Blocked, match="loopback"):
        await rebinding.connect_tcp("feed.example", 80, 1.0)
    assert network.tried == [("93.184.216.34", 80)]


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://10.0.0.1:8080", "address"),
        ("http://proxy.example:3128", "port"),
        ("http://user:secret@proxy.example:8080", "credentials"),
        ("socks5://proxy.example:8080", "scheme"),
        ("proxy.example:8080", "scheme"),
        ("", "scheme"),
    ],
)
def test_a_proxy_is_held_to_the_same_rules(proxy: str, reason: str) -> None:
    with pytest.raises(Blocked) as raised:
        guarded_http.client(allowed_hosts=NOBODY, timeout_s=5, user_agent="monitor/1", proxy=proxy)
    assert raised.value.reason == reason


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://inner.example/", "http://localhost/"])
async def test_what_a_proxy_is_asked_for_is_checked_here_first(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int, timeout_s: float) -> list[Address]:
        return [ipaddress.ip_address("10.0.0.2")]

    monkeypatch.setattr(guarded_http, "resolve", resolve)
    async with guarded_http.client(
        allowed_hosts=frozenset({"10.9.9.9:3128"}), timeout_s=5, user_agent="m", proxy="http://10.9.9.9:3128"
    ) as client:
        with pytest.raises(Blocked, match="not a public address"):
            await client.get(url)
