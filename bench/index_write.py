"""How fast the index service writes, from Kafka into the engine, beside a bare `async_bulk` of the same documents."""

import signal
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from subprocess import Popen
from tempfile import TemporaryDirectory

import msgspec
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

from bench import broker, varied
from bench.servers import Committed, metrics, send
from deploy import local
from deploy.local.ports import free_port
from schemas import codec, topics
from schemas.messages import EnrichedItem
from services import engine
from services.engine.opensearch import OpenSearchNode
from services.index import merge, searches
from services.index.indices import NEWS
from services.index.query import Query
from services.index.searches import SavedSearch

GOAL = 0.6
GROUP, TOPIC = "index", topics.ENRICHED
CHUNK = 500  # documents of a bare bulk: the helper's own default
SECONDS = 'news_index_stage_seconds_sum{stage="'


class Turn(msgspec.Struct, frozen=True):
    """What one turn took, by item: seconds, seconds of the process's CPU, seconds of its batches by stage."""

    seconds: float
    cpu_s: float
    stages: dict[str, float]


class Indexer:
    """`python -m services.index run`, stopped while its topic is filled."""

    def __init__(self, stack: local.Stack, process: Popen[bytes], port: int) -> None:
        self._stack = stack
        self._process = process
        self._port = port

    async def turn(self, items: Sequence[EnrichedItem]) -> Turn:
        """Send the items, and time until all are committed."""
        records = [(item.item_id, codec.encode(item)) for item in items]
        async with Committed(self._stack, GROUP, TOPIC) as committed:
            done = await committed.records()
            before, cpu = metrics(self._port), broker.cpu_s(self._process.pid)
            self._process.send_signal(signal.SIGSTOP)
            try:
                await send(self._stack, TOPIC, records)
            finally:
                self._process.send_signal(signal.SIGCONT)
            started = time.perf_counter()
            await committed.until(done + len(items))
            elapsed = time.perf_counter() - started
        spent, after = broker.cpu_s(self._process.pid) - cpu, metrics(self._port)
        stages = {
            name.removeprefix(SECONDS).removesuffix('"}'): (value - before.get(name, 0.0)) / len(items)
            for name, value in after.items()
            if name.startswith(SECONDS)
        }
        return Turn(elapsed / len(items), spent / len(items), stages)


@asynccontextmanager
async def indexer(stack: local.Stack) -> AsyncIterator[Indexer]:
    """One, warmed up."""
    port = free_port()
    with (
        TemporaryDirectory(prefix="news-bench-") as folder,
        broker.worker(stack.bootstrap_servers, ("services.index", "run"), Path(folder) / "log", port) as process,
    ):
        await broker.until_members(stack.bootstrap_servers, GROUP, 1)
        started = Indexer(stack, process, port)
        for number in range(2):
            await started.turn(list(varied.items(1_500, relevant_of_ten=1, run=f"warm-{port}-{number}")))
        yield started


async def beside_bare(stack: local.Stack, turns: int, number: int) -> None:
    """Print how fast irrelevant items are written, bare and by the service, in turns."""
    bare: list[float] = []
    ours: list[Turn] = []
    async with indexer(stack) as running, bare_client(stack) as client:
        await bulk(client, varied.items(1_500, relevant_of_ten=0, run="warm-bare"))
        for turn in range(turns):
            bare.append(await bulk(client, varied.items(number, relevant_of_ten=0, run=f"bare-{turn}")))
            ours.append(await running.turn(list(varied.items(number, relevant_of_ten=0, run=f"ours-{turn}"))))
    ratios = [one / turn.seconds for one, turn in zip(bare, ours, strict=True)]
    print(f"items that are not relevant, {number:,} a turn, median of {turns} turns:")
    print(f"  bare async_bulk, {CHUNK} at once  {1 / median(bare):7,.0f} items/s")
    print(f"  through Kafka, as it ships     {1 / median(turn.seconds for turn in ours):7,.0f} items/s")
    told = f"{median(ratios):.2f} of bare  (goal {GOAL}; turns {min(ratios):.2f} to {max(ratios):.2f})"
    print(f"  {told}")
    _print_stages(ours)


async def full_path(stack: local.Stack, turns: int, number: int, saved: int) -> None:
    """Print what an item costs with stories and matching, by stage."""
    async with engine.connect() as connected:
        await _save_searches(connected, saved)
    async with indexer(stack) as running:
        for relevant in (1, 10):
            ours = []
            for turn in range(turns):
                run = f"full-{relevant}-{turn}"
                items = varied.items(number, relevant_of_ten=relevant, run=run, at=datetime.now(UTC))
                ours.append(await running.turn(list(items)))
            rate = 1 / median(turn.seconds for turn in ours)
            print(f"the full path, {relevant} of 10 relevant, {saved:,} saved searches: {rate:,.0f} items/s")
            _print_stages(ours)


def _print_stages(turns: Sequence[Turn]) -> None:
    names = [name for name in turns[0].stages if any(turn.stages[name] for turn in turns)]
    costs = {name: median(turn.stages[name] for turn in turns) for name in names}
    total = median(turn.seconds for turn in turns)
    costs["else"] = total - sum(costs.values())
    told = ", ".join(f"{name} {1e6 * cost:,.0f}" for name, cost in costs.items())
    print(f"  of {1e6 * total:,.0f} us an item: {told}; CPU of the process {1e6 * median(t.cpu_s for t in turns):,.0f}")


async def _save_searches(connected: engine.Engine, number: int) -> None:
    """Saved searches as people have them: a phrase or its words, half of them with a country."""
    now = datetime.now(UTC)
    for place, item in enumerate(varied.items(number, relevant_of_ten=10, run="searches")):
        words = [word for word in item.text.split() if word.isalpha()][place % 50 :][:3]
        text = " ".join(words)
        query = Query(text=f'"{text}"' if place % 2 else text, countries=["HT"] if place % 4 < 2 else [])
        found = SavedSearch(
            search_id=f"bench-{place}", name=text, query=query, endpoint_id=None, created_at=now, updated_at=now
        )
        await searches.save(connected, found)


@asynccontextmanager
async def bare_client(stack: local.Stack) -> AsyncIterator[AsyncElasticsearch]:
    client = AsyncElasticsearch(stack.engine_url, node_class=OpenSearchNode, request_timeout=120)
    try:
        yield client
    finally:
        await client.close()


async def bulk(client: AsyncElasticsearch, items: Iterable[EnrichedItem]) -> float:
    """Write the items' documents, made before the clock starts; return seconds by item."""
    now = datetime.now(UTC)
    actions = [
        {"_op_type": "create", "_index": NEWS, "_id": item.item_id, "_source": as_json(item, now)} for item in items
    ]
    started = time.perf_counter()
    await async_bulk(client, actions, chunk_size=CHUNK)
    return (time.perf_counter() - started) / len(actions)


def as_json(item: EnrichedItem, now: datetime) -> dict[str, object]:
    """The document of an item as dicts and lists."""
    document: dict[str, object] = msgspec.to_builtins(merge.to_stored(merge.merge(None, item), now))
    return document
