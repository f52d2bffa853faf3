"""Replicas that race, and that crash, end with one story. The engine here is a dict, with its writes interleaved."""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.engine import BulkResult, Create, Engine, Operation, Replace, Stored
from services.index import claims, stories
from services.index.claims import Claimant
from tests.unit.services.index.enriched import FETCHED, TEXT, enriched


class Crash(Exception):
    """The process died here."""


class Documents:
    """Real-time reads and conditional writes of single documents, in an order that `chance` decides."""

    def __init__(self, chance: random.Random) -> None:
        self.kept: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self.chance = chance
        self.writes_left: int | None = None

    async def mget(self, index: str, ids: Sequence[str]) -> dict[str, Stored]:
        await self._others()
        return {one: Stored(one, dict(self.kept[one][1]), self.kept[one][0], 1) for one in ids if one in self.kept}

    async def bulk(self, index: str, operations: Sequence[Operation]) -> list[BulkResult]:
        results = []
        for operation in operations:
            await self._others()
            if self.writes_left is not None:
                if self.writes_left == 0:
                    raise Crash
                self.writes_left -= 1
            results.append(self._write(operation))
        return results

    def _write(self, operation: Operation) -> BulkResult:
        number, _ = self.kept.get(operation.id, (-1, {}))
        allowed = (
            isinstance(operation, Create)
            if number < 0
            else (isinstance(operation, Replace) and operation.stored.seq_no == number)
        )
        if allowed:
            assert isinstance(operation, Create | Replace)
            self.kept[operation.id] = number + 1, operation.document
        return BulkResult(operation.id, "ok" if allowed else "conflict")

    async def _others(self) -> None:
        for _ in range(self.chance.randrange(3)):
            await asyncio.sleep(0)


def claimant(name: str, text: str = TEXT, days: float = 0) -> Claimant:
    item = enriched(title="", summary="", text=text)
    return Claimant(name, stories.signature(item), FETCHED + timedelta(days=days))


def drift(words: int, changed: int) -> str:
    """A text that differs from drift(words, 0) in its first `changed` words."""
    return " ".join(f"{'x' if n < changed else 'w'}{n}" for n in range(words))


async def assign(documents: Documents, *batches: Sequence[Claimant]) -> dict[str, str]:
    """Assign the batches at once, as that many replicas would."""
    engine = cast(Engine, documents)
    return {
        item: story
        for assigned in await asyncio.gather(*(claims.assign(engine, batch) for batch in batches))
        for item, story in assigned.items()
    }


@given(st.integers(0, 10**9), st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_copies_in_racing_replicas_get_one_story(seed: int, replicas: int) -> None:
    documents = Documents(random.Random(seed))
    batches = [[claimant(f"{n}-{m}") for m in range(3)] for n in range(replicas)]
    assert len(set(asyncio.run(assign(documents, *batches)).values())) == 1


@given(st.integers(0, 10**9), st.lists(st.sampled_from([0, 4, 8, 12]), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_pairs_that_share_only_some_bands_get_one_story_when_each_is_like_each(seed: int, changes: list[int]) -> None:
    documents = Documents(random.Random(seed))
    batches = [[claimant(str(n), drift(300, changed))] for n, changed in enumerate(changes)]
    signatures = [batch[0].signature for batch in batches]
    assert all(
        stories.similarity(one, other) >= stories.SIMILAR for one in signatures for other in signatures if one and other
    )
    assert len(set(asyncio.run(assign(documents, *batches)).values())) == 1


@given(st.integers(0, 10**9), st.integers(0, 19))
@settings(max_examples=60, deadline=None)
def test_a_claim_that_a_crash_cut_short_is_finished_by_whoever_meets_it(seed: int, writes: int) -> None:
    documents = Documents(random.Random(seed))
    documents.writes_left = writes
    with contextlib.suppress(Crash):
        asyncio.run(assign(documents, [claimant("crashed")]))
    documents.writes_left = None
    met = asyncio.run(assign(documents, [claimant("b")], [claimant("c")]))
    replayed = asyncio.run(assign(documents, [claimant("crashed")]))
    assert len({*met.values(), *replayed.values()}) == 1


@given(st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_a_confirmed_story_never_changes(seed: int) -> None:
    documents = Documents(random.Random(seed))
    [first] = asyncio.run(assign(documents, [claimant("first")])).values()
    later = asyncio.run(assign(documents, *[[claimant(f"0{n}")] for n in range(3)]))
    assert set(later.values()) == {first}
    assert asyncio.run(assign(documents, [claimant("first")])) == {"first": first}


async def test_different_texts_are_different_stories() -> None:
    documents = Documents(random.Random(0))
    batch = [claimant(str(n), drift(60, 0).replace("w", f"v{n}")) for n in range(20)]
    assert len(set((await assign(documents, batch)).values())) == 20


async def test_an_old_story_s_expired_bands_do_not_capture_new_items() -> None:
    documents = Documents(random.Random(0))
    [old] = (await assign(documents, [claimant("old")])).values()
    assert set((await assign(documents, [claimant("copy", days=13)])).values()) == {old}
    [new] = (await assign(documents, [claimant("new", days=15)])).values()
    assert new != old
    assert set((await assign(documents, [claimant("later", days=20)])).values()) == {new}


async def test_an_item_without_words_is_a_story_by_itself() -> None:
    documents = Documents(random.Random(0))
    assigned = await assign(documents, [Claimant("a", None, FETCHED), Claimant("b", None, FETCHED)])
    assert assigned == {"a": stories.own_story_id("a"), "b": stories.own_story_id("b")}
    assert documents.kept == {}


async def test_a_copy_among_unfinished_claims_of_both_neighbours_settles() -> None:
    """Three provisional claims in a row, each begun by a process that is gone, and a newcomer like all of them."""
    documents = Documents(random.Random(1))
    for name in ("a", "b", "c"):
        documents.writes_left = 5
        with pytest.raises(Crash):
            await assign(documents, [claimant(name)])
    documents.writes_left = None
    stories_found = await assign(documents, [claimant("d")], [claimant("a"), claimant("b")], [claimant("c")])
    assert len(set(stories_found.values())) == 1
