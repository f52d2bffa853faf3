"""Moving indices to new ones while everything goes on. docs/reindex.md says why nothing is lost.

    copy -> catch up until little is left -> bar writes -> catch up -> check -> switch the aliases, in one request

The engine does the coordinating: writers need not know. Every step may be cut short and be done again.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import Callable, Sequence

import msgspec
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from schemas.errors import Transient
from services import settings
from services.engine import Copy, Engine, Remove, moving
from services.engine.moving import Written
from services.index import fault_point, indices
from services.index.indices import SEARCHES
from services.index.job import Held
from services.index.rebuild import failed, rebuilt

PAGE = 200  # documents, each with every feed's text
EVERY_S = 2.0  # between two lines of progress
ROUNDS = 20  # of catching up, and of tries to switch
BARRIER_S = 5.0  # writers wait no longer than this at a time; the engine's BARRED_PATIENCE_S is longer
CHECKED = 500  # documents of a shard whose versions are compared, of the newest and of some at random
SWEPT = 50_000  # documents of an index whose ids are compared while writers wait, at most

Say = Callable[[str], None]


class Move(msgspec.Struct, kw_only=True):
    """name: the alias. copied: by shard, the number of the last write that the new index has. mapping: its hash."""

    name: str
    old: str
    new: str
    mapping: str
    copied: dict[str, int] = {}


class State(msgspec.Struct, kw_only=True):
    """What is kept of a move that is under way."""

    moves: list[Move]


class Refused(Exception):
    """The new mapping does not take a document."""


class Unfinished(Exception):
    """Not switched; everything is as it was, and another run goes on from here."""


def mapping_hash(name: str, configured: settings.Index) -> str:
    """Return what tells one mapping, with its settings, from another."""
    return hashlib.sha256(msgspec.json.encode(indices.template(name, configured), order="sorted")).hexdigest()


async def resumed(engine: Engine, held: Held, names: Sequence[str], say: Say) -> list[Move] | None:
    """Return the moves that another run left unfinished, now ours; None where there are none, or they do not fit.

    From here on nothing of that other run's can reach the new indices, nor switch: its alias is gone.
    """
    if held.moving is None:
        return None
    moves = msgspec.convert(held.moving, State).moves
    if await is_switched(engine, moves):
        return moves
    configured = settings.Index()
    fits = [move.name for move in moves] == list(names)
    for move in moves:
        found = (await engine.indices_named(move.new)).get(move.new)
        behind = await engine.indices_named(move.name)
        fits &= bool(found) and list(behind) == [move.old] and move.mapping == mapping_hash(move.name, configured)
        if found:
            theirs = [alias for alias in found["aliases"] if alias.startswith(f"{move.name}-moving-")]
            await moving.change_aliases(
                engine, remove=dict.fromkeys(theirs, move.new), add={_door(move, held): move.new}
            )
        if move.old in behind:
            await moving.allow_writes(engine, move.old)
    if not fits:
        say("an unfinished move does not fit any more (other indices, another mapping): beginning again")
        await abandon(engine, held, say)
        return None
    say(f"going on where another run stopped: {', '.join(f'{move.old} -> {move.new}' for move in moves)}")
    return moves


async def abandon(engine: Engine, held: Held, say: Say) -> None:
    """Undo an unfinished move, if there is one: without the new index nothing of it can go on, and writers are let in.

    Raises Unfinished where it has switched already.
    """
    moves = msgspec.convert(held.moving, State).moves if held.moving is not None else []
    if moves and await is_switched(engine, moves):
        raise Unfinished("a move has switched and not ended")
    for move in moves:
        await moving.drop(engine, move.new)
        say(f"dropped {move.new}, which was not finished")
        if move.old in await engine.indices_named(move.name):
            await moving.allow_writes(engine, move.old)
    held.moving = None
    await held.keep()


async def begun(engine: Engine, held: Held, planned: Sequence[Move], say: Say) -> list[Move]:
    """Create the new indices, empty. Their templates become what this version wants."""
    moves = list(planned)
    _remember(held, moves)
    await held.keep()
    configured = settings.Index()
    for move in moves:
        await engine.put_template(move.name, indices.template(move.name, configured))
        found = (await engine.indices_named(move.old))[move.old]["settings"]["index"]
        chosen = {key: found[key] for key in ("number_of_replicas", "refresh_interval") if key in found}
        await moving.create(engine, move.new, _door(move, held), chosen)
        say(f"created {move.new}")
    return moves


def _door(move: Move, held: Held) -> str:
    """The alias through which alone this run writes the new index. Who takes over takes it away."""
    return f"{move.name}-moving-{held.token}"


def _remember(held: Held, moves: list[Move]) -> None:
    held.moving = msgspec.to_builtins(State(moves=moves))


async def carry_out(engine: Engine, held: Held, moves: list[Move], say: Say) -> None:
    """Copy, catch up, switch. Raises Refused, Unfinished, Lost, Transient."""
    for move in moves:
        await _copy(engine, held, moves, move, say)
    for _ in range(ROUNDS):
        await _catch_up(engine, held, moves)
        why_not = await _switched(engine, held, moves)
        if why_not is None:
            return
        say(f"not switched yet, writers go on: {why_not}")
    raise Unfinished(f"not switched in {ROUNDS} tries; everything is as it was")


async def is_switched(engine: Engine, moves: Sequence[Move]) -> bool:
    """Whether the aliases lead to the new indices."""
    return all([list(await engine.indices_named(move.name)) == [move.new] for move in moves])


async def _copy(engine: Engine, held: Held, moves: list[Move], move: Move, say: Say) -> None:
    """Copy what was settled when this began, telling how far it is."""
    total, started, told, copied = await moving.count(engine, move.old), time.monotonic(), time.monotonic(), 0
    had = await moving.count(engine, move.new)

    def progress(count: int) -> None:
        nonlocal copied, told
        copied += count
        if time.monotonic() - told >= EVERY_S:
            told = time.monotonic()
            rate = copied / (told - started)
            left_s = max(0, total - had - copied) / max(rate, 1)
            say(f"{move.name}: {had + copied:,} of {total:,} copied, {rate:,.0f}/s, {left_s:.0f} s left")

    await _follow(engine, held, moves, move, progress)
    elapsed_s = time.monotonic() - started
    say(f"{move.name}: {copied:,} copied in {elapsed_s:.0f} s, {copied / max(elapsed_s, 0.001):,.0f}/s")


async def _catch_up(engine: Engine, held: Held, moves: list[Move]) -> None:
    """Copy what changed since, until that is little; then leave out what was deleted, and look at some at random."""
    for _ in range(ROUNDS):
        if sum([await _follow(engine, held, moves, move) for move in moves]) < PAGE:
            break
    for move in moves:
        await engine.refresh(move.new)
        if await moving.count(engine, move.new) > await moving.count(engine, move.old):
            await _sweep(engine, held, move)
        for shard, copied in move.copied.items():
            start = random.randint(-1, max(copied, 0))
            some = await moving.page(engine, move.old, int(shard), after=start, upto=copied, size=CHECKED, ids=True)
            if wrong := await _differing(engine, move, some):
                raise Unfinished(f"{move.new} has other versions of {wrong}: a bug; everything is as it was")


async def _switched(engine: Engine, held: Held, moves: list[Move]) -> str | None:
    """Switch while nobody writes; return None, or why not. Afterwards the old indices take writes again, unless it did.

    A write that was refused meanwhile is repeated by its writer (engine/client.py), through the alias.
    """
    barring = asyncio.gather(*(moving.bar_writes(engine, move.old) for move in moves), return_exceptions=True)
    try:
        for failure in filter(None, await asyncio.shield(barring)):
            raise failure
        fault_point.reached(fault_point.BARRED)
        async with asyncio.timeout(BARRIER_S):
            for move in moves:
                await _follow(engine, held, moves, move, barred=True)
                if problem := await _problem(engine, held, move):
                    return problem
            await held.keep()
        doors = {_door(move, held): move.new for move in moves}
        await moving.change_aliases(
            engine,
            remove=doors | {move.name: move.old for move in moves},
            add={move.name: move.new for move in moves},
        )
        return None
    except TimeoutError:
        return f"it took longer than {BARRIER_S:.0f} s"
    finally:
        await asyncio.wait([barring])  # lifted while the engine is still at it, the barrier would come afterwards
        await _open_again(engine, held, moves)


async def _problem(engine: Engine, held: Held, move: Move) -> str | None:
    """Compare the two indices, of which nobody writes the old one: the counts, and the versions of what is newest."""
    await engine.refresh(move.new)
    old, new = await moving.count(engine, move.old), await moving.count(engine, move.new)
    if old < new <= SWEPT:
        await _sweep(engine, held, move)
        await engine.refresh(move.new)
        new = await moving.count(engine, move.new)
    if old != new:
        return f"{move.old} has {old:,} documents, {move.new} {new:,}"
    for shard, copied in move.copied.items():
        newest = await moving.page(
            engine, move.old, int(shard), after=-1, upto=copied, size=CHECKED, newest=True, ids=True
        )
        if wrong := await _differing(engine, move, newest):
            return f"{move.new} has other versions of {wrong}"
    return None


async def _open_again(engine: Engine, held: Held, moves: list[Move]) -> None:
    """Let writers go on, where they are still led to the old index, and it is still ours to say so."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(Transient),
        wait=wait_exponential_jitter(multiplier=0.2, max=5),
        stop=stop_after_delay(60),
        reraise=True,
    ):
        with attempt:
            for move in moves:
                if move.old in await engine.indices_named(move.name):
                    await held.keep()
                    await moving.allow_writes(engine, move.old)


