"""The process that indexes: `python -m services.index run`. What happens to a batch is in batch.py."""

import asyncio

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from schemas import topics
from schemas.errors import Transient
from services import engine, kafka, process, settings
from services.dead_letters import DeadLetters
from services.engine import Engine
from services.index import batch, health, percolate, retag
from services.kafka import Record
from services.live_traffic import LiveTraffic
from services.telemetry import Progress, logger

log = logger(__name__)


def main() -> int:
    """Run until SIGTERM or SIGINT and return the exit status."""
    return process.run("index", run)


async def run(stop: asyncio.Event, progress: Progress) -> None:
    """Index items, new tags and feeds' health: three consumers. Offsets are committed last, so a crash repeats work.

    Raises ExceptionGroup of Flood, or of what a bug raises.
    """
    index = settings.Index()
    public_url = settings.Api().public_url
    async with engine.connect(progress) as connected, kafka.producer("index", progress) as producer:
        await _warm_up(connected, progress)
        letters, health_letters = DeadLetters("index", producer), DeadLetters("index", producer)

        live = LiveTraffic(index.index_batch)

        async def index_items(records: list[Record]) -> None:
            with live.batch(len(records)):
                await batch.index_batch(records, connected, producer, letters, public_url, index.index_late_s)

        async def store_health(records: list[Record]) -> None:
            await health.store(connected, health_letters, records)

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
            group.create_task(retag.run(connected, producer, live, stop))
            group.create_task(
                kafka.consume(
                    group="index-health",
                    topic=topics.FEED_HEALTH,
                    process=store_health,
                    stop=stop,
                    progress=Progress(limit_s=1.0),  # of its own: the items' progress is what liveness means
                )
            )


async def _warm_up(connected: Engine, progress: Progress) -> None:
    """Warm the percolator up, waiting until set-up has made its index."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(Transient), wait=wait_exponential_jitter(multiplier=0.5, max=15)
    ):
        with attempt:
            try:
                await percolate.warm_up(connected)
            except Transient as error:
                log.warning("indices are not ready, waiting", error=str(error))
                progress.waiting("the indices")
                raise
