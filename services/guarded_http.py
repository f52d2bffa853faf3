"""The one HTTP client for addresses that people and feeds give: feeds, pages, hubs, webhooks. Guards against SSRF.

Every request's URL is checked, and then the address that is connected to: names are resolved here, every answer is
checked, and the connection goes to a checked address itself, so that a second look-up (DNS rebinding) cannot differ.
That holds on every connection and so on every redirect. TLS still verifies the certificate of the host's name.

Through a proxy the guard can do less. The proxy's own address is held to the same rules, and the target is looked up
and checked here too, but the proxy looks it up once more for itself: a name that answers it otherwise (rebinding, a
resolver of its own) is the proxy's to refuse. Let it stand where no inner address can be reached.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore
import httpx

from services.public_address import SCHEMES, Address, Blocked, check_address, check_url, is_allowed

__all__ = ["Address", "Blocked", "check_address", "check_url", "client", "resolve"]

Resolve = Callable[[str, int, float], Awaitable[Sequence[Address]]]


def client(
    *,
    allowed_hosts: frozenset[str],
    timeout_s: float,
    user_agent: str,
    max_connections: int = 100,
    http1: bool = False,
    proxy: str | None = None,
) -> httpx.AsyncClient:
    """An HTTP client that connects to public addresses and to allowed_hosts (host or host:port) only.

    Raises Blocked on a request or a redirect that is not allowed, and at once for a proxy whose URL is not. Redirects
    are not followed unless asked for; proxy variables of the environment are ignored. timeout_s bounds each step
    (connect, read, write), not the whole. max_connections also bounds the requests under way: more wait their turn.
    http1: offer HTTP/1.1 only; else HTTP/2 where the server wants it. proxy: http:// or https://.
    """
    return httpx.AsyncClient(
        transport=_GuardedTransport(allowed_hosts, max_connections, http1, proxy),
        timeout=httpx.Timeout(timeout_s),
        headers={"User-Agent": user_agent},
        follow_redirects=False,
        trust_env=False,
    )


class _GuardedTransport(httpx.AsyncBaseTransport):
    def __init__(self, allowed: frozenset[str], max_connections: int, http1: bool, proxy: str | None) -> None:
        self._allowed, self._proxied = allowed, proxy is not None
        # A request that is cancelled while it waits for the pool can cost the pool a connection for good (httpcore,
        # issue 1093): so none waits there, but here.
        self._turns = asyncio.Semaphore(max_connections)
        tls = httpx.create_ssl_context(trust_env=True)  # the environment's SSL_CERT_FILE and SSL_CERT_DIR only
        self._inner = httpx.AsyncHTTPTransport(verify=tls)
        # httpx has no argument for a network backend, its connection pool has: the pool is replaced, with the same
        # TLS settings. Private in httpx 0.28; a test opens a real connection through it.
        self._inner._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,  # fewer, and httpcore 1.0 closes them while others are busy
            keepalive_expiry=30.0,
            http1=True,
            http2=not http1,
            proxy=_proxy(proxy, allowed, tls) if proxy is not None else None,
            network_backend=_GuardedNetwork(allowed, httpcore.AnyIOBackend(), resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        check_url(request.url, self._allowed)
        if self._proxied:
            await self._check_target(request)
        await self._turns.acquire()
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException:
            self._turns.release()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 (the types of httpx do not say so)
        response.stream = _Turn(response.stream, self._turns)
        return response

    async def _check_target(self, request: httpx.Request) -> None:
        """What the network does for connections of our own. Raises Blocked, httpx.ConnectError or ConnectTimeout."""
        host, port = request.url.raw_host.decode("ascii"), request.url.port or SCHEMES[request.url.scheme]
        if is_allowed(host, port, self._allowed):
            return
        try:
            addresses = await resolve(host, port, request.extensions.get("timeout", {}).get("connect") or 60.0)
        except httpcore.ConnectTimeout as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except httpcore.ConnectError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        for address in addresses:
            check_address(address, host)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Turn(httpx.AsyncByteStream):
    """A body; when it is closed, another request has its turn."""

    def __init__(self, body: httpx.AsyncByteStream, turns: asyncio.Semaphore) -> None:
        self._body, self._turns, self._over = body, turns, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            if not self._over:
                self._over = True
                self._turns.release()


def _proxy(url: str, allowed: frozenset[str], tls: ssl.SSLContext) -> httpcore.Proxy:
    check_url(url, allowed)
    return httpcore.Proxy(url, ssl_context=tls if url.lower().startswith("https:") else None)


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
        if not is_allowed(host, port, self._allowed):
            for address in addresses:
                check_address(address, host)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for tries_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = max(0.1, (deadline - loop.time()) / tries_left)
            try:
                return _Stream(await self._inner.connect_tcp(str(address), port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Blocked("scheme", "Unix sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed, too, when its TLS handshake is given up: httpcore leaves it to the collector."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._inner.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


async def resolve(host: str, port: int, timeout_s: float) -> list[Address]:
    """Every address of the host, in the resolver's order, each once. Odd spellings (0x7f.1, 2130706433) included.

    Raises httpcore.ConnectTimeout, httpcore.ConnectError.
    """
    try:
        async with asyncio.timeout(timeout_s):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"no answer from DNS for {host}") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host}: {error}") from error
    return list(dict.fromkeys(ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found))
