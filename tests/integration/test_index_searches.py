"""A saved search matches the items that it would find, in whichever form the percolator is asked."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from schemas.errors import Invalid
from schemas.messages import Country, EnrichedItem
from services import engine
from services.engine import Engine
from services.index import indices, merge, percolate, searches
from services.index.merge import Document
from services.index.query import Query, engine_query
from services.index.searches import SavedSearch
from tests.conftest import Servers, on_both_engines
from tests.unit.services.index.enriched import enriched

pytestmark = on_both_engines

NOW = datetime(2026, 4, 1, tzinfo=UTC)
FRENCH = "L’ONU salue l'arrivée de la Force de répression des gangs. Kenya's officers await it in Haïti."


@pytest.fixture
async def connected(stack: Servers) -> AsyncIterator[Engine]:
    async with engine.connect() as found:
        yield found


@pytest.fixture
def mark() -> str:
    """A word that only this test's documents have."""
    return "zq" + secrets.token_hex(6)


def saved(query: Query, *, enabled: bool = True) -> SavedSearch:
    return SavedSearch(
        search_id=secrets.token_hex(8),
        name="a test",
        query=query,
        endpoint_id=None,
        created_at=NOW,
        updated_at=NOW,
        enabled=enabled,
    )


def document(item: EnrichedItem) -> Document:
    return merge.merge(None, item)


async def matched(connected: Engine, search: SavedSearch, *items: EnrichedItem) -> list[percolate.Match]:
    """Save the search, and return its matches among the items."""
    await searches.save(connected, search)
    try:
        found = await percolate.percolate(connected, {item.item_id: document(item) for item in items})
    finally:
        await searches.remove(connected, search.search_id)
    return [match for match in found if match.search.search_id == search.search_id]


async def found_by_search(connected: Engine, query: Query, *items: EnrichedItem) -> set[str]:
    """Write the items, and return those that the query finds."""
    for item in items:
        await connected.put(indices.NEWS, item.item_id, merge.to_stored(document(item), NOW))
    await connected.refresh(indices.NEWS)
    ids = [item.item_id for item in items]  # the index is that of the whole test session
    among = {"bool": {"filter": [engine_query(query), {"ids": {"values": ids}}]}}
    answer = await connected.search(indices.NEWS, {"query": among, "size": len(ids)})
    return {hit["_id"] for hit in answer["hits"]["hits"]}


finding = pytest.mark.parametrize(
    ("query", "surface"),
    [
        (Query(text="haiti"), "Haïti"),
        (Query(text="HAÏTI"), "Haïti"),
        (Query(text='"Force de repression"'), "Force de répression"),
        (Query(text="onu arrivee"), "L’ONU"),
        (Query(text="kenya officer*"), "Kenya's"),
        (Query(text="Haït*"), "Haïti"),
        (Query(text="nothing | gangs"), "gangs"),
        (Query(text="gangs -football"), "gangs"),
        (Query(text="gangs", countries=["JM", "KE"], languages=["fr"]), "gangs"),
        (Query(countries=["KE"], entities=["place/port-au-prince"]), None),
        (Query(relevant_only=False, text="onu"), "L’ONU"),
        (Query(text='gangs OR "not there"'), "gangs"),
        (Query(text="NOT football (onu AND arrivee)"), "L’ONU"),
        (Query(text="country:ke role:contributor contributor:KE -country:JM"), None),
        (Query(text="entity:place/port-au-prince place:port-au-prince"), None),
        (Query(text='person:"made up" event:arrival lang:fr outlet:KE feed:feed'), None),
        (Query(text="figure:(arrived country:KE >=200)"), None),
        (Query(text="figure:(arrived unit:Personnel -<100) gangs"), "gangs"),
        (Query(text="figure:(contributor:KE arrived >100)"), None),
        (Query(text="event:(arrival country:KE) -event:(arrival country:JM)"), None),
        (Query(text="arriver saluer"), "arrivée"),
        (Query(text="forces gang"), "Force"),
    ],
    ids=lambda value: value.text or "tags" if isinstance(value, Query) else "",
)
missing = pytest.mark.parametrize(
    "query",
    [
        Query(text='"repression de force"'),
        Query(text="gangs -haiti"),
        Query(text="gangs", countries=["JM"]),
        Query(text="gangs", entities=["person/nobody"]),
        Query(text="gangs", languages=["es"]),
        Query(text="gangs nothing"),
        Query(text="figure:(arrived country:KE >200)"),
        Query(text="figure:(killed country:KE) OR country:JM"),
        Query(text="gangs -event:arrival"),
        Query(text="title:gangs"),
        Query(text='"gang"'),
        Query(text="-arriver gangs"),
        Query(text="figure:(host:KE arrived >100)"),
        Query(text="event:(arrival country:HT)"),
    ],
    ids=lambda query: query.text or "tags",
)


def french(mark: str) -> EnrichedItem:
    return enriched(url=f"https://news.example/{mark}", title=mark, summary="", text=FRENCH, language="fr")


@finding
@pytest.mark.usefixtures("percolator")
async def test_an_item_is_matched(connected: Engine, mark: str, query: Query, surface: str | None) -> None:
    item = french(mark)
    [match] = await matched(connected, saved(query), item)
    assert match.item_id == item.item_id
    assert surface is None or surface in " | ".join(match.surfaces)


@finding
async def test_an_item_is_found(connected: Engine, mark: str, query: Query, surface: str | None) -> None:
    item = french(mark)
    assert await found_by_search(connected, query, item) == {item.item_id}


