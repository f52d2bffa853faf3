"""Replicas that see copies in the same instant agree on one story, on a real engine."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import msgspec

from services import engine
from services.index import claims, stories
from services.index.claims import Claimant
from tests.conftest import Servers, on_both_engines
from tests.unit.services.index.enriched import enriched

pytestmark = on_both_engines

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def copies(count: int, words: int = 300, changed: int = 0) -> list[Claimant]:
    """Copies of one text of its own, the n-th with its first n * changed words replaced."""
    mark = secrets.token_hex(6)
    texts = [
        " ".join(f"{mark}{'x' if n < number * changed else 'w'}{n}" for n in range(words)) for number in range(count)
    ]
    signatures = [stories.signature(enriched(title="", summary="", text=text)) for text in texts]
    return [Claimant(f"{mark}-{number}", signature, NOW) for number, signature in enumerate(signatures)]


async def assigned(batches: list[list[Claimant]]) -> dict[str, str]:
    """Three or more replicas, each with a connection of its own, at once."""

    async def replica(batch: list[Claimant]) -> dict[str, str]:
        async with engine.connect() as connected:
            return await claims.assign(connected, batch)

    found = await asyncio.gather(*map(replica, batches))
    return {item: story for one in found for item, story in one.items()}


async def test_50_copies_through_three_replicas_at_once_are_one_story(stack: Servers) -> None:
    batch = copies(50)
    found = await assigned([batch[0::3], batch[1::3], batch[2::3]])
    assert len(found) == 50
    assert len(set(found.values())) == 1


def share_some_bands(one: Claimant, other: Claimant) -> bool:
    assert one.signature
    assert other.signature
    shared = set(stories.band_ids(one.signature)) & set(stories.band_ids(other.signature))
    similar = stories.similarity(one.signature, other.signature) >= stories.SIMILAR
    return similar and 0 < len(shared) < stories.BANDS


async def test_copies_that_share_only_some_bands_are_one_story(stack: Servers) -> None:
    made = (copies(4, changed=8) for _ in range(100))  # of chance: one in a hundred shares no band
    batch = next(batch for batch in made if share_some_bands(batch[0], batch[-1]))
    assert len(set((await assigned([[claimant] for claimant in batch])).values())) == 1


async def test_an_old_storys_expired_bands_do_not_capture_new_items(stack: Servers) -> None:
    """A copy within 14 days joins; one that comes later begins a story, and takes the bands over for those after it."""
    first, same, later, after = copies(4)
    later = msgspec.structs.replace(later, first_at=NOW + stories.WINDOW + timedelta(minutes=1))
    after = msgspec.structs.replace(after, first_at=later.first_at + timedelta(days=1))
    same = msgspec.structs.replace(same, first_at=NOW + stories.WINDOW - timedelta(minutes=1))
    found: dict[str, str] = {}
    for one in (first, same, later, after):
        found |= await assigned([[one]])
    assert found[same.item_id] == found[first.item_id]
    assert found[later.item_id] != found[first.item_id]
    assert found[after.item_id] == found[later.item_id]


async def test_the_same_items_again_get_the_same_story(stack: Servers) -> None:
    batch = copies(6)
    first = await assigned([batch[:3], batch[3:]])
    assert await assigned([batch[3:], batch[:3]]) == first


async def test_a_batch_of_different_texts_is_settled_together(stack: Servers) -> None:
    batch = [copies(1)[0] for _ in range(100)]
    started = asyncio.get_running_loop().time()
    found = await assigned([batch])
    assert len(set(found.values())) == 100
    assert asyncio.get_running_loop().time() - started < 20
