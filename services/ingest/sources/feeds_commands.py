"""The commands that change or show what is polled: news.feeds, read whole and written where it changes."""

import argparse
import getpass
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from schemas import codec, topics
from schemas.errors import Invalid
from schemas.messages import Feed
from services import kafka, settings, vault
from services.feeds import credentials, rules
from services.feeds.credentials import Credentials
from services.feeds.file import merged, read_feeds, write_opml
from services.feeds.rules import Change
from services.ingest.formats import character_encoding

WRONG = 2  # exit status: the arguments or the file

Feeds = dict[str, Feed]


async def stored() -> Feeds:
    """The feeds of news.feeds by id, sorted by title and address. Raises Transient."""
    values = (await kafka.read_compacted(topics.FEEDS)).values()
    feeds = sorted((codec.decode(value, Feed) for value in values), key=lambda feed: (feed.title, feed.url))
    return {feed.feed_id: feed for feed in feeds}


async def list_feeds(as_json: bool) -> int:
    """Print the feeds, a line each. Credentials are said to be there, and not shown."""
    feeds = await stored()
    for feed in feeds.values():
        if as_json:
            print(codec.encode(msgspec.structs.replace(feed, credentials=feed.credentials and "hidden")).decode())
            continue
        paused = "paused" if feed.paused else "polled"
        where = f"{feed.language or '-'}/{feed.country or '-'}"
        print(f"{feed.feed_id}  {paused}  {where:6}  {feed.title or '-'}  {feed.url}")
    print(f"{len(feeds)} feeds", file=sys.stderr)
    return 0


async def import_feeds(name: str) -> int:
    """Add or update the feeds of an OPML or YAML file. Nothing is removed; what it does not name stays as it is."""
    try:
        text, _ = character_encoding.decode(Path(name).read_bytes(), None)
        entries = read_feeds(text, name)
        known = await stored()
        feeds = merged(entries, known, settings.Outbound().allowed_hosts, _now())
    except (OSError, Invalid) as error:
        print(f"cannot import {name}: {error}", file=sys.stderr)
        return WRONG
    updated = [feed for feed in feeds if feed != known.get(feed.feed_id)]
    await put(updated)
    print(f"{name}: {len(feeds)} feeds, {len(updated)} added or updated", file=sys.stderr)
    return 0


async def export_feeds(name: str) -> int:
    """Write the feeds as OPML, which `import` reads back to the same feeds. Credentials are left out, and counted."""
    feeds = await stored()
    document = write_opml(feeds.values())
    try:
        if name == "-":
            sys.stdout.write(document)
        else:
            Path(name).write_text(document, encoding="utf-8")
    except OSError as error:
        print(f"cannot write {name}: {error.strerror}", file=sys.stderr)
        return WRONG
    without = sum(feed.credentials is not None for feed in feeds.values())
    said = f", {without} of them without their credentials" if without else ""
    print(f"{len(feeds)} feeds{said}", file=sys.stderr)
    return 0


async def add_feed(given: argparse.Namespace) -> int:
    """Add a feed, or change the one with this address or id: what is not named stays as it is."""
    try:
        login = _credentials(given)
        change = _change(given, headers := _headers(given.header))
    except ValueError as error:
        print(f"cannot add {given.feed}: {error}", file=sys.stderr)
        return WRONG
    known = await stored()
    before = rules.find(known, given.feed) or rules.new_feed(given.feed, _now())
    if headers:
        change = msgspec.structs.replace(change, headers=before.headers | headers)
    after = rules.changed(before, change, _now())
    if login is not UNSET:
        after = msgspec.structs.replace(after, credentials=login, updated_at=_now())
    for field, words in rules.problems(after, settings.Outbound().allowed_hosts):
        print(f"cannot add {given.feed}: {field}: {words}", file=sys.stderr)
        return WRONG
    await put([after])
    print(f"{after.feed_id}  {after.url}")
    return 0


async def pause_feeds(names: Sequence[str], paused: bool) -> int:
    """Stop or start the polling of feeds."""
    known = await stored()
    if not (feeds := _named(names, known)):
        return WRONG
    await put(rules.changed(feed, Change(paused=paused), _now()) for feed in feeds)
    for feed in feeds:
        print(f"{'paused' if paused else 'polled'}  {feed.url}")
    return 0


async def remove_feeds(names: Sequence[str]) -> int:
    """Remove feeds. What polling learned of them stays, so that adding them again repeats nothing."""
    known = await stored()
    if not (feeds := _named(names, known)):
        return WRONG
    async with kafka.producer("ingest-feeds", patience_s=kafka.PATIENCE_S) as producer:
        for feed in feeds:
            await producer.send(topics.FEEDS, feed.feed_id, None)
            print(f"removed  {feed.url}")
    return 0


async def put(feeds: Iterable[Feed]) -> None:
    """Write feeds, confirmed by the broker. Raises Transient."""
    async with kafka.producer("ingest-feeds", patience_s=kafka.PATIENCE_S) as producer:
        await producer.send_all(topics.FEEDS, [(feed.feed_id, codec.encode(feed)) for feed in feeds])


def _named(names: Sequence[str], known: Feeds) -> list[Feed]:
    """The feeds of these addresses or ids; none, and said so, where one is not there."""
    found = {name: rules.find(known, name) for name in names}
    for name in (name for name, feed in found.items() if feed is None):
        print(f"no such feed: {name} (see `feeds list`)", file=sys.stderr)
    feeds = [feed for feed in found.values() if feed]
    return feeds if len(feeds) == len(found) else []


def _change(given: argparse.Namespace, headers: dict[str, str]) -> Change:
    """What the options say; an option that is not given says nothing, an empty one takes back."""
    named: dict[str, object] = {
        name: getattr(given, name)
        for name in ("title", "language", "country", "home_page", "user_agent", "proxy", "page_text", "http1")
        if getattr(given, name) is not None
    }
    named |= {name: named[name] or None for name in ("language", "country") if name in named}
    if given.interval is not None:
        named["interval_s"] = given.interval or None
    if given.tag is not None:
        named["tags"] = given.tag
    return Change(**named, headers=headers or UNSET)  # type: ignore[arg-type]


def _headers(lines: Sequence[str] | None) -> dict[str, str]:
    """`Name: value` lines. Raises ValueError."""
    headers: dict[str, str] = {}
    for line in lines or ():
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"--header {line!r}: write 'Name: value'; an empty value takes the header back")
        headers[name.strip()] = value.strip()
    return headers


def _credentials(given: argparse.Namespace) -> str | UnsetType | None:
    """The credentials to store, encrypted. Typed unseen or read from a pipe: an argument is in the shell's history.

    Raises ValueError.
    """
    if given.no_credentials:
        return None
    if not (given.basic or given.cookie):
        return UNSET
    what = "user:password" if given.basic else "Cookie (name=value; name=value)"
    typed = (getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    said = Credentials(basic=typed) if given.basic else Credentials(cookie=typed)
    if wrong := credentials.problem(said):
        raise ValueError(wrong)
    try:
        return credentials.sealed(said, vault.unlocked(settings.Secrets().encryption_keys.get_secret_value()))
    except SystemExit as error:
        raise ValueError(str(error)) from None


def _now() -> datetime:
    return datetime.now(UTC)
