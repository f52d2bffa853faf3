"""The search engine goes away under load, comes back, and is too busy: `python -m bench.index_faults`.

Two index processes, on a stream of items (some relevant, some revised). The engine is killed, stays away, is started
again; then a proxy answers 429 to a share of what is asked. In the end the engine must hold every item in its last
revision, news.dead must be empty, every item that the saved search wants must have been told, and told as late where
it was.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import broker, varied
from bench.refusing_engine import Refusing, refusing
from bench.servers import Committed, servers
from deploy import local
from schemas import codec, topics
from schemas.messages import Alert, EnrichedItem
from services import engine, telemetry
from services.engine import Stored
from services.index import searches
from services.index.indices import NEWS
from services.index.query import Query
from services.index.searches import SavedSearch

GROUP, TOPIC = "index", topics.ENRICHED
WORKERS = 2
REVISED = 5  # one item in so many comes again, revised
RELEVANT = 3  # of ten
SHARE = 0.3  # of the items of a bulk that are refused while the engine is too busy
SEARCH = "faults"
PATIENCE_S = 120.0
EXAMPLES = """\
examples:
  python -m bench.index_faults --away 180     some five minutes
  python -m bench.index_faults --away 20 --busy 10 --rate 20

The exit status is 1 where a promise was broken.
"""


class Plan(msgspec.Struct, frozen=True):
    """Seconds of each part, items a second, and from how many seconds on an alert is late."""

    calm_s: float
    away_s: float
    busy_s: float
    rate: float
    late_s: float


class Outcome(msgspec.Struct, frozen=True):
    """What was measured, as lines, and the broken promises."""

    told: list[str]
    wrong: list[str]

    def __str__(self) -> str:
        return "\n".join([*self.told, f"{len(self.wrong)} promises broken", *self.wrong[:20]])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the outcome, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.index_faults",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--away", type=float, default=180.0, help="seconds without an engine (default 180)")
    parser.add_argument("--busy", type=float, default=30.0, help="seconds of an engine that refuses (default 30)")
    parser.add_argument("--rate", type=float, default=50.0, help="items a second (default 50)")
    options = parser.parse_args(arguments)
    telemetry.start("bench")
    logging.getLogger("services").setLevel(logging.ERROR)
    plan = Plan(calm_s=10.0, away_s=options.away, busy_s=options.busy, rate=options.rate, late_s=options.away / 3)
    outcome = asyncio.run(_on_servers_of_its_own(plan))
    print(outcome)
    return 1 if outcome.wrong else 0


async def _on_servers_of_its_own(plan: Plan) -> Outcome:
    async with servers() as stack:
        return await run(stack, plan, lambda line: print(line, file=sys.stderr, flush=True))


async def run(stack: local.Stack, plan: Plan, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Carry the plan out on these servers, which nobody else uses meanwhile, and return what became of the stream."""
    await _save_search()
    sent: list[EnrichedItem] = []
    enough = asyncio.Event()
    with TemporaryDirectory(prefix="news-bench-") as folder, ExitStack() as running:
        log = Path(folder) / "log"
        async with refusing(stack.engine_url) as proxy, Committed(stack, GROUP, TOPIC) as committed:
            before = await committed.records()
            environment = {"NEWS_ELASTICSEARCH_URL": proxy.url, "NEWS_INDEX_LATE_S": str(plan.late_s)}
            command = ("services.index", "run")
            workers = [
                running.enter_context(broker.worker(stack.bootstrap_servers, command, log, settings=environment))
                for _ in range(WORKERS)
            ]
            await broker.until_members(stack.bootstrap_servers, GROUP, WORKERS)
            loading = asyncio.create_task(_load(stack, plan.rate, sent, enough))
            try:
                told = await _disturb(stack, plan, proxy, committed, before, sent, say)
            finally:
                enough.set()
                await loading
            started = time.monotonic()
            await committed.until(before + len(sent))
            told.append(f"after the last item all was done in {time.monotonic() - started:.1f} s")
            ended = [f"a worker ended with {one.returncode}" for one in workers if one.poll() is not None]
            if ended:
                say(log.read_text()[-3_000:])
    return Outcome(
        [f"{len(sent):,} messages at {plan.rate:g} a second", *told], ended + await _wrong(stack, plan, sent)
    )


