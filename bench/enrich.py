"""How fast and how large enrich is: `python -m bench.enrich`, or make bench-enrich."""

import argparse
import asyncio
import gc
import os
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer

from bench import broker, texts
from deploy.local.ports import free_port
from schemas import codec, topics
from schemas.messages import RawItem
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger

ROUNDS = 5
PURE_ITEMS = 600
MIX = 1  # relevant items of ten
WORKER = ("services.enrich", "run")
GOALS = {"pure": 2_000, "ceiling": 0.8, "two": 1.5, "start_s": 2.0, "memory_mb": 150}

EXAMPLES = """\
examples:
  python -m bench.enrich                  everything, some three minutes
  python -m bench.enrich --only pure      the tagging alone, without a broker
  python -m bench.enrich --items 50000    more items through the broker

Ratios compare what was measured in the same run, and so mean something on a machine that does other things too. The
exit status is 0 when everything was measured, whether or not a goal was met.
"""


class Run(msgspec.Struct, frozen=True):
    """What went through workers on the broker. shares: CPU, as a part of one core, while it went."""

    per_second: float
    shares: dict[str, float]
    memory_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a line for each thing, and return the exit status."""
    options = _parser().parse_args(arguments)
    pure = _pure()
    if options.only != "pure":
        asyncio.run(_through_broker(options.items, pure))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.enrich",
        description="Measures the tagging on 3 KB items in six languages: alone, and through a real broker.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=["pure"], help="measure only the pure function")
    parser.add_argument("--items", type=int, default=15_000, help="items for each run on the broker (default 15000)")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _pure() -> float:
    """Measure the pure function; return its items a second in the mix that the broker's runs use."""
    _say("tagging alone ...")
    tagger = Tagger(load())
    tagger.prepare()
    gc.freeze()
    measured = {}
    for relevant in (MIX, 10, 0):
        items = texts.items(PURE_ITEMS, relevant_of_ten=relevant)
        measured[relevant] = _per_core_second(tagger, items)
    print(f"pure function, one core, 3 KB items in {len(texts.LANGUAGES)} languages (median of {ROUNDS}):")
    print(f"  90% irrelevant, 10% relevant  {measured[MIX]:7,.0f} items/s  (goal {GOALS['pure']:,})")
    print(f"  all relevant                  {measured[10]:7,.0f} items/s")
    print(f"  all irrelevant                {measured[0]:7,.0f} items/s")
    return measured[MIX]


def _per_core_second(tagger: Tagger, items: Sequence[RawItem]) -> float:
    """Items by second of CPU, so that what else runs on the machine counts less."""
    rates = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for item in items:
            tagger.tag(item)
        rates.append(len(items) / (time.process_time() - started))
    return median(rates)


async def _through_broker(number: int, pure: float) -> None:
    _say("starting a broker ...")
    async with broker.broker() as kafka:
        records = [
            (item.item_id, codec.encode(item)) for item in texts.items(number, relevant_of_ten=MIX, run="through")
        ]
        await _start_up(kafka)
        bare = await _run(kafka, ("bench.faust_passthrough",), "bench-passthrough", 1, records)
        one = await _run(kafka, WORKER, "enrich", 1, records)
        two = await _run(kafka, WORKER, "enrich", 2, records)
    ceiling = 1 / (1 / bare.per_second + 1 / pure)
    print(f"through the broker, {number:,} items, {os.cpu_count()} cores:")
    _print_run("bare faust", bare)
    _print_run("enrich", one)
    _print_run("enrich, two workers", two)
    print(
        f"  one worker against the ceiling 1/(1/bare + 1/pure) of {ceiling:,.0f}/s: {one.per_second / ceiling:.2f}"
        f"  (goal {GOALS['ceiling']})"
    )
    print(f"  two workers against one: {two.per_second / one.per_second:.2f}  (goal {GOALS['two']})")
    print(f"  memory of a worker after its items: {one.memory_mb:.0f} MB  (goal below {GOALS['memory_mb']})")


def _print_run(name: str, run: Run) -> None:
    shares = ", ".join(f"{who} {share:.2f}" for who, share in run.shares.items())
    print(f"  {name:20} {run.per_second:7,.0f} items/s   CPU: {shares}")


async def _run(
    kafka: broker.Broker, arguments: Sequence[str], group: str, workers: int, records: Sequence[tuple[str, bytes]]
) -> Run:
    """Start workers on an empty topic, load the records, and time until all that they become has arrived."""
    _say(f"{' '.join(arguments)}, {workers} at once ...")
    with ExitStack() as running, TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        processes = [running.enter_context(broker.worker(kafka.servers, arguments, log)) for _ in range(workers)]
        await broker.until_members(kafka.servers, group, workers)
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka.servers)
        await consumer.start()
        try:
            await _warm_up(kafka, consumer, records)
            before = await broker.count(consumer, topics.ENRICHED)
            spent = [sum(broker.cpu_s(process.pid) for process in processes), kafka.cpu_s(), time.process_time()]
            started = time.perf_counter()
            await broker.load(kafka.servers, topics.RAW, records)
            await _until_arrived(consumer, before + len(records))
            elapsed = time.perf_counter() - started
        finally:
            await consumer.stop()
        used = [sum(broker.cpu_s(process.pid) for process in processes), kafka.cpu_s(), time.process_time()]
        memory = max(psutil.Process(process.pid).memory_info().rss for process in processes)
    shares = {
        who: (after - then) / elapsed
        for who, after, then in zip(("workers", "broker", "loader"), used, spent, strict=True)
    }
    return Run(len(records) / elapsed, shares, memory / 1e6)


async def _warm_up(kafka: broker.Broker, consumer: AIOKafkaConsumer, records: Sequence[tuple[str, bytes]]) -> None:
    before = await broker.count(consumer, topics.ENRICHED)
    warm = records[:1_000]
    await broker.load(kafka.servers, topics.RAW, warm)
    await _until_arrived(consumer, before + len(warm))


async def _until_arrived(consumer: AIOKafkaConsumer, number: int) -> None:
    until = time.monotonic() + broker.PATIENCE_S
    while (arrived := await broker.count(consumer, topics.ENRICHED)) < number:
        if time.monotonic() > until:
            raise SystemExit(
                f"only {arrived} of {number} came in {broker.PATIENCE_S:.0f} s: python -m services.enrich run"
            )
        await asyncio.sleep(0.05)


async def _start_up(kafka: broker.Broker) -> None:
    """From starting the process to /ready, and how much CPU that took."""
    _say("start-up ...")
    walls, cpus = [], []
    with TemporaryDirectory() as folder:
        for _ in range(3):
            port = free_port()
            started = time.perf_counter()
            with broker.worker(kafka.servers, WORKER, Path(folder) / "log", port) as process:
                await asyncio.to_thread(_until_ready, port)
                walls.append(time.perf_counter() - started)
                cpus.append(broker.cpu_s(process.pid))
    print(
        f"start-up to ready: {median(walls):.1f} s, of which CPU {median(cpus):.1f} s (median of 3)"
        f"  (goal below {GOALS['start_s']:.0f} s)"
    )


def _until_ready(port: int) -> None:
    until = time.monotonic() + broker.PATIENCE_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"enrich was not ready after {broker.PATIENCE_S:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
