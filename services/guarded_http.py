"""The one HTTP client for addresses that people and feeds give: feeds, pages, webhooks. Guards against SSRF.

Every request's URL is checked, and then the address that is connected to: names are resolved here, every answer is
checked, and the connection goes to a checked address itself, so that a second look-up (DNS rebinding) cannot differ.
That holds on every connection and so on every redirect. TLS still verifies the certificate of the host's name.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import httpcore
import httpx

PORTS: Final = frozenset({80, 443, 8080, 8443})
SCHEMES: Final = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int, float], Awaitable[Sequence[Address]]]

# Beyond what is_global says (the registries of IANA, which differ a little between releases of Python).
# (network, why, source)
NEVER: Final = tuple(
    (ipaddress.ip_network(network), why)
    for network, why, _source in (
        ("0.0.0.0/8", "this network", "RFC 1122"),
        ("100.64.0.0/10", "shared address space of carriers", "RFC 6598"),
        ("168.63.129.16/32", "metadata service of a cloud, on a public address", "Azure documentation, WireServer"),
        ("192.0.0.0/24", "protocol assignments", "RFC 6890"),
        ("192.88.99.0/24", "6to4 relay", "RFC 7526"),
        ("240.0.0.0/4", "reserved", "RFC 1112"),
        ("::/96", "IPv4-compatible, deprecated", "RFC 4291"),
        ("::ffff:0:0/96", "IPv4-mapped", "RFC 4291"),
        ("::ffff:0:0:0/96", "IPv4-translated", "RFC 2765"),
        ("64:ff9b::/96", "NAT64", "RFC 6052"),
        ("64:ff9b:1::/48", "NAT64, local use", "RFC 8215"),
        ("100::/64", "discard only", "RFC 6666"),
        ("2001::/32", "Teredo", "RFC 4380"),
        ("2002::/16", "6to4", "RFC 3056"),
        ("5f00::/16", "segment routing", "RFC 9602"),
        ("fec0::/10", "site-local, deprecated", "RFC 3879"),
    )
)


class Blocked(Exception):
    """The URL, or the address that it leads to, is not allowed. `reason` is a slug for counting; the text says more."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def client(
    *, allowed_hosts: frozenset[str], timeout_s: float, user_agent: str, max_connections: int = 100
) -> httpx.AsyncClient:
    """An HTTP client that connects to public addresses and to allowed_hosts (host or host:port) only.

    Raises Blocked on a request or a redirect that is not allowed. Redirects are not followed unless asked for; proxy
    variables of the environment are ignored. timeout_s bounds each step (connect, read, write), not the whole.
    """
    return httpx.AsyncClient(
        transport=_GuardedTransport(allowed_hosts, max_connections),
        timeout=httpx.Timeout(timeout_s),
        headers={"User-Agent": user_agent},
        follow_redirects=False,
        trust_env=False,
    )


def check_url(url: str | httpx.URL, allowed: frozenset[str]) -> None:
    """Raise Blocked for what can be told without a look-up: scheme, credentials, port, an address that is not public.

    allowed: hosts (host or host:port, exact) that are let through, the scheme and the credentials checked all the same.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise Blocked("invalid_url", f"not a URL: {error}") from error
    if parsed.scheme not in SCHEMES:
        raise Blocked("scheme", f"{parsed.scheme or 'no scheme'}: only http and https are allowed")
    if not parsed.host:
        raise Blocked("invalid_url", "the URL names no host")
    if parsed.userinfo:
        raise Blocked("credentials", "credentials in a URL are not allowed, they end up in logs")
    host, port = parsed.raw_host.decode("ascii"), parsed.port or SCHEMES[parsed.scheme]
    if _is_allowed(host, port, allowed):
        return
    if port not in PORTS:
        raise Blocked("port", f"port {port} is not allowed (NEWS_ALLOWED_HOSTS={host}:{port} would allow it)")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    check_address(literal, host)


def check_address(address: Address, host: str) -> None:
    """Raise Blocked unless the address is a public unicast one. `host` is the name that led to it."""
    why = next((why for network, why in NEVER if address in network), None)
    if why is None and (address.is_multicast or not address.is_global):
        why = "multicast" if address.is_multicast else "not globally routable"
    if why is not None:
        leads = f"{host} is" if host == str(address) else f"{host} leads to {address}, which is"
        raise Blocked("address", f"{leads} not a public address: {why} (NEWS_ALLOWED_HOSTS={host} would allow it)")


def _is_allowed(host: str, port: int, allowed: frozenset[str]) -> bool:
    name = f"[{host}]" if ":" in host else host
    return not allowed.isdisjoint((host, name, f"{name}:{port}"))


class _GuardedTransport(httpx.AsyncBaseTransport):
    def __init__(self, allowed: frozenset[str], max_connections: int) -> None:
        self._allowed = allowed
        tls = httpx.create_ssl_context(trust_env=True)  # the environment's SSL_CERT_FILE and SSL_CERT_DIR only
        self._inner = httpx.AsyncHTTPTransport(verify=tls)
        # httpx has no argument for a network backend, its connection pool has: the pool is replaced, with the same
        # TLS settings. Private in httpx 0.28; a test opens a real connection through it.
        self._inner._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            max_keepalive_connections=max_connections // 2,
            keepalive_expiry=30.0,
            network_backend=_GuardedNetwork(allowed, httpcore.AnyIOBackend(), _resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        check_url(request.url, self._allowed)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses."""

    def __init__(self, allowed: frozenset[str], inner: httpcore.AsyncNetworkBackend, resolve: Resolve) -> None:
        self._allowed = allowed
        self._inner = inner
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (60.0 if timeout is None else timeout)
        addresses = await self._resolve(host, port, deadline - loop.time())
        if not _is_allowed(host, port, self._allowed):
            for address in addresses:
                check_address(address, host)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for tries_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = max(0.1, (deadline - loop.time()) / tries_left)
            try:
                return await self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Blocked("scheme", "Unix sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int, timeout_s: float) -> list[Address]:
    """Every address of the host, in the resolver's order, each once. Odd spellings (0x7f.1, 2130706433) included."""
    try:
        async with asyncio.timeout(timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"no answer from DNS for {host}") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host}: {error}") from error
    return list(dict.fromkeys(ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found))
