"""A server as a daemon: started in a session of its own, found again by a pid file, stopped within a bound.

A pid says nothing by itself: the system gives it to others after a crash or a reboot. Every server is started as
`java @FILE` with an argument file of its own, and only a process whose command line names that file counts as it.
"""

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

GRACE = 30.0  # seconds from SIGTERM to SIGKILL
IGNORED_ENVIRONMENT = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")  # the argument file alone decides


@dataclass(frozen=True)
class Daemon:
    """A server's files and the port that it has, or would have."""

    name: str
    home: Path
    log: Path

    @property
    def arguments(self) -> Path:
        return self.home / "java.args"

    @property
    def record(self) -> Path:
        return self.home / "process.json"


def find(daemon: Daemon) -> psutil.Process | None:
    """Return the process of this server, or None where it does not run (whatever the pid file says)."""
    try:
        pid = json.loads(daemon.record.read_text())["pid"]
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # where we are its parent, a dead one would stay as a zombie
        process = psutil.Process(pid)
        return process if f"@{daemon.arguments}" in _command_line(process) else None
    except (FileNotFoundError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _command_line(process: psutil.Process) -> list[str]:
    """Return the command line. During an exec, and java's launcher makes one of itself, the system shows none."""
    for _ in range(50):
        if (line := process.cmdline()) or process.status() == psutil.STATUS_ZOMBIE:
            return line
        time.sleep(0.01)
    return []


def recorded_port(daemon: Daemon) -> int:
    """Return the port with which the server was last started."""
    return int(json.loads(daemon.record.read_text())["port"])


def spawn(daemon: Daemon, java: Path, arguments: Sequence[str], port: int) -> psutil.Process:
    """Start the server, its output going to a fresh log; the log of the run before is kept as .1."""
    daemon.home.mkdir(parents=True, exist_ok=True)
    daemon.log.parent.mkdir(parents=True, exist_ok=True)
    if daemon.log.exists():
        daemon.log.replace(daemon.log.with_name(daemon.log.name + ".1"))
    daemon.arguments.write_text(argument_file(arguments), encoding="utf-8")
    pid = os.posix_spawn(
        java,
        [str(java), f"@{daemon.arguments}"],
        {name: value for name, value in os.environ.items() if name not in IGNORED_ENVIRONMENT} | {"LC_ALL": "C.UTF-8"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(daemon.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    daemon.record.write_text(json.dumps({"pid": pid, "port": port}))
    return psutil.Process(pid)


def argument_file(arguments: Sequence[str]) -> str:
    """Return the text of a java argument file: a quoted argument a line (JDK, "java Command-Line Argument Files")."""
    return "".join('"{}"\n'.format(argument.replace("\\", "\\\\").replace('"', '\\"')) for argument in arguments)


def stop(process: psutil.Process, grace: float = GRACE) -> bool:
    """End a process, with SIGTERM and after `grace` seconds with SIGKILL; return whether SIGTERM was enough."""
    try:
        process.terminate()
        process.wait(grace)
    except psutil.TimeoutExpired:
        kill(process)
        return False
    except psutil.NoSuchProcess:
        pass
    return True


def kill(process: psutil.Process) -> None:
    """End a process with SIGKILL and wait until it is gone."""
    with suppress(psutil.NoSuchProcess):
        process.kill()
        process.wait(GRACE)


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
