"""What matching saved searches takes: `python -m bench.alerts`."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest.mock import patch

import psutil

from bench import standing, texts
from deploy import local
from services import engine, settings
from services.engine import Engine, Put
from services.enrich.gazetteer import load
from services.enrich.tag import Tagger
from services.index import indices, merge, percolate, searches
from services.index.merge import Document

SEARCHES = (100, 1_000, 10_000)
BATCHES = (1, 10, 50, 100)
WARM_UP_S = 20.0
AT_ONCE = 1_000
EXAMPLES = """\
examples:
  python -m bench.alerts                           100, 1,000 and 10,000 saved searches
  python -m bench.alerts --searches 10000 50000 --batches 50 --rounds 10

An engine of its own is started and removed. On a busy machine read the CPU's time, not the clock's.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each number of searches and size of batch, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.alerts",
        description="Milliseconds an item for matching saved searches, by their number and by the size of a batch.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--searches", type=int, nargs="+", default=SEARCHES, metavar="N")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, metavar="N", help="items at once")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of each size, after warming up; default 5")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="news-bench-") as folder:
        stack = local.Stack.on_free_ports(Path(folder))
        configured = {"NEWS_LOCAL_OPTIMISE": "1", "NEWS_ELASTICSEARCH_TIMEOUT_S": "120"}
        with patch.dict(os.environ, configured | {"NEWS_ELASTICSEARCH_URL": stack.engine_url}):
            try:
                local.start(stack, "engine", say=lambda line: print(line, file=sys.stderr))
                asyncio.run(_measure(local.pid(stack, "engine") or 0, asked.searches, asked.batches, asked.rounds))
            finally:
                local.wipe(stack, lambda _: None)
    return 0


async def _measure(pid: int, numbers: Sequence[int], batches: Sequence[int], rounds: int) -> None:
    tag = Tagger(load()).tag
    items = [tag(raw) for raw in texts.items(max(batches), relevant_of_ten=10)]
    documents = {item.item_id: merge.merge(None, item) for item in items}
    print(
        f"{len(items)} relevant items of {sum(len(one.text.encode()) for one in items) // len(items):,} bytes of text"
    )
    async with engine.connect() as connected:
        template = indices.template(indices.SEARCHES, settings.Index())
        await connected.put_template(indices.SEARCHES, template)
        await connected.create_index(f"{indices.SEARCHES}-000001", alias=indices.SEARCHES)
        stored = 0
        for number in sorted(numbers):
            await _save(connected, number, stored)
            stored = number
            await _warm_up(connected, documents)
            for size in batches:
                await _print(connected, pid, number, dict(list(documents.items())[:size]), rounds)


async def _save(connected: Engine, number: int, stored: int) -> None:
    sys.stderr.write(f"saving {number - stored:,} searches\n")
    made = [Put(one.search_id, searches.document(one)) for one in standing.searches(number)[stored:]]
    for start in range(0, len(made), AT_ONCE):
        results = await connected.bulk(indices.SEARCHES, made[start : start + AT_ONCE])
        if refused := [result for result in results if result.verdict != "ok"]:
            raise SystemExit(f"the engine refused a search: {refused[0]}")
    await connected.refresh(indices.SEARCHES)


async def _warm_up(connected: Engine, documents: dict[str, Document]) -> None:
    until = time.monotonic() + WARM_UP_S
    some = dict(list(documents.items())[:10])
    while time.monotonic() < until:
        await percolate.percolate(connected, some)


async def _print(connected: Engine, pid: int, number: int, batch: dict[str, Document], rounds: int) -> None:
    process, size = psutil.Process(pid), len(batch)
    walls, cpus, matches = [], [], 0
    for _ in range(rounds):
        started, before = time.perf_counter(), process.cpu_times()
        matches = len(await percolate.percolate(connected, batch))
        after = process.cpu_times()
        walls.append((time.perf_counter() - started) * 1_000 / size)
        cpus.append((after.user + after.system - before.user - before.system) * 1_000 / size)
    print(
        f"{number:,} searches, batches of {size}: {median(walls):.2f} ms an item (least {min(walls):.2f}), "
        f"{median(cpus):.2f} ms of the engine's CPU; {matches / size:.1f} matches an item",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
