"""The process that indexes: `python -m services.index run`. What happens to a batch is in batch.py."""

import asyncio
import signal
from collections.abc import Callable

from schemas import topics
from services import kafka, settings, telemetry
from services.dead_letters import DeadLetters, Flood
from services.index import batch, engine, health, percolate
from services.kafka import Record
from services.telemetry import Progress, logger

log = logger(__name__)

FAILED_STATUS = 70  # EX_SOFTWARE: nothing was committed, a supervisor is to restart it


def main() -> int:
    """Run until SIGTERM or SIGINT and return the exit status."""
    progress = telemetry.start("index")
    try:
        asyncio.run(run(progress))
    except asyncio.CancelledError:
        log.info("stopped while waiting to start")
    except Exception as error:  # logged, and the process ends
        if isinstance(error, ExceptionGroup) and (floods := error.subgroup(Flood)):
            log.error("stopped: too many dead letters, is something misconfigured?", error=str(floods.exceptions[0]))
        else:
            log.error("stopped by a bug", exc_info=error)
        return FAILED_STATUS
    return 0


async def run(progress: Progress) -> None:
    """Index items and feeds' health, two consumers in one process. Offsets are committed last, so a crash repeats work.

    Raises ExceptionGroup of Flood, or of what a bug raises.
    """
    _on_signals(asyncio.current_task().cancel)  # type: ignore[union-attr]  # while the world is not ready
    index = settings.Index()
    public_url = settings.Api().public_url
    async with engine.connect(progress) as connected, kafka.producer("index", progress) as producer:
        await percolate.warm_up(connected)
        stop = asyncio.Event()
        _on_signals(stop.set)
        letters = DeadLetters("index", producer)

        async def index_items(records: list[Record]) -> None:
            await batch.index_batch(records, connected, producer, letters, public_url, index.index_late_s)

        async def store_health(records: list[Record]) -> None:
            await health.store(connected, letters, records)

        async with asyncio.TaskGroup() as group:
            group.create_task(
                kafka.consume(
                    group="index",
                    topic=topics.ENRICHED,
                    process=index_items,
                    stop=stop,
                    progress=progress,
                    batch=index.index_batch,
                )
            )
            group.create_task(
                kafka.consume(
                    group="index-health",
                    topic=topics.FEED_HEALTH,
                    process=store_health,
                    stop=stop,
                    progress=Progress(limit_s=1.0),  # of its own: the items' progress is what liveness means
                )
            )
    log.info("stopped")


def _on_signals(act: Callable[[], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, act)