@missing
@pytest.mark.usefixtures("percolator")
async def test_an_item_that_lacks_a_part_is_not_matched(connected: Engine, mark: str, query: Query) -> None:
    assert await matched(connected, saved(query), french(mark)) == []


@missing
async def test_an_item_that_lacks_a_part_is_not_found(connected: Engine, mark: str, query: Query) -> None:
    assert await found_by_search(connected, query, french(mark)) == set()


@pytest.mark.usefixtures("percolator")
@pytest.mark.parametrize(
    ("language", "word", "said"),
    [
        ("en", "deployments", "The deployment was put off"),
        ("fr", "deploiements", "Le déploiement de la mission"),
        ("fr", "déploiement", "Les deploiements de la mission"),
        ("es", "mision", "Las misiones de la policía"),
        ("pt", "operacoes", "As operações da polícia"),
        ("ht", "lapolis", "Lapolis la rive"),
        ("sw", "polisi", "Polisi wa Kenya"),
    ],
)
async def test_a_word_is_found_by_its_stem_in_the_item_s_own_language(
    connected: Engine, mark: str, language: str, word: str, said: str
) -> None:
    item = enriched(url=f"https://news.example/{mark}", title=said, summary="", text=mark, language=language)
    [match] = await matched(connected, saved(Query(text=word)), item)
    assert match.surfaces
    assert await found_by_search(connected, Query(text=word), item) == {item.item_id}


@pytest.mark.usefixtures("percolator")
async def test_irrelevant_items_go_to_searches_that_ask_for_all(connected: Engine, mark: str) -> None:
    item = enriched(url=f"https://news.example/{mark}", title=mark, relevant=False)
    assert await matched(connected, saved(Query(text=mark)), item) == []
    assert len(await matched(connected, saved(Query(text=mark, relevant_only=False)), item)) == 1


@pytest.mark.usefixtures("percolator")
async def test_a_paused_search_matches_too_for_its_alerts_are_held(connected: Engine, mark: str) -> None:
    item = enriched(url=f"https://news.example/{mark}", title=mark)
    assert len(await matched(connected, saved(Query(text=mark), enabled=False), item)) == 1


@pytest.mark.usefixtures("percolator")
async def test_many_documents_in_one_request_match_as_each_would_alone(
    connected: Engine, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jamaica = [Country(code="JM", role="pledged", mentions=1)]
    batch = [
        enriched(
            url=f"https://news.example/{mark}/{number}",
            title=f"{mark} {'third' if number % 3 == 0 else ''}",
            countries=jamaica if number % 2 else [],
            relevant=number % 5 > 0,
        )
        for number in range(80)
    ]
    search = saved(Query(text=f"{mark} third", countries=["JM"], relevant_only=False))
    together = await matched(connected, search, *batch)
    monkeypatch.setattr(percolate, "TOGETHER_FROM", 1_000)
    alone = await matched(connected, search, *batch)
    expected = {item.item_id for number, item in enumerate(batch) if number % 3 == 0 and number % 2}
    for found in (together, alone):
        assert {match.item_id for match in found} == expected
        assert len(found) == len(expected)
        assert {surface for match in found for surface in match.surfaces} == {f"{mark} third"}


@pytest.mark.usefixtures("percolator")
async def test_more_matches_than_a_page_are_all_returned(
    connected: Engine, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(percolate, "PAGE", 2)
    several = [saved(Query(text=mark)) for _ in range(5)]
    for search in several:
        await searches.save(connected, search)
    item = enriched(url=f"https://news.example/{mark}", title=mark)
    found = await percolate.percolate(connected, {item.item_id: document(item)})
    assert {one.search_id for one in several} <= {match.search.search_id for match in found}
    for search in several:
        await searches.remove(connected, search.search_id)


async def test_a_search_is_read_back_as_it_was_saved_and_listed_until_it_is_removed(connected: Engine) -> None:
    search = saved(Query(text='"force" -x', countries=["HT"], entities=["person/a"], languages=["ht"]))
    await searches.save(connected, search)
    assert await searches.get(connected, search.search_id) == search
    assert search in await searches.list_all(connected)
    changed = msgspec.structs.replace(search, name="another", query=Query(text="other"))
    await searches.save(connected, changed)
    assert await searches.get(connected, search.search_id) == changed
    assert await searches.remove(connected, search.search_id)
    assert not await searches.remove(connected, search.search_id)
    assert await searches.get(connected, search.search_id) is None
    assert changed not in await searches.list_all(connected)


async def test_a_search_that_means_nothing_is_not_saved(connected: Engine) -> None:
    search = saved(Query(text='an "open phrase'))
    with pytest.raises(Invalid, match="position 4"):
        await searches.save(connected, search)
    assert await searches.get(connected, search.search_id) is None


async def test_what_was_taken_down_is_not_found(connected: Engine, mark: str) -> None:
    item = enriched(url=f"https://news.example/{mark}", title=mark)
    gone = Document(item_id=item.item_id, sources={}, history=[], takedown=True)
    await connected.put(indices.NEWS, item.item_id, merge.to_stored(gone, NOW), refresh=True)
    everything = {"bool": {"filter": [engine_query(Query(relevant_only=False)), {"ids": {"values": [item.item_id]}}]}}
    assert (await connected.search(indices.NEWS, {"query": everything}))["hits"]["hits"] == []
