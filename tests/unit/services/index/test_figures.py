"""The documents of figures are those of the item, whoever writes it."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, cast

import pytest

from services.engine import BulkResult, Engine, Operation, Put, Remove, Stored
from services.index import figures, indices, merge
from services.index.indices import FIGURES, NEWS
from tests.unit.services.index.enriched import FETCHED, enriched

ITEM = "i"


def item(*values: int, relevant: bool = True) -> dict[str, Any]:
    return {"item_id": ITEM, "relevant": relevant, "figures": [{"kind": "pledged", "value": one} for one in values]}


class Documents:
    """Both indices, with others at work between any two writes."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.news: dict[str, Stored] = {}
        self.figures: dict[str, dict[str, Any]] = {}

    async def write(self, source: dict[str, Any]) -> None:
        before = self.news.get(ITEM)
        self.news[ITEM] = Stored(ITEM, source, before.seq_no + 1 if before else 0, 1)
        await self.others()
        await figures.follow(cast(Engine, self), [ITEM])

    async def mget(self, index: str, ids: Sequence[str], *, only: Sequence[str]) -> dict[str, Stored]:
        await self.others()
        if index == NEWS:
            return {one: self.news[one] for one in ids if one in self.news}
        assert index == FIGURES
        return {one: Stored(one, self.figures[one], 0, 1) for one in ids if one in self.figures}

    async def bulk(self, index: str, operations: Sequence[Operation]) -> list[BulkResult]:
        assert index == FIGURES
        for operation in operations:
            await self.others()
            if isinstance(operation, Remove):
                self.figures.pop(operation.id, None)
            else:
                assert isinstance(operation, Put)
                self.figures[operation.id] = dict(operation.document)
        return []

    async def others(self) -> None:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)


def test_a_document_has_what_charts_need_and_the_mapping_has_all_of_it() -> None:
    [made] = figures.documents(merge.to_stored(merge.merge(None, enriched()), FETCHED))
    assert (made["kind"], made["value"], made["unit"], made["country"]) == ("arrived", 200.0, "personnel", "KE")
    assert (made["roles"], made["of"], made["event_at"][:10]) == (["contributor"], 1, "2026-03-01")
    assert made.keys() <= indices.definition(FIGURES).mappings["properties"].keys()


@pytest.mark.parametrize("source", [item(1, relevant=False), item(), {"item_id": ITEM, "takedown": True}])
def test_irrelevant_items_and_tombstones_have_none(source: dict[str, Any]) -> None:
    assert figures.documents(source) == []


async def test_they_are_replaced_and_removed_with_the_item_s() -> None:
    stored = Documents(Random(1))
    for values in ((1, 2, 3), (4,), (5, 6), (), (7, 8)):
        await stored.write(item(*values))
        assert [stored.figures[one]["value"] for one in sorted(stored.figures)] == list(values)
    await stored.write({"item_id": ITEM, "takedown": True})
    assert stored.figures == {}


@pytest.mark.parametrize("seed", range(100))
async def test_of_writers_at_once_the_item_s_last_state_is_what_stays(seed: int) -> None:
    chance = Random(seed)
    stored = Documents(chance)
    states = [item(*range(chance.randrange(5)), relevant=chance.random() < 0.8) for _ in range(4)]
    await asyncio.gather(*(stored.write(state) for state in states))
    expected = figures.documents(stored.news[ITEM].source)
    assert [stored.figures[one] for one in sorted(stored.figures)] == expected
