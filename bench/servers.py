"""Kafka and the search engine of a benchmark's own, set up; gone with their data at the end."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy import local
from schemas import topics

PATIENCE_S = 600.0


@asynccontextmanager
async def servers() -> AsyncIterator[local.Stack]:
    """The servers, with the engine's JVM compiling fully. The settings of this process and its children name them."""
    with TemporaryDirectory(prefix="news-bench-") as folder:
        stack = local.Stack.on_free_ports(Path(folder))
        os.environ |= {
            "NEWS_KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            "NEWS_ELASTICSEARCH_URL": stack.engine_url,
            "NEWS_LOG_FORMAT": "json",
            "NEWS_LOCAL_OPTIMISE": "1",
        }
        try:
            await asyncio.to_thread(local.up, stack, lambda _: None)
            set_up = [sys.executable, "-m", "services.index", "setup"]
            await asyncio.to_thread(
                subprocess.run, set_up, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            yield stack
        finally:
            await asyncio.to_thread(local.wipe, stack, lambda _: None)


async def send(stack: local.Stack, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
    """Send (key, value) records as fast as the broker takes them."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.bootstrap_servers, linger_ms=5, max_batch_size=262_144, enable_idempotence=True
    )
    await producer.start()
    try:
        for key, value in records:
            await producer.send(topic, value, key.encode())
        await producer.flush()
    finally:
        await producer.stop()


class Committed:
    """How far a group has come with a topic: what is committed, that is finished for good."""

    def __init__(self, stack: local.Stack, group: str, topic: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
        self._group = group
        self._partitions = [TopicPartition(topic, number) for number in range(topics.load()[topic].partitions)]

    async def __aenter__(self) -> "Committed":
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def records(self) -> int:
        """How many records are committed."""
        offsets = await self._admin.list_consumer_group_offsets(self._group, partitions=self._partitions)
        return sum(max(0, found.offset) for found in offsets.values())

    async def until(self, number: int, every_s: float = 0.02) -> None:
        """Return when so many are."""
        until = time.monotonic() + PATIENCE_S
        while (done := await self.records()) < number:
            if time.monotonic() > until:
                raise SystemExit(f"{self._group} committed {done} of {number} records in {PATIENCE_S:.0f} s")
            await asyncio.sleep(every_s)


def metrics(port: int) -> dict[str, float]:
    """What a process's /metrics says, by name with labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}
