"""A broker of the benchmark's own, workers on it, and how fast what they send arrives."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy import local
from schemas import topics

PATIENCE_S = 120.0
# As `python -m MODULE`, without the package rich: a development tool brings it, structlog imports it where it is found
# (8 MB, 0.2 s), and the images do not have it.
AS_INSTALLED = """
import runpy, sys
sys.modules["rich"] = None
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class Broker:
    """Where it listens, and what its processes have used."""

    def __init__(self, stack: local.Stack) -> None:
        self._stack = stack
        self.servers = stack.bootstrap_servers

    def cpu_s(self) -> float:
        """Seconds of CPU since it started."""
        return cpu_s(local.pid(self._stack, "kafka") or 0)

    def crash(self) -> None:
        """SIGKILL."""
        local.kill(self._stack, "kafka")

    def start(self) -> None:
        local.start(self._stack, "kafka", say=lambda _: None)


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@asynccontextmanager
async def broker() -> AsyncIterator[Broker]:
    """Kafka alone, on a free port, with the project's topics; gone with its data at the end."""
    with TemporaryDirectory(prefix="news-bench-") as folder:
        stack = local.Stack.on_free_ports(Path(folder))
        made = Broker(stack)
        try:
            await asyncio.to_thread(made.start)
            admin = AIOKafkaAdminClient(bootstrap_servers=made.servers)
            await admin.start()
            try:
                await admin.create_topics(
                    [
                        NewTopic(name, topic.partitions, 1, topic_configs=topic.config())
                        for name, topic in topics.load().items()
                    ]
                )
            finally:
                await admin.close()
            yield made
        finally:
            await asyncio.to_thread(local.wipe, stack, lambda _: None)


@contextmanager
def worker(
    servers: str, arguments: Sequence[str], log: Path, port: int = 0, settings: Mapping[str, str] = {}
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, ended when left. port: of its probes. settings: more of its environment."""
    environment = {
        **os.environ,
        "NEWS_KAFKA_BOOTSTRAP_SERVERS": servers,
        "NEWS_LOG_FORMAT": "json",
        "NEWS_METRICS_PORT": str(port),
        **settings,
    }
    with log.open("ab") as errors:
        process = subprocess.Popen([sys.executable, "-c", AS_INSTALLED, *arguments], env=environment, stderr=errors)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)


async def until_members(servers: str, group: str, number: int) -> None:
    """Return when the group has so many members, all with their partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            [answer] = await admin.describe_consumer_groups([group])
            [(_, _, state, _, _, members, *_)] = answer.groups
            if state == "Stable" and len(members) == number:
                return
            await asyncio.sleep(0.2)
    finally:
        await admin.close()
    raise SystemExit(f"{group} did not come to {number} members in {PATIENCE_S:.0f} s")


async def load(servers: str, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
    """Send (key, value) records as fast as the broker takes them."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5, max_batch_size=262_144)
    await producer.start()
    try:
        for key, value in records:
            await producer.send(topic, value, key.encode())
        await producer.flush()
    finally:
        await producer.stop()


async def count(consumer: AIOKafkaConsumer, topic: str) -> int:
    """How many records the topic has ever had."""
    partitions = [TopicPartition(topic, number) for number in range(topics.load()[topic].partitions)]
    return sum((await consumer.end_offsets(partitions)).values())
