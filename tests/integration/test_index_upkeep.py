"""Old things go when they may, and what was there can be had back from a snapshot."""

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas.errors import Invalid
from services import engine, settings
from services.engine import Engine, moving
from services.index import items, retain, searches, snapshots_setup, takedown
from services.index.deliver import outbox
from services.index.indices import NEWS, OUTBOX, SEARCHES, STORIES
from services.index.query import Query
from services.index.searches import SavedSearch
from services.index.stories import Band
from tests.conftest import ROOT, Servers
from tests.integration.webhooks import alert_for
from tests.unit.services.index.enriched import enriched

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


async def write(connected: Engine, name: str, fetched_at: datetime) -> str:
    item = enriched(url=f"https://news.example/upkeep/{name}", title=name, fetched_at=fetched_at)
    await items.write(connected, [item], {}, {item.item_id: item.item_id}, NOW)
    return item.item_id


async def ids(connected: Engine, index: str, wanted: list[str]) -> set[str]:
    return set(await connected.mget(index, wanted))


async def test_what_is_older_than_the_settings_keep_goes_and_the_rest_stays(connected: Engine) -> None:
    days = timedelta(days=1)
    old, new = await write(connected, "old", NOW - 101 * days), await write(connected, "new", NOW - 99 * days)
    grave = await write(connected, "grave", NOW - 101 * days)
    await takedown.take_down(connected, [grave], None, NOW)
    owed = {}
    for state, age in (("delivered", 40), ("pending", 40), ("held", 40), ("waiting", 40), ("failed", 30)):
        delivery_id, delivery = outbox.owed(alert_for("s"), "a", "e", NOW - age * days)
        owed[state] = delivery_id, msgspec.structs.replace(delivery, state=state)
    await outbox.create(connected, list(owed.values()))
    for name, age in (("old-band", 45), ("new-band", 43)):
        band = Band(story_id="x", first_at=NOW - age * days)
        await connected.put(STORIES, name, msgspec.to_builtins(band))
    for index in (NEWS, OUTBOX, STORIES):
        await connected.refresh(index)
    due = retain.rules(settings.Retention(retain_items_days=100, retain_deliveries_days=35), NOW)
    expected = {NEWS: 1, OUTBOX: 1, STORIES: 1}
    assert await retain.retain(connected, due, dry_run=True) == expected
    assert await ids(connected, NEWS, [old, new, grave]) == {old, new, grave}
    assert await retain.retain(connected, due, dry_run=False) == expected
    assert await ids(connected, NEWS, [old, new, grave]) == {new, grave}
    kept = {owed[state][0] for state in ("pending", "held", "waiting", "failed")}
    assert await ids(connected, OUTBOX, [delivery_id for delivery_id, _ in owed.values()]) == kept
    assert await ids(connected, STORIES, ["old-band", "new-band"]) == {"new-band"}
    assert await retain.retain(connected, due, dry_run=False) == dict.fromkeys(expected, 0)
    [again] = await items.write(
        connected, [enriched(url="https://news.example/upkeep/old", title="old", fetched_at=NOW)], {}, {}, NOW
    )
    assert again.verdict == "current", "an item that comes again is a new one"


async def test_a_writer_that_read_an_item_before_it_was_deleted_writes_it_anew(connected: Engine) -> None:
    item_id = await write(connected, "deleted", NOW)
    known = await items.read(connected, [item_id])
    assert await connected.delete(NEWS, item_id)
    readable = {name: one for name, one in known.items() if isinstance(one, items.Known)}
    changed = enriched(url="https://news.example/upkeep/deleted", title="changed", fetched_at=NOW, revision=2)
    [outcome] = await items.write(connected, [changed], readable, {}, NOW)
    assert outcome.verdict == "current"
    assert await ids(connected, NEWS, [item_id]) == {item_id}


def command(stack: Servers, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.index", *arguments],
        cwd=ROOT,
        env={**stack.environment, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_setting_that_would_deliver_replays_again_is_refused(stack: Servers) -> None:
    refused = command(stack, "retain", NEWS_RETAIN_DELIVERIES_DAYS="30")
    assert (refused.returncode, "give at least 31" in refused.stderr) == (2, True)


async def test_a_snapshot_brings_items_and_saved_searches_back(
    connected: Engine, stack: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = '{"type": "fs", "settings": {"location": "nightly"}}'
    snapshot: Any = connected.client.snapshot
    what = {"indices": "news*", "include_global_state": False}
    try:
        done = command(stack, "setup", NEWS_SNAPSHOT_REPOSITORY=repository)
        assert done.returncode == 0, done.stderr
        assert "created   snapshot repository news" in done.stdout
        assert "no snapshots are scheduled" in done.stderr, "the local engine has no plugin for that"

        item_id = await write(connected, "backed-up", NOW)
        saved = SavedSearch(
            search_id="backed-up", name="a", query=Query(text="x"), endpoint_id=None, created_at=NOW, updated_at=NOW
        )
        await searches.save(connected, saved)
        await connected.refresh(NEWS)
        before = await moving.count(connected, NEWS)
        await snapshot.create(repository="news", snapshot="one", wait_for_completion=True, body=what)
        await connected.client.indices.delete(index=[*await connected.indices_named("news*")])
        await snapshot.restore(repository="news", snapshot="one", wait_for_completion=True, body=what)

        assert await moving.count(connected, NEWS) == before
        assert await ids(connected, NEWS, [item_id]) == {item_id}
        assert await searches.get(connected, "backed-up") == saved
        assert len(await connected.indices_named(SEARCHES)) == 1
        monkeypatch.setenv("NEWS_SNAPSHOT_REPOSITORY", repository)
        [line] = await snapshots_setup.set_up(connected, dry_run=False, update=False)
        assert line.state == "unchanged", line
    finally:
        await connected.client.options(ignore_status=404).snapshot.delete_repository(name="news")


async def test_a_repository_where_the_engine_may_not_write_is_a_clear_error(
    connected: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWS_SNAPSHOT_REPOSITORY", '{"type": "fs", "settings": {"location": "/elsewhere"}}')
    with pytest.raises(Invalid, match="doesn't match any of the locations"):
        await snapshots_setup.set_up(connected, dry_run=False, update=True)
