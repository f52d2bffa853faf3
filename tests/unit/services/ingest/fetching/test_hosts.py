import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

from services.ingest.fetching.hosts import AT_ONCE, Hosts


class Clock:
    """Time that passes when everybody sleeps, as far as the first of them wants."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def held(hosts: Hosts, let_go: asyncio.Event) -> Callable[[str, list[str]], Coroutine[None, None, None]]:
    async def hold(url: str, begun: list[str]) -> None:
        async with hosts.turn(url):
            begun.append(url)
            await let_go.wait()

    return hold


async def test_starts_on_one_host_are_apart_and_those_on_others_are_not() -> None:
    clock = Clock()
    hosts = Hosts(5.0, 64, clock.now, clock.sleep)
    starts = []
    for url in ("https://a.example/1", "https://b.example/1", "https://A.example:8443/2", "https://a.example/3"):
        async with hosts.turn(url):
            starts.append(clock.now())
    assert starts == [0, 0, 5, 10]


async def test_a_host_gets_so_many_at_once_and_who_waits_for_it_holds_no_slot() -> None:
    hosts, let_go, begun = Hosts(0.0, AT_ONCE + 1), asyncio.Event(), list[str]()
    hold = held(hosts, let_go)
    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(hold(f"https://busy.example/{number}", begun))
        await settled()
        assert begun == [f"https://busy.example/{number}" for number in range(AT_ONCE)]
        tasks.create_task(hold("https://idle.example/", begun))
        await settled()
        assert begun[AT_ONCE:] == ["https://idle.example/"]
        let_go.set()
    assert len(begun) == 11


async def test_all_hosts_together_get_so_many_at_once() -> None:
    hosts, let_go, begun = Hosts(0.0, 3), asyncio.Event(), list[str]()
    hold = held(hosts, let_go)
    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(hold(f"https://{number}.example/", begun))
        await settled()
        assert len(begun) == 3
        let_go.set()
    assert len(begun) == 10


async def test_a_turn_that_is_given_up_frees_its_place() -> None:
    hosts, let_go, begun = Hosts(0.0, 2), asyncio.Event(), list[str]()
    hold = held(hosts, let_go)
    waiting = [asyncio.create_task(hold(f"https://busy.example/{number}", begun)) for number in range(6)]
    await settled()
    for task in waiting:
        task.cancel()
    for task in waiting:
        with suppress(asyncio.CancelledError):
            await task
    async with hosts.turn("https://busy.example/again"), hosts.turn("https://other.example/"):
        assert len(begun) == AT_ONCE


async def test_hosts_are_forgotten_when_their_spacing_has_passed() -> None:
    clock = Clock()
    hosts = Hosts(5.0, 64, clock.now, clock.sleep)
    for number in range(1_000):
        async with hosts.turn(f"https://{number}.example/"):
            clock.time += 1
    assert len(hosts) <= 6
