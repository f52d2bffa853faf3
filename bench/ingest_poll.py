"""How much polling costs: `python -m bench.ingest_poll` (about two minutes; --seconds 330 for a whole interval).

1. Polls that are answered 304, beside a bare httpx loop over the same addresses, in turns in the same run.
2. 10,000 feeds at an interval of 5 minutes, at the real rate: the real rounds, guard, fetch, parser and polls. The
   broker is a list that forgets, ownership is a list of feeds. One poll in 20 finds something new.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import msgspec
import psutil

from bench.feed_server import document, host, serving
from schemas.messages import Feed, FeedState
from services import settings, telemetry
from services.feeds.rules import new_feed
from services.ingest import items
from services.ingest.fetching.body import ACCEPT_ENCODING
from services.ingest.fetching.clients import Clients
from services.ingest.fetching.fetch import ACCEPT
from services.ingest.formats.parsed_feed import ParsedFeed
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.ownership import Owned
from services.ingest.poll import poll
from services.ingest.run import LATE, Rounds
from services.ingest.schedule import Pace
from services.ingest.state_log import new_state
from services.ingest.world import World
from services.telemetry import Progress

FEEDS, HOSTS, INTERVAL_S = 10_000, 500, 300.0
CHANGE_EVERY = 20
WORKERS = 32
TURNS, TURN_S = 15, 1.0
MODEL = "/feed/model"
LATE_S = 10.0
TICK_S = 0.01


class Forgetful:
    """A broker that confirms at once and keeps nothing."""

    async def send_all(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        """Nothing."""


class Listed:
    """An owner of all feeds."""

    def __init__(self, feeds: Sequence[Feed], states: Sequence[FeedState]) -> None:
        self.changed = asyncio.Event()
        self.changed.set()
        owned = Owned(0, 0)
        owned.log.states = {state.feed_id: state for state in states}
        self._feeds = {feed.feed_id: (owned, feed) for feed in feeds}

    def feeds(self) -> dict[str, tuple[Owned, Feed]]:
        return self._feeds

    async def remember(self, owned: Owned, state: FeedState) -> None:
        owned.log.wrote(state)


def feeds(count: int, hosts: int, port: int) -> list[Feed]:
    """Feeds spread over hosts, and as if added long ago."""
    long_ago = datetime.now(UTC) - timedelta(days=30)
    return [new_feed(f"http://{host(number % hosts)}:{port}/feed/{number}", long_ago) for number in range(count)]


def state_of(feed: Feed, before: ParsedFeed) -> FeedState:
    """A feed that was polled before, with these items."""
    now, path = datetime.now(UTC), urlsplit(feed.url).path
    entries = [
        msgspec.structs.replace(
            entry,
            url=(entry.url or "").replace(MODEL, path),
            entry_id=(entry.entry_id or "").replace(MODEL, path),
        )
        for entry in before.entries
    ]
    fresh = new_state(feed.feed_id, now)
    seen = items.find(msgspec.structs.replace(before, entries=entries), feed, fresh, now, "first_poll").seen
    return msgspec.structs.replace(
        fresh,
        etag='"1"',
        learned_from=feed.url,
        seen=seen,
        first_polled_at=now - timedelta(days=30),
        last_item_at=now,
        full_at=now,
    )


def clients(hosts: int) -> Clients:
    """The guarded clients as ingest makes them, these hosts allowed."""
    outbound = settings.Outbound(allowed_hosts=frozenset(map(host, range(hosts))), user_agent="bench")
    return Clients(outbound, timeout_s=20, max_connections=64, opened=None)


def world(asking: Clients, parser: ParserPool) -> World:
    """The real world but for the broker."""
    made = World(asking, parser, Forgetful())  # type: ignore[arg-type]
    made.pace = Pace(interval_s=INTERVAL_S, max_interval_s=INTERVAL_S)
    return made


class Rate(NamedTuple):
    """How often something was done in a second, and in a second of this process's CPU."""

    wall: float
    cpu: float


async def rate_of(one: Callable[[int], Awaitable[None]]) -> Rate:
    """How often `one` can be done by WORKERS, each one after the other."""
    done, end = 0, time.perf_counter() + TURN_S

    async def work(number: int) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await one(number)
            done += 1

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(work, range(WORKERS)))
    return Rate(done / (time.perf_counter() - started), done / (time.process_time() - cpu))


