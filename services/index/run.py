"""The process that indexes: `python -m services.index run`. What happens to a batch is in batch.py."""

import asyncio

from schemas import topics
from services import engine, kafka, process, settings
from services.dead_letters import DeadLetters
from services.index import batch, health, percolate, readiness, retag
from services.index.indices import FEED_HEALTH, FIGURES, NEWS, SEARCHES, STORIES
from services.kafka import Record
from services.live_traffic import LiveTraffic
from services.telemetry import Progress

WRITTEN = (NEWS, FIGURES, STORIES, SEARCHES, FEED_HEALTH)

GATHER_S = 0.05  # that an item waits for others: a batch costs some ten requests, whether it has one item or 200


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

        async def ready() -> None:
            await readiness.check(connected, WRITTEN)
            await percolate.warm_up(connected)

        await readiness.until(ready, progress)
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
                    gather_s=GATHER_S,
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
