"""`feeds discover URL`: the feeds of a site, each tried, and added where that is asked for."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services import settings
from services.feeds import rules
from services.ingest.fetching import clients
from services.ingest.fetching.hosts import Hosts
from services.ingest.formats.parser_pool import ParserPool
from services.ingest.sources import feeds_commands
from services.ingest.sources.discover import discover
from services.ingest.sources.trial import Trial, Trials

NONE_FOUND = 1  # exit status
AT_ONCE = 8
SPACING_S = 1.0  # between two requests to one host


@asynccontextmanager
async def trials() -> AsyncIterator[Trials]:
    """What tries addresses politely, closed at the end."""
    parser = ParserPool()
    try:
        async with clients.opened(settings.Ingest().ingest_timeout_s) as asking:
            yield Trials(asking, parser, Hosts(SPACING_S, AT_ONCE))
    finally:
        parser.close()


async def discover_feeds(page: str, add: bool) -> int:
    """Print the feeds of a site: address, format, title, entries, newest date. Returns 1 where there is none."""
    async with trials() as attempts:

        async def attempt(url: str) -> Trial:
            print(f"trying {url}", file=sys.stderr)
            return await attempts.run(rules.new_feed(url, datetime.now(UTC)))

        found = await discover(page, attempt)
    if not found.feeds:
        words = f"{found.page.kind}: {found.page.detail}"
        print(f"no feed found at {page} ({words}); {found.tried} addresses tried", file=sys.stderr)
        return NONE_FOUND
    for trial in found.feeds:
        print("  ".join((trial.address, *describe(trial))))
    if add:
        now = datetime.now(UTC)
        known = await feeds_commands.stored()
        addresses = [trial.address for trial in found.feeds]
        feeds = [rules.new_feed(address, now) for address in addresses if rules.find(known, address) is None]
        home = rules.Change(home_page=None if page in addresses else page)
        await feeds_commands.put(rules.changed(feed, home, now) for feed in feeds)
        print(f"{len(feeds)} added", file=sys.stderr)
    return 0


def describe(trial: Trial) -> tuple[str, str, str, str]:
    """A feed's format, title, entries and newest date, in words."""
    parsed = trial.parsed
    if parsed is None:
        return "", "", "", ""
    newest = trial.newest
    count = f"{len(parsed.entries)} {'entry' if len(parsed.entries) == 1 else 'entries'}"
    return parsed.format, parsed.title or "-", count, f"newest {newest:%Y-%m-%d %H:%M} UTC" if newest else "no dates"
