"""What faust costs by itself: bytes from news.raw to news.enriched, acknowledged when the sends are confirmed.

Set up as services/enrich/worker.py sets faust up; what is measured against it is what enrich adds.
"""

import asyncio
import signal
from typing import Any

import faust
from mode import CrashingSupervisor

from schemas import topics
from services import settings

GROUP = "bench-passthrough"


async def main() -> None:
    """Work until SIGTERM."""
    app = faust.App(
        GROUP,
        autodiscover=False,
        origin=__name__,
        broker=f"kafka://{settings.Kafka().kafka_bootstrap_servers}",
        consumer_auto_offset_reset="latest",
        consumer_max_fetch_size=131_072,
        producer_max_batch_size=131_072,
        broker_commit_interval=1.0,
        broker_commit_every=2_000,
        stream_buffer_maxsize=400,
        agent_supervisor=CrashingSupervisor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        store="memory://",
    )
    raw = app.topic(topics.RAW, key_serializer="raw", value_serializer="raw", value_type=bytes)
    out = app.topic(topics.ENRICHED, key_serializer="raw", value_serializer="raw", value_type=bytes)

    @app.agent(raw, concurrency=1)
    async def passthrough(stream: Any) -> None:
        async for events in stream.noack_take(200, within=0.05):
            sends = [await out.send(key=event.key, value=event.value) for event in events]
            await asyncio.gather(*sends)
            for event in events:
                await stream.ack(event)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await app.start()
    await app.wait_for_stopped(stop.wait())
    await app.stop()


if __name__ == "__main__":
    asyncio.run(main())
