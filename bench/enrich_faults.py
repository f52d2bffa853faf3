"""Kill enrich's workers at random under load, and prove that nothing was lost: `python -m bench.enrich_faults`.

Two workers tag a steady stream with poison in it. They are killed (SIGKILL) one after the other at random moments and
replaced; now and then a third one joins and leaves, and the broker itself is killed and started again. At the end every
item must have come out with the tags that the pure function gives; news.dead must have all poison, and nothing else.
A repeat is harmless, also one of an older revision after a newer: index keeps the highest (services/index/merge.py).
"""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import texts
from bench.broker import Broker, broker, count, worker
from schemas import codec, topics
from schemas.identity import digest
from schemas.messages import DeadLetter, EnrichedItem, RawItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger

WORKER = ("services.enrich", "run")
PATIENCE_S = 120.0
PAUSE_S = 1.0  # of working between what came after one kill and the next, at most
REVISED = 4  # one item in so many comes in two revisions
POISONED = 25  # one record in so many is no item
BATCH = 50
BROKER_EVERY, GUEST_EVERY = 8, 5  # kills


class Outcome(msgspec.Struct, frozen=True):
    """What went in, what came out. overtaken: items whose older revision was repeated last. wrong: broken promises."""

    kills: int
    items: int
    poison: int
    repeats: int
    overtaken: int
    wrong: list[str]

    def __str__(self) -> str:
        told = (
            f"{self.kills} kills: {self.items} items (revisions counted) and {self.poison} poison messages in, "
            f"{self.repeats} outputs repeated ({self.overtaken} of an older revision last), "
            f"{len(self.wrong)} promises broken"
        )
        return "\n".join([told, *self.wrong[:20]])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the outcome, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.enrich_faults",
        description=__doc__,
        epilog="examples:\n  python -m bench.enrich_faults --kills 50    some fifteen minutes: the broker waits 10 s "
        "for each dead worker",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=50, help="workers to kill (default 50)")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments; printed, to repeat a run")
    options = parser.parse_args(arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the broker's absence is part of it
    outcome = asyncio.run(run(options.kills, options.seed, lambda line: print(line, file=sys.stderr, flush=True)))
    print(outcome)
    return 1 if outcome.wrong else 0


async def run(kills: int, seed: int | None, say: Callable[[str], None]) -> Outcome:
    """Kill so many workers and return what became of the stream."""
    seed = random.randrange(1_000_000) if seed is None else seed
    say(f"seed {seed}")
    async with broker() as kafka:
        sent: list[tuple[str, bytes]] = []
        enough = asyncio.Event()
        loading = asyncio.create_task(_load(kafka, sent, enough))
        try:
            with TemporaryDirectory() as folder, ExitStack() as running:
                await _kill(kafka, kills, random.Random(seed), Path(folder) / "log", running, say)
                enough.set()
                await loading
                say(f"{len(sent)} records sent, waiting for the last")
                await _until_all(kafka, sent)
        finally:
            loading.cancel()
        return judge(kills, sent, await _read(kafka, topics.ENRICHED), await _read(kafka, topics.DEAD))


async def _load(kafka: Broker, sent: list[tuple[str, bytes]], enough: asyncio.Event) -> None:
    """Send batches until `enough`, each confirmed before it counts as sent; waits while the broker is away."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.servers, enable_idempotence=True, request_timeout_ms=120_000)
    await producer.start()
    try:
        number = 0
        while not enough.is_set():
            records = [record for place in range(number, number + BATCH) for record in _records(place)]
            confirmed = [await producer.send(topics.RAW, value, key.encode()) for key, value in records]
            await asyncio.gather(*confirmed)
            sent += records
            number += BATCH
            await asyncio.sleep(0.25)
    finally:
        await producer.stop()


_ITEMS = texts.items(600, relevant_of_ten=2, run="faults")


def _records(number: int) -> list[tuple[str, bytes]]:
    """An item, perhaps in two revisions, perhaps with poison behind it. The number makes each another item."""
    item = msgspec.structs.replace(
        _ITEMS[number % len(_ITEMS)], item_id=digest("faults", str(number)), revision=2 * number + 1
    )
    records = [(item.item_id, codec.encode(item))]
    if number % REVISED == 0:
        revised = msgspec.structs.replace(item, revision=item.revision + 1, title=f"{item.title} (updated)")
        records.append((item.item_id, codec.encode(revised)))
    if number % POISONED == 0:
        records.append((f"poison-{number}", b'{"no": "item"}' if number % 2 else b"\xff\xfe broken"))
    return records


async def _kill(
    kafka: Broker, kills: int, chance: random.Random, log: Path, running: ExitStack, say: Callable[[str], None]
) -> None:
    """Kill and replace, each time after something new came out."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.servers)
    await consumer.start()
    try:
        workers = [running.enter_context(worker(kafka.servers, WORKER, log)) for _ in range(2)]
        for kill in range(1, kills + 1):
            await _until_more(consumer)
            await asyncio.sleep(chance.uniform(0, PAUSE_S))
            victim = chance.randrange(len(workers))
            workers[victim].kill()
            workers[victim].wait(15)
            workers[victim] = running.enter_context(worker(kafka.servers, WORKER, log))
            said = ""
            if kill % BROKER_EVERY == 2:
                await asyncio.to_thread(kafka.crash)
                await asyncio.to_thread(kafka.start)
                said = ", and the broker"
            if kill % GUEST_EVERY == 1:
                with worker(kafka.servers, WORKER, log):
                    await asyncio.sleep(chance.uniform(1, 4))
                said += ", and a third came and went"
            say(f"kill {kill} of {kills}{said}")
    finally:
        await consumer.stop()


async def _until_more(consumer: AIOKafkaConsumer) -> None:
    before, until = await count(consumer, topics.ENRICHED), time.monotonic() + PATIENCE_S
    while await count(consumer, topics.ENRICHED) <= before:
        if time.monotonic() > until:
            raise SystemExit(f"nothing came out of enrich for {PATIENCE_S:.0f} s")
        await asyncio.sleep(0.1)


async def _until_all(kafka: Broker, sent: Sequence[tuple[str, bytes]]) -> None:
    """Until every key has come out, or nothing new has come for long: then the judgement says what is missing."""
    wanted = {key for key, _ in sent}
    seen: set[str] = set()
    consumer = await _from_start(kafka, topics.ENRICHED, topics.DEAD)
    try:
        until = time.monotonic() + PATIENCE_S
        while not wanted <= seen and time.monotonic() < until:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                if new := {(record.key or b"").decode() for record in records} - seen:
                    seen |= new
                    until = time.monotonic() + PATIENCE_S
        await asyncio.sleep(1.0)  # a second revision may be a moment behind
    finally:
        await consumer.stop()


async def _read(kafka: Broker, topic: str) -> list[bytes]:
    """All values of a topic, each partition in order."""
    consumer = await _from_start(kafka, topic)
    values: list[bytes] = []
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                read = await consumer.getmany(partition, timeout_ms=500)
                values += [record.value for record in read.get(partition, ())]
    finally:
        await consumer.stop()
    return values


async def _from_start(kafka: Broker, *names: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.servers, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(name, n) for name in names for n in range(topics.load()[name].partitions)])
    await consumer.seek_to_beginning()
    return consumer


