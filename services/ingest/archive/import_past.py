"""`import FILE`: old articles to news.raw, in order, throttled, confirmed, from where it was interrupted."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

from schemas import codec, topics
from schemas.errors import Invalid
from services.ingest.archive.archive_entry import Old
from services.ingest.archive.archive_file import Position, Record, read_records
from services.ingest.archive.archive_item import Task, filled_in, item_of
from services.ingest.archive.checkpoint import Checkpoint, Counts
from services.ingest.pages.page_text import NotAnArticle, Page, with_page

AT_ONCE: Final = 200  # records under way; what is read of the file before its turn
PAGES_AT_ONCE: Final = 32
SAVE_EVERY_S: Final = 2.0
TELL_EVERY_S: Final = 5.0
# (seconds before a page is asked for again): only where the server may answer later
AGAIN_S: Final = (10.0, 60.0)
MAY_ANSWER_LATER: Final = frozenset(
    ("timeout", "connection", "http_429", "http_500", "http_502", "http_503", "http_504")
)


class World(Protocol):
    """What an import needs beside its arguments."""

    def now(self) -> datetime: ...

    async def page(self, url: str) -> Page: ...

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None: ...


class Importer:
    """One import. `say` prints a line for the person who waits."""

    def __init__(
        self,
        task: Task,
        world: World,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._task, self._world, self._say, self._clock, self._sleep = task, world, say, clock, sleep
        self._position, self._counts = Position(), Counts()
        self._saved_at = self._begun_at = clock()

    async def run(self, checkpoint: Checkpoint, from_start: bool = False) -> Counts:
        """Import what is left of the file. Raises Transient where the broker is away, Invalid, and OSError.

        However it ends, the checkpoint says how far it came; it is removed when the import is complete.
        """
        if not from_start:
            self._position, self._counts = checkpoint.read()
        if self._position.offset:
            self._say(f"{self._task.file}: going on at line {self._position.line + 1:,}, {self._counts.told()} so far")
        checkpoint.write(self._position, self._counts)
        begun = self._counts.items
        telling = asyncio.create_task(self._tell(begun))
        try:
            with self._task.file.open("rb") as file:
                await self._all(read_records(file, self._task.form, self._position), checkpoint)
            checkpoint.remove()
        except BaseException:
            checkpoint.write(self._position, self._counts)
            raise
        finally:
            telling.cancel()
        return self._counts

    async def _all(self, records: Iterator[Record], checkpoint: Checkpoint) -> None:
        """Each record in its turn; many under way, settled in the file's order."""
        under_way: deque[tuple[Record, asyncio.Task[str | None]]] = deque()
        at_once = PAGES_AT_ONCE if self._task.pages else AT_ONCE
        turn_at = self._clock()
        try:
            for record in records:
                if (wait_s := turn_at - self._clock()) > 0:
                    await self._sleep(wait_s)
                turn_at = max(turn_at, self._clock() - 1.0) + 1 / self._task.rate
                under_way.append((record, asyncio.create_task(self._one(record))))
                while under_way and (len(under_way) >= at_once or under_way[0][1].done()):
                    await self._settle(under_way, checkpoint)
            while under_way:
                await self._settle(under_way, checkpoint)
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _settle(self, under_way: deque[tuple[Record, asyncio.Task[str | None]]], checkpoint: Checkpoint) -> None:
        record, task = under_way[0]
        wrong = await task
        under_way.popleft()
        if wrong is None:
            self._counts.items += 1
        else:
            self._counts.bad += 1
            self._say(f"{self._task.file}:{record.line}: {wrong}")
        self._position = record.end
        if self._clock() - self._saved_at >= SAVE_EVERY_S:
            self._saved_at = self._clock()
            checkpoint.write(self._position, self._counts)

    async def _one(self, record: Record) -> str | None:
        """Send a record's item; returns what is wrong with the record, or None."""
        try:
            old, page = await self._with_page(self._task.article(record))
            item = item_of(old, self._task.feed, self._world.now())
            if page:
                item, _ = with_page(item, page)
            await self._world.send(topics.RAW, [(item.item_id, codec.encode(item))])
        except Invalid as error:
            return str(error)
        return None

    async def _with_page(self, old: Old) -> tuple[Old, Page | None]:
        """The article with what its page says of it, where that is wanted and can be had."""
        url = old.entry.url
        if old.entry.text or url is None:
            return old, None
        if not self._task.pages:
            return old, None
        try:
            page = await self._page(url)
        except NotAnArticle as error:
            self._count_page(error.kind)
            if old.is_address_only:
                raise Invalid(f"its page cannot be read: {error}", reason="page") from error
            return old, None
        self._count_page("paywalled" if page.withheld else "ok")
        return filled_in(old, page), page

    async def _page(self, url: str) -> Page:
        for again_s in AGAIN_S:
            try:
                return await self._world.page(url)
            except NotAnArticle as error:
                if error.kind not in MAY_ANSWER_LATER:
                    raise
            await self._sleep(again_s)
        return await self._world.page(url)

    def _count_page(self, outcome: str) -> None:
        self._counts.pages[outcome] = self._counts.pages.get(outcome, 0) + 1

    async def _tell(self, begun: int) -> None:
        size = max(1, self._task.file.stat().st_size)
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            rate = (self._counts.items - begun) / max(0.001, self._clock() - self._begun_at)
            where = f"{100 * self._position.offset / size:.0f}%, line {self._position.line:,}"
            self._say(f"{self._task.file}: {where}: {self._counts.told()}, {rate:.0f} items/s")
