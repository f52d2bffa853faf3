"""`feeds check [FEED...]`: each feed tried as polling would ask for it, and in words what would help."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from schemas.errors import Invalid
from schemas.messages import Feed
from services import settings
from services.feeds import rules
from services.feeds.file import merged, read_feeds
from services.ingest.formats import character_encoding
from services.ingest.sources import advice, feeds_commands
from services.ingest.sources.advice import Findings
from services.ingest.sources.discover import discover
from services.ingest.sources.discover_feeds import describe, trials
from services.ingest.sources.trial import Trial, Trials

TROUBLE = 1  # exit status: a feed cannot be read, or something would help it
WRONG = 2
AT_ONCE = 8  # feeds that are looked at
FORM = "Mozilla/5.0 (compatible; {})"  # how bots name themselves to servers that look for a browser's first word


async def check_feeds(names: Sequence[str], file: str | None) -> int:
    """Try the feeds of these addresses or ids, those of a file, or all that are polled. Prints as answers come."""
    try:
        feeds = await _feeds(names, file)
    except (OSError, Invalid) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return WRONG
    slots, done, troubled = asyncio.Semaphore(AT_ONCE), 0, 0

    async def check(feed: Feed, attempts: Trials) -> None:
        nonlocal done, troubled
        async with slots:
            found = await look_at(feed, attempts)
        words = advice.advise(feed, found, datetime.now(UTC))
        done, troubled = done + 1, troubled + bool(words)
        if found.trial.kind == "ok":
            print("  ".join((f"[{done}/{len(feeds)}]", "ok", feed.url, *describe(found.trial))))
        else:
            print(f"[{done}/{len(feeds)}]  {found.trial.kind}  {feed.url}")
        for line in words:
            print(f"    {line}", flush=True)

    async with trials() as attempts, asyncio.TaskGroup() as tasks:
        for feed in feeds:
            tasks.create_task(check(feed, attempts))
    print(f"{len(feeds)} feeds tried, {troubled} with something to do", file=sys.stderr)
    return TROUBLE if troubled else 0


async def look_at(feed: Feed, attempts: Trials) -> Findings:
    """Try a feed, and where it fails what might do better."""
    trial = await attempts.run(feed)
    if advice.worth_http1(feed, trial):
        return Findings(trial=trial, as_http1=await attempts.run(msgspec.structs.replace(feed, http1=True)))
    if advice.worth_naming(feed, trial):
        name = FORM.format(settings.Outbound().user_agent)
        named = await attempts.run(msgspec.structs.replace(feed, user_agent=name))
        return Findings(trial=trial, as_named=named, name=name)
    if advice.worth_discovering(trial):

        async def attempt(url: str) -> Trial:
            return await attempts.run(rules.new_feed(url, feed.updated_at))

        elsewhere = (await discover(feed.home_page or trial.url, attempt)).feeds
        return Findings(trial=trial, feeds=elsewhere)
    return Findings(trial=trial)


async def _feeds(names: Sequence[str], file: str | None) -> list[Feed]:
    """Raises OSError, Invalid, Transient."""
    now = datetime.now(UTC)
    if file:
        text, _ = character_encoding.decode(Path(file).read_bytes(), None)
        return merged(read_feeds(text, file), {}, settings.Outbound().allowed_hosts, now)
    known = await feeds_commands.stored()
    if not names:
        return [feed for feed in known.values() if not feed.paused]
    unknown = [name for name in names if "://" not in name and rules.find(known, name) is None]
    if unknown:
        raise Invalid(f"no such feed: {', '.join(unknown)} (see `feeds list`)", reason="feed")
    return [rules.find(known, name) or rules.new_feed(name, now) for name in names]
