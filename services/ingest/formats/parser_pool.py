"""Parsing in a process of its own, so that a large or hostile document never holds up the event loop."""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from services.ingest.formats import parse
from services.ingest.formats.parse import NotAFeed, ParsedFeed
from services.telemetry import logger

log = logger(__name__)

LIMIT_S = 15.0  # seconds of a document; the dearest takes under 2 on a machine that has nothing else to do
START_S = 120.0  # seconds of a new process, until it has its libraries

T = TypeVar("T")


class ParserFailed(Exception):
    """The process died of a document, or took too long over it. kind: a slug; detail: in words."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


class ParserPool:
    """A process that parses. One that dies or hangs is replaced, and the document counts as no feed."""

    def __init__(self) -> None:
        self._executor = self._new()
        self._started: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()  # the limit is a document's own, not that of those before it

    async def parse(self, body: bytes, content_type: str | None, url: str) -> ParsedFeed:
        """Parse a document. Raises NotAFeed, of kind parser_died or parser_hung where it is the parser that failed."""
        try:
            return await self.run(parse.parse, body, content_type, url)
        except ParserFailed as error:
            raise NotAFeed(error.kind, error.detail) from error

    async def run(self, function: Callable[..., T], body: bytes, *rest: str | None) -> T:
        """Run a function over a document in the process. Raises what it raises, or ParserFailed."""
        async with self._turn:
            loop = asyncio.get_running_loop()
            try:
                if self._started is None:
                    self._started = loop.run_in_executor(self._executor, parse.prepare)
                async with asyncio.timeout(START_S):
                    await self._started
                async with asyncio.timeout(LIMIT_S):
                    return await loop.run_in_executor(self._executor, function, body, *rest)
            except BrokenProcessPool as error:
                self._replace()
                raise ParserFailed("parser_died", f"the parser died of this document, {len(body)} bytes") from error
            except TimeoutError as error:
                self._replace()
                detail = f"the parser took more than {LIMIT_S:.0f} s, {len(body)} bytes"
                raise ParserFailed("parser_hung", detail) from error
            except asyncio.CancelledError:
                self._replace()  # it may still be at it, and the next document would wait for that
                raise

    def close(self) -> None:
        """End the process."""
        _end(self._executor)

    def _replace(self) -> None:
        log.warning("the parser's process is replaced")
        _end(self._executor)
        self._executor, self._started = self._new(), None

    @staticmethod
    def _new() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """In the parser's process: a pool's process waits for work for ever, also after its parent was killed."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="parent", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(0)


def _end(executor: ProcessPoolExecutor) -> None:
    """Shutting down waits for a hanging task for ever: its process is ended first."""
    for process in list((executor._processes or {}).values()):
        process.kill()
    executor.shutdown(wait=False, cancel_futures=True)
