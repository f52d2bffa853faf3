"""What clustering costs: the signature of an item, and the agreement on its story."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

import msgspec

from bench import varied
from schemas.messages import EnrichedItem
from services import engine
from services.index import claims, stories
from services.index.claims import Claimant

TOGETHER = 200  # as in a batch whose items are all relevant


async def clustering(turns: int) -> None:
    """Print the cost of a signature, of an item that begins a story, and of one that joins it."""
    signing, beginning, joining = [], [], []
    async with engine.connect() as connected:
        for turn in range(-1, turns):
            items = list(varied.items(TOGETHER, relevant_of_ten=10, run=f"stories-{turn}", at=datetime.now(UTC)))
            copies = [msgspec.structs.replace(item, item_id=f"copy-{item.item_id}"[:32]) for item in items]
            started = time.process_time()
            signatures = [stories.signature(item) for item in items]
            cost = (time.process_time() - started) / len(items)
            first, begun = await _assign(connected, items, signatures)
            second, joined = await _assign(connected, copies, signatures)
            if set(first.values()) != set(second.values()):
                raise SystemExit("copies did not join the stories of what they copy")
            if turn >= 0:  # the first turn warms up
                signing.append(cost)
                beginning.append(begun)
                joining.append(joined)
    print(f"clustering of relevant items of 3 KB, {TOGETHER} at once, median of {turns} turns:")
    print(f"  signature {1e6 * median(signing):,.0f} us of CPU an item")
    print(f"  agreeing on a story: {1e6 * median(beginning):,.0f} us for an item that begins one, ", end="")
    print(f"{1e6 * median(joining):,.0f} us for one that joins one")


async def _assign(
    connected: engine.Engine, items: Sequence[EnrichedItem], signatures: Sequence[stories.Signature | None]
) -> tuple[dict[str, str], float]:
    claimants = [Claimant(item.item_id, of, item.fetched_at) for item, of in zip(items, signatures, strict=True)]
    started = time.perf_counter()
    found = await claims.assign(connected, claimants)
    return found, (time.perf_counter() - started) / len(items)
