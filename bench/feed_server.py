"""A server of feeds for benchmarks, in a process of its own: as little work as a server can do.

It answers on every address of 127.0.0.0/8, so that one process is many hosts. A request with a validator gets 304, but
for one in `change_every`, which gets a document with one new item.
"""

import asyncio
import itertools
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

ENTRIES = 20
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'

_entry = (
    "<item><title>Item {0} of the feed</title><link>http://news.example{1}/{0}</link><guid>{1}/{0}</guid>"
    "<description>What item {0} says, in some two hundred characters, as most feeds have them: a sentence that tells "
    "what has happened, where and to whom, and another that makes one want to read on.</description></item>"
)


@contextmanager
def serving(change_every: int | None) -> Iterator[int]:
    """The server's port. change_every: None for 304 always."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs, change_every), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def document(path: str, version: int) -> bytes:
    """RSS of ENTRIES items; each version has one new, and has lost the oldest."""
    entries = "".join(_entry.format(version + ENTRIES - old, path) for old in range(ENTRIES))
    return f'<rss version="2.0"><channel><title>News</title>{entries}</channel></rss>'.encode()


def host(number: int) -> str:
    """The address of one of up to 60,000 hosts."""
    return f"127.{1 + number // 250}.0.{1 + number % 250}"


def _main(pipe: Connection, change_every: int | None) -> None:
    asyncio.run(_serve(pipe, change_every))


async def _serve(pipe: Connection, change_every: int | None) -> None:
    numbers, versions = itertools.count(1), Counter[str]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(numbers, versions, change_every), "0.0.0.0", 0, backlog=1_000)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Connection(asyncio.Protocol):
    def __init__(self, numbers: "itertools.count[int]", versions: Counter[str], change_every: int | None) -> None:
        self._numbers, self._versions, self._change_every = numbers, versions, change_every
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            request, self._read = self._read.split(b"\r\n\r\n", 1)
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        number = next(self._numbers)
        if self._change_every is None or number % self._change_every:
            return NOT_MODIFIED
        path = request.split(b" ", 2)[1].decode()
        self._versions[path] += 1
        body = document(path, self._versions[path])
        head = (
            f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n\r\n'
        )
        return head.encode() + body
