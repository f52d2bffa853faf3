"""The enrich worker on a real broker: nothing is lost, poison is set aside, stopping is clean."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bench import enrich_faults
from schemas import codec, topics
from schemas.identity import digest, new_trace_id
from schemas.messages import DeadLetter, EnrichedItem
from tests.conftest import Servers

WAIT_S = 60.0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def worker(
    stack: Servers, log: Path, command: tuple[str, ...] = ("-m", "services.enrich", "run")
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker process and the address of its probes; killed at the end if it still runs."""
    port = free_port()
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**stack.environment, "NEWS_METRICS_PORT": str(port)},
            stderr=stderr,
        )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def raw_item(run: str, number: int) -> dict[str, Any]:
    return {
        "item_id": digest(run, str(number)),
        "revision": 1 + number,
        "feed_id": run,
        "feed_title": "Test feed",
        "url": None,
        "canonical_url": None,
        "entry_id": str(number),
        "title": "Kenyan police officers land in Haiti",
        "summary": "",
        "text": "Kenya sent 200 officers to the Multinational Security Support mission in Port-au-Prince.",
        "text_source": "feed",
        "text_truncated": False,
        "authors": [],
        "image_url": None,
        "feed_language": "en",
        "outlet_country": "KE",
        "published_at": None,
        "published_raw": None,
        "fetched_at": "2026-01-02T03:04:05Z",
        "origin": "live",
        "content_hash": digest("content", str(number)),
        "trace_id": new_trace_id(),
    }


