"""Poison through the running index process: listed, replayed after the fix, replayed again, dropped."""

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography.fernet import Fernet

from schemas import codec, topics
from schemas.errors import Invalid
from services import engine, kafka
from services.dead_letters import dead_letter
from services.engine import Engine, Stored
from services.index import indices
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.api.feed_book import FeedBook, following
from services.index.dead import shelf
from services.index.dead.shelf import Found, Wanted, written
from services.kafka import Producer, Record
from services.vault import Vault
from tests.conftest import ROOT, Servers
from tests.eventually import eventually
from tests.integration.test_index_run import connected, indexing, item, mark, producer

__all__ = ["connected", "mark", "producer"]  # fixtures

KEY = {"x-api-key": "key"}


async def dead(stack: Servers, *arguments: str) -> tuple[int, str, str]:
    """`python -m services.index dead ...`: exit status, stdout, stderr."""
    command = [sys.executable, "-m", "services.index", "dead", *arguments]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=stack.environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def find(**wanted: object) -> list[Found]:
    return (await shelf.find(Wanted(**wanted), datetime.now(UTC))).found  # type: ignore[arg-type]


async def bury(producer: Producer, key: str, value: bytes, **changes: object) -> Found:
    """Put a letter onto the shelf as the enrich service would, from news.enriched, and return it as it is found."""
    record = Record(topics.ENRICHED, 0, 7, key.encode(), value, (("trace", b"t-1"),), 0)
    letter = dead_letter("test", record, Invalid("no such field 17", reason="schema"), datetime.now(UTC))
    letter = msgspec.structs.replace(letter, **changes)
    await producer.send(topics.DEAD, key, codec.encode(letter))
    (found,) = [one for one in await find(stage="test", handled=None) if one.letter.key == key]
    return found


@asynccontextmanager
async def calling(connected: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with following(FeedBook()) as book:
        await book.feeds()
        context = Context(connected, Vault(Fernet.generate_key().decode()), frozenset(), book)
        app = create_app(context, auth.known_keys("anna:key"))
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api.example", headers=KEY
        ) as client:
            yield client


async def test_poison_is_listed_shown_and_after_the_fix_replayed(
    stack: Servers, connected: Engine, producer: Producer, mark: str, tmp_path: Path
) -> None:
    """The fix: an engine that takes the field's length, which it refuses at first."""
    good = item(mark, 1)
    poison = codec.encode(good).replace(b'"mss"', b'"' + b"m" * 40_000 + b'"')
    with indexing(stack, tmp_path / "log"):
        await producer.send(topics.ENRICHED, good.item_id, poison)
        await producer.send(topics.ENRICHED, good.item_id, b"{nope")

        async def both_dead() -> list[Found]:
            mine = [one for one in await find(stage="index") if one.letter.key == good.item_id]
            return mine if len(mine) == 2 else []

        letters: list[Found] = await eventually("both are dead", both_dead, within_s=60)
        places = {one.letter.reason: written(one.place) for one in letters}
        refused, undecodable = places["engine_refused"], places["undecodable"]

        status, listed, _ = await dead(stack, "list", "--stage", "index", "--reason", "undecodable", "--since", "1d")
        assert status == 0
        assert "1 dead letters, 1 causes" in listed
        assert f"{undecodable} " in listed
        assert good.item_id in listed
        assert refused not in listed.split()

        status, shown, _ = await dead(stack, "show", undecodable)
        assert (status, shown.endswith("message, 5 bytes:\n{nope\n")) == (0, True)
        assert await dead(stack, "show", refused, "--raw") == (0, poison.decode(), "")

        assert (await dead(stack, "replay", refused))[::2] == (
            2,
            "nothing was done: nobody can answer here, add --yes (or --dry-run)\n",
        )
        status, dry, _ = await dead(stack, "replay", refused, "--dry-run")
        assert (status, "nothing is changed" in dry) == (0, True)
        assert await connected.get(indices.NEWS, good.item_id) is None

        await raise_the_limit(connected)
        status, replayed, _ = await dead(stack, "replay", refused, "--yes")
        assert (status, replayed.endswith("replayed 1\n")) == (0, True)

        async def indexed() -> Stored | None:
            return await connected.get(indices.NEWS, good.item_id)

        first: Stored | None = await eventually("the item is there", indexed)
        assert first

        status, again, _ = await dead(stack, "replay", refused, "--yes")
        assert (status, again) == (0, "1 were handled before; --again replays them once more\nnothing to replay\n")
        assert (await dead(stack, "replay", refused, "--yes", "--again"))[0] == 0
        after = item(mark, 2)
        await producer.send(topics.ENRICHED, good.item_id, codec.encode(after))  # behind the repeat, in its partition
        await eventually("the repeat is processed", lambda: connected.get(indices.NEWS, after.item_id))
        second = await connected.get(indices.NEWS, good.item_id)
        assert second == first, "the repeat wrote nothing"

        assert (await dead(stack, "drop", "--stage", "index", "--reason", "undecodable", "--yes"))[0] == 0
        assert [one.place for one in await find(stage="index") if one.letter.key == good.item_id] == []
        status, handled, _ = await dead(stack, "list", "--handled", "--json")
        told = {one["place"]: one["handled"]["action"] for one in map(json.loads, handled.splitlines())}
        assert (told[refused], told[undecodable]) == ("replayed", "dropped")