async def _disturb(
    stack: local.Stack,
    plan: Plan,
    proxy: Refusing,
    committed: Committed,
    before: int,
    sent: Sequence[EnrichedItem],
    say: Callable[[str], None],
) -> list[str]:
    """Calm, an engine that is away, one that is too busy. Return what was measured."""
    await asyncio.sleep(plan.calm_s)
    say(f"the engine goes away for {plan.away_s:.0f} s")
    await asyncio.to_thread(local.kill, stack, "engine")
    await asyncio.sleep(plan.away_s)
    await asyncio.to_thread(local.start, stack, "engine", lambda _: None)
    waiting, started = len(sent), time.monotonic()
    behind = waiting - (await committed.records() - before)
    say(f"it is back, {behind:,} messages wait")
    await committed.until(before + waiting)
    took = time.monotonic() - started
    told = [f"engine away for {plan.away_s:.0f} s: the {behind:,} messages that waited were done {took:.1f} s after"]
    say(f"caught up; now the engine is too busy for {plan.busy_s:.0f} s")
    proxy.share = SHARE
    await asyncio.sleep(plan.busy_s)
    until = time.monotonic() + PATIENCE_S
    while not proxy.refused_items and time.monotonic() < until:  # noqa: ASYNC110 (a slow machine asks for little)
        await asyncio.sleep(0.1)
    proxy.share = 0.0
    waiting, started = len(sent), time.monotonic()
    behind = waiting - (await committed.records() - before)
    await committed.until(before + waiting)
    refused = f"{proxy.refused_requests:,} requests and {proxy.refused_items:,} items of bulks answered 429"
    took = time.monotonic() - started
    return [
        *told,
        f"{refused} in {plan.busy_s:.0f} s: the {behind:,} messages that waited were done {took:.1f} s after",
    ]


async def _load(stack: local.Stack, rate: float, sent: list[EnrichedItem], enough: asyncio.Event) -> None:
    """Send items, detected when they are sent, until `enough`; some come again, revised."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers, enable_idempotence=True)
    await producer.start()
    try:
        started = time.monotonic()
        made = varied.items(10_000_000, relevant_of_ten=RELEVANT, run=f"faults-{time.time()}")
        while not enough.is_set():
            while len(sent) < (time.monotonic() - started) * rate:
                item = msgspec.structs.replace(next(made), fetched_at=datetime.now(UTC))
                messages = [item, varied.revised(item)] if len(sent) % REVISED == 0 else [item]
                confirmed = [await producer.send(TOPIC, codec.encode(one), one.item_id.encode()) for one in messages]
                await asyncio.gather(*confirmed)
                sent += messages
            await asyncio.sleep(0.02)
    finally:
        await producer.stop()


async def _save_search() -> None:
    now = datetime.now(UTC)
    saved = SavedSearch(
        search_id=SEARCH,
        name=SEARCH,
        query=Query(countries=["HT"]),
        endpoint_id=None,
        created_at=now,
        updated_at=now,
        every="item",
    )
    async with engine.connect() as connected:
        await searches.save(connected, saved)


async def _wrong(stack: local.Stack, plan: Plan, sent: Sequence[EnrichedItem]) -> list[str]:
    """Compare what is stored, told and dead with what was sent."""
    latest = {item.item_id: item for item in sent}  # sent in order
    ids = list(latest)
    stored: dict[str, Stored] = {}
    async with engine.connect() as connected:
        for start in range(0, len(ids), 500):
            stored |= await connected.mget(NEWS, ids[start : start + 500], only=["revision", "title"])
    wrong = [f"lost: {item_id}" for item_id in ids if item_id not in stored]
    wrong += [
        f"not the last version: {item_id}"
        for item_id, found in stored.items()
        if (found.source["revision"], found.source["title"]) != (latest[item_id].revision, latest[item_id].title)
    ]
    wrong += [f"dead letter: {value[:200]!r}" for value in await _read(stack, topics.DEAD)]
    alerts = [codec.decode(value, Alert) for value in await _read(stack, topics.ALERTS)]
    mine = [alert for alert in alerts if alert.search_id == SEARCH]
    wanted = {item.item_id for item in sent if item.relevant and any(one.code == "HT" for one in item.countries)}
    wrong += [f"not told: {item_id}" for item_id in sorted(wanted - {alert.item_id for alert in mine})]
    fetched = {item.item_id: item.fetched_at for item in sent}
    for alert in mine:
        waited = alert.matched_at - fetched[alert.item_id or ""]
        if alert.late != (waited > timedelta(seconds=plan.late_s)):
            wrong.append(f"told after {waited} as {'late' if alert.late else 'in time'}: {alert.item_id}")
    if wanted and not any(alert.late for alert in mine):
        wrong.append("no alert is marked late")
    return wrong


async def _read(stack: local.Stack, topic: str) -> list[bytes]:
    """All values of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    values: list[bytes] = []
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(topics.load()[topic].partitions)])
        await consumer.seek_to_beginning()
        for partition, end in (await consumer.end_offsets(list(consumer.assignment()))).items():
            while await consumer.position(partition) < end:
                read = await consumer.getmany(partition, timeout_ms=500)
                values += [record.value for record in read.get(partition, ())]
    finally:
        await consumer.stop()
    return values


if __name__ == "__main__":
    sys.exit(main())
