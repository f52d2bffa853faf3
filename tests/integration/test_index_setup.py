"""Set-up creates what is missing, changes nothing the second time, and reports drift instead of hiding it."""

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas import topics
from services import kafka, settings
from services.index import engine, indices
from services.index.engine import Engine
from tests.conftest import ROOT, Servers


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


def set_up(stack: Servers, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.index", "setup", *arguments],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_second_run_changes_nothing_and_says_so(stack: Servers) -> None:
    done = set_up(stack)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert last == "unchanged"
    assert all(line.startswith("unchanged ") for line in lines)
    assert len(lines) == len(topics.load()) + 2 * len(indices.ALL)


async def test_drift_of_a_template_is_reported_and_mended_on_request_only(stack: Servers, connected: Engine) -> None:
    wanted = indices.template(indices.ENDPOINTS, settings.Index())
    try:
        await connected.put_template(indices.ENDPOINTS, wanted | {"priority": 7})
        reported = set_up(stack)
        assert reported.returncode == 3
        assert "drift     index template news-endpoints  (priority: is 7, should be 500)" in reported.stdout
        assert set_up(stack, "--dry-run", "--update").returncode == 0
        assert set_up(stack).returncode == 3, "a dry run changes nothing"
        assert "updated   index template news-endpoints" in set_up(stack, "--update").stdout
    finally:
        await connected.put_template(indices.ENDPOINTS, wanted)
    assert set_up(stack).returncode == 0


async def test_a_topic_s_settings_are_compared(stack: Servers) -> None:
    client = AIOKafkaAdminClient(**kafka.connection("test"))
    await client.start()
    try:
        changed = topics.load()[topics.DEAD].config() | {"retention.ms": "1000000000"}
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.DEAD, configs=changed)])
        reported = set_up(stack)
        assert reported.returncode == 3
        assert "drift     topic news.dead  (retention.ms: is 1000000000, should be 2592000000)" in reported.stdout
        assert "updated   topic news.dead" in set_up(stack, "--update").stdout
        assert set_up(stack).returncode == 0
    finally:
        await client.close()


async def test_a_field_that_an_index_lacks_is_added_on_request(
    connected: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an index of the test's own, since a field can not be taken away again."""
    import msgspec

    name = "news-test-fields"
    described = msgspec.structs.replace(indices.definition(indices.FEED_HEALTH))
    mappings = {"dynamic": "strict", "properties": {"a": {"type": "keyword"}}}
    small = msgspec.structs.replace(described, mappings=mappings)
    larger = msgspec.structs.replace(
        small, mappings={"dynamic": "strict", "properties": {"a": {"type": "keyword"}, "b": {"type": "date"}}}
    )
    definitions = {name: small}
    monkeypatch.setattr(indices, "definition", definitions.__getitem__)
    monkeypatch.setattr(indices, "ALL", (name,))

    async def states(*, update: bool = False) -> list[str]:
        return [line.state for line in await indices.set_up(connected, dry_run=False, update=update)]

    try:
        assert await states() == ["created", "created"]
        assert await states() == ["unchanged", "unchanged"]
        definitions[name] = larger
        assert await states() == ["drift", "drift"]
        assert await states(update=True) == ["updated", "updated"]
        assert await states() == ["unchanged", "unchanged"]
        definitions[name] = msgspec.structs.replace(
            larger, mappings={"dynamic": "strict", "properties": {"a": {"type": "text"}, "b": {"type": "date"}}}
        )
        assert await states(update=True) == ["updated", "drift"], "a field's type needs a reindex"
    finally:
        await connected.client.options(ignore_status=404).indices.delete(index=f"{name}-000001")
        await connected.client.options(ignore_status=404).indices.delete_index_template(name=name)
