"""A saved search matches exactly the items that the same search over the archive finds: 2,000 of them, at random."""

from random import Random

import msgspec
import pytest

from services import engine
from services.engine import Put
from services.index import indices, merge, percolate, searches
from services.index.query import engine_query
from tests.conftest import Servers
from tests.unit.services.index.random_searches import NOW, item, saved_search

SEED = 2793
SEARCHES = 2_000
ITEMS = 80
ALONE = 2  # items that are matched one by one; most others in one request (percolate.TOGETHER_FROM)
AT_ONCE = 250


async def test_saved_searches_match_what_the_same_searches_find(
    stack: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWS_ELASTICSEARCH_TIMEOUT_S", "120")
    monkeypatch.setattr(percolate, "_HIGHLIGHT", {"fields": {}})  # of 10,000s of matches; of no interest here
    chance = Random(SEED)
    documents = {one.item_id: merge.merge(None, one) for one in (item(chance, number) for number in range(ITEMS))}
    saved = {one.search_id: one for one in (saved_search(chance, number) for number in range(SEARCHES))}
    async with engine.connect() as connected:
        written = [Put(item_id, merge.to_stored(document, NOW)) for item_id, document in documents.items()]
        results = await connected.bulk(indices.NEWS, written, refresh=True)
        stored = [Put(search_id, searches.document(search)) for search_id, search in saved.items()]
        for start in range(0, len(stored), AT_ONCE):
            results += await connected.bulk(indices.SEARCHES, stored[start : start + AT_ONCE])
        await connected.refresh(indices.SEARCHES)
        assert [result for result in results if result.verdict != "ok"] == []

        matches: list[percolate.Match] = []
        ids = list(documents)
        for group in ([[item_id] for item_id in ids[:ALONE]], [ids[ALONE:]]):
            for some in group:
                matches += await percolate.percolate(connected, {item_id: documents[item_id] for item_id in some})

        found: dict[str, set[str]] = {}
        names = list(saved)
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            bodies = [
                {
                    "query": {"constant_score": {"filter": engine_query(saved[name].query)}},
                    "size": ITEMS,
                    "_source": False,
                }
                for name in some
            ]
            answers = await connected.msearch(indices.NEWS, bodies)
            for name, answer in zip(some, answers, strict=True):
                found[name] = {hit["_id"] for hit in answer["hits"]["hits"]}

    matched: dict[str, set[str]] = {name: set() for name in saved}
    for match in matches:
        matched[match.search.search_id].add(match.item_id)
    different = {
        name: (msgspec.to_builtins(saved[name].query), matched[name] ^ found[name])
        for name in saved
        if matched[name] != found[name]
    }
    assert different == {}
    assert sum(map(bool, found.values())) > SEARCHES / 4, "the searches and items hardly meet"
