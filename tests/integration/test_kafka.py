"""What services rely on when they consume: nothing is skipped, committed early, or lost while the world is away."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas import topics
from schemas.errors import Invalid, Transient
from services import kafka
from services.kafka import Record
from services.telemetry import Progress
from tests.conftest import Servers
from tests.eventually import eventually

Process = Callable[[list[Record]], Awaitable[None]]


@pytest.fixture
async def topic(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A topic of this test's own, with four partitions."""
    name = f"test.{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 4, 1)])
    monkeypatch.setitem(topics.load(), name, topics.load()[topics.RAW])
    yield name
    await admin.delete_topics([name])
    await admin.close()


@asynccontextmanager
async def consuming(topic: str, process: Process, progress: Progress | None = None) -> AsyncIterator[asyncio.Event]:
    """consume() in the background, stopped and awaited at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        kafka.consume(
            group=f"group.{topic}", topic=topic, process=process, stop=stop, progress=progress or Progress(60), batch=10
        )
    )
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def fill(topic: str, numbers: range) -> None:
    async with kafka.producer("test") as producer:
        await producer.send_all(topic, [(str(n), b"%d" % n) for n in numbers])


def values(batches: list[list[Record]]) -> list[int]:
    return sorted(int(record.value or b"") for batch in batches for record in batch)


async def test_what_was_there_before_the_groups_first_commit_is_read(topic: str) -> None:
    await fill(topic, range(35))
    seen: list[list[Record]] = []

    async def process(records: list[Record]) -> None:
        seen.append(records)

    async with consuming(topic, process):
        await eventually("consumed", lambda: values(seen) == list(range(35)))
    assert max(map(len, seen)) <= 10


async def test_committed_work_is_not_repeated_and_uncommitted_work_is(topic: str) -> None:
    await fill(topic, range(10))
    first, third = [], []

    async def process(records: list[Record]) -> None:
        first.append(records)

    async def meet_a_bug(records: list[Record]) -> None:
        raise RuntimeError("a bug")

    async def process_again(records: list[Record]) -> None:
        third.append(records)

    async with consuming(topic, process):
        await eventually("consumed", lambda: values(first) == list(range(10)))
    await fill(topic, range(10, 12))
    with pytest.raises(RuntimeError, match="a bug"):
        await kafka.consume(
            group=f"group.{topic}", topic=topic, process=meet_a_bug, stop=asyncio.Event(), progress=Progress(60)
        )
    async with consuming(topic, process_again):
        await eventually("consumed", lambda: values(third) == [10, 11])


async def test_a_batch_is_processed_again_until_the_world_is_ready(topic: str) -> None:
    await fill(topic, range(5))
    tried: list[list[int]] = []
    progress = Progress(60)

    async def process(records: list[Record]) -> None:
        tried.append(values([records]))
        if len(tried) < 3:
            raise Transient("engine away")

    async with consuming(topic, process, progress):
        await eventually("consumed", lambda: bool(tried))
        await eventually("consumed", lambda: progress.ready() == (False, "waiting for engine away"))
        await eventually("consumed", lambda: len(tried) >= 3 and progress.ready()[0])
    assert tried[0] == tried[1] == tried[2]


async def test_stopped_while_waiting_nothing_is_committed(topic: str) -> None:
    await fill(topic, range(5))
    tried: list[list[Record]] = []
    seen: list[list[Record]] = []

    async def never_ready(records: list[Record]) -> None:
        tried.append(records)
        raise Transient("engine away")

    async def process(records: list[Record]) -> None:
        seen.append(records)

    async with consuming(topic, never_ready):
        await eventually("consumed", lambda: bool(tried))
    async with consuming(topic, process):
        await eventually("consumed", lambda: values(seen) == list(range(5)))


async def test_partitions_that_arrive_while_waiting_are_not_skipped(topic: str) -> None:
    """A second consumer leaves while the first waits out an outage: its records must still reach the first."""
    away = True
    waiting, seen, other = [], [], []

    async def process(records: list[Record]) -> None:
        if away:
            waiting.append(records)
            raise Transient("engine away")
        seen.append(records)

    async def process_other(records: list[Record]) -> None:
        other.append(records)

    async with consuming(topic, process):
        async with consuming(topic, process_other):

            async def both_have_work() -> bool:
                await fill(topic, range(40))  # again and again: one of them may be given all partitions at first
                return bool(waiting and other)

            await eventually("both consumers have work", both_have_work)
        await fill(topic, range(40, 80))
        away = False
        await eventually("consumed", lambda: set(values(seen)) | set(values(other)) == set(range(80)))


async def test_a_record_that_no_broker_would_take_is_invalid(topic: str) -> None:
    async with kafka.producer("test") as producer:
        with pytest.raises(Invalid, match="serialized") as caught:
            await producer.send(topic, "k", b"x" * (topics.largest_message_bytes() + 1))
    assert caught.value.reason == "too_large"
