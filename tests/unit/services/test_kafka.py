import asyncio
from typing import Any

import pytest

from schemas.errors import Transient
from services import kafka
from services.batch_size import BatchSize
from services.kafka import Record, back_off_s
from services.telemetry import Progress


def test_a_wait_doubles_to_its_bound_and_a_long_outage_breaks_nothing() -> None:
    """0.5 * 2**1024 is more than a float holds: after some hours away the waiting itself must not fail."""
    for attempt, longest in ((0, 0.5), (1, 1.0), (4, 8.0), (5, 10.0), (5_000, 10.0)):
        assert longest / 2 <= back_off_s(attempt) <= longest


class Consumer:
    """What is asked of aiokafka's consumer while a batch is worked on."""

    def __init__(self) -> None:
        self.polls: list[bool] = []  # whether it was paused
        self.polled = asyncio.Event()
        self._paused = False

    def assignment(self) -> set[str]:
        return {"partition"}

    def pause(self, *_: str) -> None:
        self._paused = True

    def paused(self) -> set[str]:
        return {"partition"} if self._paused else set()

    def resume(self, *_: str) -> None:
        self._paused = False

    async def getmany(self, timeout_ms: int) -> dict[str, list[Any]]:
        self.polls.append(self._paused)
        self.polled.set()
        await asyncio.sleep(0)
        return {}


RECORDS = [Record("topic", 0, number, b"", b"", (), 0) for number in range(60)]


async def test_after_a_failure_fewer_are_tried_in_order_and_what_is_done_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka, "back_off_s", lambda _: 0.001)
    client: Any = Consumer()
    done: list[int] = []
    tried: list[int] = []

    async def process(records: list[Record]) -> None:
        tried.append(len(records))
        if len(records) > 20:
            raise Transient("too many for now")
        done.extend(record.offset for record in records)

    size = BatchSize(60)
    assert await kafka._until_processed(client, process, RECORDS, size, asyncio.Event(), Progress(60))
    assert done == list(range(60))
    assert tried == [60, 30, 15, 30, 15, 30, 15, 15]
    assert client.polls
    assert all(client.polls)
    assert not client.paused()


async def test_a_batch_that_takes_long_is_polled_on_while_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "LONG_S", 0.0)
    client: Any = Consumer()

    async def process(_: list[Record]) -> None:
        await client.polled.wait()

    assert await kafka._until_processed(client, process, RECORDS, BatchSize(60), asyncio.Event(), Progress(60))
    assert all(client.polls)
    assert not client.paused()
