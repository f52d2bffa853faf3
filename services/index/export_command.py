"""`export "query" > file`: every item of a search, with a count of the progress on stderr."""

import argparse
import asyncio
import os
import sys
import time
from contextlib import aclosing
from datetime import UTC, datetime
from typing import BinaryIO

from schemas.errors import Invalid, Transient
from services import engine, telemetry
from services.engine import Engine
from services.index import export
from services.index.export import Form
from services.index.indices import NEWS
from services.index.query import Query, engine_query

WRONG = 2  # exit status: the query is none
FAILED = 1  # the file is incomplete
EVERY_S = 2.0


def moment(word: str) -> datetime:
    """Read a time of the command line; without a zone, UTC. Raises argparse.ArgumentTypeError."""
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is no time, write 2026-01-31 or 2026-01-31T08:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def main(text: str, form: Form, since: datetime | None, until: datetime | None) -> int:
    """Run the command and return the exit status."""
    try:
        query = engine_query(Query(text=text, relevant_only=False), since=since, until=until)
    except Invalid as error:
        sys.stderr.write(f"the query: {error}\ndocs/search.md describes what can be asked\n")
        return WRONG
    telemetry.start("index-export")
    try:
        return asyncio.run(_run(query, form, sys.stdout.buffer))
    except BrokenPipeError:  # e.g. `| head`: nobody reads on, nor what Python would still flush when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (Invalid, Transient) as error:
        sys.stderr.write(f"the file is incomplete, run it again: {error}\n")
        return FAILED


async def _run(query: dict[str, object], form: Form, out: BinaryIO) -> int:
    async with engine.connect() as connected:
        total, count, said = await _total(connected, query), 0, time.monotonic()
        out.write(export.head(form))
        async with aclosing(export.pages(connected, query, form)) as pages:
            async for page in pages:
                out.write(export.lines(form, page))
                count += len(page)
                if time.monotonic() - said >= EVERY_S:
                    said = time.monotonic()
                    sys.stderr.write(f"{count:,} of {total:,} items\n")
        out.flush()
    sys.stderr.write(f"{count:,} items written\n")
    return 0


async def _total(connected: Engine, query: dict[str, object]) -> int:
    found = await connected.search(NEWS, {"size": 0, "query": query, "track_total_hits": True})
    total: int = found["hits"]["total"]["value"]
    return total
