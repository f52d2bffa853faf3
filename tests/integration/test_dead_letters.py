"""Poison through the running index process: listed, replayed after the fix, replayed again, dropped."""

import asyncio
import contextlib
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
from cryptography.fernet import Fernet

from schemas import codec, topics
from schemas.errors import Invalid
from services import kafka
from services.dead_letters import dead_letter
from services.engine import Engine, Stored
from services.index import indices
from services.index.__main__ import parser
from services.index.api import auth
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.api.feed_book import FeedBook, following
from services.index.dead import command, shelf
from services.index.dead.shelf import Found, Wanted, written
from services.kafka import Producer, Record
from services.vault import Vault
from tests.conftest import ROOT, Servers
from tests.eventually import eventually
from tests.integration.test_index_run import connected, indexing, item, mark, producer

__all__ = ["connected", "mark", "producer"]  # fixtures

KEY = {"x-api-key": "key"}


async def dead(*words: str) -> tuple[int, str, str]:
    """`python -m services.index dead ...` without its process: exit status, stdout, stderr."""
    written_bytes = io.BytesIO()
    out, err = io.TextIOWrapper(written_bytes, "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = await command.run(parser().parse_args(["dead", *words]))
        out.flush()
    return status, written_bytes.getvalue().decode(), err.getvalue()


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

        status, listed, _ = await dead("list", "--stage", "index", "--reason", "undecodable", "--since", "1d")
        assert status == 0
        assert "1 dead letters, 1 causes" in listed
        assert f"{undecodable} " in listed
        assert good.item_id in listed
        assert refused not in listed.split()

        status, shown, _ = await dead("show", undecodable)
        assert (status, shown.endswith("message, 5 bytes:\n{nope\n")) == (0, True)
        assert await dead("show", refused, "--raw") == (0, poison.decode(), "")

        assert (await dead("replay", refused))[::2] == (
            2,
            "nothing was done: nobody can answer here, add --yes (or --dry-run)\n",
        )
        status, dry, _ = await dead("replay", refused, "--dry-run")
        assert (status, "nothing is changed" in dry) == (0, True)
        assert await connected.get(indices.NEWS, good.item_id) is None

        await raise_the_limit(connected)
        status, replayed, _ = await dead("replay", refused, "--yes")
        assert (status, replayed.endswith("replayed 1\n")) == (0, True)

        async def indexed() -> Stored | None:
            return await connected.get(indices.NEWS, good.item_id)

        first: Stored | None = await eventually("the item is there", indexed)
        assert first

        status, again, _ = await dead("replay", refused, "--yes")
        assert (status, again) == (0, "1 were handled before; --again replays them once more\nnothing to replay\n")
        assert (await dead("replay", refused, "--yes", "--again"))[0] == 0
        assert len(await find(stage="index", reason="engine_refused", handled=None)) == 1, "no replay died again"
        after = item(mark, 2)
        await producer.send(topics.ENRICHED, good.item_id, codec.encode(after))  # behind the repeat, in its partition
        await eventually("the repeat is processed", lambda: connected.get(indices.NEWS, after.item_id))
        second = await connected.get(indices.NEWS, good.item_id)
        assert second == first, "the repeat wrote nothing"

        assert (await dead("drop", "--stage", "index", "--reason", "undecodable", "--yes"))[0] == 0
        assert [one.place for one in await find(stage="index") if one.letter.key == good.item_id] == []
        status, handled, _ = await dead("list", "--handled", "--json")
        told = {one["place"]: one["handled"]["action"] for one in map(json.loads, handled.splitlines())}
        assert (told[refused], told[undecodable]) == ("replayed", "dropped")


async def raise_the_limit(connected: Engine) -> None:
    """Let the engine leave long words out of its index instead of refusing the document."""
    await connected.client.indices.put_mapping(
        index=[indices.NEWS, indices.SEARCHES], properties={"mission": {"type": "keyword", "ignore_above": 1_000}}
    )


async def test_the_api_lists_replays_and_drops(
    stack: Servers, connected: Engine, producer: Producer, mark: str
) -> None:
    letters = [await bury(producer, f"{mark}-{number}", b'{"text": "%d"}' % number) for number in range(2)]
    first, second = (written(one.place) for one in letters)
    async with calling(connected) as client:
        answer = (await client.get("/v1/dead-letters", params={"stage": "test", "topic": topics.ENRICHED})).json()
        mine = {one["key"]: one for one in answer["dead_letters"] if one["key"].startswith(mark)}
        assert mine[f"{mark}-0"]["place"] == first
        assert mine[f"{mark}-0"]["size"] == 13
        assert [cause["error"] for cause in answer["causes"]] == ["no such field #"]
        assert answer["causes"][0]["count"] == answer["total"] >= 2

        before = datetime.now(UTC)
        outcome = (await client.post("/v1/dead-letters/replay", json={"places": [first, "0/999999"]})).json()
        assert outcome["done"] == [first]
        assert outcome["passed_over"] == [{"place": "0/999999", "why": "there is no dead letter"}]
        (sent,) = [record for record in await since(topics.ENRICHED, before) if record.key == f"{mark}-0".encode()]
        assert (sent.value, list(sent.headers)) == (b'{"text": "0"}', [("trace", b"t-1")])

        outcome = (await client.post("/v1/dead-letters/replay", json={"places": [first]})).json()
        assert outcome == {"done": [], "passed_over": [{"place": first, "why": "replayed before"}]}
        outcome = (await client.post("/v1/dead-letters/replay", json={"places": [first], "again": True})).json()
        assert outcome["done"] == [first]

        assert (await client.post("/v1/dead-letters/drop", json={"places": [second]})).json()["done"] == [second]
        handled = (await client.get("/v1/dead-letters", params={"stage": "test", "handled": True})).json()
        told = {one["place"]: (one["handled"]["action"], one["handled"]["by"]) for one in handled["dead_letters"]}
        assert (told[first], told[second]) == (("replayed", "anna"), ("dropped", "anna"))
        assert (await client.post("/v1/dead-letters/drop", json={"places": ["x"]})).status_code == 422


async def test_what_cannot_be_replayed_is_passed_over_with_the_reason(
    stack: Servers, connected: Engine, producer: Producer, mark: str
) -> None:
    compacted = await bury(producer, f"{mark}-feeds", b"{}", topic=topics.FEEDS)
    place = written(compacted.place)
    status, told, _ = await dead("replay", place, "--yes")
    assert status == 0
    assert told == (
        f"{place} cannot be replayed: news.feeds keeps the last record of a key: this one would undo newer ones\n"
        "nothing to replay\n"
    )
    status, _, said = await dead("replay", "0/999999", place, "--yes")
    assert (status, said) == (
        2,
        "nothing was done: no such dead letter at 0/999999; `dead list` has the places\n",
    )
    status, _, said = await dead("show", "7/0")
    assert (status, said) == (2, "there is no dead letter at 7/0: `dead list` has the places\n")


async def test_junk_on_the_shelf_hides_nothing(stack: Servers, producer: Producer, mark: str) -> None:
    await producer.send(topics.DEAD, mark, b"no letter")
    await producer.send(topics.DEAD_HANDLED, mark, b"no mark")
    letter = await bury(producer, f"{mark}-letter", b"{}")
    status, listed, _ = await dead("list", "--limit", "200")
    assert status == 0
    assert f"{written(letter.place)} " in listed
    assert " records of news.dead are no dead letters: " in listed
    later = datetime.now(UTC) + timedelta(hours=1)
    assert await find(stage="test", since=later) == []


async def test_without_a_broker_it_says_so(stack: Servers) -> None:
    words = [sys.executable, "-m", "services.index", "dead", "list"]
    away = stack.environment | {"NEWS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    done = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, env=away, capture_output=True)
    assert done.returncode == 1
    assert b"not finished, run it again: no broker at 127.0.0.1:9 (NEWS_KAFKA_BOOTSTRAP_SERVERS)" in done.stderr


async def since(topic: str, moment: datetime) -> list[Record]:
    return [record async for record in kafka.read(topic, moment)]
