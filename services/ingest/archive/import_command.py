"""The command `import FILE`."""

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from schemas import codec, identity, topics
from schemas.errors import Invalid
from schemas.messages import Feed
from services import kafka, settings
from services.feeds.rules import new_feed
from services.ingest.archive.archive_entry import known_columns
from services.ingest.archive.archive_file import csv_header, form_of
from services.ingest.archive.archive_item import Task
from services.ingest.archive.checkpoint import Checkpoint, Counts
from services.ingest.archive.import_check import check
from services.ingest.archive.import_past import Importer
from services.ingest.fetching import clients
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.world import World

WRONG, BAD_LINES, INTERRUPTED = 2, 3, 130  # exit statuses; 0: all imported; 1: the broker is away


def import_past(given: argparse.Namespace) -> int:
    """Import the file and return the exit status. Raises Transient where the broker is away."""
    try:
        task = _task(given)
        counts = check(task, _say, datetime.now(UTC)) if given.dry_run else asyncio.run(_import(task, given.from_start))
    except (OSError, Invalid) as error:
        print(f"cannot import {given.file}: {error}", file=sys.stderr)
        return WRONG
    except (KeyboardInterrupt, asyncio.CancelledError):  # Ctrl-C, SIGTERM
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    return BAD_LINES if counts.bad else 0


async def _import(task: Task, from_start: bool) -> Counts:
    importing = asyncio.current_task()
    assert importing is not None  # noqa: S101 (a coroutine that runs is in a task)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, importing.cancel)
    checkpoint, parser = Checkpoint(task.file, task.feed.feed_id), ParserPool()
    try:
        async with (
            kafka.producer("ingest-import", patience_s=kafka.PATIENCE_S) as producer,
            clients.opened(settings.Ingest().ingest_timeout_s) as asking,
        ):
            importer = Importer(task, World(asking, parser, producer), _say)
            counts = await importer.run(checkpoint, from_start)
    finally:
        parser.close()
    print(f"{task.file}: {counts.told()} to {topics.RAW} as {task.feed.title!r}")
    return counts


def _task(given: argparse.Namespace) -> Task:
    file = Path(given.file)
    form = given.format or form_of(file.name)
    if form == "csv":
        with file.open("rb") as opened:
            _, unknown = known_columns(csv_header(opened))
        if unknown:
            _say(f"{file}: columns that are not read: {', '.join(unknown)}")
    return Task(file=file, form=form, feed=_feed(given, file), pages=given.pages or form == "urls", rate=given.rate)


def _feed(given: argparse.Namespace, file: Path) -> Feed:
    """The feed that the items belong to: nobody polls it."""
    name = given.feed or file.stem
    feed = msgspec.structs.replace(
        new_feed(f"import:{name}", datetime.now(UTC), name),
        feed_id=identity.feed_id(f"import:{name}"),
        language=given.language,
        country=given.country,
    )
    return codec.decode(codec.encode(feed), Feed)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