def judge(kills: int, sent: Sequence[tuple[str, bytes]], enriched: Sequence[bytes], dead: Sequence[bytes]) -> Outcome:
    """Compare what came out with what the pure function makes of what went in."""
    tagger = Tagger(load())
    items = [codec.decode(value, RawItem) for key, value in sent if not key.startswith("poison-")]
    poison = {key for key, _ in sent if key.startswith("poison-")}
    came: dict[tuple[str, int], list[EnrichedItem]] = defaultdict(list)
    last: dict[str, int] = {}
    for value in enriched:
        out = codec.decode(value, EnrichedItem)
        came[out.item_id, out.revision].append(out)
        last[out.item_id] = out.revision
    wrong = []
    for item in items:
        outputs = came.pop((item.item_id, item.revision), [])
        if not outputs:
            wrong.append(f"lost: {item.item_id} revision {item.revision}")
        expected = tagger.tag(item)
        wrong += [f"changed: {item.item_id} revision {item.revision}" for out in outputs if out != expected]
    latest = {item.item_id: item.revision for item in items}  # sent in order
    overtaken = sum(latest.get(key, revision) != revision for key, revision in last.items())
    wrong += [f"never sent: {item_id} revision {revision}" for item_id, revision in came]
    letters = {codec.decode(value, DeadLetter).key or "" for value in dead}
    wrong += [f"poison not in news.dead: {key}" for key in sorted(poison - letters)]
    wrong += [f"no poison, but in news.dead: {key}" for key in sorted(letters - poison)]
    return Outcome(kills, len(items), len(poison), len(enriched) - len(items), overtaken, wrong)


if __name__ == "__main__":
    sys.exit(main())
