import asyncio
from collections import Counter

import pytest

from services.index.deliver import lanes
from services.index.deliver.lanes import Lanes


async def test_a_lane_that_hangs_delays_no_other() -> None:
    forever, quick_ones_done, done = asyncio.Event(), asyncio.Event(), list[str]()

    async def work(job: str) -> bool:
        if job.startswith("slow"):
            await forever.wait()
        done.append(job)
        if len(done) == 3:
            quick_ones_done.set()
        return True

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=2)
        for n in range(50):
            all_lanes.offer("slow", f"slow-{n}")
        for n in range(3):
            all_lanes.offer("quick", f"quick-{n}")
        await quick_ones_done.wait()
        assert done == ["quick-0", "quick-1", "quick-2"]
        forever.set()
    assert len(done) == 53


async def test_a_lane_is_never_wider_than_it_may_be_and_runs_all_its_jobs() -> None:
    running, most, done = Counter[str](), Counter[str](), Counter[str]()

    async def work(job: str) -> bool:
        lane = job.split("-")[0]
        running[lane] += 1
        most[lane] = max(most[lane], running[lane])
        await asyncio.sleep(0)
        running[lane] -= 1
        done[job] += 1
        return True

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=3)
        for n in range(20):
            for lane in "ab":
                assert all_lanes.offer(lane, f"{lane}-{n}")
    assert most == {"a": 3, "b": 3}
    assert done == Counter({f"{lane}-{n}": 1 for lane in "ab" for n in range(20)})


async def test_a_job_that_is_offered_again_while_it_waits_or_runs_runs_once() -> None:
    done: list[str] = []
    go = asyncio.Event()

    async def work(job: str) -> bool:
        await go.wait()
        done.append(job)
        return True

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=1)
        for _ in range(3):
            assert all_lanes.offer("a", "runs")
            assert all_lanes.offer("a", "waits")
        go.set()
    assert done == ["runs", "waits"]


async def test_a_full_lane_says_so_and_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "DEPTH", 2)
    go = asyncio.Event()

    async def work(_: str) -> bool:
        await go.wait()
        return True

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=1)
        assert [all_lanes.offer("a", str(n)) for n in range(4)] == [True, True, True, False]
        assert all_lanes.full() == ["a"]
        go.set()


async def test_closing_lets_what_runs_finish_and_starts_nothing_more() -> None:
    done: list[str] = []

    async def work(job: str) -> bool:
        await asyncio.sleep(0.01)
        done.append(job)
        return True

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=1)
        all_lanes.offer("a", "runs")
        all_lanes.offer("a", "waits")
        await asyncio.sleep(0)
        await all_lanes.close(patience_s=5)
        assert not all_lanes.offer("a", "later")
    assert done == ["runs"]


async def test_closing_cancels_what_does_not_finish() -> None:
    cancelled: list[str] = []

    async def work(job: str) -> bool:
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(job)
            raise

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=1)
        all_lanes.offer("a", "hangs")
        await asyncio.sleep(0)
        await all_lanes.close(patience_s=0.01)
    assert cancelled == ["hangs"]


async def test_a_bug_in_a_job_ends_the_group() -> None:
    async def work(_: str) -> bool:
        raise RuntimeError("a bug")

    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="a bug")):
        async with asyncio.TaskGroup() as tasks:
            Lanes(tasks, work, width=1).offer("a", "x")
            await asyncio.Event().wait()


async def test_a_lane_where_things_go_wrong_is_one_wide_until_they_go_well() -> None:
    running, seen = 0, list[int]()

    async def work(job: str) -> bool:
        nonlocal running
        running += 1
        seen.append(running)
        await asyncio.sleep(0)
        running -= 1
        return int(job) >= 8

    async with asyncio.TaskGroup() as tasks:
        all_lanes = Lanes(tasks, work, width=3)
        for n in range(15):
            all_lanes.offer("a", str(n))
    assert seen[:3] == [1, 2, 3]
    assert max(seen[3:9]) <= 3
    assert seen[5:9] == [1, 1, 1, 1]
    assert max(seen[9:]) == 3
