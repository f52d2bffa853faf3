"""A feed served over HTTP goes through the running processes and comes out in search and at a receiver."""

import base64
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import Servers
from tests.e2e.system import Article, FeedServer, Receiver, System, running, serving
from tests.eventually import eventually

SEED = Path(__file__).parents[3] / "shared" / "seed-article.txt"
MEMORY = 150_000_000  # bytes resident, each worker


@pytest.fixture(scope="module")
def system(stack: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(stack.environment, tmp_path_factory.mktemp("system")) as started:
        yield started


@pytest.fixture
async def feed(system: System) -> AsyncIterator[FeedServer]:
    """A feed of this test's own, added while the system runs and polled once, empty."""
    server = FeedServer()
    with serving(server):
        await eventually("every process is ready", system.ready, within_s=60)
        system.add_feed(f"{server.url}/rss")
        await eventually("the first poll is done", lambda: system.polled(f"{server.url}/rss"))
        yield server
        system.remove_feed(f"{server.url}/rss")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    with serving(server):
        yield server


def mission_article(path: str, *words: str) -> Article:
    """An article about the mission, unlike any other: no near-duplicate of one."""
    chance = random.Random(path)
    filler = " ".join("".join(chance.choices("bcdfghjklmnprstvz", k=7)) for _ in range(80))
    return Article(
        path,
        f"Kenyan officers of the Multinational Security Support mission in Haïti {' '.join(words)}",
        f"Officers from Kenya serve in the Multinational Security Support mission in Port-au-Prince, Haiti. {filler}.",
    )


async def test_an_article_reaches_search_and_a_verified_receiver(
    system: System, feed: FeedServer, receiver: Receiver
) -> None:
    word = f"w{secrets.token_hex(6)}"
    system.save_search(receiver, text=word)
    feed.articles = [mission_article(f"{word}-live", word)]
    await eventually("the article is delivered", lambda: receiver.calls)
    [found] = await eventually("the article is searchable", lambda: system.found(q=word))

    for query in (f"{word} haiti", f"{word} haïti", f'{word} "mission in Haiti"'):
        assert system.found(q=query, country="KE", relevant="true") == [found], f"{query}: accents make no difference"
    assert system.found(q=word, country="JM") == []

    [call] = receiver.calls
    assert call.verified
    assert call.body["data"]["item"]["item_id"] == found["item_id"]
    for name in ("index", "deliver"):
        assert call.body["data"]["trace_id"] in system.processes[name].log(), f"the trace is lost in {name}"


async def test_the_seed_article_is_found_by_what_it_names(system: System, feed: FeedServer) -> None:
    if not SEED.exists():
        pytest.skip("the seed article is not at hand")
    word = f"w{secrets.token_hex(6)}"
    feed.articles = [Article(word, f"Jamaica plans to send police to Haiti {word}", SEED.read_text())]
    [item] = await eventually("the seed article is searchable", lambda: system.found(q=word), within_s=60)
    assert item["relevant"]
    assert {country["code"]: country["role"] for country in item["countries"]}["JM"] == "pledged"
    assert system.found(q=word, country="BB", entity="person/godfrey-otunge") == [item]


async def test_a_feeds_first_poll_fills_the_archive_and_alerts_nobody(system: System, receiver: Receiver) -> None:
    word = f"w{secrets.token_hex(6)}"
    await eventually("every process is ready", system.ready, within_s=60)
    system.save_search(receiver, text=word)
    server = FeedServer(articles=[mission_article(f"{word}-archive", word)])
    with serving(server):
        system.add_feed(f"{server.url}/rss")
        await eventually("the archive is searchable", lambda: system.found(q=word))
        server.articles.insert(0, mission_article(f"{word}-live", word))
        await eventually("the live article is delivered", lambda: receiver.calls)
        system.remove_feed(f"{server.url}/rss")
    assert ["live" in call.body["data"]["item"]["url"] for call in receiver.calls] == [True]


async def test_workers_stay_small(system: System) -> None:
    await eventually("every process is ready", system.ready, within_s=60)
    sizes = {name: psutil.Process(process.pid).memory_info().rss for name, process in system.processes.items()}
    assert {name: size for name, size in sizes.items() if size > MEMORY} == {}


async def test_nothing_is_lost_or_doubled_when_each_process_is_killed_once(
    system: System, feed: FeedServer, receiver: Receiver
) -> None:
    """500 items in ten steps; each process dies by SIGKILL in the middle, index also between write and alert."""
    word = f"w{secrets.token_hex(6)}"
    system.save_search(receiver, text=word, every="item")

    victims = (None, "ingest", "enrich", "fault", "index", None, "deliver", "api", None, None)
    for step, victim in enumerate(victims):
        new = [mission_article(f"{word}-{number}", word) for number in range(step * 50, step * 50 + 50)]
        feed.articles = new + feed.articles
        if victim:
            await _kill(system, victim)
        await _until_indexed(system, word, step * 50 + 1)  # some of this step, so that the next comes amidst work

    await _until_indexed(system, word, 500)
    await eventually("all alerts have arrived", lambda: len(_items_called(receiver)) == 500, within_s=120)
    assert Counter(item["item_id"] for item in system.found(q=word)).most_common(1)[0][1] == 1
    assert all(call.verified for call in receiver.calls)
    webhook_ids = {(call.body["data"]["item"]["item_id"], call.webhook_id) for call in receiver.calls}
    assert len(webhook_ids) == 500, "a repeat carries the same webhook-id"


async def _until_indexed(system: System, word: str, count: int) -> None:
    await eventually(f"{count} items are searchable", lambda: len(system.found(q=word)) >= count, within_s=120)


async def _kill(system: System, victim: str | None) -> None:
    if victim is None:
        return
    if victim == "fault":
        system.fault.write_text("index:written")
        process = system.processes["index"]
        await eventually("index died between write and alert", process.died, within_s=60)
    else:
        process = system.processes[victim]
        process.kill()
    process.start()
    await eventually(f"{process.name} is ready again", process.ready, within_s=60)


def _items_called(receiver: Receiver) -> set[str]:
    return {call.body["data"]["item"]["item_id"] for call in receiver.calls}
