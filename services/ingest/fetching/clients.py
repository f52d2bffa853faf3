"""How each feed is asked for: over which client, and with which headers of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from schemas.messages import Feed
from services import guarded_http, settings, vault
from services.feeds import credentials
from services.guarded_http import Blocked
from services.ingest.fetching import fetch
from services.ingest.fetching.fetch import Failed, Fetched, Manner
from services.vault import Undecryptable, Vault


class Clients:
    """A guarded client for each way of connecting, HTTP/2 or 1.1 and proxy; made when a feed first needs it."""

    def __init__(
        self, outbound: settings.Outbound, timeout_s: float, max_connections: int, opened: Vault | None
    ) -> None:
        self._outbound = outbound
        self._timeout_s, self._max_connections, self._vault = timeout_s, max_connections, opened
        self._clients: dict[tuple[bool, str | None], httpx.AsyncClient] = {}

    @property
    def plain(self) -> httpx.AsyncClient:
        """The client of feeds that ask for nothing special."""
        return self._client(False, None)

    async def fetch(
        self, feed: Feed, url: str, etag: str | None, last_modified: str | None, now: Callable[[], datetime]
    ) -> Fetched:
        """Fetch a feed as it wants to be asked for; never raises for what a server does.

        url: the feed's address, or the one that it moved to, which does not get what may be secret.
        """
        try:
            client, manner = self._client(feed.http1, feed.proxy), self._manner(feed)
        except Blocked as error:
            return Failed(kind="blocked", detail=str(error))
        except Undecryptable as error:
            return Failed(kind="credentials", detail=str(error))
        return await fetch.fetch(
            client, url, etag=etag, last_modified=last_modified, timeout_s=self._timeout_s, now=now, manner=manner
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()

    def _manner(self, feed: Feed) -> Manner:
        own = dict(feed.headers)
        if feed.credentials:
            if self._vault is None:
                raise Undecryptable("the feed has credentials, and NEWS_ENCRYPTION_KEYS is not set here")
            own |= credentials.login(feed.credentials, self._vault)
        everywhere = {"User-Agent": feed.user_agent} if feed.user_agent else {}
        return Manner(everywhere=everywhere, home=feed.url, at_home=own)

    def _client(self, http1: bool, proxy: str | None) -> httpx.AsyncClient:
        if (http1, proxy) not in self._clients:
            client = guarded_http.client(
                allowed_hosts=self._outbound.allowed_hosts,
                timeout_s=self._timeout_s,
                user_agent=self._outbound.user_agent,
                max_connections=self._max_connections,
                http1=http1,
                proxy=proxy,
            )
            # It keeps no cookies: one feed's session would be sent for another feed of the host.
            client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            self._clients[http1, proxy] = client
        return self._clients[http1, proxy]


@asynccontextmanager
async def opened(timeout_s: float, max_connections: int = 100) -> AsyncIterator[Clients]:
    """The clients of a process, closed at the end. Raises SystemExit where NEWS_ENCRYPTION_KEYS is malformed."""
    keys = settings.Secrets().encryption_keys.get_secret_value()
    opened_vault = vault.unlocked(keys) if keys else None
    async with aclosing(Clients(settings.Outbound(), timeout_s, max_connections, opened_vault)) as clients:
        yield clients
