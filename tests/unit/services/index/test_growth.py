"""How many outlets have a story: replicas that add to it at once lose nothing."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
import pytest

from services.engine import Engine
from services.index import growth, merge
from services.index.merge import Document
from services.index.percolate import Match
from services.index.query import Query
from services.index.searches import Every, SavedSearch
from tests.unit.services.index.enriched import FETCHED, enriched
from tests.unit.services.index.test_claims import Documents

STORY = "a" * 32


class Index(Documents):
    """Documents, and a search of the archive that finds these sources."""

    def __init__(self, chance: random.Random, found: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(chance)
        self.found = found
        self.asked = 0

    async def msearch(self, _: str, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        self.asked += len(bodies)
        return [{"hits": {"hits": [{"_source": source} for source in self.found]}} for _ in bodies]


def search(every: Every = "growth") -> SavedSearch:
    return SavedSearch(
        search_id="s", name="S", query=Query(), endpoint_id="e", created_at=FETCHED, updated_at=FETCHED, every=every
    )


def document(host: str) -> Document:
    item = enriched(url=f"https://{host}/a", feed_id=host)
    return msgspec.structs.replace(merge.merge(None, item), story_id=STORY)


async def counted(index: Index, *hosts: str, every: Every = "growth") -> dict[str, int]:
    documents = {one.item_id: one for one in map(document, hosts)}
    matches = [Match(item_id, search(every), []) for item_id in documents]
    return await growth.counted(cast(Engine, index), matches, documents)


@pytest.mark.parametrize("seed", range(20))
async def test_of_replicas_that_count_at_once_one_sees_all(seed: int) -> None:
    index = Index(random.Random(seed))
    counts = await asyncio.gather(*(counted(index, f"{name}.example") for name in "abcd"))
    assert max(found[STORY] for found in counts) == 4
    assert await counted(index, "a.example") == {STORY: 4}


async def test_what_came_before_anybody_waited_counts_too() -> None:
    before: list[dict[str, Any]] = [{"url": "https://www.b.example/x", "feed_id": "b"}, {"feed_id": "c", "url": None}]
    index = Index(random.Random(1), before)
    assert await counted(index, "www.a.example", "a.example") == {STORY: 3}


async def test_a_known_outlet_and_a_search_that_does_not_wait_cost_no_search() -> None:
    index = Index(random.Random(1))
    await counted(index, "a.example")
    assert await counted(index, "a.example") == {STORY: 1}
    assert await counted(index, "b.example", every="story") == {}
    assert index.asked == 1


@pytest.mark.parametrize(
    ("url", "link", "expected"),
    [
        ("https://www.news.example/a", None, "news.example"),
        ("https://news.example:8443/a", "resolved", "news.example"),
        ("https://aggregator.example/x", "unresolved", "feed"),
        (None, None, "feed"),
    ],
)
def test_an_outlet_is_the_host_of_the_article(url: str | None, link: str | None, expected: str) -> None:
    assert growth.outlet(url, "feed", link) == expected
