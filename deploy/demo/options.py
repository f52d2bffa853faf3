"""What runs, what was asked for, and the ports and addresses that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import ports

ROOT = Path(__file__).parents[2]
DATA = ROOT / ".data"
LOGS = DATA / "logs"
HOST = ports.HOST
HOOK = "/hooks/news"
PORT_SETTING, PORT = "NEWS_DEMO_PORT", 8400
API_PORT_SETTING, API_PORT = "NEWS_API_PORT", 8080
SERVICES: Mapping[str, Sequence[str]] = {
    "ingest": ("services.ingest", "run"),
    "enrich": ("services.enrich", "run"),
    "index": ("services.index", "run"),
    "deliver": ("services.index", "deliver"),
    "api": ("services.index", "api"),
}


@dataclass(frozen=True)
class Options:
    """feeds: a file or URL of real feeds, None for the demo's. port: the first of the seven that the demo uses.

    seconds: after which to stop, None for never.
    """

    feeds: str | None
    port: int
    api_port: int
    seconds: float | None
    until_webhook: bool

    @property
    def feeds_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def receiver_url(self) -> str:
        return f"http://{HOST}:{self.port + 1}{HOOK}"

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.api_port}"

    @property
    def metrics_ports(self) -> dict[str, int]:
        return {name: self.port + 2 + n for n, name in enumerate(SERVICES)}

    def require_ports(self) -> None:
        """Raises LocalStackError, before anything is started, where a port is taken."""
        for port, user in ((self.port, "demo feeds"), (self.port + 1, "demo receiver")):
            ports.require_free(port, user, PORT_SETTING)
        for name, port in self.metrics_ports.items():
            ports.require_free(port, f"metrics of {name}", PORT_SETTING)
        ports.require_free(self.api_port, "API", API_PORT_SETTING)