async def polls_beside_httpx() -> None:
    """Print the rates and their ratio: the median of turns."""
    parser = ParserPool()
    with serving(change_every=None) as port:
        polled = feeds(WORKERS, WORKERS, port)
        before = await parser.parse(document(MODEL, 0), None, "http://news.example/")
        states = [state_of(feed, before) for feed in polled]
        headers = {"Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING, "If-None-Match": '"1"', "User-Agent": "bench"}
        async with aclosing(clients(WORKERS)) as asking, httpx.AsyncClient() as bare:
            here = world(asking, parser)

            async def remember(state: FeedState) -> None:
                raise AssertionError("a 304 teaches nothing")

            async def ours(number: int) -> None:
                health = await poll(polled[number], states[number], here, remember)
                assert health.outcome == "not_modified"

            async def theirs(number: int) -> None:
                answer = await bare.get(polled[number].url, headers=headers)
                assert answer.status_code == 304

            rates = [(await rate_of(ours), await rate_of(theirs)) for _ in range(TURNS + 1)][1:]  # the first warms up
    parser.close()
    polls, gets = (statistics.median(rate.wall for rate in column) for column in zip(*rates, strict=True))
    wall, cpu = (statistics.median(mine[by] / other[by] for mine, other in rates) for by in (0, 1))
    print(f"polls answered 304: {polls:,.0f} a second; bare httpx: {gets:,.0f}; medians of {TURNS} turns")
    print(f"  ratio, median of the turns' own: {wall:.2f} (goal 0.70); by CPU time: {cpu:.2f}")


async def many_feeds(seconds: float) -> None:
    """Print what 10,000 feeds at their real rate cost, over a window."""
    parser, stop, stalls = ParserPool(), asyncio.Event(), list[float]()
    with serving(CHANGE_EVERY) as port:
        polled = feeds(FEEDS, HOSTS, port)
        before = await parser.parse(document(MODEL, 0), None, "http://news.example/")  # the parser is started, too
        states = [state_of(feed, before) for feed in polled]
        now = datetime.now(UTC)
        states = [
            msgspec.structs.replace(state, next_poll_at=now + timedelta(seconds=random.uniform(0, INTERVAL_S)))
            for state in states
        ]
        async with aclosing(clients(HOSTS)) as asking, asyncio.TaskGroup() as tasks:
            here = world(asking, parser)
            tasks.create_task(Rounds(Listed(polled, states), here, tasks, Progress(limit_s=60)).go(stop))
            ticking = tasks.create_task(tick(stalls))
            await asyncio.sleep(min(10.0, seconds / 4))  # the rounds have begun
            process, used, begun = psutil.Process(), cpu_s(), counted()
            memory, started = [process.memory_info().rss], time.perf_counter()
            stalls.clear()
            while (elapsed := time.perf_counter() - started) < seconds:
                await asyncio.sleep(1)
                memory.append(process.memory_info().rss)
            share = (cpu_s() - used) / elapsed
            done, late = (after - earlier for after, earlier in zip(counted(), begun, strict=True))
            ticking.cancel()
            stop.set()
    parser.close()
    stalls.sort()
    third = len(memory) // 3
    growth = statistics.median(memory[-third:]) - statistics.median(memory[:third])
    print(f"{FEEDS:,} feeds on {HOSTS} hosts, interval {INTERVAL_S:.0f} s, window {elapsed:.0f} s, parser included:")
    print(f"  {done / elapsed:.1f} polls a second (wanted: {FEEDS / INTERVAL_S:.1f})")
    print(f"  {share:.2f} of one core (goal: below 0.50)")
    print(f"  {late / done:.2%} of polls more than {LATE_S:.0f} s late (goal: below 1%)")
    print(f"  memory {memory[-1] / 2**20:.0f} MB, {growth / 2**20:+.1f} MB from the first to the last third")
    print(f"  loop stall p99.9 {stalls[int(len(stalls) * 0.999)] * 1000:.0f} ms, longest {stalls[-1] * 1000:.0f} ms")


async def tick(stalls: list[float]) -> None:
    """Measure by how much the loop oversleeps."""
    while True:
        slept = time.perf_counter()
        await asyncio.sleep(TICK_S)
        stalls.append(max(0.0, time.perf_counter() - slept - TICK_S))


def cpu_s() -> float:
    """CPU seconds of this process and the parser's, the server's not among them."""
    own = os.times()
    parsers = [child for child in psutil.Process().children(recursive=True) if "feed_server" not in served(child)]
    return own.user + own.system + sum(sum(child.cpu_times()[:2]) for child in parsers)


def served(child: psutil.Process) -> str:
    """What a spawned process works on, as far as it is the server: it is the one that listens."""
    return "feed_server" if any(c.status == psutil.CONN_LISTEN for c in child.net_connections()) else ""


def counted() -> tuple[float, float]:
    """(polls begun, those more than LATE_S late), by the metric that operators see."""
    [metric] = LATE.collect()
    values = {(sample.name, sample.labels.get("le")): sample.value for sample in metric.samples}
    begun = values["news_poll_delay_seconds_count", None]
    return begun, begun - values["news_poll_delay_seconds_bucket", str(LATE_S)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the window of part 2 (default 60)")
    arguments = parser.parse_args()
    os.environ["NEWS_LOG_LEVEL"] = "WARNING"
    telemetry.start("bench")
    spacing = settings.Ingest().ingest_host_spacing_s
    os.environ["NEWS_INGEST_HOST_SPACING_S"] = "0"  # part 1 asks as fast as it can
    asyncio.run(polls_beside_httpx())
    os.environ["NEWS_INGEST_HOST_SPACING_S"] = str(spacing)
    asyncio.run(many_feeds(arguments.seconds))


if __name__ == "__main__":
    main()
