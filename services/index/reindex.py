"""`reindex`: indices move to the mapping of this version, while everything goes on. How: move.py, docs/reindex.md."""

import asyncio
import re
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.errors import Invalid, Transient
from services import engine, settings, telemetry
from services.engine import Engine, moving
from services.index import indices, job, move, rebuild, search_failed, searches
from services.index.indices import MOVED, NEWS, SEARCHES
from services.index.job import Busy, Held, Lost, say
from services.index.move import Move, Refused, Unfinished

FAILED = 1
WRONG = 2
DEFAULT = (NEWS, SEARCHES)


class NotReady(Exception):
    """What is to be moved is not as set-up makes it."""


async def reindex(connected: Engine, names: Sequence[str]) -> None:
    """Move the indices. A run that was cut short is gone on with.

    Raises NotReady, Busy, Lost, Refused, Unfinished, Transient.
    """
    async with job.alone(connected, "reindex", say) as held:
        moves = await move.resumed(connected, held, names, say)
        if moves is None:
            await drop_old(connected, names)
            moves = await move.begun(connected, held, await planned(connected, names), say)
        if not await move.is_switched(connected, moves):
            await move.carry_out(connected, held, moves, say)
        await _finish(connected, held, moves)


async def planned(connected: Engine, names: Sequence[str]) -> list[Move]:
    """Return what is to be moved where. Raises NotReady, Transient."""
    configured = settings.Index()
    plan = []
    for name in names:
        behind = list(await connected.indices_named(name))
        if len(behind) != 1 or behind == [name]:
            raise NotReady(f"{name} is not an alias of one index: run `python -m services.index setup`")
        numbers = [int(index[-6:]) for index in await _generations(connected, name)]
        new = f"{name}-{max(numbers) + 1:06}"
        plan.append(Move(name=name, old=behind[0], new=new, mapping=move.mapping_hash(name, configured)))
    return plan


async def drop_old(connected: Engine, names: Sequence[str]) -> list[str]:
    """Delete the indices that an earlier move has left, and return their names."""
    dropped = []
    for name in names:
        for index, found in (await _generations(connected, name)).items():
            if name not in found["aliases"]:
                await moving.drop(connected, index)
                dropped.append(index)
                say(f"dropped {index}")
    return dropped


async def _generations(connected: Engine, name: str) -> dict[str, dict[str, dict[str, object]]]:
    """Every index of this name, the present one and others, by name."""
    found = await connected.indices_named(f"{name}-0*")
    return {index: about for index, about in found.items() if re.fullmatch(rf"{re.escape(name)}-\d{{6}}", index)}


async def _finish(connected: Engine, held: Held, moves: Sequence[Move]) -> None:
    """Tell the owners of searches that failed; forget the move."""
    for one in moves:
        if one.name == SEARCHES:
            for failed in await search_failed.tell(connected, one.new, datetime.now(UTC)):
                say(f"saved search {failed.search_id} ({failed.name}) matches nothing any more: {failed.failure}")
        say(f"{one.name} is {one.new} now; {one.old} takes no writes, and stays until `reindex --drop-old`")
    held.moving = None
    await held.keep()


async def _describe(connected: Engine, names: Sequence[str]) -> None:
    """Say what a run would do."""
    for one in await planned(connected, names):
        [found] = (await connected.indices_named(one.name)).values()
        wanted = indices.template(one.name, settings.Index())["template"]["mappings"]
        differences = list(indices.differing(wanted, found["mappings"], within="mappings"))
        count = await moving.count(connected, one.old)
        say(f"{one.old} -> {one.new}: {count:,} documents; {'; '.join(differences) or 'the mapping is the same'}")
    if SEARCHES in names:
        for saved in await searches.list_all(connected):
            if failure := rebuild.rebuilt(SEARCHES, searches.kept(saved)).get("failure"):
                say(f"saved search {saved.search_id} ({saved.name}) would match nothing: {failure}")


def main(names: Sequence[str], *, dry_run: bool, drop: bool) -> int:
    """Run the command and return the exit status."""
    telemetry.start("index-reindex")
    chosen = list(dict.fromkeys(names or (MOVED if drop else DEFAULT)))
    if unknown := [name for name in chosen if name not in MOVED]:
        sys.stderr.write(f"there is no index {', '.join(unknown)} to move; there are {', '.join(MOVED)}\n")
        return WRONG
    if set(chosen) & set(DEFAULT):  # what searches ask for is what items have
        chosen = [*DEFAULT, *(name for name in chosen if name not in DEFAULT)]
    try:
        asyncio.run(_run(chosen, dry_run=dry_run, drop=drop))
        return 0
    except (Busy, NotReady) as error:
        sys.stderr.write(f"nothing was done: {error}\n")
    except (Refused, Invalid) as error:
        sys.stderr.write(f"{error}\nnothing is switched, everything goes on as before; mend that, and run it again\n")
    except (Lost, Unfinished, Transient) as error:
        sys.stderr.write(f"not finished, run it again: {error}\n")
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.stderr.write("stopped; run it again to go on\n")
    return FAILED


async def _run(names: Sequence[str], *, dry_run: bool, drop: bool) -> None:
    running = asyncio.current_task()
    if running:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with engine.connect() as connected:
        if dry_run:
            await _describe(connected, names)
        elif drop:
            async with job.alone(connected, "reindex --drop-old", say) as held:
                await move.abandon(connected, held, say)
                if not await drop_old(connected, names):
                    say("no old index is left")
        else:
            await reindex(connected, names)
