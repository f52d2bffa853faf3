"""The services as processes: started, restarted when they die, stopped in a bounded time."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from deploy.demo.errors import Failed
from deploy.demo.options import ROOT

CRASHES = 5
CRASHES_WITHIN_S = 60.0
RESTART_AFTER_S = 1.0
STOP_WITHIN_S = 10.0
LOG_LINES = 12

Say = Callable[[str], None]


class Service(msgspec.Struct, frozen=True):
    """A process to run: `python -m MODULE ARGUMENTS`. environment: on top of this process's own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


@asynccontextmanager
async def beside(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines beside the block and cancel them at its end. The first error of any ends all, and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def supervise(
    services: Sequence[Service],
    say: Say,
    *,
    restart_after_s: float = RESTART_AFTER_S,
    stop_within_s: float = STOP_WITHIN_S,
) -> None:
    """Run the services until cancelled, then stop them all.

    One that ends is started again, and said so with the end of its log. Raises Failed at the fifth end in a minute.
    """
    running: dict[str, asyncio.subprocess.Process] = {}

    async def keep(service: Service) -> None:
        ends: deque[float] = deque(maxlen=CRASHES)
        service.log.parent.mkdir(parents=True, exist_ok=True)
        service.log.write_bytes(b"")
        while True:
            running[service.name] = await _start(service)
            code = await running[service.name].wait()
            ends.append(time.monotonic())
            say(f"{service.name} ended with {_in_words(code)}; the end of {service.log}:\n{_tail(service.log)}")
            if len(ends) == CRASHES and ends[-1] - ends[0] < CRASHES_WITHIN_S:
                raise Failed(f"{service.name} ended {CRASHES} times within {CRASHES_WITHIN_S:.0f} s: see {service.log}")
            await asyncio.sleep(restart_after_s)

    try:
        async with beside(*map(keep, services)):
            await asyncio.Event().wait()
    finally:
        await _stop(running, say, stop_within_s)


async def _start(service: Service) -> asyncio.subprocess.Process:
    """Start in a session of its own: a Ctrl-C on the terminal reaches the demo alone, which stops all in order."""
    with service.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *service.command,
            cwd=ROOT,
            env=os.environ | service.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


async def _stop(running: Mapping[str, asyncio.subprocess.Process], say: Say, within_s: float) -> None:
    alive = {name: process for name, process in running.items() if process.returncode is None}
    for process in alive.values():
        with suppress(ProcessLookupError):
            process.terminate()
    waits = {name: asyncio.create_task(process.wait()) for name, process in alive.items()}
    if waits:
        await asyncio.wait(waits.values(), timeout=within_s)
    for name, process in alive.items():
        if process.returncode is None:
            say(f"{name} did not stop within {within_s:g} s of SIGTERM: killed")
            with suppress(ProcessLookupError):
                process.kill()
        await waits[name]


def _in_words(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name


def _tail(log: Path) -> str:
    """The last lines of a log, those in JSON as people read them: what went wrong, or else what was done last."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    entries = [_readable(line) for line in lines]
    telling = [entry for entry in entries if not entry.startswith(("info ", "debug "))] or entries[-2:]
    return "\n".join(f"    {line}" for line in "\n".join(telling).splitlines()[-LOG_LINES:]) or "    (empty)"


def _readable(line: str) -> str:
    """A line of structlog's JSON as `level event key=value` with the exception below it; any other as it is."""
    try:
        entry = json.loads(line)
        level, event = entry.pop("level"), entry.pop("event")
    except (ValueError, KeyError, AttributeError):
        return line
    exception = entry.pop("exception", "")
    details = " ".join(f"{name}={value}" for name, value in entry.items() if name not in ("timestamp", "service"))
    return f"{level} {event} {details}".rstrip() + (f"\n{exception}" if exception else "")
