"""Services are kept running, and stopped in a bounded time. The processes are real, and short."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from deploy.demo.errors import Failed
from deploy.demo.processes import Service, supervise
from tests.eventually import eventually

Job = Callable[..., Service]  # of the code, and a name
FOREVER = "time.sleep(60)"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Makes a service of a few lines of Python. It knows `starts`: how often it was started, this time included."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def written(code: str, name: str = "job") -> Service:
        count = tmp_path / f"{name}.count"
        head = f"""
import os, pathlib, signal, time
count = pathlib.Path({str(count)!r})
starts = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(starts))
"""
        (tmp_path / f"{name}.py").write_text(head + code)
        return Service(name, [name], {"GREETING": "hello"}, tmp_path / "logs" / f"{name}.log")

    return written


def log(service: Service) -> str:
    return service.log.read_text() if service.log.exists() else ""


def log_is(service: Service, text: str) -> bool:
    return log(service) == text


def ended(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return False


async def stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_output_goes_to_the_log_and_the_environment_to_the_process(job: Job) -> None:
    one, said = job(f"print(os.environ['GREETING'], flush=True)\n{FOREVER}"), list[str]()
    task = asyncio.create_task(supervise([one], said.append))
    await eventually("the service greets", lambda: log(one) == "hello\n")
    await stopped(task)
    assert said == []


async def test_a_service_that_dies_is_restarted_and_reported_with_the_end_of_its_log(job: Job) -> None:
    one = job(f"if starts == 1: raise SystemExit('no broker')\nprint('second', flush=True)\n{FOREVER}")
    said: list[str] = []
    task = asyncio.create_task(supervise([one], said.append, restart_after_s=0))
    await eventually("it runs again", lambda: "second" in log(one))
    await stopped(task)
    [report] = said
    assert re.match(r"job ended with code 1; the end of \S+job.log:\n", report)
    assert "    no broker" in report


async def test_of_json_lines_what_went_wrong_is_reported_as_people_read_it(job: Job) -> None:
    lines = [
        {"level": "error", "event": "bug", "topic": "news.raw", "exception": "Traceback\n  KeyError", "timestamp": "t"},
        {"level": "info", "event": "stopped"},
    ]
    logged = "\n".join(map(json.dumps, lines))
    one = job(f"if starts == 1: raise SystemExit({logged!r})\nprint('second', flush=True)\n{FOREVER}")
    said: list[str] = []
    task = asyncio.create_task(supervise([one], said.append, restart_after_s=0))
    await eventually("it runs again", lambda: "second" in log(one))
    await stopped(task)
    assert said[0].splitlines()[1:] == ["    error bug topic=news.raw", "    Traceback", "      KeyError"]


async def test_a_service_that_dies_five_times_in_a_minute_is_given_up(job: Job) -> None:
    one, said = job("print('start', starts, flush=True)\nraise SystemExit(3)"), list[str]()
    with pytest.raises(Failed, match="job ended 5 times within 60 s"):
        await supervise([one], said.append, restart_after_s=0)
    assert len(said) == 5
    assert log(one).splitlines()[-1] == "start 5"


async def test_when_one_is_given_up_the_others_are_stopped(job: Job) -> None:
    good = job(f"print(os.getpid(), flush=True)\n{FOREVER}")
    bad = job("raise SystemExit(3)", "bad")
    with pytest.raises(Failed, match="bad"):
        await supervise([good, bad], list[str]().append, restart_after_s=0)
    assert all(map(ended, log(good).split()))


async def test_one_that_ignores_sigterm_is_killed_and_said_so(job: Job) -> None:
    one = job(f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\n{FOREVER}")
    said: list[str] = []
    task = asyncio.create_task(supervise([one], said.append, stop_within_s=0.2))
    await eventually("it runs", lambda: log(one))
    await stopped(task)
    assert said == ["job did not stop within 0.2 s of SIGTERM: killed"]
    assert ended(log(one))


async def test_a_signal_is_reported_by_its_name(job: Job) -> None:
    one, said = job(f"print(os.getpid(), flush=True)\n{FOREVER}"), list[str]()
    task = asyncio.create_task(supervise([one], said.append))
    await eventually("it runs", lambda: log(one))
    os.kill(int(log(one)), signal.SIGKILL)
    await eventually("its end is reported", lambda: said)
    await stopped(task)
    assert said[0].startswith("job ended with SIGKILL")


async def test_each_run_begins_a_fresh_log(job: Job) -> None:
    one = job(f"print('run', starts, flush=True)\n{FOREVER}")
    for expected in ("run 1\n", "run 2\n"):
        task = asyncio.create_task(supervise([one], list[str]().append))
        await eventually("it runs", partial(log_is, one, expected))
        await stopped(task)
