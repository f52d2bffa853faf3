"""Set-up creates what is missing, changes nothing the second time, and reports drift instead of hiding it."""

import subprocess
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas import topics
from services import engine, kafka, settings
from services.engine import Engine
from services.index import indices, topics_setup
from services.index.report import Line
from tests.conftest import ROOT, Servers, on_both_engines


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


@pytest.fixture
async def admin(stack: Servers) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**kafka.connection("test"))
    await client.start()
    yield client
    await client.close()


def set_up(stack: Servers, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.index", "setup", *arguments],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def of(lines: list[Line], thing: str) -> Line:
    [found] = [line for line in lines if line.thing == thing]
    return found


@on_both_engines
def test_a_second_run_changes_nothing_and_says_so(stack: Servers) -> None:
    done = set_up(stack)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert last == "unchanged"
    assert all(line.startswith("unchanged ") for line in lines)
    assert len(lines) == len(topics.load()) + 2 * len(indices.ALL)


@on_both_engines
async def test_drift_of_a_template_is_reported_and_mended_on_request_only(stack: Servers, connected: Engine) -> None:
    wanted = indices.template(indices.ENDPOINTS, settings.Index())
    thing = "index template news-endpoints"
    try:
        await connected.put_template(indices.ENDPOINTS, wanted | {"priority": 7})
        reported = set_up(stack)
        assert reported.returncode == 3
        assert f"drift     {thing}  (priority: is 7, should be 500)" in reported.stdout
        assert of(await indices.set_up(connected, dry_run=True, update=True), thing).state == "updated"
        assert of(await indices.set_up(connected, dry_run=False, update=False), thing).state == "drift"
        assert of(await indices.set_up(connected, dry_run=False, update=True), thing).state == "updated"
        assert of(await indices.set_up(connected, dry_run=False, update=False), thing).state == "unchanged"
    finally:
        await connected.put_template(indices.ENDPOINTS, wanted)


async def test_a_topic_s_settings_are_compared_and_mended_on_request_only(admin: AIOKafkaAdminClient) -> None:
    thing, wanted = f"topic {topics.DEAD}", topics.load()[topics.DEAD].config()
    changed = ConfigResource(ConfigResourceType.TOPIC, topics.DEAD, configs=wanted | {"retention.ms": "1000000000"})
    await admin.alter_configs([changed])
    assert of(await topics_setup.set_up(dry_run=False, update=False), thing) == Line(
        thing, "drift", "retention.ms: is 1000000000, should be 2592000000"
    )
    assert of(await topics_setup.set_up(dry_run=False, update=True), thing).state == "updated"
    assert of(await topics_setup.set_up(dry_run=False, update=False), thing).state == "unchanged"


async def test_partitions_that_differ_are_reported_and_never_changed(
    stack: Servers, admin: AIOKafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = msgspec.structs.replace(topics.load()[topics.DEAD], partitions=2)
    monkeypatch.setitem(topics.load(), topics.DEAD, fewer)
    line = of(await topics_setup.set_up(dry_run=False, update=True), f"topic {topics.DEAD}")
    assert line.state == "drift"
    assert "partitions: are 3, should be 2" in line.detail


async def test_a_missing_topic_is_created_unless_it_is_a_dry_run(
    stack: Servers, admin: AIOKafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "test.made-by-set-up"
    monkeypatch.setitem(topics.load(), name, topics.load()[topics.DEAD])
    try:
        assert of(await topics_setup.set_up(dry_run=True, update=False), f"topic {name}").state == "created"
        assert name not in await admin.list_topics()
        assert of(await topics_setup.set_up(dry_run=False, update=False), f"topic {name}").state == "created"
        assert name in await admin.list_topics()
    finally:
        await admin.delete_topics([name])


@on_both_engines
async def test_indices_are_created_and_fields_that_they_lack_are_added_on_request(
    connected: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an index of the test's own, since a field cannot be taken away again."""
    name = "news-test-fields"

    def with_fields(**types: str) -> indices.Definition:
        properties = {field: {"type": type_} for field, type_ in types.items()}
        return indices.Definition(settings={}, mappings={"dynamic": "strict", "properties": properties})

    definitions = {name: with_fields(a="keyword")}
    monkeypatch.setattr(indices, "definition", definitions.__getitem__)
    monkeypatch.setattr(indices, "ALL", (name,))

    async def states(*, update: bool = False) -> list[str]:
        return [line.state for line in await indices.set_up(connected, dry_run=False, update=update)]

    try:
        assert await states() == ["created", "created"]
        assert await states() == ["unchanged", "unchanged"]
        definitions[name] = with_fields(a="keyword", b="date")
        assert await states() == ["drift", "drift"]
        assert await states(update=True) == ["updated", "updated"]
        assert await states() == ["unchanged", "unchanged"]
        definitions[name] = with_fields(a="text", b="date", c="long")
        assert await states(update=True) == ["updated", "updated", "drift"], "a field's type needs a reindex"
    finally:
        client = connected.client.options(ignore_status=404)
        await client.indices.delete(index=f"{name}-000001")
        await client.indices.delete_index_template(name=name)


@on_both_engines
async def test_an_index_in_the_place_of_an_alias_is_reported(
    connected: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "news-test-squatter"
    monkeypatch.setattr(indices, "definition", {name: indices.definition(indices.STORIES)}.__getitem__)
    monkeypatch.setattr(indices, "ALL", (name,))
    await connected.client.indices.create(index=name)
    try:
        line = of(await indices.set_up(connected, dry_run=True, update=True), f"index {name}")
        assert (line.state, "has the alias's name" in line.detail) == ("drift", True)
    finally:
        await connected.client.indices.delete(index=name)
