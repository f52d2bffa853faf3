"""TLS, keys and roles: a real engine behind a proxy that demands what an engine with security demands."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services import engine
from services.engine import Create
from services.index import indices, roles_setup
from tests.conftest import Servers, on_both_engines
from tests.integration.certificates import self_signed
from tests.integration.guarded_engine import GuardedEngine, guarding

KEY = "aWQ6c2VjcmV0"
# Roles are Elasticsearch's alone.
on_elasticsearch = pytest.mark.parametrize("search_engine", ["elasticsearch"], indirect=True, scope="module")


@pytest.fixture
async def guarded(stack: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GuardedEngine]:
    """The engine behind TLS, and settings that are right for it."""
    async with guarding(stack.engine_url, tmp_path) as found:
        found.authorization = {f"ApiKey {KEY}"}
        monkeypatch.setenv("NEWS_ELASTICSEARCH_URL", found.url)
        monkeypatch.setenv("NEWS_ELASTICSEARCH_CA_FILE", str(found.ca_file))
        monkeypatch.setenv("NEWS_ELASTICSEARCH_API_KEY", KEY)
        yield found


async def refusal() -> str:
    with pytest.raises(SystemExit) as refused:
        async with engine.connect():
            pass
    return str(refused.value)


@on_both_engines
async def test_with_the_right_key_and_ca_everything_works_over_tls(guarded: GuardedEngine) -> None:
    async with engine.connect() as connected:
        band = {"kind": "band", "story_id": "a"}
        [result] = await connected.bulk(indices.STORIES, [Create("over-tls", band)], refresh=True)
        assert result.verdict == "ok"
        stored = await connected.get(indices.STORIES, "over-tls")
        assert stored
        assert stored.source == band
        await connected.delete(indices.STORIES, "over-tls")
        async with connected.point_in_time(indices.NEWS) as snapshot:
            assert (await snapshot.search({"size": 0}))["hits"]["hits"] == []


async def test_a_wrong_key_names_the_setting_and_not_the_key(
    guarded: GuardedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWS_ELASTICSEARCH_API_KEY", "d3Jvbmc6a2V5")
    said = await refusal()
    assert "refuses us (401): is NEWS_ELASTICSEARCH_API_KEY" in said
    assert "d3Jvbmc6a2V5" not in said


@pytest.mark.parametrize("ca_file", ["another", ""])
async def test_a_wrong_ca_names_the_setting(
    guarded: GuardedEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_file: str
) -> None:
    if ca_file:
        (tmp_path / "other").mkdir()
        ca_file = str(self_signed(tmp_path / "other")[0])
    monkeypatch.setenv("NEWS_ELASTICSEARCH_CA_FILE", ca_file)
    assert "is NEWS_ELASTICSEARCH_CA_FILE the engine's CA?" in await refusal()


@on_elasticsearch
async def test_roles_are_created_and_their_drift_mended_on_request_only(guarded: GuardedEngine) -> None:
    async def states(*, dry_run: bool = False, update: bool = False) -> set[str]:
        async with engine.connect() as connected:
            return {line.state for line in await roles_setup.set_up(connected, dry_run=dry_run, update=update)}

    assert await states(dry_run=True) == {"created"}
    assert guarded.roles == {}
    assert await states() == {"created"}
    assert guarded.roles.keys() == set(roles_setup.ALL)
    assert await states() == {"unchanged"}
    guarded.roles["news_index"]["indices"][0]["privileges"] = ["all"]
    assert await states() == {"drift", "unchanged"}
    assert await states(update=True) == {"updated", "unchanged"}
    assert await states() == {"unchanged"}
    guarded.privileges.clear()
    assert await states() == set(), "set-up by a user who may not write roles leaves them alone"


@on_elasticsearch
async def test_each_service_gets_a_key_of_its_own_role(guarded: GuardedEngine) -> None:
    async def command() -> tuple[int | None, str, str]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.index", "engine-keys"), env={**os.environ}, stdout=pipe, stderr=pipe
        )
        written, said = await process.communicate()
        return process.returncode, written.decode(), said.decode()

    status, written, said = await command()
    assert status == 0, said
    lines = dict(line.split("=", 1) for line in written.splitlines())
    assert lines.pop("SERVICES_ENGINE_PASSWORD") == ""
    assert lines.keys() == {f"{service.upper()}_ENGINE_KEY" for service in roles_setup.SERVICES}
    for service in roles_setup.SERVICES:
        made = guarded.keys[lines[f"{service.upper()}_ENGINE_KEY"]]
        assert made == {
            "name": f"news_{service}",
            "role_descriptors": {f"news_{service}": roles_setup.role(f"news_{service}")},
        }
    assert not any(key in said for key in lines.values()), "a key is no matter for a log"
    guarded.privileges.clear()
    status, written, said = await command()
    assert (status, written) == (1, "")
    assert "has not the cluster privilege manage_api_key" in said


@on_both_engines
async def test_an_engine_without_security_gets_no_roles(stack: Servers) -> None:
    async with engine.connect() as connected:
        assert await roles_setup.set_up(connected, dry_run=False, update=True) == []
