"""What retention deletes, and what it never does."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from schemas.errors import Invalid
from services import settings
from services.engine import BulkResult, Engine, Operation, Stored
from services.index import job, retain
from services.index.indices import JOBS, NEWS, OUTBOX, STORIES
from services.index.retain import Rule

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def rules(items_days: int, deliveries_days: int) -> dict[str, Rule]:
    configured = settings.Retention(retain_items_days=items_days, retain_deliveries_days=deliveries_days)
    return {rule.index: rule for rule in retain.rules(configured, NOW)}


def test_unset_keeps_items_and_deliveries_and_claims_go_when_no_replay_can_meet_them() -> None:
    found = rules(0, 0)
    assert list(found) == [STORIES]
    assert found[STORIES].until == NOW - timedelta(days=14 + 30)


def test_each_has_its_days() -> None:
    found = rules(400, 31)
    assert (found[NEWS].until, found[OUTBOX].until) == (NOW - timedelta(days=400), NOW - timedelta(days=31))


@pytest.mark.parametrize("days", [1, 14, 30])
def test_deliveries_outlive_whatever_can_be_replayed(days: int) -> None:
    with pytest.raises(Invalid, match=f"DELIVERIES_DAYS is {days}, but news.dead keeps messages for 720 h.* least 31"):
        rules(0, days)


class FakeEngine:
    """Pages of found documents; remembers what it is to delete. Nobody else is at work."""

    def __init__(self, pages: Sequence[list[dict[str, Any]]], conflicts: Sequence[str]) -> None:
        self._pages = list(pages)
        self._conflicts = conflicts
        self.removed: list[str] = []
        self.followed: set[str] = set()

    async def mget(self, index: str, ids: Sequence[str], *, only: Sequence[str]) -> dict[str, Stored]:
        self.followed |= {one for one in ids if index == NEWS}
        return {}

    async def search(self, index: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"hits": {"total": {"value": 4}, "hits": [] if body["size"] == 0 else self._pages.pop(0)}}

    async def bulk(self, index: str, operations: Sequence[Operation]) -> list[BulkResult]:
        self.removed += [operation.id for operation in operations]
        return [BulkResult(one.id, "conflict" if one.id in self._conflicts else "ok") for one in operations]

    async def refresh(self, index: str) -> None:
        pass

    async def get(self, index: str, document_id: str) -> None:
        assert (index, document_id) == (JOBS, job.ID)

    async def create(self, index: str, document_id: str, document: Mapping[str, Any]) -> bool:
        return True


async def test_corrected_items_and_tombstones_stay_and_what_changed_meanwhile_does_too() -> None:
    def hit(name: str, **source: Any) -> dict[str, Any]:
        return {"_id": name, "_source": source, "_seq_no": 1, "_primary_term": 1, "_index": "x", "sort": [name]}

    first = [hit("plain"), hit("corrected", corrections=[{"reason": "wrong"}]), hit("empty", corrections=[])]
    engine = FakeEngine([first, [hit("grave", takedown=True), hit("changed")], []], conflicts=["changed"])
    counts = await retain.retain(cast(Engine, engine), [rules(1, 0)[NEWS]], dry_run=False)
    assert engine.removed == ["plain", "empty", "changed"]
    assert engine.followed == {"plain", "empty", "changed"}  # their figures go, too
    assert counts == {NEWS: 2}
