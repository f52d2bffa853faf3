"""Parsing in processes of its own, so that no document stalls the event loop, kills it or eats its memory.

Workers start when first needed, and anew after some documents: what a parser leaks goes with it.
"""

import asyncio
import multiprocessing
import resource
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import FrameType, TracebackType
from typing import Final, Self

from services.ingest.documents import NotAFeed, ParsedFeed
from services.ingest.parse import parse

TIME_LIMIT_S: Final = 10.0  # for one document; then the parser is interrupted, and killed if that does not help
MEMORY_LIMIT: Final = 1 << 30  # bytes of address space
DOCUMENTS_PER_WORKER: Final = 2_000


class ParserPool:
    """Use as an async context manager. `workers` documents are parsed at once."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._free = asyncio.Semaphore(workers)  # nothing queues in the executor: a death hits who caused it
        self._executor: ProcessPoolExecutor | None = None
        self._parsed = 0

    async def parse(self, document: bytes, content_type: str | None, url: str) -> ParsedFeed | NotAFeed:
        """As parse.parse. A parser that hangs, dies or runs out of memory is replaced, the document marked broken."""
        async with self._free:
            executor = self._started()
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    executor, partial(_parse_within_limits, document, content_type, url)
                )
            except BrokenProcessPool:
                if self._executor is executor:
                    self._executor = None
                executor.shutdown(wait=False)
                return NotAFeed(reason="broken", detail="the parser died of this document")

    def _started(self) -> ProcessPoolExecutor:
        self._parsed += 1
        if self._executor is not None and self._parsed > DOCUMENTS_PER_WORKER * self._workers:
            self._executor.shutdown(wait=False)
            self._executor = None
        if self._executor is None:
            self._parsed = 1
            self._executor = ProcessPoolExecutor(
                self._workers, mp_context=multiprocessing.get_context("spawn"), initializer=_set_limits
            )
        return self._executor

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._executor is not None:
            await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)


def _set_limits() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends its workers
    signal.signal(signal.SIGALRM, _interrupt)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def _parse_within_limits(document: bytes, content_type: str | None, url: str) -> ParsedFeed | NotAFeed:
    signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT_S)
    signal.setitimer(signal.ITIMER_VIRTUAL, 2 * TIME_LIMIT_S)  # its signal, not handled, ends the process
    try:
        return parse(document, content_type, url)
    except TimeoutError:
        return NotAFeed(reason="broken", detail=f"parsing took more than {TIME_LIMIT_S:g} s")
    except (MemoryError, RecursionError) as error:
        return NotAFeed(reason="broken", detail=f"parsing it takes too much: {type(error).__name__}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
