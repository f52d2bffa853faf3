"""Feeds managed while everything runs: API and command line write, ingest goes by it without a restart."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services import engine
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.api.feed_book import FeedBook, following
from services.vault import Vault
from tests.conftest import Servers
from tests.eventually import eventually
from tests.integration.ingesting import ROOT, Ingest, ingesting, serving
from tests.integration.webhooks import ENCRYPTION_KEY

STEADY, LATER = "/steady", "/later"


@pytest.fixture
async def ingest(stack: Servers, tmp_path: Path) -> AsyncIterator[Ingest]:
    with serving(STEADY) as site:
        async with ingesting(site, stack.environment | {"NEWS_ENCRYPTION_KEYS": ENCRYPTION_KEY}, tmp_path) as ingest:
            yield ingest


@pytest.fixture
async def api(stack: Servers) -> AsyncIterator[httpx.AsyncClient]:
    async with engine.connect() as connected, following(FeedBook()) as book:
        context = Context(connected, Vault(ENCRYPTION_KEY), frozenset({"127.0.0.1"}), book)
        transport = httpx.ASGITransport(create_app(context, auth.known_keys("key")))
        headers = {"x-api-key": "key"}
        async with httpx.AsyncClient(transport=transport, base_url="http://api.example", headers=headers) as client:
            yield client


async def test_a_feed_is_polled_from_when_the_api_adds_it_until_it_is_paused(
    ingest: Ingest, api: httpx.AsyncClient
) -> None:
    site = ingest.site
    ingest.start("replica")
    await eventually("the replica polls", lambda: site.asked(STEADY))
    site.articles[LATER] = {"first": "First"}

    added = await api.post("/v1/feeds", json={"url": site.url + LATER, "user_agent": "Its own"})
    assert added.status_code == 201, added.text
    await eventually("the new feed is polled", lambda: site.asked(LATER, replica="Its own"))

    changed = await api.patch(f"/v1/feeds/{added.json()['id']}", json={"user_agent": None})
    assert changed.status_code == 200
    await eventually("polled as it was changed", lambda: site.asked(LATER, replica=ingest.replicas[0].name))

    assert (await api.patch(f"/v1/feeds/{added.json()['id']}", json={"paused": True})).status_code == 200

    async def at_rest() -> bool:
        before, steady = len(site.asked(LATER)), len(site.asked(STEADY))
        await eventually("others are polled", lambda: len(site.asked(STEADY)) > steady + 3)
        return len(site.asked(LATER)) == before

    await eventually("the paused feed is left alone", at_rest)
    assert (await api.delete(f"/v1/feeds/{added.json()['id']}")).status_code == 204


async def test_the_command_line_and_the_api_see_each_other_s_changes(
    stack: Servers, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    environment = {**os.environ, **stack.environment, "NEWS_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    url, file = "https://vigie.example/rss", tmp_path / "feeds.opml"

    async def feeds(*arguments: str, typed: str = "") -> str:
        command = [sys.executable, "-m", "services.ingest", "feeds", *arguments]
        ran = await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=120
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    feed_id = (await feeds("add", url, "--title", "Vigie", "--basic", typed="reader:hunter2\n")).split()[0]

    async def seen() -> bool:
        return (await api.get(f"/v1/feeds/{feed_id}")).status_code == 200

    await eventually("the API has the feed", seen)
    shown = (await api.get(f"/v1/feeds/{feed_id}")).json()
    assert (shown["title"], shown["credentials"], shown["paused"]) == ("Vigie", True, False)

    assert (await api.patch(f"/v1/feeds/{feed_id}", json={"paused": True, "tags": ["Haïti"]})).status_code == 200
    assert f"{feed_id}  paused" in await feeds("list")
    await feeds("export", str(file))
    assert 'paused="true"' in file.read_text()
    assert "hunter2" not in file.read_text()
    await feeds("remove", url)

    async def gone() -> bool:
        return (await api.get(f"/v1/feeds/{feed_id}")).status_code == 404

    await eventually("the API has it no more", gone)
    assert (await api.post("/v1/feeds.opml", content=file.read_bytes())).status_code == 200
    again = (await api.get(f"/v1/feeds/{feed_id}")).json()
    assert (again["tags"], again["paused"], again["credentials"]) == (["Haïti"], True, False)
