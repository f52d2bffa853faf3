"""Work in lanes, one an endpoint, side by side: a slow one delays its own lane only."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from prometheus_client import Gauge

WAITING = Gauge("news_delivery_queue", "Deliveries that wait in this process for an attempt")
RUNNING = Gauge("news_delivery_attempts_running", "Attempts under way in this process")

DEPTH = 500


class _Lane:
    def __init__(self, width: int) -> None:
        self.width = width
        self.waiting: deque[str] = deque()
        self.running: dict[str, asyncio.Task[None]] = {}


class Lanes:
    """Runs `work(job)` in tasks of the group, at most `width` at once in a lane; an error there is the group's.

    work returns whether it went well: until it does, its lane is one wide, so that many dead endpoints take little.
    Only ids wait here, at most DEPTH a lane: what finds no place is found again by a scan.
    """

    def __init__(self, tasks: asyncio.TaskGroup, work: Callable[[str], Awaitable[bool]], width: int) -> None:
        self._tasks = tasks
        self._work = work
        self._width = width
        self._lanes: dict[str, _Lane] = {}
        self._closed = False

    def offer(self, name: str, job: str) -> bool:
        """Run the job in the lane when there is room. False when it finds no place; True too when it is there."""
        lane = self._lanes.setdefault(name, _Lane(self._width))
        if job in lane.running or job in lane.waiting:
            return True
        if self._closed or len(lane.waiting) >= DEPTH:
            return False
        lane.waiting.append(job)
        WAITING.inc()
        self._fill(name)
        return True

    def full(self) -> list[str]:
        """Names of the lanes that take nothing more."""
        return [name for name, lane in self._lanes.items() if len(lane.waiting) >= DEPTH]

    async def close(self, patience_s: float) -> None:
        """Start nothing more, let what runs finish for that long, then cancel it."""
        self._closed = True
        running = [task for lane in self._lanes.values() for task in lane.running.values()]
        for lane in self._lanes.values():
            WAITING.dec(len(lane.waiting))
            lane.waiting.clear()
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=patience_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _fill(self, name: str) -> None:
        lane = self._lanes[name]
        while lane.waiting and len(lane.running) < lane.width and not self._closed:
            job = lane.waiting.popleft()
            WAITING.dec()
            RUNNING.inc()
            lane.running[job] = self._tasks.create_task(self._run(name, job))
        if not lane.running:
            del self._lanes[name]

    async def _run(self, name: str, job: str) -> None:
        try:
            self._lanes[name].width = self._width if await self._work(job) else 1
        except BaseException:
            self._closed = True  # the group ends
            raise
        finally:
            RUNNING.dec()
            del self._lanes[name].running[job]
            self._fill(name)