async def produce(stack: Servers, records: list[tuple[str, bytes]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers)
    await producer.start()
    try:
        await asyncio.gather(*[await producer.send(topics.RAW, value, key.encode()) for key, value in records])
    finally:
        await producer.stop()


@asynccontextmanager
async def reading(stack: Servers, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, from what is the end now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(topics.load()[topic].partitions)]
        consumer.assign(partitions)
        for partition, end in (await consumer.end_offsets(partitions)).items():
            consumer.seek(partition, end)
        yield consumer
    finally:
        await consumer.stop()


async def read_until(consumer: AIOKafkaConsumer, enough: Callable[[list[bytes]], bool]) -> list[bytes]:
    """The values that arrive until `enough` of them have."""
    values: list[bytes] = []
    async with asyncio.timeout(WAIT_S):
        while not enough(values):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                values += [record.value for record in records]
    return values


def all_of(items: list[dict[str, Any]]) -> Callable[[list[bytes]], bool]:
    """Whether every item is among the values: there may be others, from what another test left uncommitted."""
    expected = {item["item_id"] for item in items}
    seen: set[str] = set()
    looked = 0

    def enough(values: list[bytes]) -> bool:
        nonlocal looked
        seen.update(codec.decode(value, EnrichedItem).item_id for value in values[looked:])
        looked = len(values)
        return expected <= seen

    return enough


async def until_ready(address: str) -> None:
    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait() -> None:
        until = time.monotonic() + WAIT_S
        while not ready():
            assert time.monotonic() < until, "the worker did not become ready"
            time.sleep(0.1)

    await asyncio.to_thread(wait)


async def lag(stack: Servers) -> int:
    """How many records of news.raw the group has not committed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers)
    await consumer.start()
    try:
        committed = await admin.list_consumer_group_offsets("enrich")
        partitions = [TopicPartition(topics.RAW, number) for number in range(topics.load()[topics.RAW].partitions)]
        ends = await consumer.end_offsets(partitions)
        return sum(end - (committed[p].offset if p in committed else 0) for p, end in ends.items())
    finally:
        await consumer.stop()
        await admin.close()


async def forget_backlog(stack: Servers) -> None:
    """Commit the end for the group, so that one test's poison is not another's."""
    consumer = AIOKafkaConsumer(
        topics.RAW, bootstrap_servers=stack.bootstrap_servers, group_id="enrich", enable_auto_commit=False
    )
    await consumer.start()
    try:
        async with asyncio.timeout(WAIT_S):
            while not consumer.assignment():
                await consumer.getmany(timeout_ms=200)
        await consumer.commit(await consumer.end_offsets(list(consumer.assignment())))
    finally:
        await consumer.stop()


async def test_items_are_tagged_and_poison_in_between_is_set_aside_whole(stack: Servers, tmp_path: Path) -> None:
    run = new_trace_id()
    items = [raw_item(run, number) for number in range(60)]
    records = [(item["item_id"], json.dumps(item).encode()) for item in items]
    records[20:20] = [(f"{run}-1", b'{"broken'), (f"{run}-2", b'{"schema_version":1}'), (f"{run}-3", b"\xff\xfe")]
    async with reading(stack, topics.ENRICHED) as enriched, reading(stack, topics.DEAD) as dead:
        with worker(stack, tmp_path / "worker.log"):
            await produce(stack, records)
            values = await read_until(enriched, all_of(items))
            letters = await read_until(dead, lambda values: sum(run.encode() in value for value in values) >= 3)
    tagged = [item for value in values if (item := codec.decode(value, EnrichedItem)).feed_id == run]
    assert all(item.relevant and item.missions == ["mission/mss"] for item in tagged)
    assert {item.trace_id for item in tagged} == {item["trace_id"] for item in items}
    dead_letters = [codec.decode(value, DeadLetter) for value in letters if run.encode() in value]
    assert {(letter.key, letter.reason, letter.topic) for letter in dead_letters} == {
        (f"{run}-1", "undecodable", topics.RAW),
        (f"{run}-2", "schema", topics.RAW),
        (f"{run}-3", "undecodable", topics.RAW),
    }


@pytest.mark.timeout(400)  # the broker waits 10 s for each dead worker
async def test_workers_that_are_killed_and_a_broker_that_is_lose_nothing() -> None:
    """Two kills, a third worker that comes and goes, and the broker's; `make bench-enrich-faults` kills fifty times."""
    outcome = await enrich_faults.run(kills=2, seed=None, say=print)
    assert outcome.wrong == []
    assert outcome.items > 100
    assert outcome.poison > 3


async def test_sigterm_finishes_the_batch_commits_and_exits_0(stack: Servers, tmp_path: Path) -> None:
    run = new_trace_id()
    items = [raw_item(run, number) for number in range(50)]
    async with reading(stack, topics.ENRICHED) as enriched:
        with worker(stack, tmp_path / "worker.log") as (process, address):
            await until_ready(address)
            await produce(stack, [(item["item_id"], json.dumps(item).encode()) for item in items])
            await read_until(enriched, all_of(items))
            asked = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
            assert time.monotonic() - asked < 10
    assert await lag(stack) == 0


async def test_when_nearly_everything_is_invalid_it_stops_and_says_so(stack: Servers, tmp_path: Path) -> None:
    run = new_trace_id()
    try:
        with worker(stack, tmp_path / "worker.log") as (process, address):
            await until_ready(address)
            await produce(stack, [(f"{run}-{number}", b"not ours") for number in range(300)])
            assert await asyncio.to_thread(process.wait, WAIT_S) == 65
            lines = [json.loads(line) for line in (tmp_path / "worker.log").read_text().splitlines()]
            said = [line for line in lines if "stopped: check what writes to news.raw" in line["event"]]
            assert len(said) == 1
            assert "of the last 100 messages are invalid" in said[0]["reason"]
    finally:
        await forget_backlog(stack)


async def test_a_bug_in_the_tagging_of_one_item_is_a_dead_letter_with_its_traceback(
    stack: Servers, tmp_path: Path
) -> None:
    run = new_trace_id()
    items = [raw_item(run, number) for number in range(20)]
    records = [(item["item_id"], json.dumps(item).encode()) for item in items]
    script = (
        "import sys\n"
        "from services.enrich import worker\n"
        "from services.enrich.gazetteer import load\n"
        "from services.enrich.tag import Tagger\n"
        "tagger = Tagger(load())\n"
        "def tag(item):\n"
        "    if item.entry_id == '7':\n"
        "        raise KeyError('unlucky')\n"
        "    return tagger.tag(item)\n"
        "sys.exit(worker.run(tag, 1))\n"
    )
    async with reading(stack, topics.ENRICHED) as enriched, reading(stack, topics.DEAD) as dead:
        with worker(stack, tmp_path / "worker.log", ("-c", script)):
            await produce(stack, records)
            await read_until(enriched, all_of([item for item in items if item["entry_id"] != "7"]))
            letters = await read_until(
                dead, lambda values: any(items[7]["item_id"].encode() in value for value in values)
            )
    (letter,) = [found for value in letters if (found := codec.decode(value, DeadLetter)).key == items[7]["item_id"]]
    assert letter.reason == "bug"
    assert "KeyError: 'unlucky'" in letter.error


def test_a_broker_that_is_away_is_waited_for_in_plain_words() -> None:
    environment = {**os.environ, "NEWS_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}", "NEWS_LOG_FORMAT": "json"}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.enrich", "run"], env=environment, stderr=subprocess.PIPE
    )
    assert process.stderr
    try:
        seen = []
        for line in process.stderr:
            seen.append(json.loads(line))
            if seen[-1]["event"] == "broker is away, waiting":
                break
        process.terminate()
        assert process.wait(10) == 0
        rest = process.stderr.read().decode()
    finally:
        process.kill()
        process.wait(10)
        process.stderr.close()
    assert seen[-1]["service"] == "enrich"
    assert "Traceback" not in rest
