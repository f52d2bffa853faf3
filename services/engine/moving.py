"""An index moved behind its alias: what its shards have, reading them in the order of writing, the barrier, the switch.

A shard numbers its writes (`_seq_no`). Every write up to its global checkpoint is on all its copies and never undone;
after a refresh, searches see them all. So the documents between two checkpoints are all that changed between them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from schemas.errors import Transient
from services.engine.client import Engine


class Checkpoint(msgspec.Struct, frozen=True):
    """Of one shard. settled: the global checkpoint; latest: the highest number given out. -1: nothing was written."""

    settled: int
    latest: int


class Written(msgspec.Struct, frozen=True):
    """A document and the number of the write that made it."""

    id: str
    seq_no: int
    source: dict[str, Any]


async def checkpoints(engine: Engine, index: str) -> dict[int, Checkpoint]:
    """Return how far each shard of an index is."""
    answer = await engine._ask(engine.client.indices.stats(index=index, level="shards"))
    found = {
        int(number): Checkpoint(copy["seq_no"]["global_checkpoint"], copy["seq_no"]["max_seq_no"])
        for number, copies in answer["indices"][index]["shards"].items()
        for copy in copies
        if copy["routing"]["primary"]
    }
    shards = (await engine.indices_named(index))[index]["settings"]["index"]["number_of_shards"]
    if len(found) != int(shards):
        raise Transient(f"{index}: only {len(found)} of {shards} shards answer")
    return found


async def page(
    engine: Engine, index: str, shard: int, *, after: int, upto: int, size: int, newest: bool = False, ids: bool = False
) -> list[Written]:
    """Return documents of a shard written behind `after`, at most `upto`, the first written first, or the newest.

    ids: without their content.
    """
    body = {
        "size": size,
        "query": {"range": {"_seq_no": {"gt": after, "lte": upto}}},
        "sort": [{"_seq_no": "desc" if newest else "asc"}],
        "seq_no_primary_term": True,
        "track_total_hits": False,
        "_source": not ids,
    }
    search = engine.client.search(index=index, body=body, preference=f"_shards:{shard}")
    answer = await engine._ask(search)
    if answer["_shards"]["failed"] or answer["_shards"]["total"] != 1:
        raise Transient(f"shard {shard} of {index} did not answer")
    return [Written(hit["_id"], hit["_seq_no"], hit.get("_source", {})) for hit in answer["hits"]["hits"]]


async def versions(engine: Engine, index: str, ids: Sequence[str]) -> dict[str, int]:
    """Return the versions of those of the documents that exist. Real-time."""
    if not ids:
        return {}
    answer = await engine._ask(engine.client.mget(index=index, ids=list(ids), source=False, realtime=True))
    return {one["_id"]: one["_version"] for one in answer["docs"] if one.get("found")}


async def count(engine: Engine, index: str) -> int:
    """Return how many documents there are. Raises Transient where a shard does not answer."""
    answer = await engine._ask(engine.client.count(index=index))
    if answer["_shards"]["failed"]:
        raise Transient(f"a shard of {index} did not answer")
    return int(answer["count"])


async def bar_writes(engine: Engine, index: str) -> None:
    """Refuse writes from now on. When this returns, those that were under way have ended. Raises Transient."""
    answer = await engine._ask(engine.client.indices.add_block(index=index, block="write"))
    if not answer["shards_acknowledged"]:
        raise Transient(f"not every shard of {index} has stopped writing")


async def allow_writes(engine: Engine, index: str) -> None:
    """Take writes again."""
    await engine._ask(engine.client.indices.put_settings(index=index, settings={"index.blocks.write": None}))


async def create(engine: Engine, index: str, alias: str, settings: Mapping[str, Any]) -> None:
    """Create an index as its template says, but for these settings, behind an alias that only the mover knows."""
    await engine._ask(
        engine.client.indices.create(index=index, aliases={alias: {"is_write_index": True}}, settings=dict(settings))
    )


async def change_aliases(engine: Engine, *, remove: Mapping[str, str], add: Mapping[str, str]) -> None:
    """Take aliases (alias -> index) away and add others, all in one step. Nothing changes where one is not there."""
    actions: list[dict[str, Any]] = [
        {"remove": {"index": index, "alias": alias, "must_exist": True}} for alias, index in remove.items()
    ]
    actions += [{"add": {"index": index, "alias": alias, "is_write_index": True}} for alias, index in add.items()]
    await engine._ask(engine.client.indices.update_aliases(actions=actions))


async def drop(engine: Engine, index: str) -> None:
    """Delete an index."""
    await engine._ask(engine.client.options(ignore_status=404).indices.delete(index=index))
