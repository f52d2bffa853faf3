"""Long jobs on the indices, one at a time: reindex and retain.

A document names the job's owner and has a beat that grows while it lives. Whoever finds an owner whose beat stands
still for LEASE_S takes its place, by compare-and-set; no clocks are compared.
"""

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.errors import Transient
from services.engine import Engine
from services.index.indices import JOBS

ID = "job"
BEAT_S = 1.0
LEASE_S = 6.0


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """Who is at work, None for nobody; moving: how far a reindex is, kept until it is done (move.py, State)."""

    owner: str | None
    command: str
    where: str
    since: datetime
    beat: int = 0
    moving: dict[str, Any] | None = None


class Busy(Exception):
    """Another job is under way."""


class Lost(Exception):
    """This job showed no life for so long that another one took its place."""


class Held:
    """The right to work. moving: what is to be kept; it is stored at the next beat, or by `keep`."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine = engine
        self._job = job
        self._writing = asyncio.Lock()
        self.moving = job.moving

    @property
    def token(self) -> str:
        """A word that no other job has."""
        return self._job.owner or ""

    async def keep(self) -> None:
        """Beat, and store `moving`. Raises Lost, Transient."""
        async with self._writing:
            await self._write(self.token)

    async def release(self) -> None:
        """Let others work. Raises Lost, Transient."""
        async with self._writing:
            await self._write(None)

    async def _write(self, owner: str | None) -> None:
        stored = await self._engine.get(JOBS, ID)
        found = msgspec.convert(stored.source, Job) if stored else None
        if stored is None or found is None or found.owner != self.token:
            raise Lost(f"another job took over: {_described(found)}" if found else "the job's document is gone")
        beaten = msgspec.structs.replace(found, owner=owner, beat=found.beat + 1, moving=self.moving)
        if not await self._engine.replace(JOBS, stored, msgspec.to_builtins(beaten)):
            raise Lost("another job took over")


@asynccontextmanager
async def alone(engine: Engine, command: str, say: Callable[[str], None]) -> AsyncIterator[Held]:
    """The right to work, held while the block runs. Raises Busy, Lost, Transient."""
    held = Held(engine, await _taken(engine, command, say))
    work = asyncio.current_task()
    failures: list[Lost] = []

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await held.keep()
            except Lost as lost:
                failures.append(lost)
                if work:
                    work.cancel()
                return
            except Transient:
                continue  # who would take over does not get through either

    beating = asyncio.create_task(beat())
    try:
        yield held
    except asyncio.CancelledError:
        if failures:
            if work:
                work.uncancel()
            raise failures[0] from None
        raise
    finally:
        beating.cancel()
        await asyncio.wait([beating])
        with suppress(Lost, Transient):
            await held.release()


async def _taken(engine: Engine, command: str, say: Callable[[str], None]) -> Job:
    mine = Job(
        owner=secrets.token_hex(8),
        command=command,
        where=f"{socket.gethostname()}, process {os.getpid()}",
        since=datetime.now(UTC),
    )
    seen: tuple[Any, float] | None = None
    while True:
        stored = await engine.get(JOBS, ID)
        if stored is None:
            if await engine.create(JOBS, ID, msgspec.to_builtins(mine)):
                return mine
            continue
        found = msgspec.convert(stored.source, Job)
        sign = (found.owner, found.beat)
        if seen and sign != seen[0] and found.owner:
            raise Busy(f"another job is under way: {_described(found)}")
        if found.owner is None or (seen and time.monotonic() - seen[1] >= LEASE_S):
            mine = msgspec.structs.replace(mine, moving=found.moving)
            if await engine.replace(JOBS, stored, msgspec.to_builtins(mine)):
                return mine
            continue
        if seen is None:
            seen = (sign, time.monotonic())
            say(f"a job has not said that it ended ({_described(found)}): watching it for {LEASE_S:.0f} s")
        await asyncio.sleep(BEAT_S / 2)


def _described(job: Job) -> str:
    return f"{job.command} on {job.where} since {job.since:%Y-%m-%d %H:%M:%S} UTC"


def say(line: str) -> None:
    """Tell the person at the terminal, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
