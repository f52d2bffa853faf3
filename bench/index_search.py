"""How large the index is, and how fast it is searched: an archive, and ten searches as people make them."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median
from typing import Any

import httpx
import msgspec
from cryptography.fernet import Fernet
from elasticsearch import AsyncElasticsearch

from bench import texts, varied
from bench.index_write import bare_client
from deploy import local
from services import engine
from services.engine import Create
from services.index import merge
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.indices import NEWS
from services.vault import Vault

KEY = "a-key-for-the-benchmark"
TOGETHER = 500
ROUNDS = 30  # of each search
IN_STORY = 4  # relevant items of a story, one after the other
MONTH = (varied.NOW - timedelta(days=30)).isoformat()

# (what, path, parameters). Half of them begin where a monitor begins her day: the latest of something.
SEARCHES: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("the latest relevant items", "items", {"relevant": "true"}),
    ("two words", "items", {"q": "kenya police"}),
    ("a phrase", "items", {"q": '"multinational security support"', "relevant": "true"}),
    ("words, one excluded, by relevance", "items", {"q": "gang (port OR airport) -football", "sort": "relevance"}),
    ("country, role and time", "items", {"q": "country:KE role:contributor", "since": MONTH}),
    ("a figure in pairs", "items", {"q": "figure:(pledged >100)"}),
    ("the beginning of a word", "items", {"q": "polic* haiti", "language": "es"}),
    ("stories, with highlights", "items", {"q": "mission", "collapse": "story", "highlight": "true"}),
    ("facets of a month", "items/facets", {"q": "haiti", "since": MONTH}),
    ("bars by day of a year", "items/histogram", {"q": "haiti", "interval": "day"}),
)


async def archive(stack: local.Stack, number: int) -> None:
    """Fill an archive, and print its size and how fast it is searched."""
    async with engine.connect() as connected, bare_client(stack) as client:
        before = await _bytes(client)
        await _fill(connected, number)
        await client.indices.flush(index=NEWS)
        as_written = await _bytes(client) - before
        await client.options(request_timeout=1_800).indices.forcemerge(index=NEWS, max_num_segments=1)
        merged = await _bytes(client)
        documents = (await client.count(index=NEWS))["count"]
        print(
            f"size of the index, {documents:,} items of {texts.BYTES / 1_000:.0f} KB of text, one copy of each shard:"
        )
        print(f"  {as_written / number / 1_000:.1f} KB an item as written, {merged / documents / 1_000:.1f} KB merged")
        await _search(connected, documents)


async def _fill(connected: engine.Engine, number: int) -> None:
    now = datetime.now(UTC)
    made = varied.items(number, relevant_of_ten=1, run="archive")
    relevant, story = 0, ""
    started = time.monotonic()
    written = 0
    while items := list(islice(made, TOGETHER)):
        operations = []
        for item in items:
            document = merge.merge(None, item)
            if item.relevant:
                story = item.item_id if relevant % IN_STORY == 0 else story
                document = msgspec.structs.replace(document, story_id=story)
                relevant += 1
            operations.append(Create(item.item_id, merge.to_write(document, now)))
        await connected.bulk(NEWS, operations)
        written += len(items)
        if written % 10_000 < TOGETHER:
            print(f"  {written:,} of {number:,}, {written / (time.monotonic() - started):,.0f} a second", flush=True)


async def _search(connected: engine.Engine, documents: int) -> None:
    app = create_app(Context(connected, Vault(Fernet.generate_key().decode()), frozenset()), auth.known_keys(KEY))
    transport = httpx.ASGITransport(app)
    headers = {"authorization": f"Bearer {KEY}"}
    print(f"searches through the API, {documents:,} items, one after the other, {ROUNDS} times each, milliseconds:")
    every: list[float] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example", headers=headers) as api:
        for what, path, parameters in SEARCHES:
            taken, found = [], 0
            for turn in range(ROUNDS + 5):  # the first ones compile and fill caches
                started = time.perf_counter()
                answer = await api.get(f"/v1/{path}", params=parameters)
                if turn >= 5:
                    taken.append(1_000 * (time.perf_counter() - started))
                if answer.status_code != 200:
                    raise SystemExit(f"{what}: {answer.status_code} {answer.text}")
                total = answer.json().get("total")
                found = total["value"] if isinstance(total, dict) else total or 0
            every += taken
            told = f"finds {found:,}" if found else ""
            print(f"  {what:35} p50 {median(taken):6.1f}   p95 {_percentile(taken, 95):6.1f}   {told}")
    print(f"  {'all of them':35} p50 {median(every):6.1f}   p95 {_percentile(every, 95):6.1f}")


def _percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


async def _bytes(client: AsyncElasticsearch) -> int:
    """By segment: what the statistics say is up to 10 s old (index.store.stats_refresh_interval)."""
    await client.indices.refresh(index=NEWS)
    [index] = (await client.indices.segments(index=NEWS))["indices"].values()
    shards = [copy for copies in index["shards"].values() for copy in copies if copy["routing"]["primary"]]
    segments = [segment for shard in shards for segment in shard["segments"].values() if segment["search"]]
    return sum(segment["size_in_bytes"] for segment in segments)
