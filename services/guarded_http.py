"""HTTP to addresses that people and feeds give: every one of them is hostile.

The address that is connected to is the address that was checked, on every connection and so on every redirect: a name
is resolved once, each of its addresses is judged, and the socket is opened to the judged address itself. Validating a
URL and letting the client resolve it again would be the classic hole (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx

PORTS = frozenset({80, 443, 8080, 8443})

# Prefixes whose low or middle bits are an IPv4 address that the packet ends up at. (prefix, bits to the right of it)
TRANSLATED = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of a network's own, RFC 8215
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("::/96"), 0),  # IPv4-compatible, RFC 4291
)
# Special-purpose networks that Python's ipaddress of some supported versions calls global.
ALSO_INNER = (
    ip_network("192.0.0.0/24"),  # IETF protocol assignments, RFC 6890
    ip_network("fec0::/10"),  # site-local, deprecated by RFC 3879
    ip_network("5f00::/16"),  # segment routing, RFC 9602
)
TEREDO = IPv6Network("2001::/32")  # RFC 4380: the address inside is obscured, nobody serves feeds from there

Address = IPv4Address | IPv6Address


class Blocked(Exception):
    """The address must not be connected to. The text says why, in words for the person who gave it."""


def why_blocked(address: Address) -> str | None:
    """Return why this address must not be connected to, or None.

    Not globally routable means: not in the IANA special-purpose registries' list of globally reachable ones.
    """
    if address.is_loopback:
        return "this machine itself"
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return "an address with a zone is local"
        if address in TEREDO:
            return "a Teredo address hides another one"
        for network, shift in TRANSLATED:
            if address in network:
                inner = IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
                reason = why_blocked(inner)
                return f"it stands for {inner}: {reason}" if reason else None
    if address.is_multicast:
        return "a multicast address"
    if address.is_link_local:
        return "a link-local address (cloud metadata services are there)"
    if not address.is_global or address.is_reserved or any(address in network for network in ALSO_INNER):
        return "not a globally routable address"
    return None


def _allowed(host: str, port: int, allowed_hosts: frozenset[str]) -> bool:
    return host in allowed_hosts or f"{host}:{port}" in allowed_hosts


def _split(url: str | httpx.URL, allowed_hosts: frozenset[str]) -> tuple[str, int]:
    """Return host and port of a URL whose form is acceptable. Raises Blocked."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Blocked(f"not a URL: {error}") from error
    if parsed.scheme not in ("http", "https"):
        raise Blocked(f"only http and https are allowed, not {parsed.scheme or 'a URL without a scheme'!r}")
    if not parsed.host:
        raise Blocked("the URL names no host")
    if parsed.userinfo:
        raise Blocked("credentials in a URL are not allowed")
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    host = parsed.raw_host.decode("ascii").strip("[]")
    if "%" in host:
        raise Blocked(f"not a URL: no host is called {parsed.host!r}")
    if port not in PORTS and not _allowed(host, port, allowed_hosts):
        raise Blocked(f"port {port} is not allowed, only {', '.join(map(str, sorted(PORTS)))}")
    return host, port


async def _resolve(host: str, port: int, allowed_hosts: frozenset[str]) -> list[str]:
    """Return the addresses of a host, each judged. Raises Blocked for one bad among them, OSError when it has none.

    The system's resolver also reads decimal, octal and hexadecimal forms of IPv4, so these are judged as what they are.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not _allowed(host, port, allowed_hosts):
        for address in addresses:
            if reason := why_blocked(ip_address(address)):
                raise Blocked(f"{host} is {address}: {reason}" if host != address else f"{address}: {reason}")
    return addresses


async def check_url(url: str, allowed_hosts: frozenset[str] = frozenset()) -> None:
    """Raise Blocked, with the reason, where a request to this URL would be refused now. Connects to nothing."""
    host, port = _split(url, allowed_hosts)
    try:
        await _resolve(host, port, allowed_hosts)
    except OSError as error:
        raise Blocked(f"{host} cannot be resolved: {error.strerror or error}") from error


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens connections to judged addresses only."""

    def __init__(self, allowed_hosts: frozenset[str]) -> None:
        self._allowed_hosts = allowed_hosts
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await _resolve(host, port, self._allowed_hosts)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host}: no answer from the resolver") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error.strerror or error}") from error
        for number, address in enumerate(addresses, 1):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Blocked("Unix sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """Refuses a URL by its form before the pool opens, or reuses, a connection."""

    def __init__(self, allowed_hosts: frozenset[str], limits: httpx.Limits) -> None:
        super().__init__(limits=limits, trust_env=False)
        self._allowed_hosts = allowed_hosts
        # httpx has no argument for the pool's network backend; httpcore's pool has.
        self._pool._network_backend = _Backend(allowed_hosts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _split(request.url, self._allowed_hosts)
        return await super().handle_async_request(request)


def client(
    *, allowed_hosts: frozenset[str], timeout_s: float, user_agent: str, max_connections: int = 100
) -> httpx.AsyncClient:
    """An httpx client that raises Blocked rather than connect to an inner address.

    allowed_hosts: `host` or `host:port`, exact, that are let through all the same. Redirects are not followed, proxy
    variables of the environment are ignored. timeout_s bounds each step of a request; bound the whole yourself.
    """
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return httpx.AsyncClient(
        transport=_Transport(allowed_hosts, limits),
        timeout=timeout_s,
        headers={"User-Agent": user_agent},
        follow_redirects=False,
        trust_env=False,
    )
