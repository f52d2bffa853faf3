"""The real servers for every test that asks for `stack`, and the rule that no test is skipped unnoticed."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import httpx
import pytest

from deploy import local
from deploy.local.ports import free_port
from deploy.local.say import show
from tests.elasticsearch_node import node

ROOT = Path(__file__).parents[1]
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


@dataclass(frozen=True)
class Servers:
    """Kafka and the search engine, set up. `environment` is what a service's process needs to find them."""

    processes: local.Stack
    bootstrap_servers: str
    engine_url: str
    environment: dict[str, str] = field(repr=False)


SearchEngine = Literal["opensearch", "elasticsearch"]
ENGINES: tuple[SearchEngine, ...] = ("opensearch", "elasticsearch")
# On a test, or on a module's tests: run with the local stack's engine, and with a real Elasticsearch in its place.
on_both_engines = pytest.mark.parametrize("search_engine", ENGINES, indirect=True, scope="module")


@pytest.fixture(scope="module")
def search_engine(request: pytest.FixtureRequest) -> SearchEngine:
    """Which engine `stack` has: the local stack's, unless a test says `on_both_engines`.

    Those marks are indirect: a test of another engine, or of none, then gets a `stack` of its own in every order.
    """
    chosen: SearchEngine = getattr(request, "param", "opensearch")
    return chosen


@pytest.fixture
def percolator(search_engine: SearchEngine) -> None:
    """For a test that matches saved searches: of Elasticsearch's modules, the percolator is not published."""
    if search_engine == "elasticsearch":
        pytest.skip("the Elasticsearch node has no percolator")


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, local_stack: Servers, search_engine: SearchEngine) -> Iterator[Servers]:
    """Kafka and a search engine, set up; this process's settings point at them too."""
    if search_engine == "opensearch":
        yield local_stack
        return
    url: str = request.getfixturevalue("elasticsearch_node")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEWS_ELASTICSEARCH_URL", url)
        if not _emptied(url):
            _set_up()
        yield replace(local_stack, engine_url=url, environment={**os.environ})


@pytest.fixture(scope="session")
def elasticsearch_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an Elasticsearch node, started when the first test asks for it."""
    with node.running(tmp_path_factory.mktemp("node"), free_port(), show) as url:
        yield url


def _emptied(url: str) -> bool:
    """Make every index anew, since what one module leaves behind another would find. False where there is none yet."""
    with httpx.Client(base_url=url, timeout=60) as client:
        indices = client.get("/_all").raise_for_status().json()
        for name, found in indices.items():
            client.delete(f"/{name}").raise_for_status()
            client.put(f"/{name}", json={"aliases": found["aliases"]}).raise_for_status()
    return bool(indices)


def _set_up() -> None:
    subprocess.run([sys.executable, "-m", "services.index", "setup"], cwd=ROOT, check=True, timeout=120)


@pytest.fixture(scope="module")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The local stack on free ports, with topics and indices; this process's settings point at it too.

    Each module has its own: what one leaves behind (thousands of items, saved searches) would keep another's waiting.
    """
    servers = local.Stack.on_free_ports(tmp_path_factory.mktemp("stack"))
    found = {
        "NEWS_KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "NEWS_ELASTICSEARCH_URL": servers.engine_url,
        "NEWS_LOG_FORMAT": "json",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        try:
            local.up(servers)
            _set_up()
            yield Servers(servers, servers.bootstrap_servers, servers.engine_url, {**os.environ})
        finally:
            local.wipe(servers)


def allowed_skips() -> dict[str, str]:
    """Test id (or pattern of ids) -> reason, from allowed_skips.txt: a line each, `test id: reason`."""
    lines = [line for line in ALLOWED_SKIPS.read_text().splitlines() if line and not line.startswith("#")]
    return {test.strip(): reason.strip() for test, reason in (line.split(": ", 1) for line in lines)}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for (test, reason), count in _skips_by_test(terminalreporter).items():
        terminalreporter.write_line(f"skipped {count}: {test}: {reason}")
    for report in _unexpected_skips(terminalreporter):
        terminalreporter.write_line(f"skipped but not in tests/allowed_skips.txt: {report.nodeid}", red=True)


def _skips_by_test(reporter: pytest.TerminalReporter) -> Counter[tuple[str, str]]:
    """How often each test was skipped, whatever its parameters, and why: pytest's own summary folds them by line."""
    reports = [report for report in reporter.stats.get("skipped", []) if isinstance(report, pytest.TestReport)]
    return Counter((report.nodeid.split("[")[0], _reason(report)) for report in reports)


def _reason(report: pytest.TestReport) -> str:
    return report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else "?"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.exitstatus == pytest.ExitCode.OK and reporter and _unexpected_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _unexpected_skips(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    patterns = [name.replace("[", "[[]") for name in allowed_skips()]  # brackets are those of parameters
    return [
        report
        for report in reporter.stats.get("skipped", [])
        if isinstance(report, pytest.TestReport)
        and not any(fnmatchcase(report.nodeid, pattern) for pattern in patterns)
    ]
