"""The real servers for every test that asks for `stack`, and the rule that no test is skipped unnoticed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy import local

ROOT = Path(__file__).parents[1]
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


@dataclass(frozen=True)
class Servers:
    """Kafka and the search engine, set up. `environment` is what a service's process needs to find them."""

    processes: local.Stack
    bootstrap_servers: str
    engine_url: str
    environment: dict[str, str] = field(repr=False)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
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
            subprocess.run([sys.executable, "-m", "services.index", "setup"], cwd=ROOT, check=True, timeout=120)
            yield Servers(servers, servers.bootstrap_servers, servers.engine_url, {**os.environ})
        finally:
            local.wipe(servers)


def allowed_skips() -> dict[str, str]:
    """Test id -> reason, from allowed_skips.txt: a line each, `test id: reason`."""
    lines = [line for line in ALLOWED_SKIPS.read_text().splitlines() if line and not line.startswith("#")]
    return {test.strip(): reason.strip() for test, reason in (line.split(": ", 1) for line in lines)}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in _unexpected_skips(terminalreporter):
        terminalreporter.write_line(f"skipped but not in tests/allowed_skips.txt: {report.nodeid}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.exitstatus == pytest.ExitCode.OK and reporter and _unexpected_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _unexpected_skips(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    allowed = allowed_skips()
    return [
        report
        for report in reporter.stats.get("skipped", [])
        if isinstance(report, pytest.TestReport) and report.nodeid not in allowed
    ]
