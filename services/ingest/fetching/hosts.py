"""Turns on hosts: how many requests one host, and all of them, get from this replica at once, and how far apart."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

AT_ONCE = 2  # requests to one host


class _Host:
    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.door = asyncio.Lock()  # whoever holds it starts next
        self.next_start = 0.0
        self.users = 0


class Hosts:
    """Every request to somebody else's server takes a turn here, for polls and pages alike.

    spacing_s: least seconds between two starts on one host. in_all: requests under way at once; one that waits for its
    host takes none of these. A turn must not be taken inside a turn: all could then wait for each other.
    """

    def __init__(
        self,
        spacing_s: float,
        in_all: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._spacing_s, self._now, self._sleep = spacing_s, now, sleep
        self._in_all = asyncio.Semaphore(in_all)
        self._hosts: dict[str, _Host] = {}
        self._idle: deque[tuple[str, _Host]] = deque()  # to be forgotten when their spacing has passed

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Wait for a slot on the URL's host, in the order of asking, and hold it. An odd URL has a host of its own."""
        self._forget()
        name = _host(url)
        host = self._hosts.setdefault(name, _Host())
        host.users += 1
        try:
            async with host.slots:
                async with host.door:
                    while (wait_s := host.next_start - self._now()) > 0:
                        await self._sleep(wait_s)
                    await self._in_all.acquire()
                    host.next_start = self._now() + self._spacing_s
                try:
                    yield
                finally:
                    self._in_all.release()
        finally:
            host.users -= 1
            if not host.users:
                self._idle.append((name, host))

    def _forget(self) -> None:
        now = self._now()
        while self._idle and (self._idle[0][1].users or self._idle[0][1].next_start <= now):
            name, host = self._idle.popleft()
            if not host.users and self._hosts.get(name) is host:
                del self._hosts[name]

    def __len__(self) -> int:
        """Hosts that are remembered now."""
        return len(self._hosts)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url
