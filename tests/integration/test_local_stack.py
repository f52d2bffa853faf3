"""The local stack on this machine: both servers come up, keep their data, and say why when they cannot."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy import local
from deploy.local import LocalStackError, Stack
from deploy.local.__main__ import main


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of this file's own; its folder has what people's folders have: a space and an accent."""
    stack = Stack.on_free_ports(tmp_path_factory.mktemp("local") / "mes données")
    try:
        local.up(stack)
        yield stack
    finally:
        local.wipe(stack)


@pytest.fixture
def engine(running: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.engine_url, timeout=30, trust_env=False) as client:
        yield client


def pids(stack: Stack) -> list[int | None]:
    return [local.pid(stack, name) for name in local.SERVERS]


def test_both_are_up_on_loopback_only_and_in_sessions_of_their_own(running: Stack) -> None:
    assert [server.state for server in local.status(running)] == ["up", "up"]
    listening = set()
    for pid in pids(running):
        assert pid is not None
        assert os.getsid(pid) == pid  # so that the terminal's Ctrl-C does not reach it
        connections = psutil.Process(pid).net_connections("tcp")
        listening |= {connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN}
    assert {ip for ip, _ in listening} <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert {running.kafka_port, running.engine_port} <= {port for _, port in listening}


def test_up_again_starts_nothing_new(running: Stack) -> None:
    before = pids(running)
    local.up(running)
    assert pids(running) == before


def test_a_second_stack_on_the_same_data_is_refused(running: Stack) -> None:
    with pytest.raises(LocalStackError, match=f"already runs on .*port {running.kafka_port} instead of"):
        local.up(Stack(Stack.on_free_ports(running.data).kafka_port, running.engine_port, running.data))


def test_data_survive_down_and_up(running: Stack, engine: httpx.Client) -> None:
    message = os.urandom(4_000_000)
    asyncio.run(create_and_send(running, message))
    engine.put("/kept").raise_for_status()
    engine.put("/kept/_doc/1", json={"title": "kept"}).raise_for_status()

    local.down(running)
    assert [server.state for server in local.status(running)] == ["down", "down"]
    local.up(running)

    assert asyncio.run(first_message(running)) == message
    assert engine.get("/kept/_doc/1").json()["_source"] == {"title": "kept"}


async def create_and_send(stack: Stack, message: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1, topic_configs={"max.message.bytes": "4194304"})])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers, max_request_size=4_194_304) as producer:
        await producer.send_and_wait("kept", message)


async def first_message(stack: Stack) -> bytes | None:
    async with AIOKafkaConsumer(
        "kept", bootstrap_servers=stack.bootstrap_servers, auto_offset_reset="earliest", group_id="reader"
    ) as consumer:
        value: bytes | None = (await asyncio.wait_for(consumer.getone(), 30)).value
        return value


def test_a_killed_server_is_down_by_itself_and_starts_again(running: Stack) -> None:
    before = pids(running)
    local.kill(running, "kafka")
    assert [server.state for server in local.status(running)] == ["down", "up"]
    with pytest.raises(LocalStackError, match="does not run"):
        local.kill(running, "kafka")
    local.start(running, "kafka")
    assert [server.state for server in local.status(running)] == ["up", "up"]
    kafka, engine = pids(running)
    assert kafka != before[0]
    assert engine == before[1]


def test_the_engine_percolates_and_knows_the_languages(engine: httpx.Client) -> None:
    fields = {name: {"type": "text", "analyzer": name} for name in ("english", "french", "spanish", "portuguese")}
    mappings = {"properties": {"query": {"type": "percolator"}, **fields}}
    engine.put("/searches", json={"mappings": mappings}).raise_for_status()
    engine.put("/searches/_doc/1?refresh=true", json={"query": {"match": {"french": "policier"}}}).raise_for_status()
    percolate = {"percolate": {"field": "query", "document": {"french": "Deux policiers kényans"}}}
    found = engine.post("/searches/_search", json={"query": percolate}).raise_for_status().json()
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]


def test_an_index_that_nobody_set_up_is_missed_rather_than_created(engine: httpx.Client) -> None:
    assert engine.post("/unknown/_doc", json={"a": 1}).status_code == 404


def test_a_port_in_use_is_named_with_its_holder_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack.on_free_ports(tmp_path)
    with socket.create_server(("127.0.0.1", stack.engine_port)):
        ports = ["--kafka-port", str(stack.kafka_port), "--engine-port", str(stack.engine_port)]
        assert main(["up", *ports, "--data", str(tmp_path)]) == 1
    complaint = capsys.readouterr().err
    assert f"port {stack.engine_port} (engine) is in use by process {os.getpid()}" in complaint
    assert "--engine-port or NEWS_LOCAL_ENGINE_PORT" in complaint
    assert pids(stack) == [None, None]


def test_servers_that_die_at_start_are_reported_with_the_reason_and_their_logs(tmp_path: Path) -> None:
    stack = Stack.on_free_ports(tmp_path / "stack")
    (stack.data / "kafka" / "data").mkdir(parents=True)
    (stack.data / "kafka" / "data" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=another\n")
    (stack.data / "engine" / "data" / "nodes" / "0" / "_state").mkdir(parents=True)
    (stack.data / "engine" / "data" / "nodes" / "0" / "_state" / "segments_1").write_text("damaged by a test")
    with pytest.raises(LocalStackError) as caught:
        local.up(stack)
    for part in (
        "kafka died while starting",
        "Stored node id 7 doesn't match previous node id 1",
        str(stack.data / "logs" / "kafka.log"),
        "engine died while starting",
        "segments_1",
        "Failed to start node 1",
        str(stack.data / "logs" / "engine.log"),
    ):
        assert part in str(caught.value)
    local.wipe(stack)
    assert not stack.data.exists()
