"""The life of a worker process: logs and probes, then its work, until SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from services import telemetry
from services.dead_letters import Flood
from services.telemetry import Progress, logger

log = logger(__name__)

GRACE_S = 9.0  # container runtimes kill after 10 s
EXIT_BUG = 70  # EX_SOFTWARE: nothing unfinished was committed, a supervisor is to start it again

Work = Callable[[asyncio.Event, Progress], Awaitable[None]]


def run(service: str, work: Work) -> int:
    """Do the work until a signal sets its event. Returns the exit status: 0, or 70 for a bug or a flood."""
    progress = telemetry.start(service)
    try:
        asyncio.run(_until_signalled(work, progress))
    except Exception as error:
        floods = error.subgroup(Flood) if isinstance(error, ExceptionGroup) else None
        if isinstance(error, Flood) or floods:
            log.critical("stopped: too many dead letters, is something misconfigured?", error=str(floods or error))
        else:
            log.critical("stopped by a bug: nothing unfinished was committed", exc_info=error)
        return EXIT_BUG
    log.info("stopped")
    return 0


async def _until_signalled(work: Work, progress: Progress) -> None:
    """A process that waits for something outside has nothing to finish: it is cancelled at once."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.ensure_future(work(stop, progress))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        _, unfinished = await asyncio.wait((working,), timeout=GRACE_S if progress.ready()[0] else 0)
        if unfinished:
            log.warning("stopped while waiting: what was not committed will be done again")
            working.cancel()
            await asyncio.wait((working,))
            return
    stopping.cancel()
    await working