async def _follow(
    engine: Engine,
    held: Held,
    moves: list[Move],
    move: Move,
    progress: Callable[[int], None] = lambda count: None,
    *,
    barred: bool = False,
) -> int:
    """Copy what was written since the last time, in the order of writing; return how many documents that were.

    A document that changes meanwhile gets a higher number, and its turn later. barred: nobody writes.
    """
    bounds = await moving.checkpoints(engine, move.old)
    await engine.refresh(move.old)
    count = 0
    for shard, checkpoint in bounds.items():
        upto = checkpoint.latest if barred else checkpoint.settled
        copied = move.copied.get(str(shard), -1)
        while written := await moving.page(engine, move.old, shard, after=copied, upto=upto, size=PAGE):
            await _write(engine, held, move, written)
            copied = written[-1].seq_no
            move.copied[str(shard)] = copied
            _remember(held, moves)
            count += len(written)
            progress(len(written))
            fault_point.reached(fault_point.COPIED)
        move.copied[str(shard)] = max(copied, upto)
    _remember(held, moves)
    return count


async def _write(engine: Engine, held: Held, move: Move, written: Sequence[Written]) -> None:
    """Write copies; the number of the write is the version, so that an older one never comes over a newer one."""
    door = _door(move, held)
    copies = [Copy(one.id, rebuilt(move.name, one.source), one.seq_no) for one in written]
    refused = {one.id: one.error or "" for one in await engine.bulk(door, copies) if one.verdict == "invalid"}
    if refused and move.name == SEARCHES:
        again = [one for one in written if one.id in refused]
        copies = [Copy(one.id, failed(one.source, refused[one.id]), one.seq_no) for one in again]
        refused = {one.id: one.error or "" for one in await engine.bulk(door, copies) if one.verdict == "invalid"}
    if refused:
        words = "\n".join(f"  {document_id}: {error}" for document_id, error in list(refused.items())[:5])
        raise Refused(f"the mapping of {move.new} refuses {len(refused)} of {len(written)} documents:\n{words}")


async def _sweep(engine: Engine, held: Held, move: Move) -> None:
    """Delete from the new index what was deleted from the old one."""
    for shard, checkpoint in (await moving.checkpoints(engine, move.new)).items():
        after = -1
        while some := await moving.page(
            engine, move.new, shard, after=after, upto=checkpoint.latest, size=1_000, ids=True
        ):
            kept = await moving.versions(engine, move.old, [one.id for one in some])
            if gone := [one.id for one in some if one.id not in kept]:
                await engine.bulk(_door(move, held), [Remove(document_id) for document_id in gone])
            after = some[-1].seq_no


async def _differing(engine: Engine, move: Move, expected: Sequence[Written]) -> str:
    """Name documents of which the new index has not just this version."""
    found = await moving.versions(engine, move.new, [one.id for one in expected])
    return ", ".join([one.id for one in expected if found.get(one.id) != one.seq_no][:5])
